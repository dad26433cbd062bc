"""Train the networks that several chapters share, and keep them: what `minidit book artefact` calls."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from minidit.data import load
from minidit.errors import MiniditError
from minidit.measure.evidence import environment
from minidit.teach.progress import progress
from minidit.training.artefact import write_artefact
from minidit.training.checkpoint import NAME
from minidit.training.loop import train
from minidit.training.presets import experiment
from minidit.training.state import TrainState, refuse_another


class Recipe(NamedTuple):
    """A named experiment, overrides of it, and the seed: all that decides the weights on one machine."""

    experiment: str
    overrides: tuple[str, ...] = ()
    seed: int = 0


RECIPES = {
    "shapes": Recipe("shapes", ("training.steps=4800",)),
    # chapter 8: guidance finds little to do in the network above, and autoguidance wants one worse than good
    "shapes_early": Recipe("shapes", ("training.steps=800",)),
    "shapes_weak": Recipe("shapes", ("training.steps=400",)),
}


def build_artefacts(folder: Path, names: Sequence[str] = ()) -> int:
    """Train the named networks afresh, and write each to FOLDER/artefacts/networks. Returns 0.

    A training that was interrupted is continued; its checkpoint lies in runs/artefacts/NAME until it is done.

    Raises:
        MiniditError: no name, one that has no recipe, or an unfinished training with other settings.
    """
    for name in names:
        if name not in RECIPES:
            raise MiniditError(f"There is no recipe for {name!r}. There are: {', '.join(RECIPES)}.")
    if not names:
        raise MiniditError(f"Name the network to train anew. There are: {', '.join(RECIPES)}.")
    for name in names:
        runs = Path("runs") / "artefacts" / name
        state = _trained(RECIPES[name], name, runs)
        path = write_artefact(folder / "artefacts" / "networks", name, state, environment())
        shutil.rmtree(runs)  # else the next call would keep these weights, and train nothing
        print(f"{name}: {state.step} steps, {path.stat().st_size / 1024:.0f} KiB in {path}")
    return 0


def _trained(recipe: Recipe, name: str, runs: Path) -> TrainState:
    chosen = experiment(recipe.experiment, recipe.overrides)
    refuse_another(runs, chosen, recipe.seed)
    begun = (runs / NAME).is_file()
    state = TrainState.load(runs) if begun else TrainState.create(chosen, recipe.seed)
    steps = train(state, load(chosen.data), folder=runs)
    bar = progress(steps, name, chosen.training.steps, state.step)
    for record in bar:
        bar.set_postfix_str(f"loss {record.loss:.3f}", refresh=False)
    return state
