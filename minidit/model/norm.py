"""Norms: what a branch does to the size of its tokens before, or after, it works on them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minidit.model.init import ones, weights_start_as

EPS = 1e-6


class AdaNorm(nn.Module):
    """z = C (1 - k y) y with y the normalised token (Xu et al. 2019, section 4, arXiv 1911.07013).

    It takes the place of LayerNorm's gain and bias: the factor depends on the token, and no gradient goes
    through it backwards; `torch.func.jvp`, forwards, gives the true derivative. C = 1 and k = 1/10; the
    standard deviation is unbiased, as in the authors' code.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(..., dim) -> (..., dim)."""
        y = (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-5)
        with torch.no_grad():
            factor = 1 - 0.1 * y
        return factor * y


class DetachNorm(nn.Module):
    """LayerNorm whose mean and deviation count as constants in the backward pass (Xu et al. 2019, section 3).

    Forward it equals LayerNorm without gain and bias, so what differs in training is the gradient alone.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(..., dim) -> (..., dim)."""
        with torch.no_grad():
            variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
        return (x - mean) * torch.rsqrt(variance + EPS)


def layer_norm(dim: int, affine: bool = False) -> nn.LayerNorm:
    """LayerNorm, eps 1e-6. DiT has it without gain and bias: the modulation that follows supplies both."""
    return weights_start_as(ones, nn.LayerNorm(dim, eps=EPS, elementwise_affine=affine))


class RMSNorm(nn.RMSNorm):
    """x / sqrt(mean(x^2) + 1e-6), without subtracting a mean (Zhang and Sennrich 2019, equation 4)."""

    def __init__(self, dim: int, affine: bool = False):
        super().__init__(dim, eps=EPS, elementwise_affine=affine)
        weights_start_as(ones, self)

    def forward(self, x: Tensor) -> Tensor:
        """(..., dim) -> (..., dim), in float32 inside, as LightningDiT has it, or better."""
        precise = torch.promote_types(x.dtype, torch.float32)
        y = F.rms_norm(x.to(precise), self.normalized_shape, eps=self.eps).type_as(x)
        return y if self.weight is None else y * self.weight


def norm(name: str, dim: int, affine: bool = False) -> nn.Module:
    """The norm called `name` for tokens of width `dim`; `affine` asks for its learned gain (and bias)."""
    return {
        "layer": lambda: layer_norm(dim, affine),
        "rms": lambda: RMSNorm(dim, affine),
        "ada": AdaNorm,
        "detach": DetachNorm,
        "none": nn.Identity,
    }[name]()
