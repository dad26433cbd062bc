"""A name for what a message fills in: `len(x)` becomes "number of x", `tuple(t.shape)` "shape of t"."""

import ast
import re

TEXT = (ast.JoinedStr, ast.Constant, ast.IfExp, ast.BinOp)  # what a sentence is written as
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "x", ast.Div: "/", ast.FloorDiv: "/", ast.Mod: "mod"}
OF = {"len": "number of", "type": "kind of", "min": "smallest", "max": "largest"}
OWNERS = ("self", "c", "config")  # whose settings are meant anyway


def plain(part: ast.expr) -> str:
    """A few words for an expression, without brackets, quotes or underscores."""
    match part:
        case ast.Constant():
            return str(part.value)
        case ast.Name():
            return part.id if part.id.isidentifier() and part.id[:1].isupper() else _spaced(part.id)
        case ast.Attribute(attr="__name__"):
            return plain(part.value)
        case ast.Attribute(value=ast.Name(id=owner)) if owner in OWNERS:
            return _spaced(part.attr)
        case ast.Attribute(value=ast.Attribute(attr="path", value=owner), attr="name" | "stem"):
            return f"file of {plain(owner)}"
        case ast.Attribute():
            return f"{_spaced(part.attr)} of {plain(part.value)}"
        case ast.Call():
            return _call(part)
        case ast.Subscript(value=ast.Attribute(value=owner, attr="shape"), slice=ast.Constant()):
            return f"length of {plain(owner)}"
        case ast.Subscript() | ast.Starred():
            return plain(part.value)
        case ast.BinOp(op=op):
            return f"{plain(part.left)} {SIGNS.get(type(op), 'and')} {plain(part.right)}"
        case ast.BoolOp():
            return " or ".join(map(plain, part.values))
        case ast.IfExp():
            return f"{plain(part.body)} or {plain(part.orelse)}"
        case ast.Tuple() | ast.List():
            return ", ".join(map(plain, part.elts))
        case ast.GeneratorExp() | ast.ListComp():
            return plain(part.generators[0].iter)
    return "value"


def _call(part: ast.Call) -> str:
    match part:
        case ast.Call(func=ast.Attribute(attr="join"), args=[joined]):
            return plain(joined)
        case ast.Call(func=ast.Name(id="getattr"), args=[_, wanted]):
            return plain(wanted)
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in OF:
            return f"{OF[name]} {plain(first)}"
        case ast.Call(args=[*_, last]):  # tuple(x.shape), sorted(keep), map(str, wanted)
            return plain(last)
        case ast.Call(func=ast.Attribute(value=value)):
            return plain(value)
    return plain(part.func)


def _spaced(name: str) -> str:
    return re.sub(r"_+", " ", name).strip()
