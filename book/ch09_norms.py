# %% [markdown]
# # Chapter 9: Where should the norm stand?
#
# | | |
# |---|---|
# | **Question** | A norm can stand before a branch, behind the sum, or on both sides of the branch. Where does it stand in DiT? Does it do harm elsewhere? And is it wrong that DiT's norms have no gain and bias of their own? |
# | **You will be able to** | tell by an experiment where a norm stands; say what each place does to tokens and gradients before any training; read a claim card and its verdict, and say what "inconclusive" does not mean; read learning-rate curves with care; merge a gain and a bias away |
# | **Minutes** | 2 on two cores, most of it four short training runs; about 5 on an A100 with the `a100` settings (an estimate: they have not been run, and there is no evidence at that scale yet) |
# | **Claims** | C01 (where the norm stands), C18 (what mends post-norm), C10 (is it as good, with gates?) and C06 (gain and bias), tried at scale `cpu` |
#
# In August 2025 a post said that DiT is "mathematically wrong". One of its points was about norms. We know that point only in summary: DiT is *post-norm* throughout, and post-norm is unstable where
# values range so widely. An author of DiT replied that there is "no evidence that post-norm is hurting anything". In the words that we have, both sides speak of post-norm. So the first question is whether DiT is that at all.
#
# This chapter opens Part II. From here on somebody claims something, we make of it a sentence that can be false, and then we try it.

# %%
import math
from statistics import mean
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from scipy import stats
from torch.testing import assert_close

import minidit
from minidit import TrainState, teach
from minidit.claims import facts
from minidit.claims.norms import STREAMS, apart, norms_readout
from minidit.claims.plan import at_the_edge
from minidit.claims.statistics import interval
from minidit.claims.tried import tried
from minidit.data import load
from minidit.measure import smooth, watch_branches
from minidit.measure.branches import rms
from minidit.measure.fixed import some
from minidit.model.attention import attention_maps
from minidit.model.block import Given
from minidit.model.norm import norm
from minidit.model.patch import patchify
from minidit.model.placement import PLACEMENTS, modulate
from minidit.teach.dots import dots
from minidit.teach.figures import ACCENT, INK, MUTED
from minidit.teach.verdicts import verdicts
from minidit.training.loop import draw_step

_ = torch.set_num_threads(1)  # faster at this size than two, and repeatable to the last bit

# %%
small = ("model.patch_size=4", "model.depth=16", "training.steps=400")
experiment, moments = teach.settings(  # at these steps of a run we look into it; the last is its end
    cpu=(minidit.experiment("shapes", small), (0, 1, 2, 3, 5, 10, 20, 100)),
    a100=(minidit.experiment("shapes-a100", ("model.depth=16",)), (0, 1, 2, 3, 5, 10, 20, 600)),
)

# %%
data, device = load(experiment.data), teach.device()
depth = experiment.model.depth
print(f"{depth} blocks, {experiment.model.tokens} tokens of {experiment.model.dim} numbers")

# %% [markdown]
# ## Three places
#
# A block has two *branches*, attention and the MLP. Each reads the tokens $x$ and adds something to them. The line from $x$ to $x$, past all branches, is the *residual stream*. A norm $N$ takes each token, subtracts its mean and divides by its deviation. Where may it stand?

# %%
plans = {
    "pre-norm": ("norm", "branch", "+"),
    "post-norm": ("branch", "+", "norm"),
    "sandwich": ("norm", "branch", "norm'", "+"),
}


def plan(axes, title, parts):
    """One branch, from below upwards: the stream is the left line, and what stands in it stands on it."""
    split = parts.index("+")
    axes.plot([0, 0], [-0.6, 3.9], color=INK, linewidth=2)
    axes.plot([0, 1, 1, 0], [-0.2, -0.2, split - 0.1, split - 0.1], color=MUTED, linewidth=1.4)
    for height, part in enumerate(parts):
        in_stream = height >= split
        colour = ACCENT if "norm" in part else INK
        box = {"boxstyle": "circle" if part == "+" else "round", "fc": "white", "ec": colour}
        height = height - 0.1 if part == "+" else height + 0.25
        axes.text(0 if in_stream else 1, height, part, color=colour, ha="center", va="center", bbox=box)
    axes.set_title(title, fontsize=11, color=INK)
    axes.set(xlim=(-0.8, 1.8), ylim=(-0.7, 4))
    axes.axis("off")


# %%
figure, panels = plt.subplots(1, 3, figsize=(7, 3.2))
for axes, (title, parts) in zip(panels, plans.items(), strict=True):
    plan(axes, title, parts)
teach.show(
    figure,
    alt="Three drawings, to be read upwards. Pre-norm: the norm stands in the branch, before it, and nothing but the sum stands in the stream. "
    "Post-norm: the norm stands in the stream, above the sum. Sandwich: a norm before the branch and one behind it, both off the stream.",
)

# %% [markdown]
# The black line is the stream. What matters is whether a norm stands *on* it. The transformer of 2017 had it there: post-norm. Most later ones have it in the branch: pre-norm.
#
# In formulas, with the shift and scale that adaLN makes (chapter 4) as `modulate`, and with the gate $g$:
#
# $$ \text{pre:}\ \ x + g\,f(\mathrm{mod}(N(x))) \qquad \text{post:}\ \ N(x + g\,f(\mathrm{mod}(x))) \qquad \text{sandwich:}\ \ x + g\,N'(f(\mathrm{mod}(N(x)))) $$


# %%
def my_pre(x, f, norms, shift, scale, gate):
    return x + gate * f(modulate(norms[0](x), shift, scale))


def my_post(x, f, norms, shift, scale, gate):
    return norms[0](x + gate * f(modulate(x, shift, scale)))


def my_sandwich(x, f, norms, shift, scale, gate):
    return x + gate * norms[1](f(modulate(norms[0](x), shift, scale)))


# %%
draw = minidit.generator(0, "chapter 9")
x = torch.randn(4, 16, 64, generator=draw)
shift, scale, gate = torch.randn(3, 4, 1, 64, generator=draw)
mix, norms = torch.randn(64, 64, generator=draw) / 8, [norm("layer", 64), norm("layer", 64)]
for name, mine in {"pre": my_pre, "post": my_post, "sandwich": my_sandwich}.items():
    inputs = (x, lambda y: torch.relu(y @ mix), norms, shift, scale, gate)
    assert_close(mine(*inputs), PLACEMENTS[name](*inputs))
print("three lines for three places: the library's say the same")

# %% [markdown]
# ## A fact, by experiment
#
# DiT's paper draws its norm inside the branch, and its code writes `x + gate * f(modulate(norm(x)))`. You can read that. But code has names and comments, and those can mislead (exercise 9.1 tells of a well-known tutorial whose prose gives one formula and whose code does another, with one line of comment to say so). An experiment cannot be talked into anything.
#
# Feed a block tokens that are very large. Then feed them twice as large. If a norm stands on the stream, they come out as before: a norm does not care how large its tokens are. In pre-norm and in a sandwich they come out twice as large: there the branch reads tokens that are normed, so what it adds is of ordinary size, and beside such tokens it does not count.


# %%
def doubled(placement):
    """Size of a block's tokens when they come in twice as large, over their size before."""
    block = minidit.build(experiment.model, placement=placement, zero_init="none").blocks[0]
    large = 1e6 * torch.randn(4, 16, experiment.model.dim, generator=minidit.generator(0, "large"))
    given = Given(torch.randn(4, 1, large.shape[-1], generator=minidit.generator(0, "condition")))
    with torch.no_grad():
        return (block(2 * large, given).norm() / block(large, given).norm()).item()


# %%
for placement in PLACEMENTS:
    print(f"{placement:>8}: tokens twice as large come out {doubled(placement):.2f} times as large")
print(f"the library's DiT block: {facts.FACTS['fact.doubled.DiT']():.2f}")

# %% [markdown]
# No norm stands on the stream, so the library's DiT block is not post-norm. Doubling says no more than that: a sandwich gives 2.00 too. That DiT's norm stands before the branch, and none behind it, you read in the code: pre-norm. And is the library's block DiT's? `tests/official` loads networks in the published layout and compares their answers with code that was written apart.
#
# On the point of fact the critic, as summarised, was wrong; and the reply, in the one sentence that we have, let the word pass. That settles what DiT is. It does not settle what post-norm does, and that is the more interesting question.
#
# ## Predict
#
# Take a network of 16 blocks with random weights, without gates, never trained. Draw its weights five times.

# %%
teach.predict(
    "ch09.tokens",
    "With post-norm every token has the same size behind every block. What do the tokens of many noisy images look\n"
    "like behind block 16?",
    choices={
        "a": "as different from each other as behind block 1: a norm changes sizes, not directions",
        "b": "alike wherever they stand in an image, and in most draws little is left of what differs from image to image",
        "c": "alike within an image, and in every draw clearly different from image to image",
    },
    guess=None,
)

# %%
teach.predict(
    "ch09.gradient",
    "And the gradient in the weights of block 1, with post-norm, before the first step of training? Beside pre-norm's it is",
    choices={"a": "thousands of times smaller", "b": "of the same order", "c": "thousands of times larger"},
    guess=None,
)

# %%
teach.predict(
    "ch09.train",
    "We train post-norm at depth 16 without gates for 400 steps, at each of four learning rates. At the best of them it will",
    choices={
        "a": "train as well as pre-norm: the rate was chosen for it",
        "b": "train, but end clearly worse",
        "c": "stay at the error of an answer that is the same everywhere in the image",
    },
    guess=None,
)

