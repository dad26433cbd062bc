"""One claim's section of the claims page: what was said and tried, what came out, what would overturn it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path

from minidit.claims.card import Card, Hypothesis, Quote
from minidit.claims.facts import FACTS, facts_of
from minidit.claims.plan import at_the_edge
from minidit.claims.plausible import is_arm
from minidit.claims.statistics import deviation, seeds_needed
from minidit.claims.trial import Trial
from minidit.claims.verdict import READABLE, Verdict, verdict
from minidit.teach.numbers import decimals, measured, short

# quality is never told without real against real, and without the share of samples that are copies
QUALITY = ("quality.accuracy", "quality.frechet", "quality.frechet_floor", "quality.copied")
LANGUAGES = {"en": "English", "zh": "Chinese"}


@dataclass(frozen=True)
class Case:
    """A card, split into what runs decide and what counting decides, with the evidence by scale.

    verdicts: by scale, for the hypotheses of `tried`. counts: for those of `counted`.
    """

    card: Card
    tried: Card
    trials: dict[str, Trial]
    verdicts: dict[str, Sequence[Verdict]]
    counted: Card
    counts: Sequence[Verdict]

    @classmethod
    def read(cls, book: Path, card: Card) -> "Case":
        """The case of a card of `book`. Raises MiniditError where evidence cannot carry a verdict."""
        exact = [card.kind == "measurement" or one.metric in FACTS for one in card.hypotheses]
        parts = [tuple(compress(card.hypotheses, keep)) for keep in ([not one for one in exact], exact)]
        tried, counted = (replace(card, hypotheses=part) for part in parts)
        paths = {scale: book / "evidence" / f"{card.id}.{scale}.json" for scale in card.scales}
        trials = {scale: Trial.read(path) for scale, path in paths.items() if path.is_file()}
        verdicts = {scale: verdict(tried, trial) for scale, trial in trials.items()}
        return cls(card, tried, trials, verdicts, counted, verdict(counted, facts=facts_of(card)))

    def stale(self, scale: str) -> str:
        """Why the verdicts at a scale say nothing any more; empty where they do."""
        return next((one.reason for one in self.verdicts[scale] if one.word == "stale"), "")

    def words(self, place: str) -> str:
        """The letters with their verdicts at a scale, or of what was "counted"; or why there are none."""
        if place != "counted" and place not in self.trials:
            return "not run yet" if place in self.card.scales else ""
        found = self.counts if place == "counted" else self.verdicts[place]
        return ", ".join(f"{one.name.split('.')[-1]} **{one.word}**" for one in found)


def picture_path(card: Card, scale: str, kind: str = "") -> str:
    """Where a picture of the page lies in the book."""
    return f"artefacts/claims/{card.id}.{scale}{kind}.png"


def section(case: Case) -> str:
    """The section, Markdown."""
    card = case.card
    parts = [
        f'<a id="{card.id.lower()}"></a>\n\n## {card.id}: {card.title}\n\n**{card.question}**',
        *map(_quote, card.quotes),
        "**What is on trial**",
        _list(f"**{card.id}.{one.id}** {one.text} {_needed(card, one)}" for one in card.hypotheses),
        *([card.notes] if card.notes else []),
    ]
    if case.counts:
        parts += ["**What was counted, without a run**", _counts(case)]
    for scale in card.scales:
        parts += [f"### {card.id} at scale {scale}", _plan(card, scale)]
        parts.append(_scale(case, scale) if scale in case.trials else _waiting(card, scale))
    parts += [
        "**Threats**",
        _list(card.threats),
        "**What would change our mind**",
        _list(card.change_our_mind),
    ]
    return "\n\n".join(parts)


def _quote(quote: Quote) -> str:
    lines = "\n".join(f"> {line}" for line in quote.as_found.strip().splitlines())
    ours = f"\n\nOur translation: {quote.translation}" if quote.translation else ""
    language = LANGUAGES.get(quote.language, quote.language)
    return f"{lines}\n\nLanguage: {language}. Source: {quote.source}. Seen: {quote.seen}.{ours}"


def _needed(card: Card, one: Hypothesis) -> str:
    """What must come out, in one sentence."""
    if card.kind == "measurement" or one.metric in FACTS:
        return f"To be counted: `{one.metric}` must be {_side(one, one.delta, exact=True)}."
    arms, effect = f"the difference of `{one.arm}` from `{one.than}`", f"the effect of `{one.arm}` on it"
    slope = "its slope over compute, both in logarithms,"
    subject = slope if card.kind == "scaling" else arms if is_arm(one.arm) else effect
    side = _side(one, one.delta) + (_unit(one) if card.kind != "scaling" else "")
    return f"To be measured: `{one.metric}`; {subject} must be {side}."


def _side(one: Hypothesis, bar: float, exact: bool = False) -> str:
    """Where the claim says that the number lies, in its measured direction."""
    if one.direction == "same":
        return f"{short(one.target)} ± {short(bar)}" if exact else f"within ± {short(bar)}"
    signs = {"lower": ("below ", "below -"), "higher": ("above ", "above +")}
    return signs[one.direction][0 if exact else 1] + short(bar)


def _unit(one: Hypothesis) -> str:
    return " %" if one.unit == "percent" else ""


def _plan(card: Card, scale: str) -> str:
    """What a run at this scale is, in one or two sentences."""
    plan = card.scales[scale]
    changed = ", ".join(f"`{key}={value}`" for key, value in plan.settings.items())
    said = f"Experiment `{plan.experiment}`{f' with {changed}' if changed else ''}, {plan.seeds} seeds"
    said += f", from seed {plan.first_seed} on." if plan.first_seed else "."
    if card.match is not None:
        said += f" All arms have equal {card.match.on}, by `{card.match.via}`."
    if card.tune is not None:
        times = ", ".join(f"{value:g}" for value in card.tune.grid)
        said += f" Each arm first chooses its `{card.tune.key}`: {times} times the base's."
    return said


def _waiting(card: Card, scale: str) -> str:
    return f"Not run yet. To run it: `minidit claims run {card.id} --scale {scale}`."


def _scale(case: Case, scale: str) -> str:
    card, trial, found = case.tried, case.trials[scale], case.verdicts[scale]
    if reason := case.stale(scale):
        return f"**Stale.** {reason} It was run on {trial.date}, commit {trial.commit}. {_again(card, scale)}"
    said = "; ".join(f"{one.name} {one.word}" for one in found)
    alt = f"{said}. Every seed's difference, the mean with its interval, and where the claim holds"
    parts = [f"![{alt}]({picture_path(card, scale)})", _results(card, found, trial), _arms(card, trial)]
    if card.tune is not None:
        alt = f"Error of each arm at every value of {card.tune.key}; the chosen one is ringed"
        parts.append(f"![{alt}]({picture_path(card, scale, '.rates')})")
        if names := at_the_edge(trial):
            arms = ", ".join(f"`{name}`" for name in names)
            parts.append(f"At an end of the grid, so that a better value may lie beyond it: {arms}.")
    return "\n\n".join([*parts, _cost(card, scale, trial)])


def _counts(case: Case) -> str:
    """A row for each number that was counted."""
    rows = []
    for one, found in zip(case.counted.hypotheses, case.counts, strict=True):
        # a rounding error differs from machine to machine: what is far below the bar is only called so
        tiny = 0 < abs(found.mean) < found.bar / 100
        number = f"under {found.bar / 100:.3g}" if tiny else short(found.mean)
        rows.append((found.name, f"**{found.word}**", number, _side(one, found.bar, exact=True)))
    return table(("hypothesis", "verdict", "number", "needed"), rows)


def _results(card: Card, found: Sequence[Verdict], trial: Trial) -> str:
    """A row for each hypothesis that runs decide."""
    columns = ("hypothesis", "verdict", "effect", "interval", "needed", "floor (A/A)", "seeds", "note")
    return table(columns, [_row(card, h, v, trial) for h, v in zip(card.hypotheses, found, strict=True)])


def _row(card: Card, one: Hypothesis, found: Verdict, trial: Trial) -> tuple[str, ...]:
    name, word = found.name, f"**{found.word}**"
    unit = _unit(one) if card.kind != "scaling" else ""
    low, mean, high = decimals(*measured(one.direction, found.low, found.mean, found.high))
    interval = f"[{low}, {high}] at {100 * found.level:.4g} %"
    floor = "" if found.floor is None else short(found.floor) + unit
    note = _undecided(one, found, unit) if found.word == "inconclusive" else ""
    if note and one.metric.startswith("quality.") and _readable(trial) < READABLE:
        note = found.reason
    side = _side(one, found.bar) + unit
    if found.bar > one.delta:
        side += f" (the card asks {_side(one, one.delta)}{unit}; the floor is larger)"
    return name, word, mean + unit, interval, side, floor, str(len(found.differences)), note


def _undecided(one: Hypothesis, found: Verdict, unit: str) -> str:
    """What these seeds could have told, and how many would tell an effect like the one measured.

    It lies beyond the bar, or short of delta; between the two no number of seeds decides.
    """
    mean = abs(found.mean) if one.direction == "same" else found.mean
    told = f"told apart beyond {short(found.smallest)}{unit}"
    if found.delta <= mean <= found.bar:
        return f"{told}; an effect like the one measured matters and drowns in the floor, whatever the seeds"
    gap = mean - found.bar if mean > found.bar else found.delta - mean
    seeds = seeds_needed(deviation([*found.differences.values()]), gap, found.level)
    return f"{told}; about {seeds} seeds would decide the effect measured" if seeds else told


def _readable(trial: Trial) -> float:
    """The mean share of the base arm's samples that the judge reads."""
    return _mean(trial, "base", "quality.accuracy") or 0.0


