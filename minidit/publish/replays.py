"""When a chapter was last replayed, and with what: `minidit book test` notes it, the site shows it."""

import json
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from minidit.files import write_whole
from minidit.publish.source import read_source

# what a chapter's numbers rest on
PACKAGES = ("torch", "numpy", "matplotlib", "scikit-learn")


class Noted(NamedTuple):
    """One replay that found what is stored: the day, how long it took and by which clock, the versions."""

    day: str
    seconds: float
    clock: str
    versions: dict[str, str]


def note_replay(source: Path, seconds: float, clock: str) -> None:
    """Write down that the chapter `source` was replayed today and said what is stored."""
    place = _place(source)
    replays = _read(place)
    versions = {name: metadata.version(name) for name in PACKAGES}
    noted = Noted(date.today().isoformat(), round(seconds, 1), clock, versions)
    replays[source.stem] = {"source_sha256": _sha256(source), **noted._asdict()}
    place.parent.mkdir(parents=True, exist_ok=True)
    write_whole(place, (json.dumps(replays, indent=1, sort_keys=True) + "\n").encode())


def last_replay(source: Path) -> Noted | None:
    """The last replay of the chapter as it stands; None when there was none here since it was changed."""
    noted = _read(_place(source)).get(source.stem)
    if noted is None or noted.pop("source_sha256") != _sha256(source):
        return None
    return Noted(**noted)


def _place(source: Path) -> Path:
    return source.resolve().parent.parent / "build" / "replays.json"


def _read(place: Path) -> dict[str, dict]:
    return json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}


def _sha256(source: Path) -> str:
    return read_source(source).metadata.minidit.source_sha256
