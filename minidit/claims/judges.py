"""One judge for all runs of a trial: trained once, before them, and read back by each."""

from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save

from minidit.data.images import Data
from minidit.data.source import DataConfig, load
from minidit.files import write_whole
from minidit.measure.judge import Judge, Reader

# an arm may learn from few images; the judge of all arms has seen at least so many
IMAGES = 4096


def prepare(config: DataConfig, path: Path) -> Path:
    """Train the judge for `config`'s images and write it to `path`, unless it is there already."""
    if not path.is_file():
        if config.source == "shapes":
            config = replace(config, count=max(config.count, IMAGES))
        judge = Judge.train(load(config.pixels).train)
        write_whole(path, save(judge.reader.state_dict()))
    return path


def read(path: Path, data: Data, device: str | torch.device) -> Judge:
    """The judge in `path`, for images like those of `data`."""
    images = data.train
    reader = Reader(images.x.shape[1], images.x.shape[-1], len(images.class_names))
    reader.load_state_dict(load_file(path))
    return Judge(reader.to(device).eval())
