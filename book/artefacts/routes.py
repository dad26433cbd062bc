"""Record book/evidence/routes.cpu.json: chapter 11's map, where a route lies and how many tokens take it.

OMP_NUM_THREADS=1 python book/artefacts/routes.py

About 5 minutes a seed on one thread. The network is that of card C04, at its steps and at the rate that its base and
its route both chose. Equal steps, as in the map of TREAD's paper: a route that spans more costs less here.
"""

import torch

import minidit
from minidit import Experiment, TrainState
from minidit.data import Data, load
from minidit.measure import velocity_readout
from minidit.publish.seeds import record_seeds
from minidit.teach.progress import progress

BASE = minidit.experiment("shapes", ("model.depth=12", "training.batch_size=8", "training.steps=600"))
# blocks counted from 1, both ends belong to the route; the paper gives all of them
PLACES = ("1-3", "1-6", "1-9", "1-11", "7-9", "5-9", "3-9")
ROUTES = ("none", *(f"{place}@0.5" for place in PLACES), "3-9@0.25", "3-9@0.75")


def error(experiment: Experiment, seed: int, data: Data) -> float:
    """Held-out velocity error of one training, nothing skipped."""
    state = TrainState.create(experiment, seed)
    for _ in minidit.train(state, data):
        pass
    return velocity_readout(experiment.objective.flow, state.ema.module.eval(), data)["held_out"]


def run(seed: int, data: Data) -> dict[str, float]:
    """Train every route with one seed: the same images, times, noise and starting weights."""
    return {
        f"held_out.{route}": error(BASE.override({"model.route": route}), seed, data)
        for route in progress(ROUTES, f"seed {seed}")
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    shapes = load(BASE.data)
    record_seeds("routes", BASE, range(3), lambda seed: run(seed, shapes))
