"""Train the networks that several chapters share, and keep them: what `minidit book artefact` calls."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from minidit.data import load
from minidit.errors import MiniditError
from minidit.latent.stored import vae_bytes
from minidit.measure.evidence import environment
from minidit.measure.judge import Judge
from minidit.teach.progress import progress
from minidit.training.artefact import keep, write_artefact
from minidit.training.autoencoder import AutoencoderState
from minidit.training.autoencoder_loop import train_autoencoder
from minidit.training.autoencoder_presets import autoencoder_for
from minidit.training.checkpoint import NAME
from minidit.training.loop import train
from minidit.training.presets import experiment
from minidit.training.records import Record
from minidit.training.state import TrainState, refuse_another


class VAERecipe(NamedTuple):
    """The same of an autoencoder: images, overrides of its settings, and the seed."""

    source: str
    overrides: tuple[str, ...] = ()
    seed: int = 0


class Recipe(NamedTuple):
    """A named experiment, overrides of it, and the seed: all that decides the weights on one machine."""

    experiment: str
    overrides: tuple[str, ...] = ()
    seed: int = 0


RECIPES = {
    "digits": Recipe("digits"),  # the live page's: what `minidit train digits` makes, with nothing changed
    "shapes": Recipe("shapes", ("training.steps=4800",)),
    # chapter 8: guidance finds little to do in the network above, and autoguidance wants one worse than good
    "shapes_early": Recipe("shapes", ("training.steps=800",)),
    "shapes_weak": Recipe("shapes", ("training.steps=400",)),
    "vae_f4c4": VAERecipe("shapes", ("vae.width=8",)),  # 4 x 4 pixels become one latent of 4 channels
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
        make = _autoencoder if isinstance(RECIPES[name], VAERecipe) else _network
        state, path = make(RECIPES[name], name, runs, folder / "artefacts" / "networks")
        shutil.rmtree(runs)  # else the next call would keep these weights, and train nothing
        print(f"{name}: {state.step} steps, {path.stat().st_size / 1024:.0f} KiB in {path}")
    return 0


def _network(recipe: Recipe, name: str, runs: Path, folder: Path) -> tuple[TrainState, Path]:
    chosen = experiment(recipe.experiment, recipe.overrides)
    refuse_another(runs, chosen, recipe.seed)
    begun = (runs / NAME).is_file()
    state = TrainState.load(runs) if begun else TrainState.create(chosen, recipe.seed)
    _to_the_end(train(state, load(chosen.data), folder=runs), name, state)
    return state, write_artefact(folder, name, state, environment())


def _autoencoder(recipe: VAERecipe, name: str, runs: Path, folder: Path) -> tuple[AutoencoderState, Path]:
    chosen = autoencoder_for(recipe.source, recipe.overrides)
    refuse_another(runs, chosen, recipe.seed)
    begun = (runs / NAME).is_file()
    state = AutoencoderState.load(runs) if begun else AutoencoderState.create(chosen, recipe.seed)
    data = load(chosen.data)
    features = Judge.train(data.train).layers
    _to_the_end(train_autoencoder(state, data, features, folder=runs), name, state)
    return state, keep(folder, name, vae_bytes(state.vae, torch.float16), environment())


def _to_the_end(steps: Iterator[Record], name: str, state: TrainState | AutoencoderState) -> None:
    bar = progress(steps, name, state.experiment.training.steps, state.step)
    for record in bar:
        bar.set_postfix_str(f"loss {record.loss:.3f}", refresh=False)
