"""A book with made-up claims: cards and evidence as the court writes them, with numbers chosen by a test."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import minidit

METRIC = "velocity.held_out"
ENVIRONMENT = {
    "processor": "a processor",
    "cores": 2,
    "threads": 1,
    "gpu": None,
    "system": "Linux",
    "python": "3.11.7",
    "torch": "2.13.0+cpu",
}
BASE = [100.0, 110.0, 90.0, 105.0, 95.0]
SAME = [100.4, 109.7, 90.5, 104.8, 95.1]


def arm_name(settings):
    """{"model.norm": "rms"} -> "norm=rms"."""
    words = [f"{key.split('.')[-1]}={json.dumps(value).strip(chr(34))}" for key, value in settings.items()]
    return ",".join(words) or "base"


def moved(percents, base=BASE):
    """Readouts that differ from the base arm's by these percents, seed by seed."""
    return [b * (1 + p / 100) for b, p in zip(base, percents, strict=True)]


@dataclass
class Case:
    """One card with its evidence; `values` {arm: {metric: [a number a seed]}} and `same` the A/A runs'."""

    hypotheses: list = field(default_factory=lambda: [hypothesis("a")])
    factors: dict = field(default_factory=lambda: {"model.norm_affine": [True]})
    arms: list = field(default_factory=lambda: [{}, {"model.norm_affine": True}])
    values: dict = field(default_factory=dict)
    same: dict = field(default_factory=lambda: {METRIC: SAME})
    sizes: list = field(default_factory=list)  # of a scaling law, beside the base
    kind: str = "paired"
    id: str = "C90"
    scale: str = "cpu"
    seeds: int = 5
    settings: dict = field(default_factory=dict)  # of the scale, under all arms
    undeclared: dict = field(
        default_factory=dict
    )  # settings that slip into the arms, though no card declares them
    question: str = "Do a gain and a bias in LayerNorm help or hurt?"

    def toml(self):
        """The card's text."""
        head = {
            "id": self.id,
            "title": "LayerNorm's gain and bias",
            "kind": self.kind,
            "question": self.question,
            "readouts": ["velocity", "quality", "fact"],
            "threats": ["The networks are small.", "One set of pictures."],
            "change_our_mind": ["A gap between training and held-out error that grows with the gain."],
        }
        quote = {
            "as_found": "层归一化的增益和偏置会过拟合",
            "language": "zh",
            "translation": "LayerNorm's gain and bias over-fit",
            "source": "an article of August 2025",
            "seen": "article",
        }
        tables = [("[[quote]]", quote)]
        tables += [("[[factor]]", {"key": key, "arms": arms}) for key, arms in self.factors.items()]
        tables += [("[[size]]", {"name": arm_name(size), "settings": size}) for size in self.sizes]
        tables += [("[tune]", {"key": "training.lr", "grid": [0.001, 0.002, 0.004], "seeds": 2})]
        tables += [("[[hypothesis]]", one) for one in self.hypotheses]
        scale = {
            "experiment": "digits",
            "settings": self.settings,
            "seeds": self.seeds,
            "budget_core_minutes": 40,
        }
        tables += [(f"[scale.{name}]", scale) for name in ("cpu", "a100")]
        lines = [f"{key} = {_toml(value)}" for key, value in head.items()]
        for title, values in tables:
            lines += ["", title, *(f"{key} = {_toml(value)}" for key, value in values.items())]
        return "\n".join(lines) + "\n"

    def json(self, sha256):
        """The evidence's text."""
        arms, runs = {}, []
        for arm in self.arms:
            settings = {key: value for key, value in arm.items() if key != "name"}
            name, slipped = arm.get("name") or arm_name(arm), self.undeclared if arm else {}
            experiment = minidit.experiment("digits").override(self.settings | settings | slipped)
            arms[name] = {
                "settings": settings,
                "experiment": json.loads(json.dumps(experiment.to_dict())),
                "parameters": 53712 + 128 * len(settings),
                "flops_per_step": 1234567890,
                "tuned": 0.002,
            }
            for rate in (0.001, 0.002, 0.004):
                for seed in (1000, 1001):
                    error = 90 + 1e6 * (rate - 0.002) ** 2 + 5 * (seed - 1000) + 3 * len(settings)
                    runs.append(_run("tune", name, seed, {METRIC: error}, rate))
            runs += _runs("main", name, self.values.get(name, {METRIC: BASE}))
        runs += _runs("same", "base", self.same) if self.same else []
        head = {
            "format": "minidit trial 1",
            "claim": self.id,
            "scale": self.scale,
            "card_sha256": sha256,
            "commit": "abc1234",
            "date": "2026-11-24",
            "environment": ENVIRONMENT,
            "arms": arms,
        }
        lines = ",\n  ".join(json.dumps(run) for run in runs)
        return json.dumps(head, indent=1)[:-2] + f',\n "runs": [\n  {lines}\n ]\n}}\n'

    def write(self, book: Path, evidence: bool = True):
        """Put the card, and its evidence, into `book`; returns the evidence's path."""
        for folder in ("claims", "evidence"):
            (book / folder).mkdir(parents=True, exist_ok=True)
        card = book / "claims" / f"{self.id}_made_up.toml"
        card.write_bytes(self.toml().encode())
        path = book / "evidence" / f"{self.id}.{self.scale}.json"
        if evidence:
            path.write_bytes(self.json(hashlib.sha256(card.read_bytes()).hexdigest()).encode())
        return path


def hypothesis(letter, **changes):
    """A hypothesis of the card; "lower" unless told otherwise."""
    return {
        "id": letter,
        "text": "With a gain and a bias the held-out error is lower.",
        "metric": METRIC,
        "direction": "lower",
        "arm": "norm_affine=true",
        "delta": 0.5,
        "spread": 0.3,
    } | changes


def _toml(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _runs(role, arm, values):
    count = len(next(iter(values.values())))
    init = 5000 if role == "same" else 0
    by_seed = [{metric: numbers[seed] for metric, numbers in values.items()} for seed in range(count)]
    return [_run(role, arm, seed, readouts, 0.002, init) for seed, readouts in enumerate(by_seed)]


def _run(role, arm, seed, readouts, rate, init=0):
    return {
        "role": role,
        "arm": arm,
        "seed": seed,
        "init_seed": seed + init,
        "tuned": rate,
        "readouts": readouts,
        "steps": [50],
        "losses": [1.2],
        "seconds": 40.0,
        "cpu_seconds": 39.0,
    }
