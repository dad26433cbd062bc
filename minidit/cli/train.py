"""`minidit train`: from nothing to a trained network, its samples and their measure."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import tyro

from minidit.cli.computing import Computing, ready
from minidit.cli.options import default_folder, say, use
from minidit.cli.report import METRICS, SAMPLES, report
from minidit.cli.running import apart, begin, to_the_end, together
from minidit.cli.watching import pictures, trackers, watched
from minidit.data.source import load
from minidit.errors import MiniditError
from minidit.files import writable
from minidit.measure.evidence import FEWEST, WINDOW, Evidence
from minidit.teach.progress import progress
from minidit.training.experiment import Experiment
from minidit.training.loop import train
from minidit.training.presets import experiment as experiment_named
from minidit.training.presets import in_latents
from minidit.training.records import Record, read_log
from minidit.training.state import TrainState
from minidit.training.world import world


def command(
    experiment: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="EXPERIMENT")] = "digits",
    overrides: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="KEY=VALUE")] = (),
    *,
    data: str | None = None,
    latent: str | None = None,
    seed: int = 0,
    out: Path | None = None,
    device: str = "auto",
    threads: int = 1,
    computing: Annotated[Computing, tyro.conf.arg(name="")] = Computing(),  # noqa: B008 - frozen
    save_every: int = 200,
    keep: int = 1,
    lives: int = 3,
    samples_every: int = 0,
    log_to: tuple[str, ...] = (),
) -> int:
    """Train a network, sample from it and judge the samples. Interrupted, it continues when started again.

    Args:
        experiment: digits, shapes, shapes32; fashion, cifar10 or emoji, a quarter of an hour each on one
            core; the same and more for an A100, 10 to 60 minutes each by arithmetic: shapes64-a100,
            fashion-a100, cifar10-a100, emoji-a100; folder:PATH for your own pictures (a sub-folder a class,
            or parquet shards); hub:OWNER/NAME for a data set of the hub, such as hub:uoft-cs/cifar10. What
            lies on the hub, as Fashion-MNIST and CIFAR-10 do, is read from $MINIDIT_DATA/NAME, else
            downloaded.
        overrides: settings that differ, such as model.depth=6 training.steps=3000.
        data: with --latent, the images in place of EXPERIMENT: digits, shapes, folder:PATH or hub:OWNER/NAME.
        latent: train on latents of this autoencoder: a folder that `minidit vae` wrote, sd-vae (335 MB are
            downloaded), sd-vae:FOLDER, taesd:FOLDER or taef2:FOLDER.
        seed: names every random draw of the run.
        out: folder of the run; runs/EXPERIMENT unless given.
        device: auto, cpu, cuda or mps.
        threads: processor threads.
        save_every: steps between checkpoints.
        keep: checkpoints that stay in the folder.
        lives: how often a broken loss, or a spike, takes the run back to its last checkpoint.
        samples_every: steps between pictures in RUN/samples; 0 for none.
        log_to: tensorboard or wandb, or both, beside RUN/log.jsonl.
    """
    device, name, chosen = use(device, threads), *_chosen(experiment, overrides, data, latent)
    device = together(device)
    folder = out or default_folder(name)
    data = load(chosen.data, watch=lambda items: progress(items, "reading"))
    chosen.check(data)
    writable(folder)
    state = begin(TrainState, chosen, seed, folder, device, sharded=computing.shard)
    if state.finished and (folder / METRICS).is_file() and (folder / SAMPLES).is_file():
        say(f"This run is finished: {state.step} steps are done in {folder}. See {folder / SAMPLES}.")
        say(f"To train afresh, choose another --out or --seed, or remove {folder}.")
        return 0
    engine, near = ready(state, data, computing)
    records = train(state, near, folder=folder, save_every=save_every, keep=keep, lives=lives, engine=engine)
    records = watched(
        records, [*trackers(log_to, folder, state), *pictures(samples_every, state, data, folder)]
    )
    said = _watcher(state, folder, _recorded(name, chosen))
    if status := to_the_end(state, records, "training", folder, said, keep=keep):
        return status
    if world().size > 1:
        if not apart():
            return 0
        state = TrainState.load(folder, device)  # all of it: sampling needs one process only
    report(state, data, folder)
    return 0


def _chosen(
    name: str, overrides: tuple[str, ...], data: str | None, latent: str | None
) -> tuple[str, Experiment]:
    """The experiment, and what its folder is called."""
    if (data is None) != (latent is None):
        raise MiniditError(
            "--data and --latent belong together: the images, and the autoencoder that shrinks them. For "
            f"pixels, name the images alone: minidit train {data or 'shapes32'}."
        )
    if data is None:
        return name, experiment_named(name, overrides)
    if "=" in name:  # no experiment was named, and the first setting stands in its place
        overrides = (name, *overrides)
    words = (default_folder(data).name, Path(latent.partition(":")[2] or latent).name)
    return "-".join(words), in_latents(data, latent, overrides)


def _recorded(name: str, chosen: Experiment) -> Evidence | None:
    """The evidence of this very experiment, if there is enough for a band: it applies to nothing else."""
    try:
        evidence = Evidence.read(name)
        # read as settings, so that those which came after the recording have their defaults
        same = Experiment.from_dict(evidence.experiment) == chosen
        return evidence if same and len(evidence.runs) >= FEWEST else None
    except MiniditError:
        return None


def _watcher(state: TrainState, folder: Path, evidence: Evidence | None) -> Callable[[Record], str]:
    """What is said of a record, which knows the losses of the steps before it."""
    losses = [record.loss for record in read_log(folder)][: state.step]

    def said(record: Record) -> str:
        losses.append(record.loss)
        return _health(record, losses, evidence)

    return said


def _health(record: Record, losses: list[float], evidence: Evidence | None) -> str:
    """The mean loss of the last full window, beside the band that recorded runs kept to."""
    end = record.step // WINDOW * WINDOW
    window = losses[end - WINDOW : end] if end else losses
    mean = sum(window) / max(1, len(window))
    if evidence is None or end not in evidence.loss_bands:
        return f"loss {mean:.3f}"
    low, high = evidence.loss_bands[end]
    inside = "healthy" if low <= mean <= high else "OUTSIDE"
    return f"loss {mean:.3f} ({inside} {low:.2f}-{high:.2f})"
