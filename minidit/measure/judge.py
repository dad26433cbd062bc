"""The judge: a small convolutional network that reads images, and so can say whether ours are readable."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minidit.data.images import Images
from minidit.streams import Streams

STEPS, BATCH, RATE, FEATURES = 500, 64, 3e-3, 64


class Reader(nn.Module):
    """Convolutions that halve the image down to 4 x 4, then `FEATURES` features, then the classes."""

    def __init__(self, channels: int, side: int, num_classes: int):
        super().__init__()
        stride = 1 if side <= 8 else 2  # small scans are looked at pixel by pixel
        layers: list[nn.Module] = [nn.Conv2d(channels, 32, 3, stride, padding=1), nn.ReLU()]
        side, width = (side + stride - 1) // stride, 32
        while side > 4:
            layers += [nn.Conv2d(width, 64, 3, stride=2, padding=1), nn.ReLU()]
            side, width = (side + 1) // 2, 64
        self.features = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(width * side * side, FEATURES), nn.ReLU()
        )
        self.classes = nn.Linear(FEATURES, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, side, side) -> logits (batch, classes)."""
        return self.classes(self.features(x))


@dataclass(frozen=True)
class Judge:
    """A trained reader. It never sees a generated image in training."""

    reader: Reader

    @classmethod
    def train(cls, images: Images, seed: int = 0, watch: Callable[[range], Iterable[int]] = iter) -> "Judge":
        """Train on real images for a few seconds; every draw is named by `seed`.

        `watch` wraps the steps, as a progress line does.
        """
        streams = Streams(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            reader = Reader(images.x.shape[1], images.x.shape[-1], len(images.class_names)).to(
                images.x.device
            )
        optimizer = torch.optim.AdamW(reader.parameters(), lr=RATE, weight_decay=0.05, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=RATE, total_steps=STEPS)
        for step in watch(range(STEPS)):
            batch = images.batch(streams, step, min(BATCH, len(images)))
            loss = F.cross_entropy(reader(batch.x), batch.condition.labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        return cls(reader.eval())

    @torch.no_grad()
    def read(self, x: Tensor) -> Tensor:
        """The class the judge sees in each image: (n, c, h, w) -> (n,)."""
        return torch.cat([self.reader(part).argmax(1) for part in x.split(512)])

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """(n, c, h, w) -> (n, FEATURES), for the Frechet distance."""
        return torch.cat([self.reader.features(part) for part in x.split(512)])

    def to(self, device: torch.device | str) -> "Judge":
        """The same judge on another device."""
        return Judge(self.reader.to(device))

    def layers(self, x: Tensor) -> list[Tensor]:
        """What each convolution sees: (n, c, h, w) -> feature maps (n, c_l, h_l, w_l). Gradients reach x."""
        maps = []
        for layer in self.reader.features:
            if isinstance(layer, nn.Flatten):
                break
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                maps.append(x)
        return maps

    def accuracy(self, x: Tensor, labels: Tensor) -> float:
        """Share of images read as the class in `labels`."""
        return (self.read(x) == labels).float().mean().item()
