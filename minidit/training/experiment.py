"""An experiment is a composition of records, and an arm of it is a dotted override."""

import json
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from difflib import get_close_matches
from typing import Any

from minidit.data.images import Data
from minidit.data.source import DataConfig
from minidit.errors import MiniditError
from minidit.flow.objective import Objective
from minidit.model.config import ModelConfig
from minidit.training.config import TrainingConfig


@dataclass(frozen=True)
class Experiment:
    """Everything that decides a run, besides its seed: it is stored in every checkpoint."""

    model: ModelConfig = field(default_factory=ModelConfig)
    objective: Objective = field(default_factory=Objective)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def to_dict(self) -> dict[str, Any]:
        """Nested dictionaries of plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Experiment":
        """The inverse of `to_dict`. Raises MiniditError for a setting that this version does not know."""
        return _merge(cls(), values, "")

    def override(self, changes: dict[str, Any]) -> "Experiment":
        """Another arm: `override({"model.depth": 6})`. A string is read as the setting's own type.

        All changes are made at once, so that settings which depend on each other can change together.

        Raises:
            MiniditError: no such setting, a value of another type, or settings that do not fit together.
        """
        nested: dict[str, Any] = {}
        for key, value in changes.items():
            *groups, name = key.split(".")
            place = nested
            for group in groups:
                place = place.setdefault(group, {})
                if not isinstance(place, dict):
                    raise MiniditError(f"{key} is set inside {group}, which was itself given a value.")
            place[name] = value
        return _merge(self, nested, "")

    def check(self, data: Data) -> None:
        """Refuse a network that does not fit the images."""
        channels, height, width = data.train.x.shape[1:]
        found = {
            "in_channels": channels,
            "input_size": height,
            "num_classes": len(data.train.class_names),
        }
        if height != width:
            raise MiniditError(f"Images are {height} x {width} pixels; they must be square.")
        for name, value in found.items():
            if getattr(self.model, name) != value:
                raise MiniditError(
                    f"model.{name} is {getattr(self.model, name)}, but the images of {self.data.source} "
                    f"need {value}: add model.{name}={value}."
                )


def differences(ours: Experiment, theirs: Experiment) -> list[str]:
    """The settings in which two experiments differ, one "key: ours here, theirs there" each."""
    left, right = _flat(ours.to_dict()), _flat(theirs.to_dict())
    return [f"{key}: {left[key]} here, {right[key]} there" for key in left if left[key] != right[key]]


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def _merge(record: Any, values: dict[str, Any], prefix: str) -> Any:
    names = [f.name for f in fields(record)]
    changes = {}
    for key, value in values.items():
        if key not in names:
            inner = [
                f"{n}.{key}" for n in names if key in getattr(getattr(record, n), "__dataclass_fields__", ())
            ]
            near = inner or get_close_matches(key, names, n=1)
            hint = f" Did you mean {prefix}{near[0]}?" if near else ""
            raise MiniditError(
                f"There is no setting {prefix}{key}.{hint} There are: {', '.join(prefix + n for n in names)}."
            )
        current = getattr(record, key)
        if is_dataclass(current) and not isinstance(value, dict):
            raise MiniditError(
                f"{prefix}{key} is a group of settings; give one of them, such as "
                f"{prefix}{key}.{fields(current)[0].name}={getattr(current, fields(current)[0].name)}."
            )
        nested = is_dataclass(current)
        changes[key] = (
            _merge(current, value, f"{prefix}{key}.") if nested else _typed(current, value, prefix + key)
        )
    return replace(record, **changes)


def _typed(current: Any, value: Any, key: str) -> Any:
    """Read `value`, perhaps a string from the command line, as the type of the present value."""
    wanted = type(current)
    try:
        if isinstance(value, str) and wanted is not str:
            value = json.loads(value.lower())
        if wanted is float and type(value) is int:
            value = float(value)
        if type(value) is not wanted:
            raise TypeError
    except (ValueError, TypeError):
        kind = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}[wanted]
        raise MiniditError(f"{key} is {value!r}; it must be {kind}, such as {current}.") from None
    return value