def _mean(trial: Trial, arm: str, metric: str) -> float | None:
    """The mean over the seeds that decide; None where the readout was not made."""
    runs = [run for run in trial.runs if run.role == "main" and run.arm == arm and metric in run.readouts]
    return sum(run.readouts[metric] for run in runs) / len(runs) if runs else None


def _arms(card: Card, trial: Trial) -> str:
    """A row an arm: its size, its cost, what it chose, the means of what was measured."""
    metrics = list(dict.fromkeys([*(one.metric for one in card.hypotheses), *QUALITY]))
    rows = []
    for name, arm in trial.arms.items():
        means = [_mean(trial, name, metric) for metric in metrics]
        tuned = "" if arm.tuned is None else f"{arm.tuned:g}"
        shown = ["" if mean is None else f"{mean:.4g}" for mean in means]
        rows.append((f"`{name}`", f"{arm.parameters:,}", f"{arm.flops_per_step:.3g}", tuned, *shown))
    key = "" if card.tune is None else f"`{card.tune.key}`"
    return table(
        ("arm", "parameters", "FLOPs a step", key, *(f"mean `{metric}`" for metric in metrics)), rows
    )


def _cost(card: Card, scale: str, trial: Trial) -> str:
    at, budget = trial.environment, card.scales[scale].budget_core_minutes
    gpu = at.get("gpu") and scale != "cpu"
    where = f"one {at['gpu']}, with {at['processor']}" if gpu else at["processor"]
    minutes = f"{trial.core_minutes:.1f} {'GPU' if gpu else 'core'} minutes"
    return (
        f"Cost: {minutes} for {len(trial.runs)} runs; planned were {budget:g}. "
        f"Hardware: {scale} settings, run on {where}, {at['threads']} thread a run; Python {at['python']}, "
        f"PyTorch {at['torch']}. Date: {trial.date}. Commit: {trial.commit}. Every run's numbers: "
        f"[{card.id}.{scale}.json](evidence/{card.id}.{scale}.json). {_again(card, scale)}"
    )


def _again(card: Card, scale: str) -> str:
    return f"To check it: `minidit claims run {card.id} --scale {scale}`."


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; a column without any entry is left out."""
    used = [place for place in range(len(head)) if any(row[place] for row in rows)] or range(len(head))
    lines = [[line[place].replace("|", r"\|") for place in used] for line in (head, *rows)]
    lines.insert(1, ["---"] * len(used))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
