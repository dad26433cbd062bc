"""Hold the library, and the slow code behind its own vectors, against vectors of the official classes.

    python tests/official/check_official.py FOLDER

FOLDER holds safetensors files as `slow/run.py` describes them, of any of the families. Exit status 1 if an
output is further than its bound from the official one or a round trip is not exact, 2 if there is no vector.
"""

import sys
from pathlib import Path

import torch
from slow.run import FAMILIES, Vector, answer, distance, family, read

import minidit.official

LIBRARY, SLOW = 1e-4, 1e-5  # the first in float32, the second in float64


def apart(got: dict, vector: Vector) -> dict[str, float]:
    """The relative distance of each output; one that only one side has is infinitely far."""
    both = got.keys() & vector.outputs.keys()
    names = sorted(got.keys() | vector.outputs.keys())
    return {
        name: distance(got[name], vector.outputs[name]) if name in both else float("inf") for name in names
    }


def check(path: Path) -> bool:
    """Print one line for the library and one for the slow code; whether both agree."""
    vector = read(path)
    published = minidit.official.load(family(vector.config), vector.state, vector.config)
    back = minidit.official.save(published, published.family)
    exact = back.keys() == vector.state.keys() and all(
        torch.equal(back[k], v) for k, v in vector.state.items()
    )
    good = exact
    with torch.no_grad():
        slow = answer(vector.config, vector.state, vector.inputs)
    for who, got, bound in (
        ("minidit", published.as_published(**vector.inputs), LIBRARY),
        ("slow", slow, SLOW),
    ):
        found = apart(got, vector)
        good &= max(found.values()) <= bound
        print(f"{path.stem:14} {who:8}", "  ".join(f"{name} {value:.1e}" for name, value in found.items()))
    print(f"{path.stem:14} round trip {'exact' if exact else 'NOT EXACT'}")
    return good


def main(folder: str) -> int:
    """Check every vector of a family that there is; 0 if all agree."""
    files = [
        path for path in sorted(Path(folder).glob("*.safetensors")) if family(read(path).config) in FAMILIES
    ]
    if not files:
        print(f"There are no official vectors in {folder}; name their folder: VECTORS=...", file=sys.stderr)
        return 2
    wrong = [path.stem for path in files if not check(path)]
    print(f"{len(files)} official vectors: " + (f"{', '.join(wrong)} DISAGREE" if wrong else "all agree"))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
