"""Checks of chapter 10: streams that do not shift between arms, and a test that notices when they do."""

import builtins
from collections.abc import Callable
from unittest.mock import patch

import torch
from torch import Tensor

from minidit.streams import generator
from minidit.teach.draw import whole
from minidit.teach.exercise import exercise
from minidit.teach.expect import CheckFailed
from minidit.teach.mutants import refusal, try_test

Call = tuple[int, str, int]  # seed, name, step

# what two calls that must differ have in common where they come out equal
SAME = {
    "name": "Two names gave the same numbers: weights and noise of a step must not be the same stream.",
    "step": "Two steps gave the same numbers: every step would see the same noise.",
    "seed": "Two seeds gave the same numbers: the seeds of a trial would all be one.",
    "sum": "Seed and step are added: step k of one seed is step k - 1 of the next.",
    "text": "The parts run into each other: put a sign between them that none of them holds.",
    "large": "Seed and step run into each other at a large step: no step may reach into the next seed.",
    "letters": "Names of the same letters gave the same numbers: their order counts too.",
    "swapped": "Seed and step exchanged gave the same numbers: which number stands where counts too.",
    "equal": "Where seed and step are equal they cancel: those streams are all one.",
}
MANY = 3000  # triples; 32 bits repeat one of them once in a thousand tries, 16 bits some seventy


def _pairs(seed: int, step: int) -> dict[str, list[tuple[Call, Call]]]:
    """Calls that must give different numbers, by what is wrong where they do not."""
    one = (seed, "noise", step)
    return {
        "name": [(one, (seed, "batch", step)), ((seed, "init", 0), (seed, "noise", 0))],
        "step": [(one, (seed, "noise", step + 1))],
        "seed": [(one, (seed + 1, "noise", step))],
        "sum": [(one, (seed + 1, "noise", step - 1))],
        "text": [((1, "noise", 12), (11, "noise", 2)), ((1, "noise1", 2), (1, "noise", 12))],
        "large": [((1, "noise", 0), (0, "noise", 10**k)) for k in (3, 4, 5, 6)],
        "letters": [((seed, "draw", step), (seed, "ward", step))],
        "swapped": [(one, (step, "noise", seed))],
        "equal": [((seed, "noise", seed), (step, "noise", step))],
    }


def _numbers(answer: Callable, call: Call) -> Tensor:
    """The first numbers of the stream that the answer returns."""
    try:
        found = answer(*call)
    except (RuntimeError, OverflowError, ValueError) as error:
        if "verflow" not in str(error):
            raise
        raise CheckFailed(
            f"not right yet. stream{call} raised: {error}\n  manual_seed takes a number of 64 bits at most: "
            "take some bytes of the digest, digest_size=8 or digest[:8]."
        ) from error
    if not isinstance(found, torch.Generator):
        kind = type(found).__name__
        raise CheckFailed(f"not right yet. stream{call} returned a {kind}; a torch.Generator was asked for.")
    return torch.rand(4, generator=found)


def _of_text(value: object) -> bool:
    """Whether Python's hash of the value differs from process to process: that of text does."""
    return isinstance(value, str | bytes) or (isinstance(value, tuple) and any(map(_of_text, value)))


def _fail(one: Call, other: Call, words: str) -> None:
    told = f"stream{one}" if one == other else f"stream{one} and stream{other}"
    raise CheckFailed(f"not right yet. Given {told}\n  {words}")


def _compare(numbers: dict[Call, list[Tensor]], pairs: dict[str, list[tuple[Call, Call]]]) -> None:
    """The same call must give the same numbers twice; two calls of a pair must not."""
    for call, (once, again) in numbers.items():
        if not torch.equal(once, again):
            _fail(
                call, call, "Asked again, it gave other numbers: the stream remembers what was drawn before."
            )
    for kind, group in pairs.items():
        for one, other in group:
            if torch.equal(numbers[one][0], numbers[other][0]):
                _fail(one, other, SAME[kind])


