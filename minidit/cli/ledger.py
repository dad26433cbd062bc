"""`minidit ledger`: where a network's parameters sit, and where its multiplications go."""

from typing import Annotated

import tyro

from minidit.errors import MiniditError
from minidit.latent import ARCHITECTURES
from minidit.measure import Ledger, autoencoder_ledger, ledger, shares
from minidit.model.build import preset
from minidit.teach.progress import progress
from minidit.training.experiment import Experiment

ALL = "autoencoders"
STEP = """A training step: one encoding, and three forward passes of the transformer. Sampling: one
decoding, and one evaluation a step, two with guidance. Cached latents cost one encoding an
image, once."""


def command(
    network: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="NETWORK")] = "DiT-XL/2",
    overrides: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="KEY=VALUE")] = (),
    *,
    training: bool = False,
    caption_tokens: int = 120,
    resolution: int | None = None,
) -> int:
    """Count a network's parameters and MACs, part by part.

    Args:
        network: a preset, such as DiT-XL/2; or an autoencoder: sd-vae, va-vae, taesd, taef2; or autoencoders,
            which shows all of them, and their share of what training and sampling cost.
        overrides: settings that differ, such as modulation=shared or route=tread.
        training: count a pass of training, in which tokens skip a route or are masked.
        caption_tokens: tokens of a caption, where the network is told one.
        resolution: of an autoencoder's images, in pixels; 256 if none is given.
    """
    if network in (*ARCHITECTURES, ALL):
        if overrides or training or caption_tokens != 120:
            raise MiniditError(f"{network} has no settings here but --resolution; leave out the others.")
        _show_autoencoders(network, 256 if resolution is None else resolution)
        return 0
    if resolution is not None:
        raise MiniditError(
            f"--resolution is for autoencoders; the latents of {network} are input_size on a side: write "
            "input_size=64 for 512 pixels through sd-vae."
        )
    counted = ledger(network, training=training, caption_tokens=caption_tokens, **_read(network, overrides))
    print(counted, *_on_modulation(counted), sep="\n")
    return 0


def _show_autoencoders(network: str, resolution: int) -> None:
    if network != ALL:
        print(autoencoder_ledger(network, resolution))
        return
    found = [shares(name, resolution) for name in progress(ARCHITECTURES, "counting")]
    print(*(one.autoencoder for one in found), *found, STEP, sep="\n\n")


def _on_modulation(counted: Ledger) -> list[str]:
    """A line on the blocks' adaLN, where it is more than a table: it is what the debate is about."""
    adaln = [row for row in counted.rows if row.part == "modulation" and row.macs]
    return [
        f"adaLN, the blocks' modulation: {row.parameters / counted.parameters:.1%} of the parameters, "
        f"{row.macs / counted.macs:.1%} of the MACs."
        for row in adaln
    ]


def _read(network: str, overrides: tuple[str, ...]) -> dict[str, object]:
    """Read settings written as "modulation=shared" or "model.modulation=shared"."""
    if "=" in network:
        raise MiniditError(f"Name the network before its settings, such as: DiT-S/2 {network}.")
    changes = {}
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise MiniditError(
                f"{override!r} is not an override; write key=value, such as modulation=shared."
            )
        changes["model." + key.removeprefix("model.")] = value
    config = Experiment(model=preset(network)).override(changes).model
    names = (key.removeprefix("model.") for key in changes)
    return {name: getattr(config, name) for name in names}
