"""Is a test worth anything? It must accept the right function, and refuse each wrong one."""

from collections.abc import Callable, Mapping

import torch

from minidit.teach.expect import CheckFailed


def try_test(test: Callable, right: Callable, mutants: Mapping[str, Callable], draw: torch.Generator) -> None:
    """Put a student's test to the test.

    Args:
        test: called with a function; raises AssertionError when it finds that function wrong.
        right: the function that it must accept.
        mutants: {what is wrong in it: a function that the test must refuse}; tried in an order drawn anew.
        draw: the order is drawn from it.

    Raises:
        CheckFailed: the test refuses the right function, or accepts a wrong one.
    """
    try:
        test(right)
    except AssertionError as error:
        raise CheckFailed(f"not right yet. Your test refuses the right function: {error!r}") from None
    names = list(mutants)
    for index in torch.randperm(len(names), generator=draw).tolist():
        try:
            test(mutants[names[index]])
        except AssertionError:
            continue
        raise CheckFailed(f"not right yet. Your test accepts a function in which {names[index]}.")
