"""The ledger of autoencoders: their parameters, and what encoding and decoding one image costs.

1 MAC is 2 FLOPs. Published counts of autoencoders differ by what they leave out, so here are both PyTorch's
count of FLOPs, with the products of attention, and the parts of ptflops's, which leaves them out.
"""

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from minidit.errors import MiniditError
from minidit.latent import Coder, architecture


@dataclass(frozen=True)
class Way:
    """One way through an autoencoder, encode or decode, for one image.

    parameters: of the layers that work. flops: by PyTorch's counter. convolutions, linears: MACs of these
    layers (Conv2d, Linear). biases: additions of the convolutions' biases. norms: two an element of a
    GroupNorm.
    """

    parameters: int
    flops: int
    convolutions: int
    linears: int
    biases: int
    norms: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all matrix products, attention's with them: half the FLOPs."""
        return self.flops // 2

    @property
    def layer_macs(self) -> int:
        """MACs of convolutions and linear layers alone."""
        return self.convolutions + self.linears

    @property
    def ptflops(self) -> int:
        """What ptflops up to version 0.7.0 calls MACs: the layers', their biases, the norms; no attention."""
        return self.layer_macs + self.biases + self.norms

    def __add__(self, other: "Way") -> "Way":
        """There and back."""
        return Way(**{name: value + getattr(other, name) for name, value in vars(self).items()})


@dataclass(frozen=True)
class CoderLedger:
    """What an autoencoder costs for one image; print it to see a table."""

    name: str
    resolution: int
    factor: int
    channels: int
    parameters: int
    encode: Way
    decode: Way

    @property
    def both(self) -> Way:
        """There and back."""
        return self.encode + self.decode

    def __str__(self) -> str:
        side = self.resolution // self.factor
        lines = [
            f"{self.name}, one image of {self.resolution} x {self.resolution}, "
            f"latents {self.channels} x {side} x {side}",
            f"{'way':<8}{'parameters':>14}{'MACs':>20}{'FLOPs':>20}{'share':>8}",
        ]
        for name, way in (("encode", self.encode), ("decode", self.decode), ("both", self.both)):
            lines.append(
                f"{name:<8}{way.parameters:>14,}{way.macs:>20,}{way.flops:>20,}"
                f"{way.flops / self.both.flops:>8.1%}"
            )
        both = self.both
        lines += [
            f"There and back: {both.macs / 1e9:.2f} GMAC = {both.flops / 1e9:.2f} GFLOP (a MAC is 2 FLOPs).",
            f"Convolutions and linear layers alone: {both.layer_macs / 1e9:.2f} GMAC.",
            f"With biases and norms, as ptflops up to 0.7.0 counts: {both.ptflops / 1e9:.2f} GMac.",
        ]
        if (self.name, self.resolution) == ("sd-vae", 256):
            lines += [
                "That number, 445.87, is told as sd-vae's GFLOPs. It is GMACs, of encoder and decoder",
                "together: about half of their FLOPs, and not what decoding alone costs.",
            ]
        return "\n".join(lines)


def autoencoder_ledger(coder: str | Coder | nn.Module, resolution: int = 256) -> CoderLedger:
    """Count an autoencoder's parameters, and the FLOPs of encoding and decoding one image.

    Nothing is allocated: a twin of the network runs on the meta device, where tensors have shapes only.

    Args:
        coder: "sd-vae", "va-vae", "taesd" or "taef2"; or a Coder, whose network is itself or its attribute
            `network`; or any network with encode and decode, from tensor to tensor.
        resolution: side of the square image, in pixels.

    Raises:
        MiniditError: no such autoencoder, it has no network, or the resolution does not fit it.
    """
    if resolution < 1:
        raise MiniditError(f"The resolution is {resolution}; an image has at least 1 pixel along a side.")
    twin = architecture(coder) if isinstance(coder, str) else _twin(coder)
    network = _network(twin)
    images = torch.empty(1, getattr(twin, "image_channels", 3), resolution, resolution, device="meta")
    with torch.no_grad():
        latents, encode = _count(network, twin.encode, images)
        _, decode = _count(network, twin.decode, latents)
    name = getattr(twin, "name", type(twin).__name__)
    channels, side = latents.shape[1], latents.shape[-1]
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return CoderLedger(name, resolution, resolution // side, channels, parameters, encode, decode)


def _network(coder: Coder | nn.Module) -> nn.Module:
    network = coder if isinstance(coder, nn.Module) else getattr(coder, "network", None)
    if not isinstance(network, nn.Module) or not hasattr(coder, "encode") or not hasattr(coder, "decode"):
        raise MiniditError(
            f"A {type(coder).__name__} cannot be counted as an autoencoder: give a network with encode and "
            "decode, an object that keeps such a network as `network`, or a name such as sd-vae."
        )
    return network


def _twin(coder: Coder | nn.Module) -> Coder | nn.Module:
    """A copy whose weights are shapes only."""
    network, memo = _network(coder), {}
    for weight in (*network.parameters(), *network.buffers()):
        shape = torch.empty_like(weight, device="meta")
        is_trained = isinstance(weight, nn.Parameter)
        memo[id(weight)] = nn.Parameter(shape, weight.requires_grad) if is_trained else shape
    return copy.deepcopy(coder, memo)  # what the memo holds is taken instead of copied


def _count(network: nn.Module, way: Callable[[Tensor], Tensor], given: Tensor) -> tuple[Tensor, Way]:
    """One pass of shapes, watched by PyTorch's counter and by a hook on every layer."""
    counts, worked = Counter(), {}
    hooks = [layer.register_forward_hook(_watch(counts, worked)) for layer in network.modules()]
    try:
        with FlopCounterMode(display=False) as counter:
            output = way(given)
    finally:
        for hook in hooks:
            hook.remove()
    if not isinstance(output, Tensor) or output.ndim != 4:
        raise MiniditError(
            "encode and decode must return a tensor (batch, channels, height, width); those of a "
            f"{type(network).__name__} returned a {type(output).__name__}. Wrap it so that they do."
        )
    kinds = (counts[kind] for kind in ("convolutions", "linears", "biases", "norms"))
    return output, Way(sum(worked.values()), counter.get_total_flops(), *kinds)


def _watch(counts: Counter[str], worked: dict[int, int]) -> Callable[..., None]:
    """A forward hook that notes a layer's own parameters once, and its operations each time."""

    def hook(layer: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        for weight in layer.parameters(recurse=False):
            worked[id(weight)] = weight.numel()
        if isinstance(layer, nn.Conv2d):
            counts["convolutions"] += output.numel() * layer.weight[0].numel()
            counts["biases"] += output.numel() if layer.bias is not None else 0
        elif isinstance(layer, nn.Linear):
            counts["linears"] += output.numel() * layer.in_features
        elif isinstance(layer, nn.GroupNorm):
            counts["norms"] += 2 * output.numel()

    return hook
