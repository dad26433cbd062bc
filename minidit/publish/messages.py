"""What the library can say when something is wrong: its source is read for every `raise MiniditError(...)`.

A message is its constant parts in order. What is filled in stands between ‹ and ›; [a | b] is one of two.
"""

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from minidit.publish.placeholders import TEXT, plain

PACKAGE = Path(__file__).parents[1]
FEWEST = 3  # words by which a message can be found
ERRORS = ("MiniditError", "TrainingDiverged")


class Message(NamedTuple):
    """What is said, and by which function of which module: "minidit.flow.guidance", "guide"."""

    module: str
    function: str
    text: str

    @property
    def says_something(self) -> bool:
        """Whether it has words of its own, and does not only pass on those of another."""
        return len(re.findall(r"[a-z]{2,}", re.sub(r"‹[^›]*›", "", self.text))) >= FEWEST


class Raise(NamedTuple):
    """One `raise` of the source, and all that it can say."""

    path: Path
    line: int
    messages: tuple[Message, ...]


class Scope(NamedTuple):
    """A module, and the function that a sentence stands in."""

    module: "Module"
    function: ast.FunctionDef

    def texts(self, sentence: ast.expr) -> Iterator[Message]:
        """The messages that an argument of an error can be."""
        match sentence:
            case ast.Call(func=ast.Name(id=called)) if found := self.module.functions.get(called):
                yield from Scope(self.module, found).given_back()
                return
        words = " ".join(self.text(sentence).split())
        yield Message(self.module.name, self.function.name, words)
        for node in ast.walk(sentence):
            if isinstance(node, ast.Name) and not self.value(node.id):
                yield from self.handed(node.id, {node.id})

    def handed(self, name: str, seen: set[str]) -> Iterator[Message]:
        """The sentences that other functions of the module hand to `name`: `for fault in _faults(card)`."""
        values = [value for found, value in _assigned(ast.walk(self.function)) if found == name]
        names = {n.id: None for value in values for n in ast.walk(value) if isinstance(n, ast.Name)}
        for other in names:
            if found := self.module.functions.get(other):
                said = Scope(self.module, found).given_back()
                yield from (message for message in said if message.says_something)
            elif other not in seen:
                seen.add(other)
                yield from self.handed(other, seen)

    def given_back(self) -> Iterator[Message]:
        """The messages that this function returns, or yields as the last of several values."""
        given = (node for node in ast.walk(self.function) if isinstance(node, ast.Return | ast.Yield))
        for node in sorted(given, key=lambda node: node.lineno):
            value = node.value.elts[-1] if isinstance(node.value, ast.Tuple) else node.value
            if isinstance(value, TEXT):
                yield from self.texts(value)

    def text(self, part: ast.expr) -> str:
        """The words of an expression that is a text; ‹its name› where it is not."""
        match part:
            case ast.Constant():
                return str(part.value)
            case ast.JoinedStr():
                return "".join(map(self.text, part.values))
            case ast.FormattedValue(value=ast.Call(func=ast.Name(id="did_you_mean"))):
                return " Did you mean ‹another word›?"
            case ast.FormattedValue():
                return self.text(part.value)
            case ast.BinOp(op=ast.Add()) if isinstance(part.left, TEXT) or isinstance(part.right, TEXT):
                return self.text(part.left) + self.text(part.right)
            case ast.IfExp() if isinstance(part.body, TEXT) and isinstance(part.orelse, TEXT):
                ways = [self.text(way) for way in (part.body, part.orelse)]
                return f"[{' | '.join(filter(None, ways))}]"
            case ast.Call(func=ast.Attribute(value=ast.Constant()), args=[ast.List(elts=items)]):
                return " ".join(map(self.text, items))
            case ast.Name() if value := self.value(part.id):
                return self.text(value)
        return f"‹{plain(part)}›"

    def value(self, name: str) -> ast.expr | None:
        """The one text that a name stands for: of this function, or a constant of the module."""
        given = {arg.arg for arg in ast.walk(self.function.args) if isinstance(arg, ast.arg)}
        if name in given:
            return None
        nodes = ast.walk(self.function), iter(self.module.tree.body)
        found = ([value for bound, value in _assigned(level) if bound == name] for level in nodes)
        values = next(filter(None, found), [])
        return values[0] if len(values) == 1 and isinstance(values[0], TEXT) else None


class Module:
    """One file of the library, parsed."""

    def __init__(self, path: Path, package: Path):
        parts = (package.name, *path.relative_to(package).with_suffix("").parts)
        self.path, self.name = path, ".".join(parts).removesuffix(".__init__")
        self.tree = ast.parse(path.read_text("utf-8"))

    @cached_property
    def functions(self) -> dict[str, ast.FunctionDef]:
        """The functions and methods of the file by name."""
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef)}

    def raises(self) -> Iterator[Raise]:
        """Every `raise` of one of our errors, in the order of the file."""
        for function, node in _within(self.tree):
            call = node.exc
            if isinstance(call, ast.Call) and plain(call.func) in ERRORS and call.args:
                said = tuple(dict.fromkeys(Scope(self, function).texts(call.args[0])))
                yield Raise(self.path, node.lineno, said)


def raises(package: Path = PACKAGE) -> list[Raise]:
    """Every `raise MiniditError(...)` of the library, file by file."""
    return [found for path in sorted(package.rglob("*.py")) for found in Module(path, package).raises()]


def _assigned(nodes: Iterator[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value
        elif isinstance(node, ast.For | ast.comprehension):
            yield from ((name.id, node.iter) for name in ast.walk(node.target) if isinstance(name, ast.Name))


def _within(
    node: ast.AST, function: ast.FunctionDef | None = None
) -> Iterator[tuple[ast.FunctionDef, ast.Raise]]:
    """Each `raise` below `node`, with the function that it stands in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise) and function:
            yield function, child
        yield from _within(child, child if isinstance(child, ast.FunctionDef) else function)
