"""A published network: minidit's model, and the same asked and answering in the publisher's words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from minidit.errors import MiniditError
from minidit.flow.clock import time_of_ddpm_step
from minidit.flow.flow import Flow
from minidit.model.ddt import DDT
from minidit.types import Condition

Answers = dict[str, Tensor]
GUIDED = 3  # channels that the published guidance reaches, whatever the latents have
SCALE = 3.0  # at which `cfg3` is asked


@dataclass(frozen=True)
class Published:
    """Published weights in a network of minidit.

    family: "dit", "sit", "lightningdit", "ddt", "repa" or "pixart".
    model: speaks minidit's conventions: t = 0 is noise and t = 1 is data, a velocity points to the data,
        the condition is labels or a Condition.
    projectors: REPA's, one for each teacher; empty elsewhere.
    settings: the configuration in the publisher's words.
    flow: how to read what the model says. Where that is the noise, it is DDPM's; `flow` reads it as a
        velocity on the VP path, which DDPM's thousand steps come close to.
    """

    family: str
    model: nn.Module
    projectors: nn.ModuleList
    settings: dict[str, Any]
    flow: Flow

    @torch.no_grad()
    def as_published(self, **inputs: Tensor) -> Answers:
        """Ask in the publisher's own names and conventions; the answer has the publisher's names too.

        Args:
            inputs: x (batch, channels, side, side); t (batch,), a step 0..999 for dit and pixart, else a
                number in [0, 1], in which 1 is noise for repa and data for the others; y (batch,) labels, or
                caption (batch, tokens, caption_channels) and caption_mask for pixart. For dit, sit and
                lightningdit also cfg_x, cfg_t, cfg_y: a batch whose second half has null labels.

        Returns:
            y, what the publisher's forward returns; for ddt s, its encoder's state; for repa z, its
            projector's output (z.0, z.1 ... of several); for cfg inputs cfg3, guidance of 3 on the first
            three channels.

        Raises:
            MiniditError: an input is missing, or this family knows no such input.
        """
        answer, needed, optional = ANSWERS[self.family]
        plain = {name: value for name, value in inputs.items() if not name.startswith("cfg_")}
        cfg = {name.removeprefix("cfg_"): value for name, value in inputs.items() if name.startswith("cfg_")}
        answers = {}
        if plain or not cfg:
            self._check(plain, needed, optional, "")
            answers |= answer(self, **plain)
        if cfg:
            self._check(cfg, needed if self.family in WITH_CFG else (), (), "cfg_")
            answers["cfg3"] = _three_channels(self, **cfg)
        return answers

    def _check(self, given: Answers, needed: tuple[str, ...], optional: tuple[str, ...], prefix: str) -> None:
        wrong = set(needed) - set(given) or set(given) - set(needed) - set(optional)
        if wrong:
            takes = ", ".join(prefix + name for name in needed + optional) or "no guidance inputs"
            raise MiniditError(
                f"as_published of {self.family} takes {takes}; "
                f"it got {', '.join(prefix + name for name in given) or 'nothing'}."
            )


def _dit(self: Published, x: Tensor, t: Tensor, y: Tensor) -> Answers:
    return {"y": self.model(x, time_of_ddpm_step(t.double()), y)}


def _velocity(self: Published, x: Tensor, t: Tensor, y: Tensor) -> Answers:
    return {"y": self.model(x, t, y)[:, : x.shape[1]]}  # SiT's second half of channels is never read


def _ddt(self: Published, x: Tensor, t: Tensor, y: Tensor) -> Answers:
    model: DDT = self.model
    s = model.encode(x, t, y)
    return {"y": model.decode(x, s), "s": s}


def _repa(self: Published, x: Tensor, t: Tensor, y: Tensor) -> Answers:
    block = self.settings["encoder_depth"]
    out, features = self.model(x, 1 - t.double(), y, keep=(block,))
    z = [projector(features[block]) for projector in self.projectors]
    named = {"z": z[0]} if len(z) == 1 else {f"z.{number}": each for number, each in enumerate(z)}
    return {"y": -out[:, : x.shape[1]], **named}


def _pixart(
    self: Published, x: Tensor, t: Tensor, caption: Tensor, caption_mask: Tensor | None = None
) -> Answers:
    mask = None if caption_mask is None else caption_mask.bool()
    return {"y": self.model(x, time_of_ddpm_step(t.double()), Condition(text=caption, text_mask=mask))}


def _three_channels(self: Published, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
    """The published `forward_with_cfg`: the second half of x is not looked at, three channels are guided."""
    half = x.chunk(2)[0]
    out = ANSWERS[self.family][0](self, x=torch.cat([half, half]), t=t, y=y)["y"]
    labelled, null = out[:, :GUIDED].chunk(2)
    guided = null + SCALE * (labelled - null)
    return torch.cat([torch.cat([guided, guided]), out[:, GUIDED:]], dim=1)


Answer = Callable[..., Answers]
_CLASS = ("x", "t", "y")
# how each family answers, the inputs that it needs, and those that may be left out
ANSWERS: dict[str, tuple[Answer, tuple[str, ...], tuple[str, ...]]] = {
    "dit": (_dit, _CLASS, ()),
    "sit": (_velocity, _CLASS, ()),
    "lightningdit": (_velocity, _CLASS, ()),
    "ddt": (_ddt, _CLASS, ()),
    "repa": (_repa, _CLASS, ()),
    "pixart": (_pixart, ("x", "t", "caption"), ("caption_mask",)),
}
WITH_CFG = ("dit", "sit", "lightningdit")
