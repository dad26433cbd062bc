"""A claim card: what is claimed, how it could fail, and by which rule; written before the run."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minidit.errors import MiniditError

# far from the seeds that decide: a rate chosen by luck on seed 0 would look good on seed 0
FIRST_TUNE_SEED = 1000


@dataclass(frozen=True)
class Quote:
    """The claim in somebody's own words.

    as_found, language: the words where we met them. translation: ours, where they are not English.
    source: who, where, when. seen: "original", "archived copy" or "article".
    """

    as_found: str
    language: str
    source: str
    seen: str
    translation: str = ""


@dataclass(frozen=True)
class Hypothesis:
    """One sentence that can be false, and the measure by which it would be.

    id: a letter; with the card's, its name: C06.a.
    metric: a readout, such as "velocity.held_out", at the end or at a mark ("velocity.held_out@10%"); or a
        fact, "fact.merged_affine", which is measured without training.
    direction: what is claimed of `arm` beside `than`: "lower", "higher", or "same".
    arm: an arm's name. In a factorial design a factor's key (its main effect), two joined by " x " (their
        interaction), or an arm's name too, beside another that differs in one factor. Nothing for scaling
        and facts.
    delta: the smallest effect that matters. unit: "percent" of the other arm, seed by seed, or "absolute".
    spread: the standard deviation of the paired differences that we expect, in `unit`: from a pilot, or a
        guess that `notes` calls one.
    target: for a measurement that should be the "same" as something.
    """

    id: str
    text: str
    metric: str
    direction: str
    arm: str = ""
    than: str = "base"
    delta: float = 0.0
    unit: str = "percent"
    spread: float = 0.0
    target: float = 0.0


@dataclass(frozen=True)
class Factor:
    """One axis: a setting, and the values that it takes beside the base's own.

    Where one choice moves several settings, key is a word for it, such as "told", and an arm is a table:
    {name = "tokens", "model.time_as" = "token", "model.label_as" = "token"}.
    """

    key: str
    arms: tuple[Any, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The settings that it moves."""
        moved = (key for value in self.arms for key in self.settings(value))
        return tuple(dict.fromkeys(moved))

    def name(self, value: Any) -> str:
        """How an arm is called: the last word of its setting and the value, such as norm_affine=true."""
        shown = value.get("name") if isinstance(value, dict) else value
        shown = str(shown).lower() if isinstance(shown, bool) else str(shown)
        return f"{self.key.rsplit('.', 1)[-1]}={shown}"

    def settings(self, value: Any) -> dict[str, Any]:
        """What an arm changes."""
        if isinstance(value, dict):
            return {key: setting for key, setting in value.items() if key != "name"}
        return {self.key: value}


@dataclass(frozen=True)
class Size:
    """One point of a scaling design: all the settings that grow together."""

    name: str
    settings: dict[str, Any]


@dataclass(frozen=True)
class Match:
    """What all arms have equal, "parameters", "flops" or "time", and the setting that is moved for it."""

    on: str
    via: str


@dataclass(frozen=True)
class Tune:
    """A setting that every arm may choose for itself, with seeds of its own.

    grid: multiples of the base's value, so that one card serves every scale.
    """

    key: str
    grid: tuple[float, ...]
    seeds: int = 2


@dataclass(frozen=True)
class Scale:
    """Where the card is tried: a named experiment, settings that differ from it, seeds and budget.

    first_seed: of those that decide. A card whose question came up while looking at the seeds 0 to 4 of
    another one takes others: what suggested a hypothesis cannot be its test.
    """

    experiment: str
    seeds: int
    budget_core_minutes: float
    settings: dict[str, Any]
    first_seed: int = 0

    @property
    def planned(self) -> range:
        """The seeds that decide."""
        return range(self.first_seed, self.first_seed + self.seeds)


@dataclass(frozen=True)
class Card:
    """A claim card as its file has it; sha256 is that of the file's bytes.

    fraction: "" for every cell of a factorial, or "half": those in which an even number of factors is away
    from the base. From five factors on every main effect and every interaction of two is still free of the
    others.
    """

    id: str
    slug: str
    title: str
    kind: str
    question: str
    quotes: tuple[Quote, ...]
    hypotheses: tuple[Hypothesis, ...]
    factors: tuple[Factor, ...]
    sizes: tuple[Size, ...]
    match: Match | None
    tune: Tune | None
    scales: dict[str, Scale]
    readouts: tuple[str, ...]
    along: tuple[str, ...]
    notes: str
    threats: tuple[str, ...]
    change_our_mind: tuple[str, ...]
    fraction: str
    path: Path
    sha256: str

    def cells(self) -> dict[str, tuple[Any, ...]]:
        """The combinations of the factors' values by name, None where a factor is as in the base."""
        named = {}
        for values in itertools.product(*([None, *factor.arms] for factor in self.factors)):
            if self.fraction == "half" and sum(value is not None for value in values) % 2:
                continue
            pairs = zip(self.factors, values, strict=True)
            named[",".join(factor.name(value) for factor, value in pairs if value is not None)] = values
        return {name or "base": values for name, values in named.items()}

    def scale(self, name: str) -> Scale:
        """The scale called `name`. Raises MiniditError where the card does not plan one."""
        if name not in self.scales:
            planned = " and ".join(self.scales) or "none"
            raise MiniditError(f"{self.id} is not planned at scale {name!r}; its card has: {planned}.")
        return self.scales[name]
