"""How a measured effect is written: with its own sign, and no more digits than it has."""

import math


def short(value: float) -> str:
    """A number in three digits, or all those before the point."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def decimals(low: float, mean: float, high: float) -> tuple[str, str, str]:
    """An interval with signs, to the second digit of its half width: what lies below that digit is chance."""
    half = (high - low) / 2
    digits = 3 if not half > 0 else min(max(0, 1 - math.floor(math.log10(half))), 6)
    return tuple(f"{round(value, digits) + 0.0:+.{digits}f}" for value in (low, mean, high))


def measured(direction: str, *values: float) -> list[float]:
    """Effects as they were measured, in rising order: verdicts count "lower" effects as positive."""
    return sorted(-value if direction == "lower" else value for value in values)
