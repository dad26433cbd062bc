"""Cards and trials made up, with just what a verdict reads of them."""

from dataclasses import dataclass, field
from types import SimpleNamespace as Record

import numpy as np

from minidit.claims.card import Factor
from minidit.claims.verdict import verdict

METRIC = "velocity.held_out"
SETTINGS = {
    "model.norm": "layer",
    "model.norm_affine": False,
    "model.mlp": "gelu",
    "model.qk_norm": False,
    "model.mlp_ratio": 4,
    "objective.path": "linear",
    "objective.prediction": "velocity",
    "training.lr": 0.006,
    "training.steps": 100,
}
HIGH = {"norm": "rms", "mlp": "swiglu", "qk_norm": True}


@dataclass(frozen=True)
class Hypothesis:
    id: str = "a"
    metric: str = METRIC
    direction: str = "lower"
    arm: str = "norm=rms"
    than: str = "base"
    delta: float = 0.0
    unit: str = "absolute"
    target: float = 0.0


@dataclass(frozen=True)
class Card:
    hypotheses: tuple = (Hypothesis(),)
    factors: tuple = (
        Factor("model.norm", ("rms", "none")),
        Factor("model.mlp", ("swiglu",)),
    )
    sizes: tuple = ()
    match: Record | None = None
    tune: Record | None = field(default_factory=lambda: Record(key="training.lr"))
    kind: str = "paired"
    fraction: str = ""
    sha256: str = "5a"
    id: str = "C06"
    seeds: int = 5
    first_seed: int = 0

    @property
    def scales(self):
        return {"cpu": Record(seeds=self.seeds, planned=range(self.first_seed, self.first_seed + self.seeds))}


@dataclass(frozen=True)
class Run:
    role: str
    arm: str
    seed: int
    init_seed: int
    readouts: dict


@dataclass(frozen=True)
class Trial:
    arms: dict
    runs: tuple
    claim: str = "C06"
    scale: str = "cpu"
    card_sha256: str = "5a"


def card(*hypotheses, **changes):
    return Card(hypotheses=hypotheses or (Hypothesis(),), **changes)


def arm(flops=1000, **changes):
    """An arm whose settings are changed by their last words: arm(norm="rms")."""
    keys = {key.split(".")[-1]: key for key in SETTINGS}
    settings = {keys[name]: value for name, value in changes.items()}
    experiment: dict = {}
    for key, value in (SETTINGS | settings).items():
        group, name = key.split(".")
        experiment.setdefault(group, {})[name] = value
    return Record(settings=settings, experiment=experiment, flops_per_step=flops)


ARMS = {
    "base": arm(),
    "norm=rms": arm(norm="rms"),
    "norm=none": arm(norm="none"),
    "mlp=swiglu": arm(mlp="swiglu"),
}


def trial(rows, same=None, arms=None, metric=METRIC, **changes):
    """rows: arm -> its values, one a seed. same: those of the A/A runs; else they equal the base's."""
    values = {("main", name): row for name, row in rows.items()}
    values["same", "base"] = rows["base"] if same is None else same
    runs = [
        Run(role, name, seed, seed + 5000 * (role == "same"), {metric: value})
        for (role, name), row in values.items()
        for seed, value in enumerate(row)
    ]
    wild = [Run("tune", name, 1000 + k, 1000 + k, {metric: 77.0 * k}) for name in rows for k in range(2)]
    arms = arms or {name: ARMS[name] for name in rows}
    return Trial(arms, (*wild, *runs), **changes)


def shift(base, by, spread=0.01, seed=0):
    """An arm that lies `by` above the base at each seed, give or take."""
    return [
        b + by + spread * e
        for b, e in zip(base, np.random.default_rng(seed).standard_normal(len(base)), strict=True)
    ]


BASE = [1.0, 1.6, 0.7, 1.3, 0.9]  # seeds differ far more than arms do
LOWER = {"base": BASE, "norm=rms": shift(BASE, -0.2)}


def only(*arguments, **facts):
    (found,) = verdict(*arguments, **facts)
    return found
