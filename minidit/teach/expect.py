"""How a check says what is wrong: the smallest failing example, and the likely mistake in words."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from minidit.errors import MiniditError


class CheckFailed(MiniditError):
    """The answer is not right yet. The message shows an input, what was expected and what came back."""


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
        mistakes: {words: the value that this mistake would give}; the first that fits names the mistake.
        tolerance: the largest difference that counts as equal, absolute and relative.

    Raises:
        CheckFailed: they differ.
    """
    if same(got, expected, tolerance):
        return
    words = next(
        (w for w, value in (mistakes or {}).items() if same(got, value, tolerance)), _shape(got, expected)
    )
    shown = "\n".join(f"    {name} = {show(value)}" for name, value in given.items())
    result = f"  expected\n    {show(expected)}\n  but got\n    {show(got)}\n  {words}"
    raise CheckFailed(f"not right yet. Given\n{shown}\n{result}".rstrip())


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


def show(value: Any) -> str:
    """A value, short enough to be read."""
    if isinstance(value, Tensor):
        numbers = [round(x, 4) for x in value.detach().flatten()[:8].tolist()]
        more = ", ..." if value.numel() > 8 else ""
        return f"tensor of shape {tuple(value.shape)}: {', '.join(map(str, numbers))}{more}"
    if isinstance(value, Callable):
        return getattr(value, "__name__", "a function")
    if isinstance(value, tuple | list):
        return "(" + ", ".join(map(show, value)) + ")"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
