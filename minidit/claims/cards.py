"""Cards on disk: one read and checked, all of them, and the one that was asked for."""

import hashlib
import tomllib
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from minidit.claims.card import Card, Factor, Hypothesis, Match, Quote, Scale, Size, Tune
from minidit.claims.plausible import refuse
from minidit.errors import MiniditError, did_you_mean

# top-level entries of a card that are plain values or lists of them; the rest are tables
PLAIN = (
    "id",
    "title",
    "kind",
    "question",
    "readouts",
    "along",
    "notes",
    "threats",
    "change_our_mind",
    "fraction",
)
TABLES = {"quote": Quote, "hypothesis": Hypothesis, "factor": Factor, "size": Size}
SINGLE = {"match": Match, "tune": Tune}
MAY_LACK = ("along", "notes", "readouts", "fraction")


def read(path: Path) -> Card:
    """The card in `path`, checked.

    Raises:
        MiniditError: no such file, no TOML, an entry that is missing or unknown, or a plan without meaning.
    """
    content = _bytes(path)
    values = _toml(path.name, content)
    known = (*PLAIN, *TABLES, *SINGLE, "scale")
    _check_names(path.name, values, known, [name for name in PLAIN if name not in MAY_LACK])
    tables = {name: _records(path.name, name, kind, values.get(name, [])) for name, kind in TABLES.items()}
    single = {
        name: _record(path.name, name, kind, values[name]) if name in values else None
        for name, kind in SINGLE.items()
    }
    scales = {
        name: _record(path.name, f"scale.{name}", Scale, {"settings": {}} | table)
        for name, table in values.get("scale", {}).items()
    }
    card = Card(
        **{name: values[name] for name in ("id", "title", "kind", "question")},
        **{name: tuple(values.get(name, ())) for name in ("readouts", "along", "threats", "change_our_mind")},
        notes=values.get("notes", "").strip(),
        fraction=values.get("fraction", ""),
        slug=path.stem,
        quotes=tables["quote"],
        hypotheses=tables["hypothesis"],
        factors=tables["factor"],
        sizes=tables["size"],
        scales=scales,
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        **single,
    )
    refuse(card)
    return card


def _toml(name: str, content: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MiniditError(f"{name} is no TOML that can be read: {error}.") from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise MiniditError(f"The card {path} cannot be read ({error.strerror}).") from None


def _records(card: str, name: str, kind: type, tables: Any) -> tuple:
    if not isinstance(tables, list):
        raise MiniditError(f"{card}: {name} is a single table; write it as [[{name}]], once for each.")
    return tuple(_record(card, name, kind, table) for table in tables)


def _record(card: str, name: str, kind: type, values: dict[str, Any]) -> Any:
    """A table as a record, its lists as tuples, whole numbers as numbers where those are meant."""
    if not isinstance(values, dict):
        raise MiniditError(f"{card}: {name} is {values!r}; it must be a table of settings.")
    needed = [f.name for f in fields(kind) if f.default is MISSING]
    _check_names(f"{card}, {name}", values, [f.name for f in fields(kind)], needed)
    return kind(**{key: _value(kind, key, value, f"{card}, {name}") for key, value in values.items()})


def _value(kind: type, key: str, value: Any, where: str) -> Any:
    wanted = kind.__annotations__[key]
    if isinstance(value, list):
        value = tuple(value)
    if wanted is float and type(value) is int:
        value = float(value)
    plain = wanted if isinstance(wanted, type) and wanted in (str, int, float) else object
    if not isinstance(value, plain) or (plain is int and isinstance(value, bool)):
        raise MiniditError(f"{where}: {key} is {value!r}; it must be of the kind {wanted.__name__}.")
    return value


def _check_names(where: str, values: dict[str, Any], known: Any, needed: Any) -> None:
    for name in values:
        if name not in known:
            raise MiniditError(
                f"{where}: there is no entry {name!r}.{did_you_mean(name, known)} "
                f"There are: {', '.join(known)}."
            )
    missing = [name for name in needed if name not in values]
    if missing:
        raise MiniditError(f"{where}: the entry {missing[0]!r} is missing; every card needs it.")


def folder() -> Path:
    """Where the cards are: beside the book in a clone, inside the package where it was installed."""
    package = Path(__file__).resolve().parents[1]
    clone = package.parent / "book" / "claims"
    return clone if clone.is_dir() else package / "_claims"


def cards(where: Path | None = None) -> list[Card]:
    """All cards, in the order of their names."""
    return [read(path) for path in sorted((where or folder()).glob("C*.toml"))]


def find(name: str, where: Path | None = None) -> Card:
    """The card called `name`, such as C06. Raises MiniditError where there is none."""
    paths = {path.name.split("_")[0]: path for path in sorted((where or folder()).glob("C*.toml"))}
    if name.upper() not in paths:
        raise MiniditError(
            f"There is no card {name!r}.{did_you_mean(name, paths)} There are: {', '.join(paths) or 'none'}."
        )
    return read(paths[name.upper()])
