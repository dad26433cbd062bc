"""Nested records of settings, changed by dotted names: {"model.depth": 6}."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from minidit.errors import MiniditError, did_you_mean


def nest(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as nested dictionaries: {"model.depth": 6} is {"model": {"depth": 6}}.

    Raises:
        MiniditError: a setting inside a group that was itself given a value.
    """
    nested: dict[str, Any] = {}
    for key, value in changes.items():
        *groups, name = key.split(".")
        place = nested
        for group in groups:
            place = place.setdefault(group, {})
            if not isinstance(place, dict):
                raise MiniditError(f"{key} is set inside {group}, which was itself given a value.")
        place[name] = deepcopy(value)  # a dictionary given here may be added to
    return nested


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings under their dotted names: {"model": {"depth": 6}} is {"model.depth": 6}."""
    found = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def pairs(overrides: tuple[str, ...]) -> dict[str, str]:
    """Words of the command line such as "model.depth=6", as changes. Raises MiniditError for other words."""
    changes = {}
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise MiniditError(f"{override!r} is not an override; write key=value, such as model.depth=6.")
        changes[key] = value
    return changes


def merge(
    record: Any, values: Mapping[str, Any], prefix: str = "", exchanges: Mapping[str, Any] | None = None
) -> Any:
    """`values`, nested like the record, in place of its own; a string is read as the setting's own type.

    prefix: the record's own dotted name, for messages. exchanges: names of the groups that can take the
    place of `objective`, for a hint.

    Raises:
        MiniditError: no such setting, a value of another type, or settings that do not fit together.
    """
    names = [f.name for f in fields(record)]
    changes = {}
    for key, value in values.items():
        if key not in names:
            inner = [
                f"{n}.{key}" for n in names if key in getattr(getattr(record, n), "__dataclass_fields__", ())
            ]
            near = f" Did you mean {prefix}{inner[0]}?" if inner else ""
            hint = near or did_you_mean(prefix + key, [prefix + name for name in names])
            raise MiniditError(
                f"There is no setting {prefix}{key}.{hint} There are: {', '.join(prefix + n for n in names)}."
            )
        current = getattr(record, key)
        if is_dataclass(current) and not isinstance(value, dict):
            one = next(f.name for f in fields(current) if not is_dataclass(getattr(current, f.name)))
            whole = (
                f" Or exchange it: {key}={' or '.join(exchanges)}."
                if exchanges and key == "objective"
                else ""
            )
            raise MiniditError(
                f"{prefix}{key} is a group of settings; give one of them, such as "
                f"{prefix}{key}.{one}={getattr(current, one)}.{whole}"
            )
        nested = is_dataclass(current)
        changes[key] = (
            merge(current, value, f"{prefix}{key}.") if nested else _typed(record, key, value, prefix + key)
        )
    return replace(record, **changes)


KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a word", tuple: "a list"}


def _typed(record: Any, name: str, value: Any, key: str) -> Any:
    """Read `value`, perhaps a string from the command line, as one of the types that the setting may have."""
    wanted = _types(get_type_hints(type(record))[name])
    if isinstance(value, str) and str not in wanted:
        value = _read(value)
    elif isinstance(value, str) and len(wanted) > 1:  # a word is one choice of several: qk_norm=true, =layer
        value = read if type(read := _read(value)) in wanted else value
    if float in wanted and type(value) is int:
        value = float(value)
    if tuple in wanted and isinstance(value, list):
        value = tuple(value)
    if type(value) not in wanted:
        kinds = " or ".join(KINDS[kind] for kind in wanted)
        raise MiniditError(f"{key} is {value!r}; it must be {kinds}, such as {getattr(record, name)}.")
    return value


def _types(hint: Any) -> tuple[type, ...]:
    """The plain types of an annotation: `int | tuple[int, int]` -> (int, tuple)."""
    return tuple(
        get_origin(part) or part for part in (get_args(hint) if isinstance(hint, UnionType) else [hint])
    )


def _read(text: str) -> Any:
    try:
        return json.loads(text.lower())
    except ValueError:
        return text
