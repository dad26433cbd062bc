"""The check of chapter 11's verdict: does a gain say anything about the architecture?"""

from collections.abc import Callable, Iterator
from itertools import combinations

import torch
from torch import Tensor

from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed, expect

Errors = dict[str, Tensor]  # by arm, "none", "route" and "control": (seeds,)
Rule = Callable[[Errors, Errors, float], str]
WORDS = ("no gain", "not beyond control", "beyond control")


def ruling(held_out: Errors, training: Errors, bar: float) -> str:
    """The rule of 11.5: a difference counts when its mean over the seeds is more than `bar`."""
    return _ruled(_mean(held_out), bar)


def _mean(errors: Errors) -> dict[str, float]:
    return {arm: float(values.double().mean()) for arm, values in errors.items()}


def _ruled(error: dict[str, float], bar: float) -> str:
    if error["none"] - error["route"] <= bar:
        return "no gain"
    return "beyond control" if error["control"] - error["route"] > bar else "not beyond control"


def _control_ignored(held_out: Errors, training: Errors, bar: float) -> str:
    error = _mean(held_out)
    return "beyond control" if error["none"] - error["route"] > bar else "no gain"


def _control_beside_none(held_out: Errors, training: Errors, bar: float) -> str:
    error = _mean(held_out)
    if error["none"] - error["route"] <= bar:
        return "no gain"
    return "not beyond control" if error["none"] - error["control"] > bar else "beyond control"


def _no_bar_between(held_out: Errors, training: Errors, bar: float) -> str:
    error = _mean(held_out)
    if error["none"] - error["route"] <= bar:
        return "no gain"
    return "beyond control" if error["control"] > error["route"] else "not beyond control"


def _control_first(held_out: Errors, training: Errors, bar: float) -> str:
    error = _mean(held_out)
    return "not beyond control" if error["none"] - error["control"] > bar else _ruled(error, bar)


def _turned(held_out: Errors, training: Errors, bar: float) -> str:
    return _ruled({arm: -error for arm, error in _mean(held_out).items()}, bar)


def _every_seed(held_out: Errors, training: Errors, bar: float) -> str:
    if not bool((held_out["none"] - held_out["route"] > bar).all()):
        return "no gain"
    return (
        "beyond control"
        if bool((held_out["control"] - held_out["route"] > bar).all())
        else "not beyond control"
    )


WRONG: dict[str, Rule] = {
    "Any gain was called the route's own: the control has to be asked first.": _control_ignored,
    "The control was compared with none. It has to be compared with the route: it may gain less.": (
        _control_beside_none
    ),
    "Those are training losses: a routed network's is that of a network that skips.": (
        lambda held_out, training, bar: _ruled(_mean(training), bar)
    ),
    "The control was looked at before the route: where the route gains nothing, nothing needs a reason.": (
        _control_first
    ),
    "The sign is turned: a lower error is a gain.": _turned,
    "The bar is missing: the smallest difference would count.": (
        lambda held_out, training, bar: _ruled(_mean(held_out), 0.0)
    ),
    "Between control and route the bar is missing.": _no_bar_between,
    "That is one seed's verdict; the mean over the seeds was asked.": (
        lambda held_out, training, bar: _ruled({arm: float(e[0]) for arm, e in held_out.items()}, bar)
    ),
    "The best seed of each arm was taken; the mean was asked.": (
        lambda held_out, training, bar: _ruled({arm: float(e.min()) for arm, e in held_out.items()}, bar)
    ),
    "Every seed had to pass the bar; the mean was asked.": _every_seed,
}


def _case(draw: torch.Generator) -> tuple[Errors, Errors, float]:
    """Errors of three arms: what a seed does to all, what an arm gains in bars, and chance of mean 0."""
    bar, seeds = whole(1, 4, draw) / 100, 5
    gains = [(2 * whole(-4, 6, draw) + 1) / 4 for _ in range(2)]  # odd quarters: never close to a bar
    shared = 0.4 + 0.1 * torch.rand(seeds, generator=draw)

    def made(gain: float) -> Tensor:
        chance = torch.randn(seeds, generator=draw)
        errors = shared - gain * bar + 0.9 * bar * (chance - chance.mean())
        return (errors.double() * 1e4).round() / 1e4

    def arms(gains: list[float]) -> Errors:
        return {
            arm: made(gain) for arm, gain in zip(("none", "route", "control"), (0.0, *gains), strict=True)
        }

    return arms(gains), arms([-3.0 - gains[0], -2.0 - gains[1]]), bar


def _clear(case: tuple[Errors, Errors, float]) -> bool:
    """No difference that decides lies close to the bar or to zero, where rounding would."""
    held_out, _, bar = case
    error = _mean(held_out)
    gaps = [abs(error[a] - error[b]) for a, b in combinations(error, 2)]
    return all(abs(gap - edge) > 0.05 * bar for gap in gaps for edge in (0.0, bar))


def _cases(draw: torch.Generator, count: int = 16) -> Iterator[list[tuple[Errors, Errors, float]]]:
    """Cases whose answers tell every wrong rule from the right one, and from each other."""
    while True:
        cases = []
        while len(cases) < count:
            if _clear(case := _case(draw)):
                cases.append(case)
        answers = [tuple(rule(*case) for case in cases) for rule in (ruling, *WRONG.values())]
        if len(set(answers)) == len(answers) and set(answers[0]) == set(WORDS):
            yield cases


def _copy(errors: Errors) -> Errors:
    return {arm: values.clone() for arm, values in errors.items()}


@exercise(
    "11.5",
    "a control for a gain",
    hints=(
        "Which of the two losses tells how good a network is in use? And if something that accuses no part "
        "of the network gains as much, what is left of the accusation?",
        "Three questions in this order: does the route gain more than the bar? If so, is it ahead of the "
        "control by more than the bar? Compare means of held-out errors.",
        "mean = {arm: e.mean() for arm, e in held_out.items()}; if mean['none'] - mean['route'] <= bar: "
        "'no gain'; if mean['control'] - mean['route'] > bar: 'beyond control'; otherwise "
        "'not beyond control'",
    ),
)
def control(answer: Callable, draw: torch.Generator) -> None:
    """judge(held_out, training, bar) -> "no gain", "not beyond control" or "beyond control"."""
    cases = next(_cases(draw))
    got = [answer(_copy(held_out), _copy(training), bar) for held_out, training, bar in cases]
    if other := next((word for word in got if word not in WORDS), None):
        raise CheckFailed(
            f"not right yet. Your function returned {other!r}; three answers were offered: "
            f"{', '.join(WORDS)}. None of them says that the architecture is flawed."
        )
    for place, (held_out, training, bar) in enumerate(cases):
        named = {words: got[place] for words, rule in WRONG.items() if got == [rule(*case) for case in cases]}
        given = {f"held-out, {arm}": values for arm, values in held_out.items()}
        given |= {f"training, {arm}": values for arm, values in training.items()} | {"bar": bar}
        expect(got[place], ruling(held_out, training, bar), given, named)