# %% [markdown]
# ## The idea
#
# Let the stream start with variance 1, and let each branch add something of variance $s^2$ that has nothing to do with $x$. There are $L$ branches, two for each block.
#
# *Pre-norm.* Nothing stands on the stream. Variances add up:
#
# $$ \mathrm{var}(x_L) = 1 + L s^2 , \qquad \text{share of the input} = \frac{1}{1 + L s^2} . $$
#
# The input's share falls like $1/L$. It fades slowly, as a voice does when others begin to speak.
#
# *Post-norm.* After each sum the variance is $1 + s^2$, and the norm divides by it. So the input's share is multiplied by the same factor every time:
#
# $$ \mathrm{var}(x_L) = 1 , \qquad \text{share of the input} = \frac{1}{(1 + s^2)^{L}} . $$
#
# That is exponential. With a branch as large as the stream, $s = 1$, and 32 branches, $2^{-32}$ of the variance is left.
#
# Two remarks. A small gate is a small $s$: with $s = 0.1$ the same 32 branches leave 73 %. And the first sentence of this section cheats: a branch does have to do with $x$. The MLP reads one token and answers about that token. What it adds is new, and still belongs to that token. So the formula says what is left of a literal copy of the input. What is left of what *belongs to the token* we must measure.
#
# First the formula, with branches that are pure noise.


# %%
def fade(placement, s, branches, width=4096):
    """Variance of a stream, and the input's share of it, when branches add noise of deviation s."""
    chance = minidit.generator(0, f"fade {placement} {s}")
    start = torch.randn(64, width, generator=chance)
    x = start
    for _ in range(branches):
        x = x + s * torch.randn(64, width, generator=chance)
        x = norm("layer", width)(x) if placement == "post" else x
    left = (x * start).mean() / start.square().mean()  # how much of a copy is in x
    return x.var().item(), (left**2 * start.var() / x.var()).item()


# %%
def formula(placement, s, branches):
    one = 1 + s * s
    return (
        (1.0, one**-branches) if placement == "post" else (1 + branches * s * s, 1 / (1 + branches * s * s))
    )


# %%
print("branches  s        pre: variance, share     post: variance, share")
for branches, s in ((2, 1.0), (8, 1.0), (32, 0.5), (32, 0.1)):
    row = []
    for placement in ("pre", "post"):
        found, right = fade(placement, s, branches), formula(placement, s, branches)
        assert_close(torch.tensor(found), torch.tensor(right), rtol=0.05, atol=2e-3)
        row.append(f"{right[0]:>10.2f}, {right[1]:<9.2g}")
    print(f"{branches:>8}  {s:<4} {'   '.join(row)}")

# %% [markdown]
# Noise and formula agree (the cell asserts it).
#
# ## What a token has of its own
#
# Now real networks. Give one 64 noisy images, and look at the tokens behind each block: 64 images, 16 places. Every token can be split into four parts that add up:
#
# - *common*: the mean over all images and places;
# - *place*: what all images share at this place, beyond that;
# - *image*: what all places of this image share, beyond that;
# - *own*: the rest.
#
# The four are orthogonal, so their mean squares add up, and each has a share. To draw an image the network needs the last one: what is at *this* place of *this* image.


# %%
def shares(x):
    """Tokens (images, places, dim) -> the shares of common, place, image and own in their mean square."""
    common = x.mean((0, 1), keepdim=True)
    place, image = x.mean(0, keepdim=True) - common, x.mean(1, keepdim=True) - common
    own = x - common - place - image
    return [
        part.square().expand_as(x).mean().item() / x.square().mean().item()
        for part in (common, place, image, own)
    ]


# %%
assert abs(sum(shares(x)) - 1) < 1e-5
print("the four shares sum to 1")

# %%
probe = data.held_out.at(torch.arange(64)).to(device)
noise = torch.randn(probe.x.shape, generator=minidit.generator(0, "chapter 9, probe")).to(device)
half = torch.full((len(noise),), 0.5, device=device)


# %%
@torch.no_grad()
def tokens_of(network):
    """The tokens before block 1 and behind every block, for noisy images half way to the data."""
    seen = []
    hooks = [network.blocks[0].register_forward_pre_hook(lambda block, given: seen.append(given[0]))]
    hooks += [
        block.register_forward_hook(lambda block, given, out: seen.append(out)) for block in network.blocks
    ]
    network((probe.x + noise) / 2, half, probe.condition.labels)
    for hook in hooks:
        hook.remove()
    return seen


# %%
def fresh(placement, gate=False, zero_init="none", seed=0, **settings):
    """A run before its first step."""
    changes = {"model.placement": placement, "model.gate": gate, "model.zero_init": zero_init} | settings
    return TrainState.create(experiment.override(changes), seed, device)


# %%
start = {placement: tokens_of(fresh(placement).model) for placement in PLACEMENTS}
print(f"{len(start['pre'])} readings each: before block 1, and behind blocks 1 to {depth}")

# %%
COLOURS = {"common": "#d7dde3", "place": "#a9c1d6", "image": "#5d93c4", "own": ACCENT}


def stacked(axes, tokens, title):
    """The four shares block by block, as a stack."""
    parts = torch.tensor([shares(x) for x in tokens]).T
    axes.stackplot(
        range(len(tokens)), *parts.flip(0), colors=list(COLOURS.values())[::-1], labels=list(COLOURS)[::-1]
    )
    axes.set(xlim=(0, len(tokens) - 1), ylim=(0, 0.5), xlabel="behind block")
    axes.set_title(title, fontsize=10, color=INK)


# %%
figure, panels = plt.subplots(1, 3, figsize=(8, 2.7), sharey=True)
for axes, (placement, tokens) in zip(panels, start.items(), strict=True):
    stacked(axes, tokens, placement)
panels[0].set_ylabel("share (axis cut at 0.5)")
handles, labels = panels[0].get_legend_handles_labels()
figure.legend(handles, labels, ncols=4, loc="lower center", frameon=False, fontsize=9)
figure.tight_layout(rect=(0, 0.09, 1, 1))
teach.show(
    figure,
    alt="Shares behind each block at the start, for three placements, drawn up to one half. Before block 1 a quarter of the tokens is their own, and most of the rest is common. With post-norm the "
    "band of their own closes, and behind block 16 nearly all is common. With pre-norm and sandwich it narrows and stays open.",
)

# %%
print(f"{'own share':>9}   before block 1   block 4   block 8   block {depth}")
for placement, tokens in start.items():
    at = [shares(tokens[k])[3] for k in (0, 4, 8, depth)]
    print(f"{placement:>9}   {at[0]:>14.3f}   {at[1]:>7.3f}   {at[2]:>7.3f}   {at[3]:>8.4f}")

# %%
print(f"post-norm, shares behind block {depth}, five draws of the weights")
behind = [shares(tokens_of(fresh("post", seed=seed).model)[-1]) for seed in range(5)]
for k, part in enumerate(COLOURS):
    print(f"{part:>9}: " + "  ".join(f"{draw[k]:.4f}" for draw in behind))

# %%
print("place and own together below 0.02 in all draws:", all(one[1] + one[3] < 0.02 for one in behind))
print("image below 0.1 in", sum(one[2] < 0.1 for one in behind), "draws of 5")
teach.compare("ch09.tokens", "b", "little is a token's own in any draw; in one of five, images stay apart.")

# %% [markdown]
# Behind block 16 of post-norm nearly the whole of every token is what all tokens of its image have in common, and in four draws of five it is what *all* tokens have in common. The *head*, the last layer, has to turn each token into a patch of the answer, and is given next to the same token everywhere. The norm made all tokens equally long, and it says nothing about that.
#
# Who does it? A block has three suspects: attention, which averages over places; the MLP; and the modulation, whose shift is the same for every token of an image. Silence them one by one.


# %%
@torch.no_grad()
def silenced(state, *parts):
    """The same network with some parts of every block at zero."""
    for block in state.model.blocks:
        for part in parts:
            for parameter in getattr(block, part).parameters():
                parameter.zero_()
    return state.model


# %%
suspects = {
    "nothing silenced": (),
    "without modulation": ("modulation",),
    "without the MLP": ("mlp",),
    "without attention": ("attention",),
}


# %%
def last_own(placement, *parts):
    """Own share behind the last block, with parts silenced, for five draws of the weights."""
    return [shares(tokens_of(silenced(fresh(placement, seed=seed), *parts))[-1])[3] for seed in range(5)]


# %%
print(f"own share behind block {depth}, five draws of the weights")
last = {words: last_own("post", *parts) for words, parts in suspects.items()}
last |= {"pre, nothing silenced": last_own("pre"), "pre, without attention": last_own("pre", "attention")}
for words, values in last.items():
    print(f"{words:>22}: " + "  ".join(f"{value:.4f}" for value in values))

# %%
assert max(last["without the MLP"]) < 0.05 < 0.2 < min(last["without attention"])
assert max(last["pre, nothing silenced"]) < 0.1 < 0.2 < min(last["pre, without attention"])
print("attention makes tokens alike, in post-norm and in pre-norm: without it, own shares stay")

# %% [markdown]
# It is attention. With random weights its map is nearly flat, as the entropy of its rows shows, told as a part of the largest possible: each place receives about the mean over all places. So attention adds nearly the same vector to every token.


# %%
def evenness(weights):
    """Entropy of the rows of an attention map (..., tokens, tokens), as a part of the largest: 1 is flat."""
    return (-weights * weights.log()).sum(-1).mean().item() / math.log(weights.shape[-1])


network = fresh("post").model
with attention_maps(network) as maps:
    _ = tokens_of(network)
for k in (1, 8, depth):
    print(f"block {k:>2}: {100 * evenness(maps[f'blocks.{k - 1}.attention']):.1f} %")

# %% [markdown]
# Pre-norm has the same attention, and keeps more of its tokens. What differs is how loud the average is beside the stream that it is added to. Here is that loudness, the $s$ of the formula, block by block.


# %%
def loudness(network):
    """Tokens before block 1 and behind every block, and attention's update over its stream, by block."""
    with watch_branches(network) as seen:
        tokens = tokens_of(network)
    return tokens, [seen[k]["attention"].update / rms(tokens[k - 1]) for k in sorted(seen)]


