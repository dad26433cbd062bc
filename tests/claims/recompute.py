"""Every committed verdict, computed a second time from the raw files by the rule alone.

    python tests/claims/recompute.py [book]

Reads book/claims/*.toml and book/evidence/C*.json. Imports nothing of minidit, so a mistake of the library is
not repeated here. One line a hypothesis: name, scale, word, mean [low, high], bar; differences are in the
direction that is claimed, so that a positive number speaks for the hypothesis. Exits with 1 when evidence
cannot carry a verdict.
"""

import hashlib
import json
import math
import statistics
import sys
import tomllib
from itertools import product
from pathlib import Path
from typing import NamedTuple

from scipy import stats

LEVEL = 0.05  # the chance of one false verdict in a whole card
LEAST_SEEDS = 3
LEAST_ACCURACY = 0.8  # of the base arm, before the quality of its samples means anything


class Refused(Exception):
    """Evidence that cannot carry a verdict."""


class Line(NamedTuple):
    """One verdict. `differences` by seed, in the direction claimed; None where no runs decide."""

    name: str
    scale: str
    word: str
    differences: dict[int, float] | None = None
    mean: float = math.nan
    low: float = math.nan
    high: float = math.nan
    bar: float = math.nan

    def __str__(self):
        head = f"{self.name} {self.scale} {self.word}"
        if not self.differences:
            return head
        return f"{head} {self.mean:.4g} [{self.low:.4g}, {self.high:.4g}] bar {self.bar:.4g}"


def measured(trial, role, arm, metric):
    """{seed: readout} of the runs of one role of one arm."""
    runs = [run for run in trial["runs"] if run["role"] == role and run["arm"] == arm]
    if not runs:
        raise Refused(f"there is no {role} run of arm {arm}")
    missing = [run["seed"] for run in runs if metric not in run["readouts"]]
    if missing:
        raise Refused(f"{metric} is missing in the {role} runs of arm {arm}, seeds {missing}")
    if len({run["seed"] for run in runs}) < len(runs):
        raise Refused(f"a seed of arm {arm} stands there twice")
    return {run["seed"]: run["readouts"][metric] for run in runs}


def paired(left, right, unit, beside=None):
    """left - right, seed by seed; in percent of `beside`, which is `right` unless it is given."""
    beside = right if beside is None else beside
    if not left.keys() == right.keys() == beside.keys():
        raise Refused(f"the seeds are not paired: {sorted(left)} and {sorted(right)}")
    if unit == "absolute":
        return {seed: left[seed] - right[seed] for seed in left}
    return {seed: 100 * (left[seed] - right[seed]) / beside[seed] for seed in left}


def flat(values, prefix=""):
    """{"model": {"depth": 4}} -> {"model.depth": 4}."""
    found = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def moved(factor):
    """The settings that a factor moves: its key, or those in the tables of its arms."""
    tables = [arm for arm in factor["arms"] if isinstance(arm, dict)]
    return sorted({key for table in tables for key in table} - {"name"}) or [factor["key"]]


def check_one_axis(card, trial, arm, than, axes):
    """Two arms may differ along `axes` (None: one), in what makes them equal, and in the tuned rate."""
    if absent := {arm, than} - trial["arms"].keys():
        raise Refused(f"there is no arm {', '.join(sorted(absent))}")
    left, right = (flat(trial["arms"][name]["experiment"]) for name in (arm, than))
    differ = {key for key in left | right if left.get(key) != right.get(key)}
    declared = {card.get("match", {}).get("via"), card.get("tune", {}).get("key")}
    factors = {factor["key"]: moved(factor) for factor in card.get("factor", [])}
    within = lambda key, axis: key == axis or key.startswith(f"{axis}.")  # noqa: E731
    allowed = axes or [key for keys in factors.values() for key in keys]
    undeclared = {key for key in differ - declared if not any(within(key, axis) for axis in allowed)}
    covers = lambda keys: all(any(within(key, k) for k in keys) for key in differ - declared)  # noqa: E731
    if undeclared or (axes is None and not any(map(covers, factors.values()))):
        raise Refused(f"{arm} and {than} differ in {', '.join(sorted(differ - declared))}")


