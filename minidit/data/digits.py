"""1,797 real handwritten digits, 8 x 8 pixels; they come with scikit-learn, so nothing is downloaded."""

import torch

from minidit.data.images import Data, Images, split


def digits() -> Data:
    """Half to train on, half held out: images (n, 1, 8, 8) in [-1, 1], classes 0 to 9.

    Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI, 1998 (the test
    part); pixels count ink from 0 to 16.
    """
    from sklearn.datasets import load_digits

    scans = load_digits()
    x = torch.from_numpy(scans.images).float().unsqueeze(1) / 8 - 1  # (n, 8, 8) -> (n, 1, 8, 8)
    labels = torch.from_numpy(scans.target).long()
    return split(Images(x, labels, tuple("0123456789")), held_out=0.5)