def _look_for_repeats(answer: Callable, draw: torch.Generator) -> None:
    """Thousands of different calls must give different numbers, as far as 32 bits can."""
    first = whole(10, 1000, draw)
    calls = [
        (s, name, k) for s in range(10) for name in ("init", "batch", "noise") for k in range(MANY // 30)
    ]
    seen: dict[tuple, Call] = {}
    twice = []
    for seed, name, step in calls:
        call = (first + seed, name, step)
        before = seen.setdefault(tuple(_numbers(answer, call).tolist()), call)
        twice += [(before, call)] if before != call else []
    if len(twice) > 2:
        words = f"{len(twice)} of {MANY} streams repeat another one: make a number of at least 32 bits."
        _fail(*twice[0], words)


@exercise(
    "10.4",
    "streams that do not shift",
    hints=(
        "The numbers may depend on the three arguments and on nothing else: not on what was drawn before.",
        "Make one number of all three, so that no two different triples share it: as text, with signs "
        "between. Python's own hash() of a text is another one in every process; which hash is not?",
        'digest = hashlib.blake2b(f"{seed}/{name}/{step}".encode(), digest_size=4).digest(); return '
        'torch.Generator().manual_seed(int.from_bytes(digest, "little"))',
    ),
)
def stream(answer: Callable, draw: torch.Generator) -> None:
    """stream(seed, name, step) -> a generator that these three decide, and nothing else."""
    seed, step = whole(2, 9, draw), whole(20, 90, draw)
    pairs = _pairs(seed, step)
    calls = sorted({call for group in pairs.values() for pair in group for call in pair}) * 2
    state, hashed, numbers = torch.get_rng_state(), [], {}

    def noted(value: object, hash: Callable = builtins.hash) -> int:
        if _of_text(value):
            hashed.append(value)
        return hash(value)

    with patch("builtins.hash", noted):
        for place in torch.randperm(len(calls), generator=draw).tolist():
            call = calls[place]
            numbers.setdefault(call, []).append(_numbers(answer, call))
    first = (seed, "noise", step)
    if not torch.equal(state, torch.get_rng_state()):
        torch.set_rng_state(state)
        _fail(
            first, first, "You seeded PyTorch's own generator: everything else in the program draws from it."
        )
    _compare(numbers, pairs)
    _look_for_repeats(answer, draw)
    if hashed:
        _fail(
            first, first, "hash() of a text is another number in every process: arms run apart would differ."
        )


def _see(places: tuple, noise: tuple) -> tuple[Tensor, Tensor]:
    """Four images of a hundred and their noise, each from the stream of its own."""
    return (
        torch.randint(100, (4,), generator=generator(*places)),
        torch.randn(4, 2, generator=generator(*noise)),
    )


def _right(arm: str, seed: int, step: int) -> tuple[Tensor, Tensor]:
    return _see((seed, "batch", step), (seed, "noise", step))


def _other_noise(arm: str, seed: int, step: int) -> tuple[Tensor, Tensor]:
    return _see((seed, "batch", step), (seed, f"noise of {arm}", step))


def _other_images(arm: str, seed: int, step: int) -> tuple[Tensor, Tensor]:
    name = "batch" if step == 0 else f"batch of {arm}"
    return _see((seed, name, step), (seed, "noise", step))


def _other_order(arm: str, seed: int, step: int) -> tuple[Tensor, Tensor]:
    places, noise = _right(arm, seed, step)
    return places, noise if arm == "base" else noise.flip(0)


def _seed_zero(arm: str, seed: int, step: int) -> tuple[Tensor, Tensor]:
    return _right(arm, seed, step) if seed == 0 else _other_noise(arm, seed, step)


def _one_seed(arm: str, seed: int, step: int) -> tuple[Tensor, Tensor]:
    return _see((seed, "batch", step), (0, "noise", step))


def _one_step(arm: str, seed: int, step: int) -> tuple[Tensor, Tensor]:
    return _see((seed, "batch", 0), (seed, "noise", step))


_MUTANTS: dict[str, Callable] = {
    "the other arm has noise of its own": _other_noise,
    "from step 1 on the other arm has images of its own": _other_images,
    "the other arm has the same noise in another order": _other_order,
    "the arms agree in their noise at seed 0 alone": _seed_zero,
    "all seeds have the same noise": _one_seed,
    "all steps have the same images": _one_step,
}


@exercise(
    "10.5",
    "write the test: arms see the same",
    hints=(
        "Two things must be equal between arms, images and noise. And what must not be equal?",
        "A stream may agree at step 0 and shift afterwards, or agree at seed 0 alone: try several of both. "
        "Sums and means do not see an order. torch.equal compares two tensors.",
        "for seed in (0, 1), for step in (0, 1, 2): assert that torch.equal holds for both parts of "
        "see('base', seed, step) and see('other', seed, step). Then assert not torch.equal, for both parts, "
        "between two seeds and between two steps",
    ),
)
def write_the_test(answer: Callable, draw: torch.Generator) -> None:
    """test(see) passes where arms see the same, and raises AssertionError where they do not."""
    try_test(answer, _right, _MUTANTS, draw)
    for other in torch.randint(10, 10**6, (40,), generator=draw).tolist():

        def elsewhere(arm: str, seed: int, step: int, other: int = other) -> tuple[Tensor, Tensor]:
            return _right(arm, other + seed, step)

        if words := refusal(answer, elsewhere, "the right function, at other seeds"):
            raise CheckFailed(
                f"not right yet. Your test refuses the right function at other seeds: {words}\n  It is too "
                "strict: by chance two steps may share an image. They may not see all the same."
            )