def levels(card, trial):
    """The factorial's arms by their levels: {(0, 1): "mlp=swiglu"}, 0 for the base's level of a factor."""
    keys = [factor["key"] for factor in card["factor"]]
    base = flat(trial["arms"]["base"]["experiment"])
    table = {}
    for name, arm in trial["arms"].items():
        changed = [key in arm["settings"] and arm["settings"][key] != base.get(key) for key in keys]
        table[tuple(map(int, changed))] = name
    step = 2 if card.get("fraction") == "half" else 1  # half: an even number of factors is away from the base
    wanted = {at for at in product((0, 1), repeat=len(keys)) if sum(at) % step == 0}
    if len(table) != len(trial["arms"]) or set(table) != wanted:
        raise Refused("a factorial card needs one arm for each combination of two-level factors")
    return keys, table


def factorial(card, trial, hypothesis):
    """Main effect of one factor, or the interaction of two, seed by seed, beside the base arm's value."""
    keys, table = levels(card, trial)
    wanted = hypothesis["arm"].split(" x ")
    places = [keys.index(key) for key in wanted]
    values = {at: measured(trial, "main", name, hypothesis["metric"]) for at, name in table.items()}
    for name in table.values():
        check_one_axis(card, trial, name, "base", keys)
    base = values[(0,) * len(keys)]
    if any(seeds.keys() != base.keys() for seeds in values.values()):
        raise Refused("the seeds are not paired over the factorial's arms")
    sign = lambda at: math.prod(2 * at[place] - 1 for place in places)  # noqa: E731
    # one factor: upper less lower level, in the mean; two: half of A's effect at B = 1 less that at B = 0
    share = len(table) / 2
    effect = {seed: sum(sign(at) * value[seed] for at, value in values.items()) / share for seed in base}
    zero = dict.fromkeys(base, 0.0)
    return paired(effect, zero, hypothesis.get("unit", "percent"), beside=base)


def scaling(card, trial, hypothesis):
    """The slope of log(metric) on log(FLOPs in training) over the arms, seed by seed."""
    flops = {
        name: math.log(arm["flops_per_step"] * arm["experiment"]["training"]["steps"])
        for name, arm in trial["arms"].items()
    }
    values = {name: measured(trial, "main", name, hypothesis["metric"]) for name in flops}
    seeds = values["base"].keys()
    if any(value.keys() != seeds for value in values.values()):
        raise Refused("the seeds are not paired over the sizes")
    x = list(flops.values())
    slope = lambda y: statistics.linear_regression(x, y).slope  # noqa: E731
    return {seed: slope([math.log(values[name][seed]) for name in flops]) for seed in seeds}


def effects(card, trial, hypothesis):
    """{seed: effect}, before it is turned into the direction that is claimed."""
    if card["kind"] == "factorial" and not ("=" in hypothesis["arm"] or hypothesis["arm"] == "base"):
        return factorial(card, trial, hypothesis)
    if card["kind"] == "scaling":
        return scaling(card, trial, hypothesis)
    arm, than = hypothesis["arm"], hypothesis.get("than", "base")
    check_one_axis(card, trial, arm, than, None)
    left, right = (measured(trial, "main", name, hypothesis["metric"]) for name in (arm, than))
    return paired(left, right, hypothesis.get("unit", "percent"))


def bar_of(card, trial, hypothesis):
    """The smallest effect that matters, or the spread between two equal arms where that is larger."""
    delta = hypothesis.get("delta", 0.0)
    if card["kind"] == "scaling":
        return delta
    same, main = (measured(trial, role, "base", hypothesis["metric"]) for role in ("same", "main"))
    return max(delta, statistics.stdev(paired(same, main, hypothesis.get("unit", "percent")).values()))


def chance(direction, values, bar, delta):
    """The p by which a hypothesis takes its place in Holm's order: beyond the bar, or short of delta."""
    mean, spread = statistics.fmean(values), statistics.stdev(values)
    beyond = abs(mean) if direction == "same" else mean
    if len(set(values)) == 1:
        return 1.0 if delta <= beyond <= bar else 0.0
    error = spread / math.sqrt(len(values))
    above = lambda limit: float(stats.t.sf((mean - limit) / error, len(values) - 1))  # noqa: E731
    below = lambda limit: float(stats.t.cdf((mean - limit) / error, len(values) - 1))  # noqa: E731
    if direction != "same":
        return min(1.0, 2 * min(above(bar), below(delta)))
    inside, outside = max(above(-delta), below(delta)), min(above(bar), below(-bar))
    return min(1.0, 2 * min(inside, outside))


