"""The training of an autoencoder, as a generator: the caller owns progress and pictures."""

import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from minidit.data.images import Data, Images
from minidit.latent.loss import Features, critic_loss, reconstruction_loss
from minidit.latent.standard import Standard
from minidit.latent.vae import VAE
from minidit.streams import Streams
from minidit.training.autoencoder import AutoencoderState
from minidit.training.records import Record, forget_after, log
from minidit.training.recovery import broken, diverged
from minidit.training.schedule import learning_rate
from minidit.training.state import refuse_another

MEASURED = 2048  # training images whose latents give the statistics
PIECE = 64  # images at once


def train_autoencoder(
    state: AutoencoderState,
    data: Data,
    features: Features | None = None,
    folder: str | Path | None = None,
    save_every: int = 200,
) -> Iterator[Record]:
    """Train `state` on `data.train`, a step at a time; stop asking for records to stop.

    Args:
        state: it is changed in place; at the end it knows the statistics of its latents.
        data: images; both sides must be multiples of the factor.
        features: what the perceptual part of the loss looks with, such as `judge.layers`.
        folder: where to save a checkpoint every `save_every` steps and at the end, and a log line a step.
        save_every: steps between checkpoints.

    Yields:
        A Record after each step; its loss is the weighted sum.

    Raises:
        MiniditError: images that do not fit, the folder holds another run, or the disk refuses.
        TrainingDiverged: a number is not finite; the last checkpoint is untouched.
    """
    config, streams = state.experiment.training, Streams(state.seed)
    device = next(state.vae.parameters()).device
    if folder is not None:
        refuse_another(Path(folder), state.experiment, state.seed)
        forget_after(Path(folder), state.step)
    while not state.finished:
        started, cpu_started, lr = time.perf_counter(), time.process_time(), learning_rate(config, state.step)
        images = data.train.batch(streams, state.step, config.batch_size).x.to(device)
        loss, norm = autoencoder_step(state, images, streams, features)
        if trouble := broken(loss, norm):
            raise diverged(state.step, trouble)
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
        if state.finished:
            state.vae.standard = measure_standard(state.vae, data.train)
        record = Record(state.step, loss, norm, lr, seconds, cpu_seconds)
        if folder is not None:
            log(Path(folder), record)
            if state.step % save_every == 0 or state.finished:
                state.save(folder)
        yield record


def autoencoder_step(
    state: AutoencoderState, images: Tensor, streams: Streams, features: Features | None = None
) -> tuple[float, float]:
    """Descend once, the critic after the autoencoder; the loss and the norm of its gradient.

    images: (b, c, h, w). The latent is drawn from the posterior, from the stream "latent".
    """
    experiment, config = state.experiment, state.experiment.training
    for _, _, optimizer in state.networks():
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config, state.step)
    posterior = state.vae.posterior(images)
    noise = torch.randn(posterior.mean.shape, generator=streams("latent", state.step)).to(images.device)
    reconstructed = state.vae.reconstruct(posterior.sample(noise))
    listened = state.critic is not None and state.step >= experiment.loss.critic_from * config.steps
    parts = reconstruction_loss(
        experiment.loss, images, reconstructed, posterior, features, state.critic if listened else None
    )
    norm = _descend(parts["total"], state.vae, state.optimizer, config.clip)
    if state.critic is not None:
        told = critic_loss(state.critic, images, reconstructed)
        _descend(told, state.critic, state.critic_optimizer, config.clip)
    state.step += 1
    return float(parts["total"].detach()), norm


def _descend(loss: Tensor, network: nn.Module, optimizer: Optimizer, clip: float) -> float:
    optimizer.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(network.parameters(), clip)
    optimizer.step()
    return float(norm)


def measure_standard(vae: VAE, images: Images) -> Standard:
    """The statistics of the latents of up to 2048 training images, spread evenly over them."""
    some = images.x[:: max(1, len(images) // MEASURED)][:MEASURED]
    device = next(vae.parameters()).device
    return Standard.of(torch.cat([vae.encode(part.to(device)).cpu() for part in some.split(PIECE)]))
