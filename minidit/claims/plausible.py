"""Which cards are refused: those that could not fail, or whose arms would differ in more than one thing."""

import re
from collections.abc import Iterator

from minidit.claims.card import FIRST_TUNE_SEED, Card, Hypothesis
from minidit.claims.facts import FACTS
from minidit.errors import MiniditError, did_you_mean

KINDS = ("paired", "factorial", "scaling", "measurement")
DIRECTIONS = ("lower", "higher", "same")
UNITS = ("percent", "absolute")
SEEN = ("original", "archived copy", "article")
MATCHES = ("parameters", "flops", "time")
SCALES = ("cpu", "a100")
FEWEST_SEEDS = 3


def refuse(card: Card) -> None:
    """Raise MiniditError, one sentence, for the first thing in a card that cannot be tried or believed."""
    for fault in (*_form(card), *_design(card), *_scales(card), *_hypotheses(card)):
        raise MiniditError(f"{card.path.name}: {fault}")


def is_arm(name: str) -> bool:
    """Is it an arm's name, such as norm=rms, and not a factor's key, such as model.norm?"""
    return name == "base" or "=" in name


def _form(card: Card) -> Iterator[str]:
    if not re.fullmatch(r"C\d\d", card.id) or not card.slug.startswith(f"{card.id}_"):
        yield f"id is {card.id!r}; it must be C and two digits, and the file C06_its_subject.toml."
    if card.kind not in KINDS:
        yield f"kind is {card.kind!r}; it must be one of: {', '.join(KINDS)}."
    if not card.quotes:
        yield "it quotes nobody; add a [[quote]] with as_found, language, source and seen."
    for quote in card.quotes:
        if quote.seen not in SEEN:
            yield f"a quote was seen as {quote.seen!r}; it must be one of: {', '.join(SEEN)}."
        if quote.language != "en" and not quote.translation:
            yield f"a quote in {quote.language!r} has no translation; add ours."
    for name in ("threats", "change_our_mind"):
        if not getattr(card, name):
            yield f"{name} is empty; say at least one thing, or the card is not honest."
    if not card.hypotheses:
        yield "it has no [[hypothesis]]; add one sentence that can be false."


def _design(card: Card) -> Iterator[str]:
    if card.kind == "measurement":
        if card.factors or card.sizes or card.scales:
            yield "a measurement trains nothing: it has no [[factor]], no [[size]] and no [scale]."
        return
    if (card.kind == "scaling") != bool(card.sizes) or (card.kind == "scaling") == bool(card.factors):
        yield "a scaling design has [[size]] tables and no [[factor]]; the others have [[factor]] tables."
    if card.sizes and len(card.sizes) < 3:
        yield f"{len(card.sizes)} sizes give no slope that could fail; plan at least 3."
    if card.kind == "factorial" and len(card.factors) < 2:
        yield "a factorial design crosses at least two factors; with one the kind is paired."
    if card.fraction not in ("", "half"):
        yield f'fraction is {card.fraction!r}; it must be "half", or be left out.'
    elif card.fraction and (card.kind != "factorial" or len(card.factors) < 5 or _levels(card) != {2}):
        yield (
            "half of a factorial design tells pairs of factors apart from five factors of two levels on; "
            "with fewer run every combination."
        )
    yield from _tables(card)
    keys = [factor.key for factor in card.factors]
    moved = [key for factor in card.factors for key in factor.keys]
    if len({key.rsplit(".", 1)[-1] for key in keys}) < len(keys):  # arms are called by the last word
        yield f"a setting stands in two factors: {', '.join(keys)}."
    if card.match is not None and card.match.on not in MATCHES:
        yield f"match.on is {card.match.on!r}; it must be one of: {', '.join(MATCHES)}."
    if card.match is not None and card.match.via in moved:
        yield f"match.via is {card.match.via}, which is also what is tried."
    if card.tune is not None and (len(card.tune.grid) < 2 or card.tune.seeds < 1):
        yield "tune needs a grid of at least 2 values, and at least 1 seed."
    if card.tune is not None and card.tune.key in moved:
        yield f"tune.key is {card.tune.key}, which is also what is tried."


def _levels(card: Card) -> set[int]:
    """How many levels the factors have, the base's among them."""
    return {1 + len(factor.arms) for factor in card.factors}


def _tables(card: Card) -> Iterator[str]:
    """Arms that move several settings at once: each with a name, and not crossed with others."""
    for factor in card.factors:
        tables = [value for value in factor.arms if isinstance(value, dict)]
        if tables and (len(tables) < len(factor.arms) or card.kind == "factorial"):
            yield f"{factor.key} has tables for arms: then all its arms must be, and the kind paired."
        for table in tables:
            if not isinstance(table.get("name"), str) or len(table) < 3:
                yield (
                    f"an arm of {factor.key} is {table}; give it a name and the settings that move with it, "
                    "two at least."
                )


