"""Record book/evidence/compression.cpu.json and compression.png there: nine autoencoders of chapter 15, for three seeds.

OMP_NUM_THREADS=1 python book/artefacts/compression.py

About 4 minutes a seed on one thread. The picture holds reconstructions of seed 0: the originals in its first row.
"""

import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from io import BytesIO
from itertools import product
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from minidit.data import Data, load
from minidit.data.source import DataConfig
from minidit.files import write_whole
from minidit.latent.vae import VAE, VAEConfig
from minidit.measure import Judge
from minidit.measure.reconstruction import reconstruct, reconstruction_readout
from minidit.publish.seeds import record_seeds
from minidit.teach.progress import progress
from minidit.training.autoencoder import AutoencoderExperiment, AutoencoderState
from minidit.training.autoencoder_loop import train_autoencoder
from minidit.training.autoencoder_presets import TRAINING

BASE = AutoencoderExperiment(VAEConfig(width=8), data=DataConfig("shapes", resolution=32), training=TRAINING)
NINE = tuple(product((2, 4, 8), (2, 4, 16)))  # pixels along a side for a latent, and channels
SHOWN, PICTURE = 8, Path("book/evidence/compression.png")
COST = Path("runs/seeds/compression/cost.json")


def trained(factor: int, channels: int, seed: int, data: Data, judge: Judge) -> VAE:
    """One of the nine."""
    state = AutoencoderState.create(BASE.override({"vae.factor": factor, "vae.channels": channels}), seed)
    for _ in train_autoencoder(state, data, judge.layers):
        pass
    return state.vae.eval()


def milliseconds(x: Tensor) -> dict[str, float]:
    """Processor milliseconds an image of `x` there and back, for each of the nine; weights do not matter.

    The median of 20 rounds in turn, so that whatever disturbs the machine disturbs all of them.
    """
    ways: dict[str, Callable[[], Tensor]] = {}
    for factor, channels in NINE:
        vae = VAE(VAEConfig(width=8, factor=factor, channels=channels)).eval()
        ways[f"encode.f{factor}c{channels}"] = partial(vae.encode, x)
        ways[f"decode.f{factor}c{channels}"] = partial(vae.decode, vae.encode(x))
    rounds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(21):
        for name, way in ways.items():
            began = time.process_time()
            way()
            rounds[name].append(1000 * (time.process_time() - began) / len(x))
    return {
        name: round(statistics.median(times[1:]), 4) for name, times in rounds.items()
    }  # the first warms up


def shown(data: Data) -> Tensor:
    """The images of the picture: held out, spread evenly over the set."""
    return data.held_out.x[:: len(data.held_out) // SHOWN]


def run(seed: int, cost: dict[str, float], data: Data) -> dict[str, float]:
    """Train and read the nine with one seed."""
    judge, readouts, rows = Judge.train(data.train), dict(cost), [shown(data)]
    for factor, channels in progress(NINE, f"seed {seed}"):
        vae = trained(factor, channels, seed, data, judge)
        found = reconstruction_readout(vae, data, judge)
        with torch.no_grad():
            found["nats"] = vae.posterior(data.held_out.x[:256]).kl().mean().item()
        found["parameters"] = sum(p.numel() for p in vae.parameters())
        readouts |= {f"{name}.f{factor}c{channels}": value for name, value in found.items()}
        rows.append(reconstruct(vae, shown(data)))
    if seed == 0:
        picture(rows)
    return readouts


def picture(rows: list[Tensor]) -> None:
    """Write the rows of images, 32 pixels a side, into one PNG."""
    whole = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)  # (3, 32 rows, 32 columns)
    pixels = ((whole + 1) * 127.5).round().byte().permute(1, 2, 0)  # (3, h, w) -> (h, w, 3)
    png = BytesIO()
    Image.fromarray(pixels.numpy()).save(png, "png", optimize=True)
    write_whole(PICTURE, png.getvalue())


if __name__ == "__main__":
    torch.set_num_threads(1)
    shapes = load(BASE.data)
    if not COST.exists():
        write_whole(COST, json.dumps(milliseconds(shapes.held_out.x[:16])).encode())
    measured = json.loads(COST.read_text())
    record_seeds("compression", BASE, range(3), lambda seed: run(seed, measured, shapes))
