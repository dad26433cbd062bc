"""Record book/evidence/compression.cpu.json and compression.png there: nine autoencoders of chapter 15, for three seeds.

OMP_NUM_THREADS=1 python book/artefacts/compression.py

About 4 minutes a seed on one thread. The picture holds reconstructions of seed 0: the originals in its first row.
"""

import statistics
import time
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
FACTORS, CHANNELS = (2, 4, 8), (2, 4, 16)
SHOWN, PICTURE = 8, Path("book/evidence/compression.png")


def trained(factor: int, channels: int, seed: int, data: Data, judge: Judge) -> VAE:
    """One of the nine."""
    state = AutoencoderState.create(BASE.override({"vae.factor": factor, "vae.channels": channels}), seed)
    for _ in train_autoencoder(state, data, judge.layers):
        pass
    return state.vae.eval()


def milliseconds(vae: VAE, x: Tensor) -> dict[str, float]:
    """Processor milliseconds an image there and back, the median of 20 rounds of a batch."""
    rounds: dict[str, list[float]] = {"encode": [], "decode": []}
    z = vae.encode(x)
    for _ in range(21):
        for name, way in (("encode", lambda: vae.encode(x)), ("decode", lambda: vae.decode(z))):
            began = time.process_time()
            way()
            rounds[name].append(1000 * (time.process_time() - began) / len(x))
    return {name: statistics.median(times[1:]) for name, times in rounds.items()}  # the first one warms up


def shown(data: Data) -> Tensor:
    """The images of the picture: held out, spread evenly over the set."""
    return data.held_out.x[torch.linspace(0, len(data.held_out) - 1, SHOWN).long()]


def run(seed: int, data: Data) -> dict[str, float]:
    """Train and read the nine with one seed."""
    judge, readouts, rows = Judge.train(data.train), {}, [shown(data)]
    for factor, channels in progress(list(product(FACTORS, CHANNELS)), f"seed {seed}"):
        vae = trained(factor, channels, seed, data, judge)
        found = reconstruction_readout(vae, data, judge) | milliseconds(vae, data.held_out.x[:16])
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
    partial = PICTURE.with_suffix(".partial")
    Image.fromarray(pixels.numpy()).save(partial, "png", optimize=True)
    write_whole(PICTURE, partial.read_bytes())
    partial.unlink()


if __name__ == "__main__":
    torch.set_num_threads(1)
    shapes = load(BASE.data)
    record_seeds("compression", BASE, range(3), lambda seed: run(seed, shapes))
