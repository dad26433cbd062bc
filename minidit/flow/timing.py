"""Where in time to work: the law that training times are drawn from, and the shift towards noise."""

import torch
from torch import Tensor


def uniform(size: int, generator: torch.Generator) -> Tensor:
    """Times (size,) uniform in [0, 1)."""
    return torch.rand(size, generator=generator)


def logit_normal(size: int, generator: torch.Generator) -> Tensor:
    """Times (size,) whose logit is standard normal: more work in the middle (Esser et al. 2024, 3.1)."""
    return torch.randn(size, generator=generator).sigmoid()


TIME_SAMPLING = {"uniform": uniform, "logit_normal": logit_normal}


def shift(t: Tensor, by: float) -> Tensor:
    """t / (t + by (1 - t)): spend more of the time near the noise when `by` > 1, as large images need.

    This is SD3's shift, which it writes with t = 1 at the noise (Esser et al. 2024, equation 23): there 3
    is 3 here. LightningDiT's 0.3, written with t = 1 at the data, is 1 / 0.3 here. The ends stay in place.
    """
    return t / (t + by * (1 - t))