# %%
print("attention's update over the stream, means of five draws; behind it the size of the stream")
at = (1, 4, 8, depth)
for placement in ("pre", "post"):
    five = [loudness(fresh(placement, seed=seed).model) for seed in range(5)]
    loud = {k: mean(row[k - 1] for _, row in five) for k in at}
    size = {k: mean(rms(tokens[k]) for tokens, _ in five) for k in at}
    print(f"{placement:>5}: " + "   ".join(f"block {k} {loud[k]:.2f} ({size[k]:.1f})" for k in at))

# %% [markdown]
# In pre-norm the stream grows, so each further average is quieter beside it. Post-norm brings the sum back to size 1, so the sixteenth average is as loud beside the stream as the first. That is what its norm does here. Shrinking alone would do nothing: a share does not change when the whole token is made smaller.
#
# With attention alone the formula of the last section can be held against the measured share, since an average over all places holds nothing that is one token's own.

# %%
print("post-norm, attention alone: own share by the formula, and measured")
for seed in range(5):
    tokens, loud = loudness(silenced(fresh("post", seed=seed), "mlp"))
    formed = shares(tokens[0])[3] / math.prod(1 + s * s for s in loud)
    found = shares(tokens[-1])[3]
    print(f"   seed {seed}: {formed:.4f}, {found:.4f}; within a factor of 2.5: {0.4 < formed / found < 2.5}")

# %% [markdown]
# It is not far off. The MLP is what the formula does not know: it answers about the token that it reads.
#
# All this has a name, *rank collapse*: all tokens point one way. It was shown for attention without residual stream by Dong et al. (2021), and with one by Noci et al. (2022).
#
# ## And the gradient?
#
# Here is the size of the gradient in the weights of each block, for one batch of training, before any step. Again with five draws of the weights.


# %%
def by_block(state):
    """The size of the gradient in blocks 1, 2, ..., for one batch."""
    found = norms_readout(state, data)
    return [found[f"gradient.block{k}"] for k in range(1, len(state.model.blocks) + 1)]


# %%
gradients = {
    placement: [by_block(fresh(placement, seed=seed)) for seed in range(5)] for placement in PLACEMENTS
}

# %%
figure, axes = plt.subplots(figsize=(6.4, 2.9))
looks = {"pre": (INK, "-"), "post": (ACCENT, "-"), "sandwich": ("#2b6cb0", "--")}
for placement, (colour, line) in looks.items():
    for seed, sizes in enumerate(gradients[placement]):
        label = placement if seed == 0 else None
        axes.plot(range(1, depth + 1), sizes, line, color=colour, linewidth=0.9, label=label)
axes.set(xlabel="block", ylabel="size of the gradient", ylim=(0, None), xticks=(1, 4, 8, 12, 16))
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, fontsize=9)
teach.show(
    figure,
    alt="Size of the gradient in blocks 1 to 16 at the start, a thin line for each of five draws and three placements. All lie between about one and six. Pre-norm's and the sandwich's fall along the blocks. "
    "Post-norm's have no shape in common, and in the last blocks they lie above all others.",
)

# %%
pairs_of = list(zip(gradients["post"], gradients["pre"], strict=True))
first, last_block = ([post[k] / pre[k] for post, pre in pairs_of] for k in (0, -1))
print("post-norm over pre-norm, block 1:  " + "  ".join(f"{ratio:.1f}" for ratio in first))
print(f"post-norm over pre-norm, block {depth}: " + "  ".join(f"{ratio:.1f}" for ratio in last_block))
print(
    "post-norm, last block over first:  " + "  ".join(f"{one[-1] / one[0]:.1f}" for one in gradients["post"])
)
print(f"block 1, of the same order in {sum(0.1 < ratio < 10 for ratio in first)} draws of 5")
print(f"block {depth}, more than twice pre-norm's in {sum(ratio > 2 for ratio in last_block)} draws of 5")
teach.compare("ch09.gradient", "b", "no block's gradient has vanished, not before the first step.")

# %% [markdown]
# So the usual sentence, "post-norm fails because gradients vanish", is not what we see at the start. How post-norm's gradient runs along the blocks is luck: the third line says so. What holds in every draw is that the last block's is larger than pre-norm's. That is what Xiong et al. (2020) derive for the last layer of post-norm, and they give it as the reason why post-norm needs a slow start (*warm-up*).
#
# But a block is many weights, and its sum can hide a part. Look at queries and keys, the weights that decide who looks at whom.


# %%
def questions(placement, seed):
    """Size of the gradient in the queries and keys of the last block, for the same batch."""
    state = fresh(placement, seed=seed)
    batch = some(data.train, 128)
    loss = experiment.objective.loss(state.model, batch, draw_step(state.experiment, batch, STREAMS, 0)).total
    weight = state.model.blocks[-1].attention.qkv.weight  # (queries, keys and values; dim)
    return torch.autograd.grad(loss, weight)[0][: 2 * experiment.model.dim].norm().item()


# %%
asked = {placement: [questions(placement, seed) for seed in range(5)] for placement in ("pre", "post")}
for placement, sizes in asked.items():
    print(f"queries and keys of block {depth}, {placement:>4}: " + "  ".join(f"{size:.4f}" for size in sizes))
smaller = sum(post < pre / 2 for post, pre in zip(asked["post"], asked["pre"], strict=True))
print(f"post-norm's below half of pre-norm's in {smaller} draws of 5")

# %% [markdown]
# These are small in post-norm, as Noci et al. say: where all tokens are alike, it makes no difference who looks at whom, and so nothing tells attention how to look.
#
# **A trap.** Read the same with DiT's zeros in place:

# %%
zeros = norms_readout(fresh("pre", gate=True, zero_init="both"), data)
print("DiT as it is, before the first step:", {zeros[f"gradient.block{k}"] for k in range(1, depth + 1)})

# %% [markdown]
# All exactly 0, in a network that trains very well. Its last layer starts at zero, so nothing comes back through it in the first step. That is no vanishing gradient. It is a reading that says nothing. That is why the networks above start nothing at zero.
#
# ## Sixteen blocks, trained
#
# Now train. This was tried before, on a *claim card*: a file that says, before the runs that count, what will be tried and what will decide. Card C01 asks where the norm should stand. Each of its networks is an *arm*. *Recorded* means that the arm's runs were made once, with five seeds, and their numbers kept (`book/evidence/C01.cpu.json`). How such a trial is judged is told below, in "The court".
#
# Three arms of 16 blocks see the same images and the same noise. (A fourth follows.) The card tried each arm at four learning rates, with one seed that is not used again, and kept the best. We do not run all 400 steps of the recorded runs, but the first part of them, and we look into the networks on the way.

# %%
case = tried("C01")
NONE = "gate=false,zero_init=none,depth=16"
arms = {
    "pre": NONE,
    "post": f"placement=post,{NONE}",
    "post, gates": "placement=post,zero_init=none,depth=16",
}


def tuning(arm):
    """Held-out error of the tuning seed at every rate: {rate: error}."""
    runs = [run for run in case.trial.runs if (run.role, run.arm) == ("tune", arm)]
    return {run.tuned: run.readouts["velocity.held_out"] for run in sorted(runs, key=lambda run: run.tuned)}


# %%
for words, arm in arms.items():
    tries = "  ".join(f"{rate:g}: {error:.4f}" for rate, error in tuning(arm).items())
    print(f"{words:>12}: {tries}   kept {case.trial.arms[arm].tuned:g}")

# %% [markdown]
# For *post* the four errors tie. All four runs failed, and 0.018 was kept for the fourth digit: that is no choice.


# %%
def learn(settings, prepare=lambda network: None, seed=0, stops=moments):
    """Train for the first steps: losses; at `stops` own shares, gradients by block, and how loud attention is."""
    state = TrainState.create(experiment.override(settings), seed, device)
    prepare(state.model)
    seen = SimpleNamespace(losses=[], own=[], gradient=[], loud=[])
    for stop in stops:
        seen.losses += [record.loss for record in minidit.train(state, data, until=stop)]
        tokens, loud = loudness(state.model)
        seen.own.append(shares(tokens[-1])[3])
        seen.loud.append(mean(loud))
        seen.gradient.append(by_block(state))
    with torch.no_grad():
        answers = state.model((probe.x + noise) / 2, half, probe.condition.labels)
    seen.said = shares(patchify(answers, experiment.model.patch_size))  # of the patches it answers with
    return seen


# %%
def settings_of(case, arm):
    """What the arm changes, with the rate that was chosen for it."""
    return case.trial.arms[arm].settings | {"training.lr": case.trial.arms[arm].tuned}


# %%
runs = {words: learn(settings_of(case, arm)) for words, arm in arms.items()}

# %% [markdown]
# To read a loss we need something to hold it against. What would it cost to answer without looking at the image? Four such answers: one image for all; one image for each class; one *patch* for all, the same at every place; one patch for each class.

# %%
patches, labels = patchify(data.held_out.x, experiment.model.patch_size), data.held_out.labels


def cost(over):
    """Error of the best answer that knows nothing but the class, its means taken over these axes."""
    own = [patches[labels == k] for k in labels.unique()]
    left = sum((one - one.mean(over)).square().sum().item() for one in own)
    return 1 + left / patches.numel()


# %%
constants = {
    "one patch for all": 1 + (patches - patches.mean((0, 1))).square().mean().item(),
    "one patch for each class": cost((0, 1)),
    "one image for all": 1 + (patches - patches.mean(0)).square().mean().item(),
    "one image for each class": cost(0),
}
one_patch = constants["one patch for each class"]
for words, error in constants.items():
    print(f"{words:>24}: {error:.3f}")

# %%
PAINT = {"pre": INK, "post": ACCENT, "post, gates": "#2b6cb0"}


def recorded(axes, case, arm, colour):
    """Every recorded seed of an arm, as thin lines; one that fails where others of its arm train, dashed."""
    own = [run for run in case.trial.runs if run.role == "main" and run.arm == arm]
    for run in own:
        if run.losses[-1] > 1 > min(other.losses[-1] for other in own):
            look = {"linestyle": (0, (5, 4)), "linewidth": 1.6, "label": "its failed seed", "zorder": 5}
        else:
            look = {"alpha": 0.35, "linewidth": 0.9}
        axes.plot(run.steps, run.losses, color=colour, **look)


