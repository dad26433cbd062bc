"""How a check says what is wrong: the smallest failing example, and the likely mistake in words."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from minidit.errors import MiniditError

SHOWN = 8  # entries of a tensor


class CheckFailed(MiniditError):
    """The answer is not right yet. The message shows an input, what was expected and what came back."""


class OneOf(tuple):
    """The values that variants of one mistake would give."""


def expect(
    got: Any,
    expected: Any,
    given: Mapping[str, Any],
    mistakes: Mapping[str, Any] | None = None,
    tolerance: float = 1e-4,
) -> None:
    """Compare an answer's result with the right one.

    Args:
        got, expected: numbers, tensors, or what `==` can compare.
        given: the inputs, to be shown.
        mistakes: {words: the value that this mistake would give, or `OneOf` several}; the first that fits
            names the mistake.
        tolerance: the largest difference that counts as equal, absolute and relative.

    Raises:
        CheckFailed: they differ.
    """
    if same(got, expected, tolerance):
        return
    words = next(
        (w for w, value in (mistakes or {}).items() if _fits(got, value, tolerance)), _shape(got, expected)
    )
    shown = "\n".join(f"    {name} = {show(value)}" for name, value in given.items())
    right, wrong = _differing(expected, got, tolerance)
    result = f"  expected\n    {right}\n  but got\n    {wrong}\n  {words}"
    raise CheckFailed(f"not right yet. Given\n{shown}\n{result}".rstrip())


@contextmanager
def shapes_explained(words: str, given: Mapping[str, Any], expected: Tensor) -> Iterator[None]:
    """Around a call of an answer: an error about shapes is told with the right ones; others pass as they are.

    Args:
        words: what to look at.
        given: the inputs by name; tensors are told by their shape, numbers by their value.
        expected: the right result, of which the shape is told.

    Raises:
        CheckFailed: the answer raised an error that speaks of a size, a shape or a dimension.
    """
    try:
        yield
    except (RuntimeError, IndexError) as error:
        if not re.search("size|shape|dimension", str(error)):
            raise
        shapes = {k: f"of shape {tuple(v.shape)}" if isinstance(v, Tensor) else v for k, v in given.items()}
        inputs = ", ".join(f"{name} {value}" for name, value in shapes.items())
        raise CheckFailed(
            f"not right yet: your function raised {told(error)}\n  Given {inputs},\n"
            f"  the result should be of shape {tuple(expected.shape)}. {words}"
        ) from error


def told(error: Exception) -> str:
    """An error as a sentence has it: "ValueError: its words", or the name alone where it has no words."""
    name, words = type(error).__name__, str(error)
    return f"{name}: {words}" if words else name


def _fits(got: Any, value: Any, tolerance: float) -> bool:
    values = value if isinstance(value, OneOf) else (value,)
    return any(same(got, one, tolerance) for one in values)


def same(a: Any, b: Any, tolerance: float) -> bool:
    """Whether two results are equal up to `tolerance`; tensors must have the same shape."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.shape == b.shape and torch.allclose(a.double(), b.double(), atol=tolerance, rtol=tolerance)
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        return len(a) == len(b) and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, bool) or isinstance(b, bool) or not isinstance(b, int | float | Tensor):
        return type(a) is type(b) and a == b
    try:
        return abs(float(a) - float(b)) <= tolerance * max(1.0, abs(float(b)))
    except (TypeError, ValueError, RuntimeError):
        return False


def _shape(got: Any, expected: Any) -> str:
    if got is None:
        return "The function returned nothing: is there a `return`?"
    if isinstance(got, Tensor) and isinstance(expected, Tensor) and got.shape != expected.shape:
        return f"The shape is {tuple(got.shape)}; it should be {tuple(expected.shape)}."
    if type(got) is not type(expected) and not isinstance(got, int | float | Tensor):
        return f"The result is a {type(got).__name__}; it should be a {type(expected).__name__}."
    return ""


def _differing(expected: Any, got: Any, tolerance: float) -> tuple[str, str]:
    """Both shown from the first entry that differs, where they are too long to be shown whole."""
    if isinstance(expected, tuple | list) and isinstance(got, tuple | list) and len(expected) == len(got):
        pairs = [_differing(a, b, tolerance) for a, b in zip(expected, got, strict=True)]
        right, wrong = ("(" + ", ".join(words) + ")" for words in zip(*pairs, strict=True))
        return right, wrong
    start = 0
    if isinstance(expected, Tensor) and isinstance(got, Tensor) and expected.shape == got.shape:
        close = torch.isclose(got.double(), expected.double(), atol=tolerance, rtol=tolerance)
        if expected.numel() > SHOWN and not close.all():
            start = int((~close).flatten().nonzero()[0])
    return show(expected, start), show(got, start)


def show(value: Any, start: int = 0) -> str:
    """A value, short enough to be read; of a tensor some entries, in memory's order, from `start` on."""
    if isinstance(value, Tensor):
        numbers = [round(x, 4) for x in value.detach().flatten()[start : start + SHOWN].tolist()]
        more = ", ..." if value.numel() > start + SHOWN else ""
        place = [int(i) for i in torch.unravel_index(torch.tensor(start), value.shape)] if start else ""
        at = f", from entry {place} on" if start else ""
        return f"tensor of shape {tuple(value.shape)}{at}: {', '.join(map(str, numbers))}{more}"
    if isinstance(value, Callable):
        return getattr(value, "__name__", "a function")
    if isinstance(value, tuple | list):
        return "(" + ", ".join(map(show, value)) + ")"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
