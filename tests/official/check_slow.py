"""Hold the slow code against vectors of the official classes.

    MINIDIT_OFFICIAL_VECTORS=folder python tests/official/check_slow.py

The folder holds files as `slow/run.py` describes them. Without the variable there is nothing to check, and
this says so. The exit code is 1 if an output is further than 1e-5 (relative) from the official one.
"""

import os
import sys
from pathlib import Path

import torch
from slow.run import FAMILIES, answer, distance, family, read

TOLERANCE = 1e-5


def official_files() -> list[Path]:
    """Vectors in the folder that MINIDIT_OFFICIAL_VECTORS names, of families that have slow code."""
    folder = os.environ.get("MINIDIT_OFFICIAL_VECTORS")
    files = sorted(Path(folder).glob("*.safetensors")) if folder else []
    return [path for path in files if family(read(path).config) in FAMILIES]


def disagreements(path: Path) -> dict[str, float]:
    """The relative distance of each output of a file; an output that only one side has is infinitely far."""
    vector = read(path)
    with torch.no_grad():
        got = answer(vector.config, vector.state, vector.inputs)
    names = sorted(got.keys() | vector.outputs.keys())
    both = got.keys() & vector.outputs.keys()
    return {n: distance(got[n], vector.outputs[n]) if n in both else float("inf") for n in names}


def main() -> int:
    """Print one line a file; 0 if all agree."""
    files, worst = official_files(), 0.0
    for path in files:
        found = disagreements(path)
        worst = max(worst, *found.values())
        print(f"{path.stem:16}", "  ".join(f"{name} {value:.1e}" for name, value in found.items()))
    print(f"{len(files)} official vectors, worst {worst:.1e}, allowed {TOLERANCE:.0e}")
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main())
