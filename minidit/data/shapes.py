"""Captioned shapes: images drawn from factors that are known exactly.

Every image is one or two objects, each with a shape, a colour, a size and a place. Because the factors
are kept, a judge can be checked, a probe has a truth, and any resolution can be drawn.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from minidit.data.images import Images

SHAPES = ("circle", "square", "triangle", "cross")
COLOURS = ("red", "green", "blue", "yellow", "purple", "orange")
RGB = torch.tensor(
    [
        [0.86, 0.20, 0.18],
        [0.20, 0.65, 0.30],
        [0.20, 0.42, 0.85],
        [0.93, 0.80, 0.20],
        [0.56, 0.27, 0.68],
        [0.95, 0.52, 0.15],
    ]
)
BACKGROUND = 0.92
CLASS_NAMES = tuple(f"{colour} {shape}" for shape in SHAPES for colour in COLOURS)


@dataclass(frozen=True)
class Factors:
    """What is in the images. Each tensor is (n, objects); lengths are shares of the image side.

    shape and colour index SHAPES and COLOURS; radius is half the object's height; x grows to the right and
    y downwards, both measured to the object's centre.
    """

    shape: Tensor
    colour: Tensor
    radius: Tensor
    x: Tensor
    y: Tensor

    def __len__(self) -> int:
        return len(self.shape)

    def at(self, indices: Tensor) -> "Factors":
        """Those of the images at `indices` (batch,)."""
        names = ("shape", "colour", "radius", "x", "y")
        return Factors(**{name: getattr(self, name)[indices] for name in names})

    @property
    def labels(self) -> Tensor:
        """(n,) class of the first object: shape and colour as one number, an index of CLASS_NAMES."""
        return self.shape[:, 0] * len(COLOURS) + self.colour[:, 0]


def draw_factors(n: int, objects: int, generator: torch.Generator) -> Factors:
    """Factors of n images, uniform in shape, colour, size and place.

    One object has a radius of 0.32 to 0.40 of the side. Two objects have 0.13 to 0.21 and stand in the
    left and the right half, in either order, so that they never overlap and "left of" is always true.
    """
    low, high = (0.32, 0.40) if objects == 1 else (0.13, 0.21)

    def uniform(a: float | Tensor, b: float | Tensor) -> Tensor:
        return a + (b - a) * torch.rand(n, objects, generator=generator)

    shape = torch.randint(len(SHAPES), (n, objects), generator=generator)
    colour = torch.randint(len(COLOURS), (n, objects), generator=generator)
    radius = uniform(low, high)
    width = 1 / objects
    x = uniform(radius, width - radius)
    if objects == 2:
        first_is_right = torch.rand(n, 1, generator=generator) < 0.5
        right = torch.cat([first_is_right, ~first_is_right], dim=1)  # (n, 2) bool
        x = x + 0.5 * right
    return Factors(shape, colour, radius, x, uniform(radius, 1 - radius))


def signed_distance(shape: Tensor, dx: Tensor, dy: Tensor, radius: Tensor) -> Tensor:
    """Distance to the outline, negative inside; all arguments broadcast to (n, height, width).

    Near the outline it is exact enough for a one-pixel soft edge, which is all it is used for.
    """
    ax, ay = dx.abs(), dy.abs()
    circle = (dx.square() + dy.square()).sqrt() - radius
    square = torch.maximum(ax, ay) - 0.87 * radius
    # apex up: base at y = radius, sides rise to the point (0, -radius)
    triangle = torch.maximum(dy - radius, (2 * ax - dy - radius) / 5**0.5)
    arm = 0.36 * radius
    cross = torch.minimum(torch.maximum(ax - radius, ay - arm), torch.maximum(ay - radius, ax - arm))
    return torch.stack([circle, square, triangle, cross]).gather(0, shape.expand_as(circle)[None])[0]


def render(factors: Factors, resolution: int) -> Tensor:
    """Draw the objects: (n, 3, resolution, resolution) in [-1, 1], later objects over earlier ones."""
    centres = (torch.arange(resolution) + 0.5) / resolution
    y, x = torch.meshgrid(centres, centres, indexing="ij")  # (h, w) each
    image = torch.full((len(factors), 3, resolution, resolution), BACKGROUND)
    for k in range(factors.shape.shape[1]):
        part = (getattr(factors, name)[:, k, None, None] for name in ("shape", "x", "y", "radius"))
        shape, cx, cy, radius = part  # (n, 1, 1) each
        distance = signed_distance(shape, x - cx, y - cy, radius)  # (n, h, w)
        ink = (0.5 - distance * resolution).clamp(0, 1).unsqueeze(1)  # (n, 1, h, w): share of a pixel covered
        image = image * (1 - ink) + RGB[factors.colour[:, k]][:, :, None, None] * ink
    return image * 2 - 1


class Painted(NamedTuple):
    """What was painted in images of one object: area, the share of the image that it covers; the x and y of
    its centre, in shares of the side; its mean colour rgb, 0 to 1. Each is (n,), rgb is (n, 3).
    """

    area: Tensor
    x: Tensor
    y: Tensor
    rgb: Tensor


def painted(x: Tensor, labels: Tensor) -> Painted:
    """Read off images of one object how large it is, where it stands, and which colour it has.

    How much of a pixel is covered is read along the way from the background to the colour of the class, so a
    colour that overshoots covers no more than the whole pixel. An image without an object has area 0 and
    stands nowhere: x, y and rgb are nan.

    Args:
        x: (n, 3, h, w) in [-1, 1], drawn or generated.
        labels: (n,) the classes asked for.
    """
    pixels = (x + 1) / 2 - BACKGROUND  # (n, 3, h, w), 0 where there is nothing
    way = (RGB.to(x)[labels % len(COLOURS)] - BACKGROUND)[:, :, None, None]  # (n, 3, 1, 1)
    ink = ((pixels * way).sum(1) / way.square().sum(1)).clamp(0, 1)  # (n, h, w)
    ink = ink * (ink > 0.1)  # the background of a generated image is not perfectly even
    height, width = x.shape[2:]
    down = (torch.arange(height).to(x) + 0.5) / height
    right = (torch.arange(width).to(x) + 0.5) / width
    total = ink.sum((1, 2))
    solid = (ink > 0.95).to(x)[:, None]  # (n, 1, h, w): the outline is a mixture of two colours
    rgb = (pixels * solid).sum((2, 3)) / solid.sum((2, 3)) + BACKGROUND
    x_centre, y_centre = (ink.sum(1) @ right) / total, (ink.sum(2) @ down) / total
    return Painted(total / (height * width), x_centre, y_centre, rgb)


def captions(factors: Factors) -> list[str]:
    """One sentence an image, such as "a large red circle at the top left"."""
    return [_caption(factors, index) for index in range(len(factors))]


def _caption(factors: Factors, i: int) -> str:
    objects = range(factors.shape.shape[1])
    nouns = [f"{COLOURS[factors.colour[i, k]]} {SHAPES[factors.shape[i, k]]}" for k in objects]
    if len(nouns) == 2:
        left, right = (0, 1) if factors.x[i, 0] < factors.x[i, 1] else (1, 0)
        return f"{_article(nouns[left])} left of {_article(nouns[right])}"
    size = "large" if factors.radius[i, 0] > 0.36 else "small"
    row = _third(factors.y[i, 0], ("top", "middle", "bottom"))
    column = _third(factors.x[i, 0], ("left", "centre", "right"))
    return f"a {size} {nouns[0]} at the {row} {column}"


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _third(position: Tensor, names: tuple[str, str, str]) -> str:
    # centres lie in 0.32 .. 0.68: the thirds of that range, not of the image
    return names[0] if position < 0.44 else names[1] if position < 0.56 else names[2]


def shapes(n: int, resolution: int, objects: int, generator: torch.Generator) -> tuple[Images, Factors]:
    """n fresh images with their factors; the class is colour and shape of the first object."""
    factors = draw_factors(n, objects, generator)
    return Images(render(factors, resolution), factors.labels, CLASS_NAMES), factors
