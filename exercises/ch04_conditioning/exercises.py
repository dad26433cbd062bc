# %% [markdown]
# # Exercises to chapter 4
#
# Each asks for a function. Write it in place of the `raise`, run the cell, then run the check below it. A check draws fresh inputs each
# time. When it fails, it says what went wrong and, where it can, the likely mistake. `minidit.hint("4.3")` gives one hint at a
# time, three in all.

# %%
import torch
import torch.nn.functional as F
from torch import nn

import minidit
from minidit.types import Condition

# %% [markdown]
# ## 4.1 Modulate and gate a branch
#
# *15 minutes, medium.* One branch of a DiT block. Normalise each token to mean 0 and variance 1 (`F.layer_norm`, no gain, no
# bias). Modulate it: scale 0 and shift 0 leave it as it is. Let `f` work on it. Multiply the result by the gate, and add it to `x`.
# `shift`, `scale` and `gate` hold one vector for each image; all its tokens share it.


# %%
def branch(x: torch.Tensor, f, shift: torch.Tensor, scale: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
    """x (batch, tokens, dim); shift, scale, gate (batch, dim) -> (batch, tokens, dim)."""
    ### BEGIN SOLUTION
    shift, scale, gate = (part.unsqueeze(1) for part in (shift, scale, gate))
    y = F.layer_norm(x, x.shape[-1:], eps=1e-6)
    return x + gate * f(y * (1 + scale) + shift)
    ### END SOLUTION


# %%
minidit.check("4.1", branch)

# %% [markdown]
# ## 4.2 An init that survives `apply()`
#
# *15 minutes, medium.* Give every parameter of `model` its first value, in place. Linear layers start with Xavier's uniform weights
# (`nn.init.xavier_uniform_`) and zero biases. Only where adaLN-Zero wants zeros, weight and bias are both zero. There are three such
# places: `modulation` of every block in `model.blocks`; `model.final.modulation`; `model.final.linear`. Use `model.apply` for the
# first part. What the parameters hold when you are called is of no use.


# %%
def start(model: nn.Module) -> None:
    """Set every parameter of `model`, whose layers are all nn.Linear."""

    ### BEGIN SOLUTION
    def xavier(layer: nn.Module) -> None:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    model.apply(xavier)  # first all, then the exceptions: the last write wins
    for layer in (*(b.modulation for b in model.blocks), model.final.modulation, model.final.linear):
        nn.init.zeros_(layer.weight)
    ### END SOLUTION


# %%
minidit.check("4.2", start)

# %% [markdown]
# ## 4.3 The size of shared modulation
#
# *15 minutes, medium.* PixArt lets all blocks share one linear layer, from `dim` to `6 * dim`, with a bias. Each of `depth` blocks
# keeps only a table of shape `(6, dim)` that is added to the shared result. The final layer has a table `(2, dim)` and no linear layer
# of its own. How many parameters is that? Count first by hand, for dim = 2 and depth = 1.


# %%
def shared_size(dim: int, depth: int) -> int:
    """Parameters that make shifts, scales and gates in the whole network."""
    ### BEGIN SOLUTION
    shared = 6 * dim * (dim + 1)
    return shared + depth * 6 * dim + 2 * dim
    ### END SOLUTION


# %%
minidit.check("4.3", shared_size)

# %% [markdown]
# ## 4.4 The share of adaLN
#
# *10 minutes, easy.* Which share of a network's parameters makes shifts, scales and gates? You are given a network that
# `minidit.build` made, with a modulation in every block and in the final layer. Count it; do not trust 6/18.


# %%
def share(model: nn.Module) -> float:
    """A number between 0 and 1."""
    ### BEGIN SOLUTION
    sizes = {name: p.numel() for name, p in model.named_parameters()}
    return sum(n for name, n in sizes.items() if "modulation" in name) / sum(sizes.values())
    ### END SOLUTION


# %%
minidit.check("4.4", share)

# %% [markdown]
# ## 4.5 Sinusoidal features of the time
#
# *10 minutes, easy.* Turn one number into `dim` numbers. The frequencies are `10000 ** (-i / half)` for i = 0, 1, ... half - 1, where
# `half` is `dim / 2`. The features are the cosines of `scale * t` times each frequency, then the sines, in the same order.


# %%
def time_features(t: torch.Tensor, dim: int, scale: float) -> torch.Tensor:
    """t (batch,) -> (batch, dim), for an even dim."""
    ### BEGIN SOLUTION
    half = dim // 2
    frequencies = 10_000.0 ** (-torch.arange(half) / half)
    angles = scale * t[:, None] * frequencies  # (batch, 1) * (half,) -> (batch, half)
    return torch.cat([angles.cos(), angles.sin()], dim=1)
    ### END SOLUTION


# %%
minidit.check("4.5", time_features)

# %% [markdown]
# ## 4.6 Write the test: does it listen?
#
# *25 minutes, hard.* Somebody hands you a network. Write a test that raises `AssertionError` unless the network listens as it
# should. It must hear the time of each image and the label of each image. And where a label is hidden, it must not hear that label:
# guidance needs a null class that knows nothing.
#
# Call it as `model(x, t, Condition(labels=labels, drop=drop))`: x (batch, 1, 4, 4), t (batch,), labels (batch,) in 0 to 3, drop (batch,)
# of bools, True where the label is hidden. Your test must accept right networks, *also fresh ones*: you may change the weights. It must refuse
# seven wrong ones that you will not see.


# %%
def listens(model: nn.Module) -> None:
    """Raise AssertionError unless the model hears each t and each label, and no label that is hidden."""
    ### BEGIN SOLUTION
    for parameter in model.parameters():  # a fresh adaLN-Zero network hears nothing yet
        nn.init.normal_(parameter, std=0.5)
    x, t, labels = torch.randn(2, 1, 4, 4), torch.tensor([0.3, 0.7]), torch.tensor([0, 1])
    other_t, other_labels = torch.tensor([0.3, 0.2]), torch.tensor([0, 2])

    def last(t: torch.Tensor, labels: torch.Tensor, hidden: list[bool]) -> torch.Tensor:
        return model(x, t, Condition(labels=labels, drop=torch.tensor(hidden)))[1]

    for first_hidden in (False, True):
        seen, blind = [first_hidden, False], [first_hidden, True]
        before = last(t, labels, seen)
        assert not torch.allclose(before, last(other_t, labels, seen), atol=1e-4), "t is not heard"
        assert not torch.allclose(before, last(t, other_labels, seen), atol=1e-4), "the label is not heard"
        hidden = last(t, labels, blind), last(t, other_labels, blind)
        assert torch.allclose(*hidden, atol=1e-6), "a hidden label is heard"
    ### END SOLUTION


# %%
minidit.check("4.6", listens)
