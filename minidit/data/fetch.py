"""The rows of a data set, as `datasets` reads them: from a folder of parquet shards, or from the hub."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import shorten
from typing import Any

from minidit.errors import MiniditError

HELD_OUT = ("test", "validation")  # what to judge by, the better one first


def has_shards(folder: Path) -> bool:
    """Whether a folder holds parquet shards: directly or, as some sets of the hub do, one folder deeper."""
    return any(any(folder.glob(pattern)) for pattern in ("*.parquet", "*/*.parquet"))


def name_of(source: str) -> str:
    """The last part of what comes after hub: or folder:, such as cifar10."""
    return Path(source.partition(":")[2]).expanduser().resolve().name


def path_of(source: str) -> Path:
    """The path after folder:, with ~ and $NAME filled in. Raises MiniditError where NAME is not set."""
    path = Path(os.path.expandvars(source.partition(":")[2])).expanduser()
    unknown = re.search(r"\$\{?(\w+)", str(path))
    if unknown and not path.exists():
        name = unknown.group(1)
        raise MiniditError(
            f"{source} asks for the folder that {name} names, and {name} is not set: export {name}=FOLDER."
        )
    return path


def folder_of(source: str) -> Path | None:
    """Where a set lies on this machine; None for one that the network has to bring."""
    kind = source.partition(":")[0]
    if kind == "folder":
        return path_of(source)
    data = os.environ.get("MINIDIT_DATA")
    folder = Path(data).expanduser() / name_of(source) if data else None
    return folder if folder is not None and folder.is_dir() else None


@contextmanager
def opened(source: str) -> Iterator[dict[str, Any]]:
    """The rows to learn from and, where the set has some, those to judge by, under the names of their splits.

    They are readable until the context ends: a folder is unpacked into a temporary one, and asks no network.

    Raises:
        MiniditError: datasets is not installed, there is no such set, it cannot be read or reached, or
            none of its splits is for training.
    """
    try:
        import datasets
    except ImportError as error:
        raise MiniditError(
            "Data sets of the hub need datasets, which is not installed: "
            'pip install -c constraints.txt -e ".[hub]".'
        ) from error
    folder = folder_of(source)
    if folder is not None and not has_shards(folder):
        raise MiniditError(f"The folder {folder} holds no data set: put its *.parquet shards there.")
    with (
        TemporaryDirectory(prefix="minidit-", ignore_cleanup_errors=True) as cache,
        _hushed(folder is not None),
    ):
        try:
            if folder is not None:
                splits = datasets.load_dataset(str(folder), cache_dir=cache)
            else:
                splits = datasets.load_dataset(source.removeprefix("hub:"))
        except (datasets.exceptions.DatasetsError, OSError, ValueError) as error:
            raise MiniditError(_why(source, error)) from error
        yield _train_and_held_out(splits, source)


@contextmanager
def _hushed(silent: bool) -> Iterator[None]:
    """Without the progress lines of datasets: a folder takes a second or two. A download keeps them."""
    import datasets

    silent = silent and not datasets.are_progress_bars_disabled()
    if silent:
        datasets.disable_progress_bars()
    try:
        yield
    finally:
        if silent:
            datasets.enable_progress_bars()


def _why(source: str, error: Exception) -> str:
    """What kept datasets from reading a set, and what to do."""
    from datasets.exceptions import DatasetNotFoundError

    if isinstance(error, DatasetNotFoundError):
        return (
            f"The hub has no data set {source.removeprefix('hub:')} that is open to all. Look it up on "
            "https://huggingface.co/datasets, and write hub:OWNER/NAME."
        )
    reason = shorten(str(error.__cause__ or error), 300)
    if isinstance(error, ConnectionError):
        return (
            f"The hub could not be reached for {source} ({reason}). Connect to the network, or put the "
            f"set's *.parquet shards into a folder {name_of(source)} and name the folder around it in "
            "MINIDIT_DATA."
        )
    return f"{source} could not be read as a data set of the hub: {reason}"


def _train_and_held_out(splits: dict[str, Any], source: str) -> dict[str, Any]:
    """The split `train`, or the only one, and then `test` or `validation`, where there is one."""
    if "train" not in splits and len(splits) > 1:
        raise MiniditError(f"{source} has no split called train; it has: {', '.join(splits)}.")
    train = "train" if "train" in splits else next(iter(splits))
    apart = [name for name in HELD_OUT if name in splits and name != train]
    return {name: splits[name] for name in (train, *apart[:1])}