def holm(chances):
    """For each hypothesis, whether it is decisive, and the level of its interval."""
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    found, failed = {}, None
    for k, place in enumerate(order):
        level = LEVEL / (len(chances) - k) if failed is None else failed
        if failed is None and not chances[place] < level:
            failed = level
        found[place] = failed is None, 1 - level
    return [found[place] for place in range(len(chances))]


def interval(values, level):
    """Student's t, around the mean."""
    half = stats.t.ppf(0.5 + level / 2, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    mean = statistics.fmean(values)
    # equal differences have no spread, though their mean may be rounded
    return (values[0], values[0]) if len(set(values)) == 1 else (float(mean - half), float(mean + half))


def word(direction, low, high, bar, delta):
    """supported, refuted or inconclusive, from where the interval lies."""
    if direction == "same":
        inside, outside = -delta < low and high < delta, high < -bar or low > bar
    else:
        inside, outside = low > bar, high < delta
    return "supported" if inside else "refuted" if outside else "inconclusive"


def blurred(trial, hypothesis):
    """Whether samples are judged of a base arm that does not draw well enough."""
    if not hypothesis["metric"].startswith("quality."):
        return False
    return statistics.fmean(measured(trial, "main", "base", "quality.accuracy").values()) < LEAST_ACCURACY


def counted(card, hypothesis):
    """Whether an exact number decides, found by counting and not by runs: it is in no evidence."""
    return card["kind"] == "measurement" or hypothesis["metric"].startswith("fact.")


def verdicts(card, trial, sha256):
    """The lines of one claim at one scale. Raises Refused where the evidence cannot carry them."""
    scale, names = trial["scale"], {one["id"]: f"{card['id']}.{one['id']}" for one in card["hypothesis"]}
    if trial["card_sha256"] != sha256:
        return [Line(name, scale, "stale") for name in names.values()]
    hypotheses = [one for one in card["hypothesis"] if not counted(card, one)]
    turned, bars = [], []
    for hypothesis in hypotheses:
        found = effects(card, trial, hypothesis)
        if len(found) < LEAST_SEEDS:
            raise Refused(f"{len(found)} seeds are too few, {LEAST_SEEDS} are needed")
        sign = -1 if hypothesis["direction"] == "lower" else 1
        turned.append({seed: sign * effect for seed, effect in sorted(found.items())})
        bars.append(bar_of(card, trial, hypothesis))
    every = list(zip(hypotheses, turned, bars, strict=True))
    deltas = [h.get("delta", 0.0) for h in hypotheses]
    sorts = zip(every, deltas, strict=True)
    judged = holm([chance(h["direction"], list(d.values()), bar, delta) for (h, d, bar), delta in sorts])
    lines = {one: Line(name, scale, "counted") for one, name in names.items()}
    for (h, d, bar), (decisive, level) in zip(every, judged, strict=True):
        low, high = interval(list(d.values()), level)
        said = "inconclusive"
        if decisive and not blurred(trial, h):
            said = word(h["direction"], low, high, bar, h.get("delta", 0.0))
        mean = statistics.fmean(d.values())
        lines[h["id"]] = Line(names[h["id"]], scale, said, d, mean, low, high, bar)
    return list(lines.values())


def recompute(book):
    """{"C06.cpu": lines, or the sentence that refuses them}, for all evidence of claims in `book`."""
    cards = {}
    for path in sorted((book / "claims").glob("*.toml")):
        card = tomllib.loads(path.read_text(encoding="utf-8"))
        cards[card["id"]] = card, hashlib.sha256(path.read_bytes()).hexdigest()
    found = {}
    for path in sorted((book / "evidence").glob("C[0-9][0-9].*.json")):
        trial = json.loads(path.read_text(encoding="utf-8"))
        try:
            card, sha256 = cards[trial["claim"]]
            found[path.stem] = verdicts(card, trial, sha256)
        except Refused as refused:
            found[path.stem] = str(refused)
    return found


def main(book):
    """Print every line; 1 where some evidence is refused."""
    found = recompute(book)
    for name, lines in found.items():
        print(f"{name} refused: {lines}" if isinstance(lines, str) else "\n".join(map(str, lines)))
    return int(any(isinstance(lines, str) for lines in found.values()))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "book")))