# %%
figure, axes = plt.subplots(figsize=(7, 3.3))
axes.axhline(one_patch, color=MUTED, linewidth=0.9, linestyle=":", label="one patch for each class")
for words, arm in arms.items():
    at, means = smooth(runs[words].losses)
    axes.plot(at, means, "o-", color=PAINT[words], linewidth=2.2, markersize=4, label=words)
    recorded(axes, case, arm, PAINT[words])
axes.set(xlabel="step", ylabel="training loss", ylim=(0, 1.45))
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, fontsize=8, ncols=2, loc="upper right", bbox_to_anchor=(1, 0.8))
teach.show(
    figure,
    alt="Training loss of three arms at depth 16, thick lines live, thin lines the recorded seeds over 400 steps. Pre-norm without gates falls; post-norm without gates stays "
    "at the error of one patch for each class in all five seeds; post-norm with gates falls fastest in four seeds, and in one, dashed, it stays there too.",
)

# %%
for words, arm in arms.items():
    same = next(run for run in case.trial.runs if (run.role, run.arm, run.seed) == ("main", arm, 0))
    mine = smooth(runs[words].losses)[1]
    close = all(abs(a / b - 1) < 0.05 for a, b in zip(mine, same.losses, strict=False))
    print(f"{words:>12}: the recorded run of the same seed, repeated within 5 %: {close}")

# %%
ended = case.of(arms["post"]).values()
print("post, held-out errors of five seeds, recorded: " + ", ".join(f"{error:.3f}" for error in ended))
print(
    "within half a percent of one patch for each class:", all(abs(e / one_patch - 1) < 0.005 for e in ended)
)
_, place, _, own = runs["post"].said
print(f"and the live run answers with the same patch at every place: {place + own < 1e-6}")
teach.compare("ch09.train", "c", "at none of four rates does it get below that, within 400 steps.")

# %% [markdown]
# The thick lines are yours, the thin ones were recorded: five seeds of each arm. Post-norm without gates learns nothing that an answer without a look at the image could not say. A network whose tokens are all alike can still be told the class, by the shift and scale of its head; it can answer with one patch for each class, and its error is that answer's.
# One *image* for each class would cost less. It would have to know the place, and the tokens no longer say that.
#
# "At none of four rates, within 400 steps" is what we know. Before the cards were written, pilot runs of one seed got lower: to 1.02 in 600 steps at the small rate 0.0002, and to 0.93 with a warm-up over half the run at 0.0006 (the cards C01 and C18 tell it). So a small rate or a longer road may do more than we see here.
#
# What went wrong, when the first gradient was in order? Look inside, at the same runs. The own share is one of squares; its root is a size, as the gradient's is.

# %%
rounding = torch.finfo(torch.float32).eps
figure, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.2))
for words, run in runs.items():
    left.plot(moments, [own**0.5 for own in run.own], "o-", color=PAINT[words], markersize=3, label=words)
    right.plot(moments, [one[0] for one in run.gradient], "o-", color=PAINT[words], markersize=3)
left.axhline(rounding, color=MUTED, linewidth=0.9, linestyle=":")
left.text(moments[-1], 1.3 * rounding, "rounding", color=INK, fontsize=8, ha="right", va="bottom")
left.set_title(f"root of the own share behind block {depth}", fontsize=10)
right.set_title("gradient in the weights of block 1", fontsize=10)
for axes in (left, right):
    axes.set_yscale("log")
    axes.set_xscale("symlog", linthresh=5, linscale=1.6)  # the first steps are drawn wide
    axes.set_xticks(moments, [str(step) for step in moments])
    axes.set(xlabel="step", xlim=(-0.2, 1.15 * moments[-1]))
    axes.spines[["top", "right"]].set_visible(False)
    axes.minorticks_off()
left.legend(frameon=False, fontsize=8, loc="center right")
figure.tight_layout()
teach.show(
    figure,
    alt="Two pictures over the steps, with log axes; the first five steps are drawn wide. Left, the root of the own share behind the last block: post-norm's falls from a fiftieth to rounding error in five steps and stays there; "
    "the others dip and come back. Right, the gradient in block 1: post-norm's begins like the others', falls by five orders of magnitude in the same five steps, and goes on falling.",
)

# %% tags=["nbval-ignore-output"]
lost, kept = runs["post"], runs["pre"]
print("post, as a part of its first value")
for k, step in enumerate(moments[:5]):
    own, slope = (lost.own[k] / lost.own[0]) ** 0.5, lost.gradient[k][0] / lost.gradient[0][0]
    print(f"   step {step}: root of the own share {own:.0e}, gradient of block 1 {slope:.0e}")

# %%
five = moments.index(5)
print(f"after 5 steps, own share at rounding: {lost.own[five] ** 0.5 < 10 * rounding}")
print(
    f"and the gradient below a thousandth of its first: {lost.gradient[five][0] < lost.gradient[0][0] / 1000}"
)
print(f"pre-norm's own share at the end is above a twentieth: {kept.own[-1] > 0.05}")
print(f"and at its lowest below the best start of post-norm: {min(kept.own) < max(one[3] for one in behind)}")

# %% tags=["nbval-ignore-output"]
for words, run in runs.items():
    print(f"{words:>12}: own share at the lowest {min(run.own):.0e}, and at the end {run.own[-1]:.0e}")

# %% [markdown]
# Before the first step the gradient was in order, and the tokens were already nearly alike. Then **both fall together**, within five steps at this rate: what a token has of its own, and the gradient that could bring it back. The tokens are perhaps a step ahead. So neither is the other's beginning, in these numbers. They belong together: where tokens become alike, what an early block does for one place is lost on the way, and the head sees next to nothing of it. At a smaller rate it takes longer
# (at a third of it twelve to fifteen steps, at a thirtieth more than thirty; `book/LOG.md` has the numbers), and ends the same. We looked into one seed of this arm. That all five end at the error of one patch for each class is recorded.
#
# The own share dips in *every* network, by a large factor, and in the others it comes back. (A likely reason for the dip: what all answers have in common is learned first. We did not test that.) And likeness alone does not decide: pre-norm's dip passes below where post-norm *began* in the luckiest of its five draws. Pre-norm trains, and that draw failed.
#
# There is a rival account, of the gradient alone. How loud are the branches, once training has begun?

# %% tags=["nbval-ignore-output"]
print("attention's update over its stream, mean over blocks")
for words, run in runs.items():
    print(f"{words:>12}: " + "  ".join(f"step {moments[k]}: {run.loud[k]:.1f}" for k in (0, 2, 4, 5, 6)))

# %% [markdown]
# In post-norm without gates they soon become louder than the stream that they are added to; in the other two they do not. A norm behind such a sum passes back only about $1/\sqrt{1 + s^2}$ of what comes along the stream, and there are 32 of them. So the gradient would fall even if tokens stayed apart. Which of the two comes first we cannot tell from these runs.
#
# And gates? A gate that starts small is a small $s$ in the formula: attention's average comes in through a narrow door. So is a *residual scale*, a constant $s$ before every branch that nothing moves: $0.42$ is the ratio that DeepNet has for 16 blocks, a transformer of 2022 that made post-norm train at great depth, and $0.177$ is $1/\sqrt{32}$, one over the root of the number of branches. Here is what they leave at the start.


# %%
def left_at_start(**settings):
    return [shares(tokens_of(fresh("post", seed=seed, **settings).model)[-1])[3] for seed in range(5)]


# %%
print(f"post-norm, own share behind block {depth} before training, five draws of the weights")
ways = {f"s = {s:g}": {"model.residual_scale": s} for s in (1.0, 0.42, 0.177)} | {
    "DiT's gates": {"gate": True}
}
at_start = {words: left_at_start(**settings) for words, settings in ways.items()}
for words, values in at_start.items():
    print(f"{words:>12}: " + "  ".join(f"{value:.4f}" for value in values))

# %% [markdown]
# The gates here are DiT's own, started away from zero; they are small because the condition is small at the start.
#
# Look at $s = 0.42$, though. It leaves more than pre-norm has behind block 16. If that number were all that counts, it would have to train. Does it? It hangs on the rate (experiment 2 below), and on the seed, as "What mends it" will show. And look at the gates. They are the five seeds of the arm *post, gates*, of which one failed. Which?

# %%
recorded_errors = case.of(arms["post, gates"])
failed = [seed for seed, error in recorded_errors.items() if error > 1]
print("recorded, held-out error: " + "  ".join(f"{error:.3f}" for error in recorded_errors.values()))
print(
    f"failed: seed {failed}; own share at its start above seed 0's:",
    at_start["DiT's gates"][4] > at_start["DiT's gates"][0],
)
stops = (0, 5, 10, 20)
four = learn(settings_of(case, arms["post, gates"]), seed=4, stops=stops)
print(f"seed 4, at step 20, at rounding: {four.own[-1] ** 0.5 < 10 * rounding}")

# %% tags=["nbval-ignore-output"]
for seed, run in {0: [runs["post, gates"].own[moments.index(stop)] for stop in stops], 4: four.own}.items():
    print(f"seed {seed}, own share at steps 0, 5, 10, 20: " + "  ".join(f"{own:.0e}" for own in run))

