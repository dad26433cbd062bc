"""A claim card: what is claimed, how it could fail, and by which rule; written before the run."""

import hashlib
import tomllib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from minidit.errors import MiniditError, did_you_mean


@dataclass(frozen=True)
class Quote:
    """The claim in somebody's own words.

    as_found, language: the words where we met them. translation: ours, where they are not English.
    source: who, where, when. seen: "original", "archived copy" or "article".
    """

    as_found: str
    language: str
    source: str
    seen: str
    translation: str = ""


@dataclass(frozen=True)
class Hypothesis:
    """One sentence that can be false, and the measure by which it would be.

    id: a letter; with the card's, its name: C06.a.
    metric: a readout, such as "velocity.held_out", at the end or at a mark ("velocity.held_out@10%"); or a
        fact, "fact.merged_affine", which is measured without training.
    direction: what is claimed of `arm` beside `than`: "lower", "higher", or "same".
    arm: an arm's name. In a factorial design a factor's key (its main effect), or two joined by " x " (their
        interaction). Nothing for scaling and facts.
    delta: the smallest effect that matters. unit: "percent" of the other arm, seed by seed, or "absolute".
    spread: the standard deviation of the paired differences that we expect, in `unit`: from a pilot, or a
        guess that `notes` calls one.
    target: for a measurement that should be the "same" as something.
    """

    id: str
    text: str
    metric: str
    direction: str
    arm: str = ""
    than: str = "base"
    delta: float = 0.0
    unit: str = "percent"
    spread: float = 0.0
    target: float = 0.0


@dataclass(frozen=True)
class Factor:
    """One axis: a setting, and the values that it takes beside the base's own."""

    key: str
    arms: tuple[Any, ...]


@dataclass(frozen=True)
class Size:
    """One point of a scaling design: all the settings that grow together."""

    name: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class Match:
    """What all arms have equal, "parameters", "flops" or "time", and the setting that is moved for it."""

    on: str
    via: str


@dataclass(frozen=True)
class Tune:
    """A setting that every arm may choose for itself, with seeds of its own.

    grid: multiples of the base's value, so that one card serves every scale.
    """

    key: str
    grid: tuple[float, ...]
    seeds: int = 2


@dataclass(frozen=True)
class Scale:
    """Where the card is tried: a named experiment, settings that differ from it, seeds and budget."""

    experiment: str
    seeds: int
    budget_core_minutes: float
    settings: dict[str, Any]


@dataclass(frozen=True)
class Card:
    """A claim card as its file has it; sha256 is that of the file's bytes."""

    id: str
    slug: str
    title: str
    kind: str
    question: str
    quotes: tuple[Quote, ...]
    hypotheses: tuple[Hypothesis, ...]
    factors: tuple[Factor, ...]
    sizes: tuple[Size, ...]
    match: Match | None
    tune: Tune | None
    scales: dict[str, Scale]
    readouts: tuple[str, ...]
    along: tuple[str, ...]
    notes: str
    threats: tuple[str, ...]
    change_our_mind: tuple[str, ...]
    path: Path
    sha256: str

    def scale(self, name: str) -> Scale:
        """The scale called `name`. Raises MiniditError where the card does not plan one."""
        if name not in self.scales:
            planned = " and ".join(self.scales) or "none"
            raise MiniditError(f"{self.id} is not planned at scale {name!r}; its card has: {planned}.")
        return self.scales[name]


# top-level entries of a card that are plain values or lists of them; the rest are tables
PLAIN = ("id", "title", "kind", "question", "readouts", "along", "notes", "threats", "change_our_mind")
TABLES = {"quote": Quote, "hypothesis": Hypothesis, "factor": Factor, "size": Size}
SINGLE = {"match": Match, "tune": Tune}
MAY_LACK = ("along", "notes", "readouts")


def read(path: Path) -> Card:
    """The card in `path`, checked.

    Raises:
        MiniditError: no such file, no TOML, an entry that is missing or unknown, or a plan without meaning.
    """
    from minidit.claims.plausible import refuse  # it speaks of cards, so it stands above them

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
