"""`minidit vae`: train an autoencoder, whose latents a transformer can then learn."""

import sys
from pathlib import Path
from typing import Annotated

import torch
import tyro

from minidit.cli.interrupt import interruptible
from minidit.cli.options import use
from minidit.cli.report import program
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
from minidit.training.checkpoint import NAME
from minidit.training.state import refuse_another

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
    state = _continue_or_create(chosen, seed, folder, device)
    if state.finished and (folder / VAE_FILE).is_file() and (folder / PICTURE).is_file():
        print(f"This autoencoder is finished: {folder / VAE_FILE}. See {folder / PICTURE}.")
        print(f"To train afresh, choose another --out or --seed, or remove {folder}.")
        return 0
    judge = Judge.train(data.train, watch=lambda steps: progress(steps, "judge"))
    with interruptible() as asked:
        if not _train(state, data, judge, folder, save_every, asked):
            print(f"Stopped after step {state.step}; it is saved in {folder}.", file=sys.stderr)
            print("Start the same command again to continue.", file=sys.stderr)
            return 130
    _report(state, data, judge, folder, source)
    return 0


def default_vae_folder(source: str) -> Path:
    """Where an autoencoder is kept unless --out says otherwise: runs/vae-shapes."""
    return Path("runs") / f"vae-{Path(source.partition(':')[2] or source).expanduser().resolve().name}"


def _continue_or_create(chosen, seed: int, folder: Path, device: str) -> AutoencoderState:
    if not (folder / NAME).is_file():
        return AutoencoderState.create(chosen, seed, device)
    refuse_another(folder, chosen, seed)
    state = AutoencoderState.load(folder, device)
    if not state.finished:
        print(f"Continuing {folder} after step {state.step}.", flush=True)
    return state


def _train(
    state: AutoencoderState, data: Data, judge: Judge, folder: Path, save_every: int, asked: list[bool]
) -> bool:
    """Train to the end, or until interrupted; say whether the end was reached."""
    features = judge.to(next(state.vae.parameters()).device).layers
    steps = train_autoencoder(state, data, features, folder, save_every)
    bar = progress(steps, "autoencoder", state.experiment.training.steps, state.step)
    for record in bar:
        bar.set_postfix_str(f"loss {record.loss:.3f}", refresh=False)
        if asked and not state.finished:
            bar.close()
            state.save(folder)
            return False
    return True


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
