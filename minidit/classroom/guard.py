"""What a student's code may have changed is put back before a check looks at the answer.

An answer runs in the same process as its check, so it could replace `minidit.check`, `torch.allclose` or
`len`. The functions that checks stand on are remembered before any of the student's code has run.
"""

import builtins
import math
import sys
import threading
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import torch
from torch import Tensor

from minidit.teach.expect import CheckFailed


class Originals:
    """Functions, classes and modules as they are now, to be put back later."""

    def __init__(self) -> None:
        owners = list(_owners())
        self._values = [(owner, name, value) for owner in owners for name, value in _held(owner)]
        functions = {id(value): value for _, _, value in self._values if isinstance(value, FunctionType)}
        self._codes = [(f, f.__code__, f.__defaults__, f.__kwdefaults__) for f in functions.values()]
        self._names = [(owner, set(vars(owner)), isinstance(owner, type)) for owner in owners]
        # `put_back` itself must not lean on builtins that may be replaced
        self._set, self._delete, self._builtins = setattr, delattr, frozenset(vars(builtins))

    def put_back(self) -> None:
        """Undo what was replaced in builtins, torch and minidit."""
        for owner, name, value in self._values:
            if owner.__dict__.get(name) is not value:
                self._set(owner, name, value)
        for function, code, defaults, kwdefaults in self._codes:
            if function.__code__ is not code:
                function.__code__ = code
            function.__defaults__, function.__kwdefaults__ = defaults, kwdefaults
        for owner, names, is_class in self._names:
            # a method added to a class hides an inherited one; a new `len` in a module hides the real one
            for name in owner.__dict__.keys() - names:
                if is_class or name in self._builtins:
                    self._delete(owner, name)


def _owners() -> Iterator[Any]:
    yield from (builtins, math, threading, torch, torch.functional, torch.nn.functional, Tensor)
    for name, module in sorted(sys.modules.items()):
        if name == "minidit" or name.startswith("minidit."):
            yield module
            yield from (v for v in vars(module).values() if isinstance(v, type) and v.__module__ == name)


def _held(owner: Any) -> Iterator[tuple[str, Any]]:
    """What an owner holds that code calls; data may change."""
    for name, value in vars(owner).items():
        descriptor = isinstance(value, property | staticmethod | classmethod)
        if (callable(value) or descriptor or isinstance(value, ModuleType)) and name not in _MACHINERY:
            yield name, value


# a class's own machinery cannot be set
_MACHINERY = {"__class__", "__loader__", "__spec__", "__weakref__", "__dict__"}


class Answer:
    """An answer as a check may call it: after each call everything is put back, and the result is plain."""

    def __init__(self, function: Callable, put_back: Callable[[], None]):
        self._function, self._put_back = function, put_back

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the answer."""
        try:
            result = self._function(*args, **kwargs)
        finally:
            self._put_back()
        return plain(result)

    @property
    def __code__(self) -> CodeType:
        return self._function.__code__

    @property
    def __globals__(self) -> dict[str, Any]:
        return self._function.__globals__


def plain(value: Any) -> Any:
    """A result that cannot decide for itself what it is equal to.

    Raises:
        CheckFailed: it is of a class with its own `==`.
    """
    if isinstance(value, Tensor):
        with torch._C.DisableTorchFunctionSubclass():
            return value if type(value) is Tensor else value.as_subclass(Tensor)
    if type(value) is dict:
        return {plain(key): plain(item) for key, item in value.items()}
    if type(value) in (tuple, list):
        return type(value)(plain(item) for item in value)
    equal = type(value).__eq__
    if isinstance(equal, FunctionType) and equal.__globals__.get("__name__") == "__main__":
        raise CheckFailed(f"not right yet. The result is a {type(value).__name__} with its own ==.")
    return value
