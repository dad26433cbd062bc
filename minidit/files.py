"""Files: where the committed networks lie, and writing that is never seen half done."""

import errno
import os
import tempfile
from pathlib import Path

from minidit.errors import MiniditError


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file so that it is never seen half-written.

    Raises:
        MiniditError: the disk refuses; what was there before is untouched.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError as error:
        _remove(partial)
        raise MiniditError(_cannot_write(path, path.parent, error)) from error
    return path


def writable(folder: Path) -> None:
    """Find out before an hour of work whether `folder` can be written to. Raises MiniditError if not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise MiniditError(_cannot_write(folder, folder, error)) from error


def network_file(name: str) -> Path | None:
    """A committed network's weights: beside the book in a clone, inside an installed package."""
    package = Path(__file__).resolve().parent
    folders = (package.parent / "book" / "artefacts" / "networks", package / "_networks")
    paths = (folder / f"{name}.safetensors" for folder in folders)
    return next((path for path in paths if path.is_file()), None)


def _remove(partial: Path) -> None:
    try:
        partial.unlink(missing_ok=True)
    except OSError:
        pass  # the folder itself is not there: nothing was left behind


def _cannot_write(path: Path, folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"The disk is full: {path} could not be written. What was saved there before is untouched; "
            "free some space and start the same command again."
        )
    if isinstance(error, NotADirectoryError | FileExistsError):
        return f"{folder} cannot be a folder, because a file is in the way. Choose another --out."
    return f"{path} could not be written ({error.strerror}). Choose a folder that you may write to."