# %% [markdown]
# The failed seed began with as much of its own as those that train. Then it collapsed like the network without gates. So the start does not decide. Collapse and failure go together, in every run that we looked into; which is the cause of which they do not say.
#
# Our account, then: *in post-norm each block's average is as loud as the first, so tokens that become alike in the first steps stay alike, and no gradient is left to part them. How far they fall is decided by the first steps: by the rate, by how loud the branches are, and by luck.* Likeness at the start makes the fall short. It does not decide alone.
#
# ## A test of the account
#
# An account should stick its neck out. If post-norm fails because its branches are loud in the first steps, before they have anything to say, then a start with silent branches must mend it: no gate, no scale, no long warm-up. (All runs here have a short one, over a twentieth of the recorded run.) So set the last layer of every attention and of every MLP to zero before the first step. They are free to grow from then on. That is how Fixup starts (Zhang et al. 2019), which has no norms at all; ReZero (Bachlechner et al. 2020) is its kin.
#
# One more thing is changed here: the rate is pre-norm's, a third of the one above. Post-norm as it was fails at that rate too, as the tuning seed's line showed.

# %%
teach.predict(
    "ch09.silent",
    "Post-norm, depth 16, no gates, with every branch silent at the start, at pre-norm's rate. Within the same steps it will",
    choices={
        "a": "stay where it was: the norms still stand on the stream",
        "b": "fall, and stay behind pre-norm without gates",
        "c": "fall below pre-norm without gates",
    },
    guess=None,
)


# %%
@torch.no_grad()
def silent_start(network):
    for block in network.blocks:
        block.attention.out.weight.zero_()
        block.mlp.down.weight.zero_()


# %%
quiet = settings_of(case, arms["post"]) | {"training.lr": case.trial.arms[NONE].tuned}
runs["post, silent start"] = learn(quiet, silent_start, stops=(0, 5, 10, moments[-1]))

# %%
figure, axes = plt.subplots(figsize=(7, 2.9))
colours = PAINT | {"post, silent start": "#1b7a43"}
for words, run in runs.items():
    axes.plot(*smooth(run.losses), "o-", color=colours[words], linewidth=2, markersize=4, label=words)
axes.axhline(one_patch, color=MUTED, linewidth=0.9, linestyle=":", label="one patch for each class")
axes.set(xlabel="step", ylabel="training loss", ylim=(0, 1.45), xlim=(0, None))
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
teach.show(
    figure,
    alt="Training loss of four live runs. Post-norm stays at the error of one patch for each class; post-norm with a silent start falls below pre-norm without gates, close to post-norm with gates.",
)

# %% tags=["nbval-ignore-output"]
print(
    "own share at steps 0, 5, 10 and at the end: "
    + "  ".join(f"{own:.0e}" for own in runs["post, silent start"].own)
)

# %%
last_loss = {words: smooth(run.losses)[1][-1] for words, run in runs.items()}
print("own share before the first step, at least 0.2:", runs["post, silent start"].own[0] > 0.2)
print(
    "its loss ends below half of post-norm's as it was:",
    last_loss["post, silent start"] < last_loss["post"] / 2,
)
print("and below pre-norm's without gates:", last_loss["post, silent start"] < last_loss["pre"])
teach.compare(
    "ch09.silent",
    "c",
    "with branches that begin silent, a norm on the stream does no such harm, at this rate.",
)

# %% [markdown]
# This is one seed at one rate, and no card asked for it before it was seen. But it is the right kind of test: the account could have failed it.
#
# It is no cure. At three times this rate, the one that post-norm ran at above, the same start fails, as we found when we tried (experiment 3): a large rate makes silent branches loud within a few steps. Nor is it enough to silence attention, the one that makes tokens alike: with attention alone silent the network hardly learns at this rate, and learns at a third of it. So door and rate belong together.
#
# And it does not decide between our account and others. Liu et al. (2020) say that what a start must hold down is how far the first updates move the output of the whole network, and mend post-norm by a scale (ADMIN); DeepNet argues alike. A silent start is small in that sense too, so both accounts foretell what we saw.
#
# It also says what C01's zeros missed. DiT's zeros sit in the modulation and in the head. Where there are no gates, they silence no branch.

# %% [markdown]
# ## The court
#
# One seed is one draw. The recorded runs are a trial, and this is the first one of the book, so here is how it goes. A claim card (`book/claims/C01_placement.toml`) is committed before any run that counts; pilots, with other seeds, come before it, and the card tells them. It quotes who said what, makes sentences of it that can be false, and fixes what will decide.
#
# - An arm differs from another in one choice, here in where its norm stands. Each arm first finds its own learning rate on a grid. On C01 that is done with *one* seed, number 1000, the same for all arms and not used again.
# - Arms are compared *seed by seed*: with one seed, both see the same images, noise and times. What the seed decides for both alike cancels in their difference. How much that is differs from pair to pair.
# - *A/A*: the base arm runs again, from other initial weights. Its differences from itself show what another start can do to a single run. Their deviation is the *floor*.
# - The card says the smallest effect that matters. The *bar* is that, or the floor, if the floor is larger.
# - The differences have a mean and an *interval*. Wholly beyond the bar: *supported*. Wholly short of what matters: *refuted*; that can be an effect the other way round, none, or one in the claimed direction that is too small. Neither: *inconclusive*.
#
# Why a floor beside an interval? The interval knows these five differences only, and five numbers may lie close together by luck. The floor asks that an effect be larger than what a new start does to a run of the same network.

# %%
base, again = case.of("base"), {run.seed: run for run in case.trial.runs if run.role == "same"}
same = [100 * (again[seed].readouts["velocity.held_out"] / base[seed] - 1) for seed in base]
print("A/A differences of the base: " + ", ".join(f"{value:+.1f} %" for value in same))
print(f"the floor, their deviation: {torch.tensor(same).std():.1f} %")

# %% [markdown]
# The base is DiT as it is, at depth 6 and with gates, and its floor judges depth 16 and networks without gates too. Those may have another one; the card names it among its threats.
#
# C01.d, as an example: without gates, and with nothing at zero, post-norm raises the held-out error at depth 6.

# %%
one = case.of("placement=post,gate=false,zero_init=none")
other = case.of("gate=false,zero_init=none")
d = {seed: 100 * (one[seed] / other[seed] - 1) for seed in one}
verdict = case.verdicts[list(case.words).index("d")]
print("seed by seed: " + ", ".join(f"{value:+.0f} %" for value in d.values()))
errors = torch.tensor([list(one.values()), list(other.values())]).log()
print(f"correlation of the two arms' log errors over the seeds: {torch.corrcoef(errors)[0, 1]:+.2f}")


# %%
def pairs(axes):
    for seed in one:
        axes.plot([0, 1], [other[seed], one[seed]], "o-", color=MUTED, markerfacecolor=INK, markersize=5)
    axes.set(xticks=[0, 1], xticklabels=["pre", "post"], xlim=(-0.4, 1.4), ylim=(0, None))
    axes.set_ylabel("held-out error")


def differences(axes):
    axes.plot([0] * len(d), list(d.values()), "o", color=INK, markersize=5, alpha=0.7)
    axes.plot([0.25, 0.25], [verdict.low, verdict.high], color=ACCENT, linewidth=3)
    axes.plot(0.25, verdict.mean, "D", color=ACCENT, markersize=6)
    axes.axhline(verdict.bar, color=MUTED, linestyle="--", linewidth=1)
    axes.text(0.55, verdict.bar, "bar", color=INK, fontsize=8, va="bottom", ha="right")
    axes.set(xlim=(-0.3, 0.55), xticks=[0, 0.25], xticklabels=["seeds", "mean,\ninterval"], ylim=(0, None))
    axes.set_ylabel("difference in %")


# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.7), width_ratios=(1.2, 1))
pairs(left)
differences(right)
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
figure.tight_layout()
teach.show(
    figure,
    alt="Left, five lines from pre-norm to post-norm, a seed each; all rise. Right, the five differences in percent, and their mean with its interval, which lies far above the bar.",
)

# %%
values = list(d.values())
times = float(stats.t.ppf((1 + verdict.level) / 2, len(values) - 1))
margin = times * torch.tensor(values).std().item() / math.sqrt(len(values))
mine = mean(values), mean(values) - margin, mean(values) + margin
assert_close(torch.tensor(mine), torch.tensor(tuple(interval(values, verdict.level))), rtol=1e-3, atol=1e-3)
print(f"Student's t for {len(values) - 1} degrees of freedom, at level {verdict.level:.2f}: {times:.2f}")
print(
    f"five differences: mean {mine[0]:+.0f} %, interval {mine[1]:+.0f} to {mine[2]:+.0f} % at level {verdict.level:.4f}; the bar is {verdict.bar:.1f} %"
)

# %% [markdown]
# That is Student's interval, by hand and by the library. (The correlation says that in this pair the shared seed cancelled nothing: a seed that was hard for one arm was rather easy for the other. The effect is large enough all the same.)
#
# Why is the level not 0.95? Seven hypotheses of C01 are decided by runs (a is counted), and who asks seven times finds something by luck more easily. *Holm's correction* pays for that: the clearest of the seven has to hold at a level of $1 - 0.05/7$, the next at $1 - 0.05/6$, and so on. The first that does not hold is inconclusive, and so are all that come after it, at the level where it failed.

# %%
tried_by_runs = [one for one in case.verdicts if one.level]
for one_verdict in sorted(tried_by_runs, key=lambda one: -one.level):
    print(f"{one_verdict.name}: 1 - 0.05/{0.05 / (1 - one_verdict.level):.0f}  {one_verdict.word}")

# %% [markdown]
# And what "inconclusive" does *not* mean: it does not mean that there is no effect. It means that with so many seeds, and such a spread, the interval lies neither wholly beyond the bar nor wholly short of what matters.
#
# ## The verdicts on C01

# %%
verdicts(case)

# %%
words = case.words
print("critic: DiT is post-norm:                    ", words["a"])
print("post-norm harms DiT as it is, depth 6 and 16:", words["b"], "and", words["c"])
print("post-norm harms without gates, depth 6 and 16:", words["d"], "and", words["e"])
print("zeros alone rescue it:", words["g"], " gates alone rescue it:", words["f"])

# %%
clear = case.only("deg")
teach.show(
    dots(clear.card, clear.verdicts, clear.trial),
    alt="The hypotheses d, e and g of C01, every seed a dot. The five differences of d lie together around a half, those of e around three times, all far beyond the bar. Those of g lie at zero, short of what matters.",
)

