"""`minidit vae`: train an autoencoder, whose latents a transformer can then learn."""

from pathlib import Path
from typing import Annotated

import torch
import tyro

from minidit.cli.options import use
from minidit.cli.report import program
from minidit.cli.running import begin, to_the_end
from minidit.data.images import Data
from minidit.data.source import load
from minidit.files import writable, write_whole
from minidit.latent.stored import NAME as VAE_FILE
from minidit.latent.stored import write_vae
from minidit.measure.judge import Judge
from minidit.measure.reconstruction import reconstruct, reconstruction_readout
from minidit.teach.figures import rows
from minidit.teach.progress import progress
from minidit.teach.show import png
from minidit.training.autoencoder import AutoencoderState
from minidit.training.autoencoder_loop import train_autoencoder
from minidit.training.autoencoder_presets import autoencoder_for

PICTURE, SHOWN = "reconstructions.png", 10


def command(
    source: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SOURCE")] = "shapes",
    overrides: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="KEY=VALUE")] = (),
    *,
    seed: int = 0,
    out: Path | None = None,
    device: str = "auto",
    threads: int = 1,
    save_every: int = 200,
) -> int:
    """Train an autoencoder; interrupted, it continues.

    Args:
        source: digits, shapes, folder:PATH or hub:OWNER/NAME, as in `minidit train`.
        overrides: settings that differ, such as vae.factor=8 vae.channels=16 data.resolution=64 loss.kl=0.01.
        seed: names every random draw.
        out: its folder; runs/vae-SOURCE unless given.
        device: auto, cpu, cuda or mps.
        threads: processor threads.
        save_every: steps between checkpoints.
    """
    device, folder = use(device, threads), out or default_vae_folder(source)
    chosen = autoencoder_for(source, overrides)
    data = load(chosen.data, watch=lambda items: progress(items, "reading"))
    writable(folder)
    state = begin(AutoencoderState, chosen, seed, folder, device)
    if state.finished and (folder / VAE_FILE).is_file() and (folder / PICTURE).is_file():
        print(f"This autoencoder is finished: {folder / VAE_FILE}. See {folder / PICTURE}.")
        print(f"To train afresh, choose another --out or --seed, or remove {folder}.")
        return 0
    judge = Judge.train(data.train, watch=lambda steps: progress(steps, "judge"))
    records = train_autoencoder(state, data, judge.to(device).layers, folder, save_every)
    status = to_the_end(state, records, "autoencoder", folder, lambda record: f"loss {record.loss:.3f}")
    if status:
        return status
    _report(state, data, judge.to("cpu"), folder, source)
    return 0


def default_vae_folder(source: str) -> Path:
    """Where an autoencoder is kept unless --out says otherwise: runs/vae-shapes."""
    return Path("runs") / f"vae-{Path(source.partition(':')[2] or source).expanduser().resolve().name}"


def _report(state: AutoencoderState, data: Data, judge: Judge, folder: Path, source: str) -> None:
    vae = state.vae.eval().cpu()
    path = write_vae(folder / VAE_FILE, vae)
    some = torch.linspace(0, len(data.held_out) - 1, SHOWN).long()
    x = data.held_out.x[some]
    write_whole(folder / PICTURE, png(rows({"held out": x, "reconstructed": reconstruct(vae, x)})))
    found = reconstruction_readout(vae, data, judge)
    size, sides = sum(p.numel() for p in vae.parameters()), f"{vae.factor} x {vae.factor}"
    print(f"""Trained {size:,} parameters: {sides} pixels become {vae.channels} numbers.
On held-out images: {found["psnr"]:.1f} dB, mean error {found["l1"]:.3f} of a range of 2; the judge knows
{found["accuracy"]:.1%} of them. rFD {found["frechet"]:.1f}: Frechet distance to the originals.
Look at {folder / PICTURE}; the autoencoder is {path}.
Next:
  train on its latents  {program()} train --data {source} --latent {folder}""")
