"""The Frechet distance between two clouds of features: are the samples, as a crowd, like the real ones?"""

from torch import Tensor, nn

from minidit.errors import MiniditError


class _Ready(nn.Module):
    """torchmetrics wants a network that makes features; ours are made already."""

    def __init__(self, num_features: int):
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        return features


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """|mean_a - mean_b|^2 + tr(cov_a + cov_b - 2 sqrt(cov_a cov_b)), by torchmetrics in float64.

    The number depends on the features and falls with the number of images: say both beside it, and the
    distance of real images to other real images (Heusel et al. 2017).

    Args:
        a, b: features (n, d) and (m, d), each with n, m > 1.

    Raises:
        MiniditError: fewer than two images on a side.
    """
    from torchmetrics.image.fid import FrechetInceptionDistance

    if min(len(a), len(b)) < 2:
        raise MiniditError("A Frechet distance needs at least two images on each side.")
    metric = FrechetInceptionDistance(feature=_Ready(a.shape[1]), normalize=True).set_dtype(a.double().dtype)
    metric.update(a.double(), real=True)
    metric.update(b.double(), real=False)
    return metric.compute().item()
