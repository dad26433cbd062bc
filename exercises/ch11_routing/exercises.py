# %% [markdown]
# # Exercises to chapter 11
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it shows the smallest example it found and, where it can, the likely mistake. `minidit.hint("11.3")` gives one hint at a
# time, three in all.

# %%
from collections.abc import Callable

import torch

import minidit

# %% [markdown]
# ## 11.1 Route and unroute
#
# *15 minutes, medium.* In each image the `keep` tokens with the lowest keys run through `blocks`; all others skip them. `blocks` takes tokens (batch, keep, dim) and returns as many. It is a function like any
# span of blocks: tokens in it hear each other, and it does not care in which order they stand. Return all tokens at their own places: those that ran as the blocks returned them, the others as they were. Leave `x` itself unchanged, and let
# gradients pass both ways.


# %%
def routed(
    x: torch.Tensor, keys: torch.Tensor, keep: int, blocks: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """x (batch, tokens, dim), keys (batch, tokens) -> (batch, tokens, dim)."""
    ### BEGIN SOLUTION
    places = keys.argsort(dim=1)[:, :keep, None].expand(-1, -1, x.shape[-1])  # (batch, keep, dim)
    return x.scatter(1, places, blocks(x.gather(1, places)))
    ### END SOLUTION


# %%
minidit.check("11.1", routed)

# %% [markdown]
# ## 11.2 Evaluated with the route off
#
# *5 minutes, easy.* In training this network is called as `model(x, t, labels, keys=draw_keys())`: keys turn its route on. Networks are to be compared by a held-out error: the mean of the squared differences between the network's prediction and the
# velocity `v`, over all values. Return it as it has to be measured, for a network that will make pictures. (Not every argument is needed.)


# %%
def evaluate(
    model: Callable,
    x: torch.Tensor,
    t: torch.Tensor,
    labels: torch.Tensor,
    v: torch.Tensor,
    draw_keys: Callable[[], torch.Tensor],
) -> float:
    """x and v (batch, values), t (batch,), labels (batch,) -> the error, one number."""
    ### BEGIN SOLUTION
    return (model(x, t, labels) - v).square().mean().item()
    ### END SOLUTION


# %%
minidit.check("11.2", evaluate)

# %% [markdown]
# ## 11.3 What a route saves
#
# *15 minutes, medium.* Count multiplications. A block costs `12 * n * dim**2` for n tokens in its linear layers, and `2 * n**2 * dim` in the two products of attention. In training a share `skip` of the tokens skips blocks `start` to `end`, counted from 1 and both
# included; of `tokens` tokens `int(tokens * skip)` skip. Return what a pass through all `depth` blocks costs then, as a part of what it costs without the route. (All else of the network is left out.)


# %%
def share(tokens: int, dim: int, depth: int, start: int, end: int, skip: float) -> float:
    """The part of the blocks' cost that is left, from 0 to 1."""

    ### BEGIN SOLUTION
    def cost(n: int) -> int:
        return 12 * n * dim**2 + 2 * n**2 * dim

    spanned, kept = end - start + 1, tokens - int(tokens * skip)
    return (spanned * cost(kept) / cost(tokens) + depth - spanned) / depth
    ### END SOLUTION


# %%
minidit.check("11.3", share)

# %% [markdown]
# ## 11.4 Steps for equal FLOPs
#
# *10 minutes, medium.* The base trains for `base` steps. A step of it costs `outside`, in all that lies outside of the blocks, and `block` in each of `depth` blocks. With the route all blocks together cost the share `left` of that (the number of 11.3); the rest costs
# what it did. How many steps may the routed network take for the same sum? Return the nearest whole number.


# %%
def steps(base: int, outside: float, block: float, depth: int, left: float) -> int:
    """Steps of the routed network that cost what `base` steps cost without the route."""
    ### BEGIN SOLUTION
    blocks = depth * block
    return round(base * (outside + blocks) / (outside + blocks * left))
    ### END SOLUTION


# %%
minidit.check("11.4", steps)

# %% [markdown]
# ## 11.5 A control for a gain
#
# *15 minutes, medium.* "In training parts of the network were skipped, and the score improved: so the architecture is flawed." Three arms were trained with five seeds each: `none`; `route`, the accused one; and `control`, which skips as much by another rule and accuses no part. You are handed
# the held-out errors and the last training losses, `{arm: errors (seeds,)}`, and a bar: a difference counts when its mean over the seeds is more than the bar. (The court of chapter 9 would ask for an interval, and could leave it open; here the mean decides.) Answer with one of three:
#
# - `"no gain"`: the route is not better than none;
# - `"not beyond control"`: it is better than none, and not better than the control (whether or not the control is better than none);
# - `"beyond control"`: it is better than both. (Then something about the route is to be explained. That the architecture is flawed is one explanation, and not yet shown.)


# %%
def judge(held_out: dict[str, torch.Tensor], training: dict[str, torch.Tensor], bar: float) -> str:
    """Errors of the arms "none", "route" and "control", each (seeds,) -> one of the three answers."""
    ### BEGIN SOLUTION
    mean = {arm: errors.mean().item() for arm, errors in held_out.items()}
    if mean["none"] - mean["route"] <= bar:
        return "no gain"
    return "beyond control" if mean["control"] - mean["route"] > bar else "not beyond control"
    ### END SOLUTION


# %%
minidit.check("11.5", judge)

# %% [markdown]
# ## 11.6 Stochastic depth
#
# *15 minutes, medium.* `block(x)` returns the tokens behind a block, the old tokens included. In training each sample has a key, uniform in [0, 1). A sample whose key is below `rate` skips the block: its tokens stay. The others get what the block adds, made larger, so that the mean over keys is
# what the block adds. In evaluation `keys` is None, and nothing is skipped.


# %%
def skip(
    block: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor, keys: torch.Tensor | None, rate: float
) -> torch.Tensor:
    """x (batch, tokens, dim), keys (batch,) or None -> (batch, tokens, dim)."""
    ### BEGIN SOLUTION
    if keys is None:
        return block(x)
    alive = (keys >= rate)[:, None, None]  # (batch,) -> (batch, 1, 1)
    return torch.where(alive, x + (block(x) - x) / (1 - rate), x)
    ### END SOLUTION


# %%
minidit.check("11.6", skip)

# %% [markdown]
# ## 11.7 A probe and its control
#
# *15 minutes, medium.* `fit(features, classes)` returns a probe: a function from features to the classes that it reads. You have features and classes of training images (`x`, `y`) and of held-out images. Return two numbers. The score: the share of held-out images whose class is read rightly. And the
# control: the same with classes that mean nothing, `y[order]` and `held_y[held_order]`. If the control is far from chance, the score is not to be believed.


# %%
def probe(
    fit: Callable[[torch.Tensor, torch.Tensor], Callable[[torch.Tensor], torch.Tensor]],
    x: torch.Tensor,
    y: torch.Tensor,
    held_x: torch.Tensor,
    held_y: torch.Tensor,
    order: torch.Tensor,
    held_order: torch.Tensor,
) -> tuple[float, float]:
    """Features (n, dim), classes (n,), orders (n,) -> (score, control), each from 0 to 1."""

    ### BEGIN SOLUTION
    def right(read: torch.Tensor, true: torch.Tensor) -> float:
        return (read == true).double().mean().item()

    return right(fit(x, y)(held_x), held_y), right(fit(x, y[order])(held_x), held_y[held_order])
    ### END SOLUTION


# %%
minidit.check("11.7", probe)
