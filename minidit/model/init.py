"""Where each parameter starts. One pass, one rule a parameter, one random stream a parameter.

DiT's "Zero" lives here. The usual fault is to zero some layers in their constructors and then to call
`model.apply(xavier)`, which overwrites the zeros without a word. Here a layer only says how it wants to
start, and `initialise` visits every parameter exactly once.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from minidit.streams import generator

Rule = Callable[[Tensor, torch.Generator], object]


def zeros(weight: Tensor, draw: torch.Generator) -> None:
    """All zeros: the gates, and the last layer."""
    weight.zero_()


def ones(weight: Tensor, draw: torch.Generator) -> None:
    """All ones: the gain of a norm, and a gate that is open from the start."""
    weight.fill_(1)


def normal(weight: Tensor, draw: torch.Generator) -> None:
    """Normal with standard deviation 0.02: embeddings, learned positions, null and mask tokens."""
    weight.normal_(0, 0.02, generator=draw)


def narrow(weight: Tensor, draw: torch.Generator) -> None:
    """Normal with standard deviation 1 / sqrt(dim): PixArt's tables, where they do not start at zero."""
    weight.normal_(0, weight.shape[-1] ** -0.5, generator=draw)


def xavier(weight: Tensor, draw: torch.Generator) -> None:
    """Uniform in +-sqrt(6 / (fan_in + fan_out)): every other linear layer (Glorot and Bengio 2010)."""
    bound = (6 / (weight.shape[0] + weight.shape[1])) ** 0.5
    weight.uniform_(-bound, bound, generator=draw)


def weights_start_as(rule: Rule, module: nn.Module) -> nn.Module:
    """Note on `module` how its own parameters, besides a bias, are to start, and return it."""
    module.init_rule = rule
    return module


@torch.no_grad()
def initialise(model: nn.Module, seed: int) -> nn.Module:
    """Set every parameter by its rule, biases to zero; return the model.

    Each parameter draws from a stream keyed by (seed, its name): two models that share a part start
    that part alike, whatever else they have. Draws are made on the CPU, so devices agree too.
    """
    for path, module in model.named_modules():
        rule = getattr(module, "init_rule", xavier)
        for name, parameter in module.named_parameters(recurse=False):
            start = torch.empty(parameter.shape, device="cpu")
            (zeros if name == "bias" else rule)(start, generator(seed, f"init.{path}.{name}"))
            parameter.copy_(start)
    return model