def _scales(card: Card) -> Iterator[str]:
    if card.kind != "measurement" and not card.scales:
        yield "it plans no scale; add [scale.cpu] with experiment, seeds and budget_core_minutes."
    for name, scale in card.scales.items():
        if name not in SCALES:
            yield f"scale is {name!r}; it must be one of: {', '.join(SCALES)}."
        if scale.seeds < FEWEST_SEEDS:
            yield f"{scale.seeds} seeds at scale {name} give no interval; plan at least {FEWEST_SEEDS}."
        if not 0 <= scale.planned.start <= scale.planned.stop <= FIRST_TUNE_SEED:
            yield f"seeds at scale {name} begin with {scale.first_seed}; 0 to {FIRST_TUNE_SEED - 1} decide."


def _hypotheses(card: Card) -> Iterator[str]:
    names = [hypothesis.id for hypothesis in card.hypotheses]
    if len(set(names)) < len(names):
        yield f"two hypotheses have one letter: {', '.join(names)}."
    for hypothesis in card.hypotheses:
        yield from (f"hypothesis {hypothesis.id}: {fault}" for fault in _hypothesis(card, hypothesis))


def _hypothesis(card: Card, hypothesis: Hypothesis) -> Iterator[str]:
    if hypothesis.direction not in DIRECTIONS:
        yield f"direction is {hypothesis.direction!r}; it must be one of: {', '.join(DIRECTIONS)}."
    if hypothesis.unit not in UNITS:
        yield f"unit is {hypothesis.unit!r}; it must be one of: {', '.join(UNITS)}."
    if hypothesis.metric.startswith("fact."):
        if hypothesis.metric not in FACTS:
            yield f"there is no {hypothesis.metric}; there are: {', '.join(FACTS)}."
        return
    if card.kind == "measurement":
        yield f"metric {hypothesis.metric} needs training; a measurement has facts: {', '.join(FACTS)}."
    if not hypothesis.delta > 0:
        yield f"delta is {hypothesis.delta:g}; say the smallest effect that matters, more than 0."
    group = hypothesis.metric.split(".")[0]
    read = card.along if "@" in hypothesis.metric else (*card.readouts, *card.along)
    if group not in read:
        where = "along" if "@" in hypothesis.metric else "readouts"
        yield f"metric {hypothesis.metric} is not read: add {group!r} to {where}."
    if card.kind == "scaling":
        return
    if not hypothesis.spread > 0:
        yield "spread is missing; give the spread of paired differences that a pilot lets us expect."
    yield from _arms(card, hypothesis)


def _arms(card: Card, hypothesis: Hypothesis) -> Iterator[str]:
    if card.kind == "paired":
        known = {"base"} | {f.name(value) for f in card.factors for value in f.arms}
        if unknown := [name for name in (hypothesis.arm, hypothesis.than) if name not in known]:
            yield f"there is no arm {unknown[0]!r}; there are: {', '.join(sorted(known))}."
        elif hypothesis.arm == hypothesis.than:
            yield f"it compares {hypothesis.arm} with itself."
        elif "base" not in (hypothesis.arm, hypothesis.than) and len(_keys(card, hypothesis)) > 1:
            yield f"{hypothesis.arm} and {hypothesis.than} differ in two settings; compare each with base."
    elif is_arm(hypothesis.arm):
        yield from _cells(card, hypothesis)
    else:
        keys = [factor.key for factor in card.factors]
        if unknown := [key for key in hypothesis.arm.split(" x ") if key not in keys]:
            yield f"there is no factor {unknown[0]!r}; there are: {', '.join(keys)}."


def _cells(card: Card, hypothesis: Hypothesis) -> Iterator[str]:
    """Two arms of a factorial: both exist, and they differ in one factor."""
    cells = card.cells()
    for name in (hypothesis.arm, hypothesis.than):
        if name not in cells:
            yield f"there is no arm {name!r}.{did_you_mean(name, cells)} There are: {', '.join(cells)}."
            return
    pairs = zip(cells[hypothesis.arm], cells[hypothesis.than], strict=True)
    if (differing := sum(one != other for one, other in pairs)) != 1:
        yield (
            f"{hypothesis.arm} and {hypothesis.than} differ in {differing} factors; compare two arms that "
            "differ in one."
        )


def _keys(card: Card, hypothesis: Hypothesis) -> set[str]:
    """The settings that the two arms of a hypothesis touch."""
    named = {f.name(value): f.key for f in card.factors for value in f.arms}
    return {named[name] for name in (hypothesis.arm, hypothesis.than)}
