"""Run an answer that may never end, and see what it leans on."""

import builtins
import ctypes
import dis
import threading
from collections.abc import Callable, Iterator
from types import CodeType, ModuleType
from typing import Any

from minidit.teach.expect import CheckFailed


class _Stop(BaseException):
    """Thrown into a thread whose time is up; no Exception, so that `except Exception` cannot keep it."""


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """Return `call()`, or raise CheckFailed when it takes longer than `seconds`.

    It runs in a thread, which is stopped between two Python instructions; this works in a notebook and
    on every system, where signals do not.
    """
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["value"] = call()
        except BaseException as error:  # carried over into the caller's thread
            outcome["error"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_Stop))
        thread.join(1.0)
        raise CheckFailed(f"stopped after {seconds:g} s: is there a loop that never ends?")
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def borrowed(function: Callable) -> list[str]:
    """Names that a function takes from its notebook, other than modules, functions and classes.

    Such an answer works only while the notebook happens to hold these values.
    """
    if not hasattr(function, "__code__"):
        return []
    scope = function.__globals__
    names = {
        name for name in _global_names(function.__code__) if name in scope and not hasattr(builtins, name)
    }
    return sorted(
        name for name in names if not isinstance(scope[name], ModuleType) and not callable(scope[name])
    )


def _global_names(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _global_names(constant)