# %%
apart_by_one = case.only("cf")
teach.show(
    dots(apart_by_one.card, apart_by_one.verdicts, apart_by_one.trial),
    alt="The hypotheses c and f of C01, every seed a dot. In both four seeds lie together and one far off, and the intervals are very wide.",
)

# %%
others = case.only("bh")
teach.show(
    dots(others.card, others.verdicts, others.trial),
    alt="The hypotheses b and h of C01, every seed a dot, on axes of their own. b lies around zero with an interval of a few percent. In h all five seeds lie right of zero, four of them near it and one beyond a hundred percent; the interval reaches far to both sides.",
)

# %%
for letter, hypothesis, found in zip(case.words, case.card.hypotheses, case.verdicts, strict=True):
    sign = -1 if hypothesis.direction == "lower" else 1  # as in the picture: negative is lower
    if letter in "cfh":
        numbers = ", ".join(f"{sign * value:+.1f} %" for value in found.differences.values())
        print(f"{letter}, seed by seed: {numbers}")
sandwich, straight = case.of(f"placement=sandwich,{NONE}"), case.of(NONE)
print(f"h, seed 1: {sandwich[1]:.3f} beside {straight[1]:.3f}")

# %% [markdown]
# Look at c and f. Four numbers together, and one far away. Those are the gates at depth 16, with zeros and without: in four seeds post-norm trains, in c within a few percent of pre-norm, and in one it does not. Student's interval supposes numbers that gather around one middle. Two clumps do not, and an interval of a mean that no seed comes near says little. Then count instead.

# %%
low, high = stats.binomtest(1, 5).proportion_ci(0.95, "exact")
print(
    f"1 failure in 5 seeds; the rate of failure is, at 95 %, between {100 * low:.1f} and {100 * high:.0f} %"
)

# %% [markdown]
# Is that a property of post-norm with gates, or bad luck? Five seeds cannot say. Pre-norm had no failure in five, and five beside five do not tell one from none.
#
# h is the best example of the rule. The card's sentence is that a sandwich is better, and all five seeds are on the wrong side of zero. Still it is not refuted: four of the differences lie below 20 percent, one beyond a hundred, and that one spreads the interval over everything. A rule that is fixed beforehand also says "inconclusive" where the eye would have decided.
#
# And two verdicts of this chapter hang on Holm's correction. Here they are at a plain 95 %:

# %%
for name, letter in (("C01", "f"), ("C06", "a")):
    seen = next(one for one in tried(name).verdicts if one.name == f"{name}.{letter}")
    plain = interval(list(seen.differences.values()), 0.95)
    alone = "supported" if plain.low > seen.bar else "refuted" if plain.high < seen.delta else "inconclusive"
    print(
        f"{seen.name}: {plain.low:+.2f} to {plain.high:+.2f}, bar {seen.bar:g}: {alone}; with Holm {seen.word}"
    )

# %% [markdown]
# (Positive is as claimed.) Somebody who had put f alone on a card could write "gates rescue post-norm", with one seed of five that never trained. The correction is not fussiness. It is why one asks few things, and says beforehand how many.
#
# ## How the rates were chosen
#
# An unfair rate makes any arm look bad. Each arm had its own best rate. But look at the curves. A ring marks the rate that was kept; where all four runs failed, nothing is ringed.


# %%
def rate_curve(axes, arm, look, width, label):
    errors, best = tuning(arm), case.trial.arms[arm].tuned
    line = axes.plot(list(errors), list(errors.values()), look, linewidth=width, label=label)[0]
    if min(errors.values()) > 1:
        axes.text(min(errors), 1.24, "all four fail", color=line.get_color(), fontsize=8, va="bottom")
    else:
        ring = {"markersize": 7 + 2 * width, "markerfacecolor": "none"}
        axes.plot(best, errors[best], "o", color=line.get_color(), **ring)


# %%
figure, panels = plt.subplots(1, 2, figsize=(7.6, 3), sharey=True)
for axes, deep in zip(panels, ("", ",depth=16"), strict=True):
    axes.set_prop_cycle(color=[INK, ACCENT, INK, ACCENT])
    rate_curve(axes, deep[1:] or "base", "-", 4, "pre, gates and zeros")
    rate_curve(axes, "placement=post" + deep, "-", 1.3, "post, gates and zeros")
    rate_curve(axes, "gate=false,zero_init=none" + deep, "--", 1.6, "pre, neither")
    rate_curve(axes, "placement=post,gate=false,zero_init=none" + deep, "--", 1.6, "post, neither")
    axes.set(xscale="log", xlabel="learning rate", ylim=(0, 1.35))
    axes.set_title("depth 16" if deep else "depth 6", fontsize=10)
    axes.set_xticks(list(tuning("base")), [f"{rate:.2g}" for rate in tuning("base")])
    axes.minorticks_off()
    axes.spines[["top", "right"]].set_visible(False)
panels[0].set_ylabel("held-out error")
panels[1].legend(frameon=False, fontsize=8, loc="upper right", bbox_to_anchor=(1, 0.88))
figure.tight_layout()
teach.show(
    figure,
    alt="Held-out error at four learning rates, depth 6 left, depth 16 right, the chosen rate ringed. With gates pre-norm and post-norm fall together up to the largest rate. Without gates pre-norm falls; post-norm at depth 6 "
    "is best at the second rate and fails at the two larger ones; at depth 16 it is flat near 1.2, and nothing is ringed: all four fail.",
)

# %%
grid = list(tuning("base"))
largest = [arm for arm, told in case.trial.arms.items() if told.tuned == grid[-1]]
print(f"rates tried: {', '.join(f'{rate:g}' for rate in grid)}, with one seed each")
print(
    f"arms that chose the largest: {len(largest)} of {len(case.trial.arms)}; at either edge: {len(at_the_edge(case.trial))}"
)

# %%
for words, arm in (
    ("pre, gates and zeros, depth 16", "depth=16"),
    ("post, gates and zeros, depth 16", "placement=post,depth=16"),
    ("post, neither, depth 6", "placement=post,gate=false,zero_init=none"),
):
    print(f"{words:>31}: " + ", ".join(f"{error:.3f} at {rate:g}" for rate, error in tuning(arm).items()))

# %% [markdown]
# So two things must be said. Where the best rate stands at the edge of the grid, as for most arms here, a better one may lie beyond. And the largest rate is where an unstable network breaks: the one failed seed of c failed at a rate that *one* tuning seed had found best. At a third of that rate the arm would have given up some 8 % by that seed, and pre-norm as much: the lines above tell it. Nobody has measured whether it would have failed there.
#
# And one thing speaks for the critic's worry. Without gates, even at depth 6, post-norm fails at rates at which pre-norm is at its best. An arm that was given one common rate, the one that suits pre-norm, would have looked far worse than it does at its own.
#
# ## What mends it
#
# Card C18 starts from the network that fails, post-norm of 16 blocks without gates and with nothing at zero, and changes one thing in each arm: a warm-up over half of the run, in place of a twentieth; a residual scale of $1/\sqrt{32}$, or DeepNet's $0.42$; QK-norm, which keeps the scores of attention small; or pre-norm, so that something is known to train. Grid of rates and number of seeds are C01's.
#
# The card was committed before its runs, and it says what was expected: the scale mends it, a warm-up hardly, QK-norm not at all. What do you expect, after what you have seen of the tokens? Write it down before you run the next cell. (The sections above were written before these verdicts were known.)

# %%
rescue = tried("C18")
verdicts(rescue)

# %%
teach.show(
    dots(rescue.card, rescue.verdicts, rescue.trial),
    alt="The hypotheses of C18, every seed a dot. With the warm-up all five differences lie together near minus 27 percent, with pre-norm near minus 75, both beyond the bar of 20. With QK-norm all lie at zero. With either residual scale four seeds lie far on the side of the claim and one at zero, and the intervals are very wide.",
)

# %%
for arm, told in rescue.trial.arms.items():
    errors = "  ".join(f"{error:.3f}" for error in rescue.of(arm).values())
    print(f"{arm:>20}, rate {told.tuned:<7g}: {errors}")

# %% [markdown]
# Two of the three expectations failed, in part.
#
# *The warm-up (a)* was expected to do hardly anything, and takes off more than a quarter, in every seed: supported. So a slow start does help, as Xiong et al. say. It is no repair: the network ends at nearly three times pre-norm's error. It chose the smallest rate of the grid; a smaller one may be better still.
#
# *The scales (b, c)* were expected to mend it. In four seeds both do, the smaller one so well that all four end below pre-norm without gates, or beside it. In one seed, the same, both fail. Two clumps again, and an interval over nearly everything: inconclusive. "Four of five" is the better sentence. Both stand close to where they break: at the next larger rate the tuning seed failed, as the lines below show.
#
# *QK-norm (d)* does nothing: refuted, as expected. It keeps scores small, and here they are small: attention is flat, not peaked. *Pre-norm (e)*: supported, so it is the place of the norm that fails, and not the rest of the recipe.
#
# (The floor of this card is next to nothing, since its base fails in each run, and networks that all give the same answer have the same error. The smallest effect that matters was the bar.)

# %%
for arm in ("base", "warmup=0.5", "residual_scale=0.177", "residual_scale=0.42"):
    tries = [run for run in rescue.trial.runs if (run.role, run.arm) == ("tune", arm)]
    tries = {run.tuned: run.readouts["velocity.held_out"] for run in tries}
    print(f"{arm:>20}: " + "  ".join(f"{tries[rate]:.3f} at {rate:g}" for rate in sorted(tries)))

# %% [markdown]
# ### Inside, in every seed
#
# C18 also looked into its runs: before the first step, after a tenth, a quarter and a half of the steps, and at the end. Here is what differs between the tokens of an image behind block 16 (place and own together, its root). Dashed lines are runs that failed.

