"""An autoencoder by its name: a folder of our own, or a published one."""

from pathlib import Path

from minidit.errors import MiniditError
from minidit.files import network_file
from minidit.latent.coder import Coder
from minidit.latent.published import load_published
from minidit.latent.stored import NAME, read_vae

SHOWN = 8  # letters of a hash that stand behind "@"


def load_coder(name: str, device: str = "cpu") -> Coder:
    """The autoencoder called `name`: one that `minidit vae` wrote, one of the book, or a published one.

    Args:
        name: such as runs/vae-shapes, vae_f4c4, sd-vae or taef2. "@" and the first letters of the weights'
            sha256 may follow; then other weights are refused.
        device: where to put it.

    Raises:
        MiniditError: there is no such autoencoder, or its weights are not those that the name says.
    """
    plain, _, wanted = name.partition("@")
    path = Path(plain).expanduser()
    if path.is_dir() and (path / NAME).is_file():
        path = path / NAME
    if not path.is_file():
        path = network_file(plain) or path
    coder = read_vae(path, device) if path.is_file() else load_published(plain, device)
    found = coder.sha256()
    if not found.startswith(wanted):
        raise MiniditError(
            f"The weights of {plain} have changed: their sha256 begins with {found[:SHOWN]}; {wanted} was "
            "expected. What was made with the old ones needs them: bring them back, or train again."
        )
    return coder


def full_name(name: str, coder: Coder) -> str:
    """`name` with the hash of its weights, so that it means the same for ever."""
    return f"{name.partition('@')[0]}@{coder.sha256()[:SHOWN]}"
