"""Is a test worth anything? It must accept the right function, and refuse each wrong one."""

import traceback
from collections.abc import Callable, Mapping

import torch

from minidit.teach.expect import CheckFailed, told


def refusal(test: Callable, function: Callable, which: str) -> str | None:
    """Call a student's test with one function: the assert that refused it, None when it was accepted.

    Args:
        test: raises AssertionError when it finds the function wrong.
        function: what is tested.
        which: the function in words, for the message.

    Raises:
        CheckFailed: the test raised another error, or returned its verdict, at which nobody looks.
        NotImplementedError: the test is still a stub.
    """
    try:
        value = test(function)
    except AssertionError as error:
        return f"{error!r}{_line(test, error)}"
    except (CheckFailed, NotImplementedError):
        raise
    except Exception as error:
        raise CheckFailed(
            f"not right yet. Given {which}, your test raised {told(error)}. A test "
            "refuses by assert, or by raise AssertionError."
        ) from error
    if isinstance(value, bool | torch.Tensor):
        raise CheckFailed("not right yet. Your test returned a value, and nobody looks at it: use assert.")
    return None


def try_test(test: Callable, right: Callable, mutants: Mapping[str, Callable], draw: torch.Generator) -> None:
    """Put a student's test to the test.

    Args:
        test: called with a function; raises AssertionError when it finds that function wrong.
        right: the function that it must accept.
        mutants: {what is wrong in it: a function that the test must refuse}; tried in an order drawn anew.
        draw: the order is drawn from it.

    Raises:
        CheckFailed: the test refuses the right function, accepts a wrong one, raises another error, or
            returns its verdict.
    """
    if words := refusal(test, right, "the right function"):
        raise CheckFailed(f"not right yet. Your test refuses the right function: {words}")
    names = list(mutants)
    for index in torch.randperm(len(names), generator=draw).tolist():
        which = f"a function in which {names[index]}"
        if refusal(test, mutants[names[index]], which) is None:
            raise CheckFailed(f"not right yet. Your test accepts {which}.")


def _line(test: Callable, error: AssertionError) -> str:
    """The line of the test itself in which the error came up; nothing if its text is not known."""
    code = getattr(test, "__code__", None)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if code and f.filename == code.co_filename]
    return f", in the line\n    {frames[-1].line}" if frames and frames[-1].line else ""
