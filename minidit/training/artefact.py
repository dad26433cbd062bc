"""A trained network that several chapters share: averaged weights in half precision, and their hash beside.

`NAME.safetensors` holds the weights as float16, and in its metadata the experiment, the seed and the steps.
`NAME.json` holds its sha256 and where it was trained. Both are committed; see `minidit book artefact`.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save

from minidit.errors import MiniditError
from minidit.files import network_file, write_whole
from minidit.training.experiment import Experiment
from minidit.training.state import TrainState

FORMAT = "minidit artefact 1"
LARGEST = 1_000_000  # bytes: it is committed, and every clone pays for it


def write_artefact(folder: Path, name: str, state: TrainState, environment: dict[str, Any]) -> Path:
    """Write the averaged weights of `state` to FOLDER/NAME.safetensors, and its hash to FOLDER/NAME.json.

    Args:
        environment: where it was trained, as `minidit.measure.evidence.environment` says it.

    Returns:
        The path of the weights. Equal states give equal files.

    Raises:
        MiniditError: weights that float16 cannot hold, more than a megabyte, or the disk refuses.
    """
    weights = {key: value.half().cpu() for key, value in state.ema.module.state_dict().items()}
    broken = [key for key, value in weights.items() if not value.isfinite().all()]
    if broken:
        raise MiniditError(f"{broken[0]} holds values that float16 cannot; train with a smaller rate.")
    run = {"experiment": state.experiment.to_dict(), "seed": state.seed, "step": state.step}
    content = save(weights, metadata={"minidit": json.dumps(run)})
    return keep(folder, name, content, environment)


def keep(folder: Path, name: str, content: bytes, environment: dict[str, Any]) -> Path:
    """Write weights to FOLDER/NAME.safetensors; their hash, and where they were trained, to NAME.json.

    Raises:
        MiniditError: more than a megabyte, or the disk refuses.
    """
    if len(content) > LARGEST:
        raise MiniditError(
            f"The weights of {name} take {len(content):,} bytes; an artefact may take {LARGEST:,}: choose a "
            "smaller network."
        )
    about = {
        "format": FORMAT,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "environment": environment,
    }
    path = write_whole(folder / f"{name}.safetensors", content)
    write_whole(folder / f"{name}.json", (json.dumps(about, indent=1) + "\n").encode())
    return path


def read_artefact(name: str, device: str = "cpu") -> TrainState:
    """The trained network called `name`, as a finished run: ready to sample from, its weights float32.

    `model` and `ema` both hold the averaged weights. The optimiser's memory is not kept, so it cannot be
    trained further.

    Raises:
        MiniditError: there is none, its bytes are not those that were hashed, or it does not fit.
    """
    path, again = network_file(name), f"run `minidit book artefact {name}`"
    if path is None:
        raise MiniditError(f"There is no trained network {name!r} in book/artefacts/networks; {again}.")
    content, expected = path.read_bytes(), _hash(path.with_suffix(".json"))
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise MiniditError(
            f"{path} is not the file that {path.stem}.json describes: its sha256 begins with {found[:12]}, "
            f"and {expected[:12]} was expected. Bring both back from git, or {again} to train it anew."
        )
    try:
        with safe_open(path, framework="pt") as file:
            run = json.loads(file.metadata()["minidit"])
        state = TrainState.create(Experiment.from_dict(run["experiment"]), run["seed"], device)
        weights = {key: value.float() for key, value in load(content).items()}
        for network in (state.model, state.ema.module):
            network.load_state_dict(weights)
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise MiniditError(f"{path} does not fit this version of minidit ({error}); {again}.") from error
    state.step = run["step"]
    return state


def _hash(path: Path) -> str:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise KeyError
        return str(about["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        raise MiniditError(
            f"{path} should hold the sha256 of the network beside it, and cannot be read. Bring it back "
            "from git."
        ) from None