# %%
MARKS = {"0": "@0%", "40": "@10%", "100": "@25%", "200": "@50%", "400": ""}
inside = {
    arm: [rescue.of(arm, f"norms.apart.block16{mark}") for mark in MARKS.values()]
    for arm in rescue.trial.arms
}


def courses(axes, arm, title):
    """A line a seed, dashed where the run failed."""
    for seed, error in rescue.of(arm).items():
        look = {"color": ACCENT, "linestyle": "--"} if error > 1.2 else {"color": "#2b6cb0"}
        axes.plot(list(MARKS), [at[seed] ** 0.5 for at in inside[arm]], linewidth=1.3, marker=".", **look)
    axes.set_title(title, fontsize=9.5)
    axes.set(yscale="log", xlabel="step", ylim=(3e-8, 2))
    axes.spines[["top", "right"]].set_visible(False)


# %%
titles = {"base": "as it was", "warmup=0.5": "warm-up", "residual_scale=0.177": "s = 0.177"}
titles |= {"residual_scale=0.42": "s = 0.42", "placement=pre": "pre-norm"}
figure, panels = plt.subplots(1, 5, figsize=(8.4, 2.5), sharey=True, layout="constrained")
for axes, (arm, title) in zip(panels, titles.items(), strict=True):
    courses(axes, arm, title)
panels[0].set_ylabel("root of what differs")
teach.show(
    figure,
    alt="Five pictures of the root of what differs between tokens behind block 16, from step 0 to 400, a line a seed. As it was: all five fall to rounding by step 40 and stay. Warm-up: all fall to about a hundredth and rise again after step 100. With s = 0.177 and s = 0.42 most fall by one to three powers of ten and come back; one seed of each, dashed, does not. Pre-norm stays near one half.",
)

# %%
ends = [(arm, seed, error) for arm in rescue.trial.arms for seed, error in rescue.of(arm).items()]
for step, k in (("40", 1), ("100", 2)):
    rounded = [error > 1.2 for arm, seed, error in ends if inside[arm][k][seed] < 1e-12]
    print(f"at rounding at step {step}: {len(rounded)} of {len(ends)} runs; of these failed: {sum(rounded)}")
near = [error > 1.2 for arm, seed, error in ends if 1e-12 < inside[arm][1][seed] < 2e-6]
print(f"not at rounding at step 40, and below 2e-6: {len(near)} runs; of these failed: {sum(near)}")

# %%
for arm in ("residual_scale=0.177", "residual_scale=0.42"):
    print(arm + ", at step 40: what differs, gradient of block 1; and the error at the end")
    gradient = rescue.of(arm, "norms.gradient.block1@10%")
    for seed, error in rescue.of(arm).items():
        print(f"   seed {seed}: {inside[arm][1][seed]:.0e}, {gradient[seed]:.0e}; {error:.3f}")

# %% [markdown]
# All runs that were at rounding after 40 steps failed, and those of *as it was* and of QK-norm are all of them. No run came back from there. Short of it, anything may happen. Of the runs with a scale that were down to a millionth or two, most came back and trained. With $s = 0.42$ seed 1 was one of them; seed 2 had more left, and more gradient, and did not come back. So neither number, at that step, says who will train. And with the warm-up tokens stay alike for a hundred steps and more, and then they part.
#
# "The tokens become alike, so it fails" is therefore not the law. What is left of our account: at rounding there is no way back, since then no gradient parts the tokens; louder branches and larger rates lead there faster; and whether a run that comes close gets away is up to the seed. We drew this conclusion after the numbers were seen. A new card would have to ask.
#
# ## What each side gets
#
# *The critic, as summarised.* "DiT is post-norm": wrong, by count. Post-norm does harm without gates: supported at both depths. But that is not DiT, which has gates, and is pre-norm anyway. That post-norm is *unstable*, and *because values range so widely*, nothing here tried: a raised error is what was measured. (One seed of five that fails, with gates and with either scale, is what people mean by the word. But no card asked how often runs fail, and five seeds do not tell.)
#
# *The reply, in the one sentence that we have.* "No evidence that post-norm is hurting anything": there is evidence, for a network without gates. For DiT with its gates C01 could not tell, either way. To say that two things are *equal* one must fix a margin and show that the interval lies within. That is what card C10 does, at depth 12 and with sixteen seeds: the errors are the same, up to 3 percent.

# %%
equal = tried("C10")
verdicts(equal)
seeds = len(equal.of("placement=post"))
print(f"no failure in {seeds} seeds: up to {1 - 0.025 ** (1 / seeds):.0%} may fail (exact 95 % interval)")

# %%
teach.show(
    dots(*equal),
    alt="The hypotheses of C10, sixteen seeds as dots. With post-norm the differences lie around zero and their interval wholly within the margin of 3 percent. After a tenth of the run they lie below zero, with an interval that crosses the margin. With a sandwich all lie near plus 12 percent, outside the margin.",
)

# %% [markdown]
# With gates and zeros, at depth 12, post-norm is as good as pre-norm, up to the margin of 3 percent (a, supported). None of the sixteen seeds failed. That is more than "no evidence of harm": it is evidence of no harm of that size, at this size of network. It does not say that post-norm *never* fails: C01 saw one seed of five fail at depth 16, and sixteen without a failure leave room for the share printed above.
#
# After a tenth of the run post-norm is *ahead*, by some 9 percent in the mean (b). The card asked whether it is the same up to 5 percent; the A/A runs differ by more than that at so early a step, so the word is inconclusive. And the sandwich is behind, in all sixteen seeds (c, refuted). A second norm is no gift.
#
# The card was made smaller after C01's verdicts were known, and before any run of its own; it says so. It chose the rate with one seed, and all three arms chose the largest of the grid.

# %% [markdown]
# ## Gain and bias
#
# The second point about norms. Most norms learn a gain and a bias for each channel. DiT's have neither: adaLN's shift and scale stand in their place. The critic, as summarised, holds that a bias is a bias, whoever makes it. He leans on a paper of 2019 that found LayerNorm's gain and bias to "increase the risk of over-fitting".
#
# What can be settled without a run? An affine norm in front of a linear layer adds no function. Gain and bias can be multiplied into the layer:

# %%
y, gain, bias = torch.randn(5, 64, generator=draw), *torch.randn(2, 64, generator=draw)
layer = torch.nn.Linear(64, 32)
merged = torch.nn.Linear(64, 32)
with torch.no_grad():
    merged.weight.copy_(layer.weight * gain)
    merged.bias.copy_(layer.bias + layer.weight @ bias)
assert_close(merged(y), layer(gain * y + bias), rtol=1e-4, atol=1e-5)
print("the same function, without gain and bias")

# %% [markdown]
# In DiT the modulation stands between norm and layer: $(1 + s)(g\,y + b) + h$. There the bias arrives as $(1 + s)\,b$, which depends on time and label, so it cannot become a constant of the next layer. But it can go into the layer that *makes* $s$ and $h$:
#
# $$ (1 + s)(g\,y + b) + h = (1 + s')\,y + h', \qquad s' = g\,(1 + s) - 1, \qquad h' = h + b\,(1 + s) . $$


# %%
@torch.no_grad()
def my_merge(network):
    """Gain and bias of every norm of a network, moved into its adaLN layers."""
    dim = network.config.dim
    layers = [
        (b.modulation.linear, n, k * dim)
        for b in network.blocks
        for n, k in ((b.attention_norms[0], 0), (b.mlp_norms[0], 3))
    ]
    for linear, affine, first in [*layers, (network.final.modulation.linear, network.final.norm, 0)]:
        h, s = slice(first, first + dim), slice(first + dim, first + 2 * dim)
        g, b = affine.weight.clone(), affine.bias.clone()
        linear.weight[h] += b[:, None] * linear.weight[s]
        linear.bias[h] += b * (1 + linear.bias[s])
        linear.weight[s] *= g[:, None]
        linear.bias[s] = g * (1 + linear.bias[s]) - 1
        affine.weight.fill_(1), affine.bias.fill_(0)


# %%
affine = [
    minidit.build(experiment.model, depth=3, norm_affine=True, zero_init="none").double() for _ in range(2)
]
for network in affine:
    for name, parameter in network.named_parameters():
        numbers = torch.randn(parameter.shape, generator=minidit.generator(0, name), dtype=torch.double)
        parameter.data.copy_(numbers / 4)

# %%
inputs = (probe.x.double().cpu(), half.double().cpu(), probe.condition.labels.cpu())
with torch.no_grad():
    before = affine[0](*inputs)
    my_merge(affine[0]), facts.merge_affine(affine[1])
    assert_close(affine[0](*inputs), before)
    assert_close(affine[0](*inputs), affine[1](*inputs))
print("with and without gain and bias: the same network; and the library merges alike")

# %% [markdown]
# So in DiT gain and bias change nothing that the network *can say*. They could still change how it gets there: the same function with other parameters takes other steps. That is what C06 tries, with 512 images only, so that over-fitting has a chance.

# %%
affine_case = tried("C06")
trained = affine_case.only("abcd")
verdicts(trained)
print("C06.e, in front of adaLN gain and bias add no function:", affine_case.words["e"])

# %%
teach.show(
    dots(trained.card, trained.verdicts, trained.trial),
    alt="The hypotheses a to d of C06, every seed a dot. The differences of a, b and c lie around zero with intervals that reach over the bar; those of d lie wholly beyond it.",
)

# %% [markdown]
# **Gain and bias (a, b).** Inconclusive both: five seeds see neither the harm nor its absence. In a the interval reaches, by a hair, over what matters (without Holm's correction it would not). In b it has room for a percent of harm and for a percent of help, and two runs of the *same* arm differ by more still: the floor is larger than the effect that the card hoped to see.
#
# **AdaNorm (c)** is what the paper puts in their place: a factor for each number of the token, $z = (1 - y/10)\,y$, through which no gradient goes. That it lowers the error is inconclusive too.
#
# **DetachNorm (d)** is LayerNorm going forward, and treats mean and deviation as constants going back. It was built to ask where a norm's use comes from. Here it is clear: it raises the error. So the gradient *through* the statistics matters in this network, as the paper found.
#
# All this at rates from a grid of three. Three of the four arms chose its largest, as the next cell shows, so a better one may lie beyond.

