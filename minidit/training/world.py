"""The processes of a run: which one this is, how many there are, and what each of them works on.

Every process draws the global batch and takes its share of it. So one process and eight of them see the
same images, times and noise, and give the same losses up to rounding.
"""

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from minidit.errors import MiniditError


@dataclass(frozen=True)
class World:
    """rank: of this process, from 0. size: number of processes. One process alone is rank 0 of 1."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this process speaks for all: it writes what they share."""
        return self.rank == 0

    def share(self, batch: int) -> slice:
        """The images of a global batch that are this process's.

        Raises:
            MiniditError: the batch cannot be divided evenly.
        """
        each, rest = divmod(batch, self.size)
        if rest:
            raise MiniditError(
                f"A batch of {batch} cannot be divided evenly among {self.size} processes: start a number of "
                "processes that divides training.batch_size."
            )
        return slice(each * self.rank, each * (self.rank + 1))

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a scalar over the processes, the same on each of them."""
        if self.size == 1:
            return value
        total = value.clone()
        dist.all_reduce(total)
        return total / self.size

    def any(self, mine: bool) -> bool:
        """Whether `mine` is true on one of the processes: what all must do together, all must know."""
        if self.size == 1:
            return mine
        said = torch.tensor(float(mine), device="cuda" if dist.get_backend() == "nccl" else "cpu")
        dist.all_reduce(said, dist.ReduceOp.MAX)
        return bool(said)

    def wait(self) -> None:
        """Go on when all processes have come here."""
        if self.size > 1:
            dist.barrier()


def world() -> World:
    """The processes that `torchrun` started and `join` brought together; without it, this one alone."""
    if dist.is_available() and dist.is_initialized():
        return World(dist.get_rank(), dist.get_world_size())
    return World()


def join(device: str) -> str:
    """Meet the other processes that `torchrun` started, if it did; return this one's own device.

    On GPUs each process takes the one of its local rank, and NCCL carries what they say; elsewhere gloo does.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return device
    if device.startswith("cuda"):
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    store, rank, size = next(dist.rendezvous("env://"))
    # after a restart the store still holds the addresses of processes that are gone
    store = dist.PrefixStore(f"start {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
    backend = "nccl" if device.startswith("cuda") else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size)
    return device


def leave() -> None:
    """Part from the other processes; each is alone again."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
