"""Record book/evidence/qk_norm.cpu.json: chapter 3's live experiment, for fifteen seeds.

OMP_NUM_THREADS=1 python book/artefacts/qk_norm.py

About 6 minutes on one thread. A finished seed is kept in runs/seeds/qk_norm, and not run again.
"""

import torch

import minidit
from minidit import TrainState
from minidit.data import Data, load
from minidit.model import attention_maps
from minidit.publish.seeds import record_seeds

BASE = minidit.experiment("digits", ("training.steps=250",))
RATES = {"usual": 1, "high": 24}  # times the rate of chapter 1


def peak(state: TrainState, data: Data) -> float:
    """Mean of the largest weight of a row, block 1, images half way from noise to data."""
    images, labels = data.held_out.x[:32], data.held_out.labels[:32]
    noise = torch.randn(images.shape, generator=minidit.generator(0, "probe"))
    half = torch.full((len(images),), 0.5)
    with torch.no_grad(), attention_maps(state.model) as maps:
        state.model(state.experiment.objective.flow.interpolate(images, noise, half), half, labels)
    return maps["blocks.0.attention"].max(-1).values.mean().item()


def run(seed: int, data: Data) -> dict[str, float]:
    """Both rates, without and with QK-norm."""
    readouts = {}
    for word, times in RATES.items():
        for name, qk_norm in (("plain", False), ("normed", True)):
            changes = {"training.lr": times * BASE.training.lr, "model.qk_norm": qk_norm}
            state = TrainState.create(BASE.override(changes), seed)
            losses = [record.loss for record in minidit.train(state, data)]
            readouts[f"loss.{word}.{name}"] = sum(losses[-50:]) / 50
            readouts[f"peak.{word}.{name}"] = peak(state, data)
    return readouts


if __name__ == "__main__":
    torch.set_num_threads(1)
    digits = load(BASE.data)
    record_seeds("qk_norm", BASE, range(15), lambda seed: run(seed, digits))