# %%
print("chosen: " + ", ".join(f"{arm} {told.tuned:g}" for arm, told in affine_case.trial.arms.items()))
print(f"at an edge of the grid: {', '.join(at_the_edge(affine_case.trial))}")

# %%
y = torch.randn(4, 64, generator=draw, dtype=torch.double).requires_grad_()
weights = torch.randn(4, 64, generator=draw, dtype=torch.double)
outs = {name: norm(name, 64)(y) for name in ("layer", "detach", "ada")}
slopes = {name: torch.autograd.grad((out * weights).sum(), y)[0] for name, out in outs.items()}

# %%
assert_close(outs["layer"], outs["detach"])
centred = y - y.mean(-1, keepdim=True)
n = centred / y.std(-1, keepdim=True)
assert_close(outs["ada"], (1 - 0.1 * n) * n, rtol=1e-3, atol=1e-3)
along = {name: (slope * centred).sum(-1).abs().max().item() for name, slope in slopes.items()}
print("forward, LayerNorm and DetachNorm are the same, and AdaNorm is its formula")
print("LayerNorm's gradient has no part along the token:", along["layer"] < 1e-4)
print("DetachNorm's has:                               ", along["detach"] > 0.1)

# %% [markdown]
# ## What would change our mind
#
# We said: DiT is pre-norm; without gates post-norm does harm, much at depth 6, and at depth 16 it does not learn at any of four rates within 400 steps, unless the warm-up is long; it fails there, in our account, because every block's average is as loud as the first, so that tokens become alike up to rounding in the first steps, and then no gradient is left to part them; with gates and zeros sixteen seeds at depth 12 are the same up to 3 percent, and five seeds at depth 16 cannot tell. This would overturn it:
#
# - a rate, or a warm-up, at which post-norm without gates trains at depth 16 as well as pre-norm (C01's card says so; the one warm-up of C18 takes off a quarter of the error, no more);
# - a run that was at rounding behind its last block, and trains all the same; or one whose tokens stay apart, and whose gradient vanishes nevertheless: then loud branches do it alone, and the tokens are a by-product. (That tokens become *nearly* alike is no such test: C18 has runs that came back from there. Before we had seen them we would have said otherwise);
# - with gates and zeros: a depth, a rate or a number of tokens at which post-norm fails in more than a seed now and then, or the card C10 at the `a100` scale with an interval outside the margin;
# - 256 tokens, longer runs, the `a100` cards. All that we have on the place of the norm is 16 tokens, 64 numbers and 400 steps. What needs 100,000 steps to go wrong we have not seen;
# - another way to build post-norm with adaLN. Ours modulates before the branch and norms behind the sum.
#
# And the fact a needs no seeds: if doubled tokens came out as before, DiT would be post-norm.
#
# ## A stack of blocks, to play with
#
# 16 tokens go through blocks with random weights, computed in this page. Left and right you see the tokens themselves, a column each; between them, block by block, how large they are, how far they stand apart, and the gradient that comes back. Move depth and gain $s$ (the mark is $1/\sqrt{32}$), and the place of the norm.
# Where do the columns become one column? At which $s$ do they survive post-norm at depth 16? What changes when attention is silent? And does the gradient ever warn you?
#
# Where no page runs you see a still, computed below by the library from the same random numbers.


# %%
def page_numbers(state=20260):
    """The random numbers of the page, in its order, so that still and page show the same stack."""
    while True:
        state = state * 16807 % (2**31 - 1)
        yield 2 * state / (2**31 - 1) - 1


def even(rows, columns, bound=None):
    drawn = torch.tensor([next(numbers) for _ in range(rows * columns)], dtype=torch.float64)
    return (bound or (6 / (rows + columns)) ** 0.5) * drawn.view(rows, columns)


def page_block(x, q, k, v, out, up, down):
    def attend(y):
        return F.scaled_dot_product_attention(y @ q, y @ k, y @ v) @ out

    def mlp(y):
        return F.gelu(y @ up, approximate="tanh") @ down

    for branch in (attend, mlp):
        x = PLACEMENTS["post"](x, branch, [norm("layer", 24)], None, None, None)
    return x


# %%
numbers, weights = page_numbers(), [(24, 24)] * 4 + [(24, 96), (96, 24)]
states, last, target = [even(16, 24, 3**0.5)[None].requires_grad_()], even(24, 24), even(16, 24, 3**0.5)
for _ in range(16):
    states.append(page_block(states[-1], *(even(*shape) for shape in weights)))
loss = (norm("layer", 24)(states[-1]) @ last - target).square().mean()
gradients = [gradient.norm().item() for gradient in torch.autograd.grad(loss, states[:-1])]
strips = {"size of the tokens (rms)": ([rms(x) for x in states[1:]], (0.5, 10))}
strips |= {"how far apart they are (share)": ([apart(x) for x in states[1:]], (1e-4, 1))}
strips |= {"gradient at the block's input": (gradients, (0.01, 1))}

# %%
figure, panels = plt.subplots(3, 1, figsize=(6, 2.8), layout="constrained")
for panel, (title, (values, ends)) in zip(panels, strips.items(), strict=True):
    drawn = panel.imshow([values], cmap="Blues", norm="log", clim=ends, aspect="auto")
    panel.set_title(title, fontsize=9, loc="left")
    panel.set(yticks=[], xticks=[0, 3, 7, 11, 15], xticklabels=[1, 4, 8, 12, 16])
    figure.colorbar(drawn, ax=panel, aspect=3, ticks=ends, format="%g").minorticks_off()
teach.Page(
    "norms",
    figure,
    alt="Three strips of 16 blocks, post-norm at gain 1. The size of the tokens stays 1. The share of their mean square that differs between tokens falls from nearly all to about a ten-thousandth. "
    "The gradient at the blocks' inputs changes little. Placement, depth, gain and attention can be changed, and the tokens behind each block are shown.",
)

# %% [markdown]
# ## Exercises
#
# Seven exercises ask for a function each: tell by experiment where a norm stands, say what is left of the input, read gradients or say that there is nothing to read, merge gain and bias twice, read learning-rate curves honestly, and write a test. In a terminal, in the folder
# of the project, `minidit exercises start ch09` writes a notebook to work in.
#
# Six more are experiments. Write down what you expect before you run them; most are a line in this notebook.
#
# 1. How deep may post-norm without gates be? `learn(quiet | {"training.lr": 0.002, "model.depth": 8})`, and 4, 6, 10, 12. Where does it stop to train? And what was the own share before the first step, the first number of `.own`?
# 2. A door that is half open (`learn` gives `.losses`, `.own`, `.gradient` and `.loud`): `learn(quiet | {"model.residual_scale": 0.42})`, and the same with `"training.lr": 0.002`. Follow the own share and the gradient of block 1, step by step. At which point is it decided?
# 3. The silent start at three times the rate: `learn(quiet | {"training.lr": 0.018}, silent_start)`. And silence one of the two only, `block.attention.out` or `block.mlp.down`, at rates 0.002 and 0.006. Which of them is needed? Does the explanation say so beforehand?
# 4. Look at the *image* share in the picture of shares. What in a token could be known about the image, and not about the place?
# 5. RMSNorm: `fresh("post", **{"model.norm": "rms"})`. It subtracts no mean. Do the tokens become alike all the same?
# 6. Print `shares` of the tokens of chapter 3's trained network (`from minidit.training import read_artefact`, then `read_artefact("shapes").model`), block by block. How much of them is their own after training?
#
# ## Sources
#
# - 机器之心, *DiT在数学和形式上是错的?谢赛宁回应:不要在脑子里做科学*, 2025-08-20: the debate. The critic's points on norms we know from there, in summary; the reply's sentence is quoted on the cards.
# - W. Peebles and S. Xie, *Scalable Diffusion Models with Transformers*, 2022, arXiv 2212.09748: DiT, its block in figure 3.
# - A. Vaswani et al., *Attention Is All You Need*, 2017, arXiv 1706.03762: the norm behind the sum.
# - R. Xiong et al., *On Layer Normalization in the Transformer Architecture*, 2020, arXiv 2002.04745: gradients of pre-norm and post-norm at the start, and warm-up.
# - Y. Dong, J.-B. Cordonnier and A. Loukas, *Attention is not all you need: pure attention loses rank doubly exponentially with depth*, 2021, arXiv 2103.03404: tokens become alike.
# - L. Noci et al., *Signal Propagation in Transformers: Theoretical Perspectives and the Role of Rank Collapse*, 2022, arXiv 2206.03126: with a residual stream, and what it does to gradients.
# - L. Liu et al., *Understanding the Difficulty of Training Transformers*, 2020, arXiv 2004.08249: the size of the first updates, and ADMIN.
# - H. Zhang, Y. N. Dauphin and T. Ma, *Fixup Initialization: Residual Learning Without Normalization*, 2019, arXiv 1901.09321: branches that begin silent.
# - T. Bachlechner et al., *ReZero is All You Need: Fast Convergence at Large Depth*, 2020, arXiv 2003.04887: a gate of zero for every branch.
# - H. Wang et al., *DeepNet: Scaling Transformers to 1,000 Layers*, 2022, arXiv 2203.00555: post-norm made to train, by scaling the stream.
# - M. Ding et al., *CogView*, 2021, arXiv 2105.13290: the sandwich.
# - J. Xu et al., *Understanding and Improving Layer Normalization*, 2019, arXiv 1911.07013: gain and bias, AdaNorm, DetachNorm.
# - *The Annotated Transformer*, Harvard NLP: what its prose and its code say about the norm, told in exercise 9.1 in our own words and code.
# - S. Holm, *A Simple Sequentially Rejective Multiple Test Procedure*, Scandinavian Journal of Statistics 6, 1979: the correction.
