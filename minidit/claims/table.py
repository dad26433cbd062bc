"""Cards and verdicts as text for a terminal."""

from collections.abc import Iterable
from textwrap import fill

from minidit.claims.card import Card, Hypothesis
from minidit.claims.court import committed
from minidit.claims.facts import facts_of
from minidit.claims.plan import deciding, tuning
from minidit.claims.statistics import detectable
from minidit.claims.verdict import Verdict, verdict

WIDTH = 100


def listing(cards: Iterable[Card]) -> str:
    """One line a card: its name, its question, and where it has been tried."""
    lines = []
    for card in cards:
        tried = ", ".join(committed(card)) or "not run yet"
        lines.append(f"{card.id}  {card.question}  [{tried}]")
    return "\n".join(lines) or "There are no cards."


def shown(card: Card) -> str:
    """A card as a person reads it, with the smallest effect that each scale could see."""
    parts = [f"{card.id}  {card.title}", fill(card.question, WIDTH)]
    for quote in card.quotes:
        parts.append(fill(f'"{quote.as_found}" ({quote.source}; seen: {quote.seen})', WIDTH))
        parts += [fill(f"In English, by us: {quote.translation}", WIDTH)] if quote.translation else []
    for hypothesis in card.hypotheses:
        words = fill(f"{card.id}.{hypothesis.id}  {hypothesis.text}", WIDTH)
        parts.append(f"{words}\n  [{_rule(hypothesis)}]")
    parts += [expected(card, scale) for scale in card.scales]
    parts += [card.notes] if card.notes else []
    parts.append("Threats\n" + "\n".join(fill(f"- {words}", WIDTH) for words in card.threats))
    wanted = "\n".join(fill(f"- {words}", WIDTH) for words in card.change_our_mind)
    parts.append("What would change our mind\n" + wanted)
    return "\n\n".join(parts)


def _rule(hypothesis: Hypothesis) -> str:
    unit = "%" if hypothesis.unit == "percent" else ""
    if hypothesis.metric.startswith("fact."):
        near = (
            f"{hypothesis.target:g} within"
            if hypothesis.direction == "same"
            else f"{hypothesis.direction} than"
        )
        return f"{hypothesis.metric}, counted: {near} {hypothesis.delta:g}"
    beside = f" of {hypothesis.arm} beside {hypothesis.than}" if hypothesis.arm else ""
    by = f"within {hypothesis.delta:g}{unit}"
    if hypothesis.direction != "same":
        by = f"by {hypothesis.delta:g}{unit} or more"
    return f"{hypothesis.metric}{beside}: {hypothesis.direction}, {by}"


def expected(card: Card, scale: str) -> str:
    """What a trial at `scale` will take, and the smallest effect that each hypothesis could see."""
    plan, arms = card.scale(scale), _arm_count(card)
    tunes = 0 if card.tune is None else arms * len(card.tune.grid) * card.tune.seeds
    lines = [
        f"Scale {scale}: {arms} arms, {plan.seeds} seeds, {tunes} runs to tune and "
        f"{(arms + 1) * plan.seeds} that decide; {plan.budget_core_minutes:g} core minutes planned."
    ]
    trained = [h for h in card.hypotheses if not h.metric.startswith("fact.") and h.spread]
    level = 1 - 0.05 / max(1, len(trained))
    lines += [f"  {card.id}.{h.id} {_reach(h, plan.seeds, level)}" for h in trained]
    return "\n".join(lines)


def _reach(h: Hypothesis, seeds: int, level: float) -> str:
    """What so many seeds could decide, if the differences spread as the card expects."""
    half, unit = detectable(h.spread, seeds, level), "%" if h.unit == "percent" else f" of {h.metric}"
    spread = f"if the differences spread by {h.spread:g} as expected"
    if h.direction != "same":
        words = f"can be supported from about {h.delta + half:.2g}{unit} on, {spread}"
    elif half < h.delta:
        words = f"can be supported while the mean is within +-{h.delta - half:.2g}{unit}, {spread}"
    else:
        words = f"cannot be supported with {seeds} seeds: {spread}, the interval alone is +-{half:.2g}{unit}"
    return f"{words}; {h.delta:g} would matter."


def _arm_count(card: Card) -> int:
    if card.kind == "scaling":
        return 1 + len(card.sizes)
    if card.kind == "paired":
        return 1 + sum(len(factor.arms) for factor in card.factors)
    return len(card.cells())


def estimate(card: Card, scale: str, milliseconds: dict[str, float]) -> str:
    """Core minutes of training that the card would take, from the cost of a step of each arm."""
    from minidit.claims.arms import arms

    made = arms(card, scale)
    tuned = dict.fromkeys(made)
    jobs = [*tuning(card, made), *deciding(made, card.scale(scale).planned, tuned)]
    steps = {name: arm.experiment.training.steps for name, arm in made.items()}
    minutes = sum(milliseconds[job.arm] * steps[job.arm] for job in jobs) / 60_000
    return (
        f"{len(jobs)} runs would train for about {minutes:.0f} core minutes; "
        f"{card.scale(scale).budget_core_minutes:g} are planned. Nothing was recorded."
    )


def verdicts(cards: Iterable[Card]) -> str:
    """A line a hypothesis and scale: the word, the effect with its interval, and the bar."""
    lines = [f"{'claim':<7}{'scale':<6}{'verdict':<14}{'effect':>9}  {'interval':<20}{'bar':>7}  seeds"]
    for card in cards:
        trials = committed(card)
        if not trials:
            lines.append(f"{card.id:<7}not run yet: minidit claims run {card.id}")
        for scale, trial in trials.items():
            lines += [_line(scale, found) for found in verdict(card, trial, facts_of(card))]
    lines.append(
        "\nEffects count in the claimed direction: supported is wholly beyond the bar, refuted wholly "
        "short of the smallest effect that matters."
    )
    return "\n".join(lines)


def _line(scale: str, found: Verdict) -> str:
    head = f"{found.name:<7}{scale:<6}{found.word:<14}"
    if found.mean is None:
        return f"{head}{found.reason}"
    interval = "" if found.low is None else f"[{found.low:.3g}, {found.high:.3g}]"
    seeds = len(found.differences) or "-"
    return f"{head}{found.mean:>+9.3g}  {interval:<20}{found.bar:>7.3g}  {seeds}  {found.reason}".rstrip()
