"""A critic of patches: is this piece of an image real, or was it reconstructed?"""

from torch import Tensor, nn


class PatchCritic(nn.Module):
    """Three convolutions; each answer sees a patch of 18 x 18 pixels, so it judges texture, not content.

    Source: P. Isola and others, "Image-to-Image Translation with Conditional Adversarial Networks", 2017.
    """

    def __init__(self, image_channels: int, width: int = 32):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(image_channels, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
            nn.GroupNorm(4, 2 * width),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 3, padding=1),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Images (b, c, h, w) -> how real each patch looks (b, 1, h / 4, w / 4); more is more real."""
        return self.layers(images)
