"""An experiment is a composition of records, and an arm of it is a dotted override."""

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from minidit.data.images import Data
from minidit.data.source import DataConfig
from minidit.errors import MiniditError, did_you_mean
from minidit.flow.hybrid import HybridObjective
from minidit.flow.objective import Objective
from minidit.model.config import ModelConfig
from minidit.training.config import TrainingConfig

# an override such as objective=hybrid exchanges the whole group
OBJECTIVES = {"flow": Objective, "hybrid": HybridObjective}


@dataclass(frozen=True)
class Experiment:
    """Everything that decides a run, besides its seed: it is stored in every checkpoint.

    objective: a flow's, or DiT's own hybrid loss over DDPM's steps.
    """

    model: ModelConfig = field(default_factory=ModelConfig)
    objective: Objective | HybridObjective = field(default_factory=Objective)
    data: DataConfig = field(default_factory=DataConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def to_dict(self) -> dict[str, Any]:
        """Nested dictionaries of plain values, ready for JSON; objective.kind says which objective it is."""
        kind = next(name for name, known in OBJECTIVES.items() if type(self.objective) is known)
        values = asdict(self)
        return values | {"objective": {"kind": kind} | values["objective"]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Experiment":
        """The inverse of `to_dict`. An objective without a kind, as older runs have, is a flow's.

        Raises:
            MiniditError: a setting that this version does not know, or settings that do not fit together.
        """
        return cls()._merged(values)

    def override(self, changes: dict[str, Any]) -> "Experiment":
        """Another arm: `override({"model.depth": 6})`. A string is read as the setting's own type.

        All changes are made at once, so that settings which depend on each other can change together.
        `{"objective": "hybrid"}` exchanges the objective, and keeps label_drop, which all of them have.

        Raises:
            MiniditError: no such setting, a value of another type, or settings that do not fit together.
        """
        nested: dict[str, Any] = {}
        for key, value in changes.items():
            exchange = key == "objective" and value in tuple(OBJECTIVES)
            *groups, name = ("objective", "kind") if exchange else key.split(".")
            place = nested
            for group in groups:
                place = place.setdefault(group, {})
                if not isinstance(place, dict):
                    raise MiniditError(f"{key} is set inside {group}, which was itself given a value.")
            place[name] = deepcopy(value)  # a dictionary given here may be added to
        return self._merged(nested)

    def _merged(self, values: dict[str, Any]) -> "Experiment":
        """`values` in place of ours, after an exchange of the objective where they name its kind."""
        settings = values.get("objective")
        if not isinstance(settings, dict) or "kind" not in settings:
            return _merge(self, values, "")
        rest = {key: value for key, value in settings.items() if key != "kind"}
        if (kind := settings["kind"]) not in tuple(OBJECTIVES):
            raise MiniditError(f"objective.kind is {kind!r}; it must be one of: {', '.join(OBJECTIVES)}.")
        objective = OBJECTIVES[kind](label_drop=self.objective.label_drop)
        return _merge(replace(self, objective=objective), values | {"objective": rest}, "")

    def check(self, data: Data) -> None:
        """Refuse a network that does not fit the objective or the images."""
        if isinstance(self.objective, HybridObjective) and not self.model.learn_sigma:
            raise MiniditError(
                "The hybrid objective teaches a variance, and the network has no channels for one: "
                "add model.learn_sigma=true."
            )
        model, (channels, *size) = self.model, data.train.x.shape[1:]
        found = {
            "in_channels": (model.in_channels, channels),
            "input_size": (_side(model.image_size), _side(size)),
            "num_classes": (model.num_classes, len(data.train.class_names)),
        }
        if model.label_as == "none":
            found.pop("num_classes")
        for name, (ours, needed) in found.items():
            if ours != needed:
                raise MiniditError(
                    f"model.{name} is {ours}, but the images of {self.data.source} need {needed}: "
                    f"add model.{name}={needed}."
                )


def _side(size: Sequence[int]) -> int | list[int]:
    """How a person writes the size of an image: 32, or [32, 48]."""
    height, width = size
    return height if height == width else [height, width]


def differences(ours: Experiment, theirs: Experiment) -> list[str]:
    """The settings in which two experiments differ, one "key: ours here, theirs there" each.

    A setting that one of them does not have is "absent" there.
    """
    left, right = flat(ours.to_dict()), flat(theirs.to_dict())
    pairs = {key: (left.get(key, "absent"), right.get(key, "absent")) for key in left | right}
    return [f"{key}: {here} here, {there} there" for key, (here, there) in pairs.items() if here != there]


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings under their dotted names: {"model": {"depth": 6}} is {"model.depth": 6}."""
    found = {}
    for key, value in values.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def _merge(record: Any, values: dict[str, Any], prefix: str) -> Any:
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
            whole = f" Or exchange it: {key}={' or '.join(OBJECTIVES)}." if key == "objective" else ""
            raise MiniditError(
                f"{prefix}{key} is a group of settings; give one of them, such as "
                f"{prefix}{key}.{one}={getattr(current, one)}.{whole}"
            )
        nested = is_dataclass(current)
        changes[key] = (
            _merge(current, value, f"{prefix}{key}.") if nested else _typed(record, key, value, prefix + key)
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
