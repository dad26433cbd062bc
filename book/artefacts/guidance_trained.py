"""Record book/evidence/guidance_trained.cpu.json: the main effects of guidance in five trainings, not in one.

OMP_NUM_THREADS=1 python book/artefacts/guidance_trained.py

A seed names the training of a network of 800 steps and of a weak one of 400; the noise that they start from is
the same for all. Seed 0 trains the committed networks. About 2 minutes a seed on one thread.
"""

import torch
from guidance import CLASSES, EACH, PARTS, measured, sample, velocity

import minidit
from minidit import TrainState
from minidit.data import Data, load
from minidit.flow import autoguide, guide
from minidit.flow.flow import Velocity
from minidit.measure import Judge
from minidit.publish.artefacts import RECIPES
from minidit.publish.seeds import record_seeds
from minidit.teach.progress import progress


def trained(name: str, seed: int, data: Data) -> Velocity:
    """The recipe of an artefact, with another seed."""
    recipe = RECIPES[name]
    state = TrainState.create(minidit.experiment(recipe.experiment, recipe.overrides), seed)
    for _ in progress(minidit.train(state, data), f"{name}, seed {seed}", state.experiment.training.steps):
        pass
    return velocity(state)


def run(seed: int) -> dict[str, float]:
    """Train both networks, and draw from them."""
    data = load(minidit.experiment("shapes").data)
    judge = Judge.train(data.train)
    early, weak = trained("shapes_early", seed, data), trained("shapes_weak", seed, data)
    noise = torch.randn(CLASSES * EACH, *data.train.x.shape[1:], generator=minidit.generator(0, "sample"))
    labels = torch.arange(len(noise)) % CLASSES
    ways = {f"w.{w:g}": guide(early, w) for w in (1, 1.5, 2, 3)}
    ways |= {f"{part}.2": guide(early, 2, interval) for part, interval in PARTS.items()}
    ways |= {f"auto.{w:g}": autoguide(early, weak, w) for w in (1.5, 2)} | {"weak.1": weak}
    found = {}
    for name, v in progress(ways.items(), f"seed {seed}"):
        x = sample(v, noise, labels)
        found |= {f"{name}.{key}": value for key, value in measured(x, labels, data, judge).items()}
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    record_seeds(
        "guidance_trained", minidit.experiment("shapes", RECIPES["shapes_early"].overrides), range(5), run
    )
