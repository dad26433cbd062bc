"""Record book/evidence/conditioning.cpu.json: what chapter 4 trains, for five seeds.

OMP_NUM_THREADS=1 python book/artefacts/conditioning.py

About 6 minutes on one thread. A finished seed is kept in runs/seeds/conditioning, and not run again.
"""

import torch

import minidit
from minidit import TrainState
from minidit.data import Data, load
from minidit.flow import Draw, velocity_error
from minidit.publish.seeds import record_seeds
from minidit.teach.progress import progress

BASE = minidit.experiment("shapes", ("training.batch_size=8", "training.steps=400"))
TOKENS = {"model.modulation": "none", "model.time_as": "token", "model.label_as": "token"}
NOTHING = {"model.modulation": "none", "model.time_as": "none", "model.label_as": "none"}
TWICE = {"training.lr": 2 * BASE.training.lr}
ARMS = {
    "nothing": NOTHING,
    "label only": {"model.time_as": "none"},
    "tokens": TOKENS,
    "tokens, twice the rate": TOKENS | TWICE,
    "adaLN-Zero": {},
    "adaLN-Zero, twice the rate": TWICE,
}
EARLY, LATE = 0.35, 0.65  # nearer the noise than the one, nearer the data than the other


def errors(state: TrainState, data: Data) -> dict[str, float]:
    """Held-out velocity error of the averaged weights: at all times, near the noise, near the data."""
    batch = data.held_out.at(torch.arange(len(data.held_out)))
    noise = torch.randn(batch.x.shape, generator=minidit.generator(0, "held out"))
    t = torch.linspace(0.05, 0.95, len(noise))
    draw = Draw(t, noise, torch.zeros(len(t), dtype=torch.bool))
    with torch.no_grad():
        f = state.ema.module.eval()
        error = velocity_error(state.experiment.objective.flow, f, batch, draw)
    return {"error": error.mean(), "early": error[t < EARLY].mean(), "late": error[t > LATE].mean()}


def run(seed: int, data: Data) -> dict[str, float]:
    """Train every arm with one seed."""
    readouts = {}
    for name, changes in progress(ARMS.items(), f"seed {seed}"):
        state = TrainState.create(BASE.override(changes), seed)
        for _ in minidit.train(state, data):
            pass
        readouts |= {f"{word}.{name}": value.item() for word, value in errors(state, data).items()}
    return readouts


if __name__ == "__main__":
    torch.set_num_threads(1)
    shapes = load(BASE.data)
    record_seeds("conditioning", BASE, range(5), lambda seed: run(seed, shapes))
