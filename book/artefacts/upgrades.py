"""Record book/evidence/upgrades.cpu.json: chapter 13's 32 small networks, every set of five upgrades.

OMP_NUM_THREADS=1 python book/artefacts/upgrades.py

About 90 seconds a seed on one thread. Chance is read from the effects of three upgrades and more, and between seeds.
All networks train at one rate, that of the base, which was chosen for the base.
"""

from itertools import product

import torch

import minidit
from minidit import TrainState
from minidit.data import Data, load
from minidit.flow import Draw, velocity_error
from minidit.publish.seeds import record_seeds
from minidit.teach.progress import progress

SMALL = ("model.patch_size=4", "model.depth=2", "training.steps=150", "objective.time_sampling=uniform")
BASE = minidit.experiment("shapes", SMALL)
UPGRADES = {  # as C23 has them: each moves one setting
    "SwiGLU": {"model.mlp": "swiglu"},
    "RMSNorm": {"model.norm": "rms"},
    "RoPE": {"model.rope": "axial"},
    "QK-norm": {"model.qk_norm": True},
    "logit-normal": {"objective.time_sampling": "logit_normal"},
}


def error(state: TrainState, data: Data) -> float:
    """Held-out velocity error of the averaged weights, at times spread evenly."""
    batch = data.held_out.at(torch.arange(len(data.held_out)))
    noise = torch.randn(batch.x.shape, generator=minidit.generator(0, "held out"))
    t = torch.linspace(0.05, 0.95, len(noise))
    draw = Draw(t, noise, torch.zeros(len(t), dtype=torch.bool))
    with torch.no_grad():
        f = state.ema.module.eval()
        return velocity_error(state.experiment.objective.flow, f, batch, draw).mean().item()


def run(seed: int, data: Data) -> dict[str, float]:
    """Train the network of every set of upgrades with one seed; a set is called "RMSNorm+RoPE", or "none"."""
    readouts = {}
    for chosen in progress(list(product((False, True), repeat=len(UPGRADES))), f"seed {seed}"):
        names = [name for name, has in zip(UPGRADES, chosen, strict=True) if has]
        changes = {key: value for name in names for key, value in UPGRADES[name].items()}
        state = TrainState.create(BASE.override(changes), seed)
        for _ in minidit.train(state, data):
            pass
        readouts["error." + ("+".join(names) or "none")] = error(state, data)
    return readouts


if __name__ == "__main__":
    torch.set_num_threads(1)
    shapes = load(BASE.data)
    record_seeds("upgrades", BASE, range(3), lambda seed: run(seed, shapes))
