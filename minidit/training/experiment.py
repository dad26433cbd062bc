"""An experiment is a composition of records, and an arm of it is a dotted override."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from minidit.data.images import Data
from minidit.data.source import DataConfig
from minidit.errors import MiniditError
from minidit.flow.hybrid import HybridObjective
from minidit.flow.objective import Objective
from minidit.model.config import ModelConfig
from minidit.training.config import TrainingConfig
from minidit.training.settings import flat, merge, nest

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
        if "vae" in values:
            raise MiniditError("This run holds an autoencoder, and none of the book's transformers.")
        return cls()._merged(values)

    def override(self, changes: dict[str, Any]) -> "Experiment":
        """Another arm: `override({"model.depth": 6})`. A string is read as the setting's own type.

        All changes are made at once, so that settings which depend on each other can change together.
        `{"objective": "hybrid"}` exchanges the objective, and keeps label_drop, which all of them have.

        Raises:
            MiniditError: no such setting, a value of another type, or settings that do not fit together.
        """
        exchange = changes.get("objective") in tuple(OBJECTIVES)
        renamed = {"objective.kind" if exchange and k == "objective" else k: v for k, v in changes.items()}
        return self._merged(nest(renamed))

    def _merged(self, values: dict[str, Any]) -> "Experiment":
        """`values` in place of ours, after an exchange of the objective where they name its kind."""
        settings = values.get("objective")
        if not isinstance(settings, dict) or "kind" not in settings:
            return merge(self, values, exchanges=OBJECTIVES)
        rest = {key: value for key, value in settings.items() if key != "kind"}
        if (kind := settings["kind"]) not in tuple(OBJECTIVES):
            raise MiniditError(f"objective.kind is {kind!r}; it must be one of: {', '.join(OBJECTIVES)}.")
        objective = OBJECTIVES[kind](label_drop=self.objective.label_drop)
        return merge(replace(self, objective=objective), values | {"objective": rest}, exchanges=OBJECTIVES)

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
