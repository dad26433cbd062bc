# %% [markdown]
# # Exercises to chapter 20
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("20.3")` gives one hint at a
# time, three in all. No exercise needs a GPU.

# %%
from collections.abc import Callable
from typing import Any

import torch

import minidit

# %% [markdown]
# ## 20.1 FLOPs and bytes of a block
#
# *20 minutes, medium.* A block of DiT without its norms: a linear layer to queries, keys and values, attention, a linear layer behind it, an MLP of two layers with `ratio` times the width in the middle, and adaLN, a linear layer from one vector an image to six. Count the products alone: no bias, no norm, no GELU, no
# gate. Return the FLOPs of a pass forwards, a MAC is two; and the bytes that must be moved at least. Each of the six parts reads its inputs and its weights once for the whole batch, and writes its result once. Attention is one fused part: it reads queries, keys and values, and its map is never written. A number has `size` bytes.


# %%
def block_cost(batch: int, tokens: int, dim: int, ratio: int, size: int) -> tuple[int, int]:
    """Images, tokens of each, width, the MLP's ratio, bytes of a number -> FLOPs, bytes."""
    ### BEGIN SOLUTION
    linear = tokens * (3 + 1 + 2 * ratio) * dim**2
    macs = batch * (linear + 2 * tokens**2 * dim + 6 * dim**2)
    weights = (3 + 1 + 2 * ratio + 6) * dim**2
    moved = (1 + 3) + (3 + 1) + (1 + 1) + 2 * (1 + ratio)  # qkv, attention, its output, the MLP
    numbers = weights + batch * tokens * dim * moved + batch * dim * (1 + 6)
    return 2 * macs, size * numbers
    ### END SOLUTION


# %%
minidit.check("20.1", block_cost)

# %% [markdown]
# ## 20.2 Memory of AdamW plus EMA
#
# *10 minutes, easy.* How many bytes does a network need between two steps, before any image has come? Return those of its weights, its gradients, AdamW's memory, and the EMA. Without `mixed` all numbers are float32. With `mixed` the products read bfloat16 weights and make bfloat16 gradients; a float32 copy of the weights
# takes the updates (count both copies as weights), and all that is averaged over many steps stays float32. Everything is shared out evenly over the `devices`: return the bytes on each. (The number of parameters can be divided by that of the devices.)


# %%
def training_memory(parameters: int, mixed: bool, devices: int) -> tuple[int, int, int, int]:
    """Parameters, mixed precision or not, devices -> bytes on each: weights, gradients, AdamW, EMA."""
    ### BEGIN SOLUTION
    each = parameters // devices
    weights, gradients = (2 + 4, 2) if mixed else (4, 4)
    return weights * each, gradients * each, 8 * each, 4 * each
    ### END SOLUTION


# %%
minidit.check("20.2", training_memory)

# %% [markdown]
# ## 20.3 Accumulate
#
# *20 minutes, medium.* The batch `x` does not fit: at most `size` images do. `loss(part)` is the *mean* loss of the images in `part`, made with `parameters`, a list of tensors. Return the gradients of the mean loss over all of `x`, one for each parameter, in their order. The last part may be smaller. The parameters come from a run, and
# have gradients of the step before in `.grad`. At no time may there be more than one part's graph, or nothing is saved.


# %%
def accumulate(
    loss: Callable[[torch.Tensor], torch.Tensor], parameters: list[torch.Tensor], x: torch.Tensor, size: int
) -> list[torch.Tensor]:
    """A mean loss, its parameters, images x (b, features), how many fit -> a gradient for each parameter."""
    ### BEGIN SOLUTION
    for parameter in parameters:
        parameter.grad = None
    for part in x.split(size):
        (loss(part) * len(part) / len(x)).backward()
    return [parameter.grad for parameter in parameters]
    ### END SOLUTION


# %%
minidit.check("20.3", accumulate)

# %% [markdown]
# ## 20.4 The noise of one process
#
# *15 minutes, medium.* Several processes train one network together. Each has a slice of the batch: of `world` processes, number `rank`, counted from 0, has the images from `rank * batch / world` on, `batch / world` of them. Return the noise for these images. `shape` is that of the *whole* batch, (batch, channels, height, width). `stream(step)` gives a
# fresh generator, the same one in every process. A run must have the same noise for the same images whatever `world` is, 1 included.


# %%
def local_noise(
    stream: Callable[[int], torch.Generator],
    step: int,
    shape: tuple[int, int, int, int],
    rank: int,
    world: int,
) -> torch.Tensor:
    """The run's stream, a step, the shape of the whole batch, this process of how many -> its noise."""
    ### BEGIN SOLUTION
    size = shape[0] // world
    noise = torch.randn(shape, generator=stream(step))
    return noise[rank * size : (rank + 1) * size]
    ### END SOLUTION


# %%
minidit.check("20.4", local_noise)

# %% [markdown]
# ## 20.5 A checkpoint that continues exactly
#
# *20 minutes, medium.* A run is killed. It should go on as if nothing had happened, to the last bit. Its chance, unlike minidit's, has a memory: one generator draws batches and noise, one after the other. A `run` has `images`, the data set; the tensors `weights`, `first` and `second` (AdamW's moments, updated in place) and `ema`; the whole
# numbers `step` and `averaged` (how often the EMA was updated); and `generator`, a `torch.Generator`. Return a dictionary: the name of an attribute, and what is to be kept of it; for the generator that is its state, `get_state()`. A fresh process has the images and the seed already, and everything else as it is before the first step. After you return, the
# run goes on training.


# %%
def checkpoint(run: Any) -> dict[str, Any]:
    """A run -> {name: what must be kept so that a fresh process continues exactly}."""
    ### BEGIN SOLUTION
    tensors = {name: getattr(run, name).clone() for name in ("weights", "first", "second", "ema")}
    counts = {"step": run.step, "averaged": run.averaged}
    return {**tensors, **counts, "generator": run.generator.get_state()}
    ### END SOLUTION


# %%
minidit.check("20.5", checkpoint)

# %% [markdown]
# ## 20.6 What share of the peak
#
# *15 minutes, medium.* Somebody reports the speed of a training. `gmacs` are thousand millions of MACs of one pass forwards for one image; `batch` is of all `devices` together; `sheet` is the data sheet of one device, FLOPs a second by the name of a precision, and has peaks for sparse matrices too; `precision` is the one that
# was used, with dense matrices. Return how many percent of the peak of the devices were used, and how many device hours `steps` steps take. A step goes forwards and back, and going back costs two passes forwards.


# %%
def utilisation(
    gmacs: float,
    batch: int,
    steps_per_second: float,
    devices: int,
    steps: int,
    sheet: dict[str, float],
    precision: str,
) -> tuple[float, float]:
    """A reported speed and a data sheet -> percent of the peak, device hours."""
    ### BEGIN SOLUTION
    flops_of_a_step = 3 * 2 * gmacs * 1e9 * batch
    percent = 100 * flops_of_a_step * steps_per_second / (devices * sheet[precision])
    return percent, devices * steps / steps_per_second / 3600
    ### END SOLUTION


# %%
minidit.check("20.6", utilisation)
