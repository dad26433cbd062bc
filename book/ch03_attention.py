# %% [markdown]
# # Chapter 3: What attention does in a diffusion transformer
#
# | | |
# |---|---|
# | **Question** | What does attention look at while an image comes out of noise, and when does the network need it? |
# | **You will be able to** | write attention as loops, as einsum and as one fused call; split heads; say what attention cannot know; read attention maps without believing them; keep logits bounded with QK-norm; compare two MLPs fairly |
# | **Minutes** | 2 on two cores, most of it one live experiment; about 5 on an A100 with the `a100` settings (an estimate: they have not been run) |
# | **Claims** | none is tried here. The recipe of QK-norm and SwiGLU is on trial in chapter 13; here you learn what the two are |
#
# Chapter 1 said: blocks of attention and MLP work on the tokens. This chapter opens the block. If you know transformers from language,
# the formulas are old friends, but one thing is new: the same network works on noise and on a nearly finished image. Does it look at both
# in the same way?
#
# One thing about blocks beforehand. A block does not replace a token, it *adds* to it, twice:
#
# $$ x \leftarrow x + g\,\mathrm{Attention}(N(x)), \qquad x \leftarrow x + g'\,\mathrm{MLP}(N(x)). $$
#
# $N$ is a norm: it brings each token to mean 0 and variance 1. What the gates $g$ are, and how $t$ and $y$ come in, says chapter 4. What matters here is the
# $x\, +$, the *skip path*: a token keeps itself, whatever attention does.

# %%
import time

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

import minidit
from minidit import TrainState, teach
from minidit.data import load
from minidit.measure import Evidence
from minidit.model import attention_maps
from minidit.model.attention import Attention, attention_map, fused
from minidit.model.mlp import MLP, SwiGLU
from minidit.model.norm import RMSNorm
from minidit.teach.figures import ACCENT, INK, MUTED, picture
from minidit.training import read_artefact

_ = torch.set_num_threads(1)  # faster at this size than two, and repeatable to the last bit

# %% [markdown]
# ## A trained network
#
# To see what attention does we need a network that can do something. It was trained on coloured shapes of 16 by 16 pixels, somewhat longer
# than a chapter may take. Its weights are part of the book; `minidit book artefact shapes` trains it anew.
#
# The last section trains small networks live. Their settings stand here for both scales.

# %%
network = read_artefact("shapes", teach.device())
model, flow = network.model.eval(), network.experiment.objective.flow
config = network.experiment.model
live = teach.settings(
    cpu=minidit.experiment("digits", ("training.steps=250",)),
    a100=minidit.experiment("digits", ("training.steps=2000", "model.dim=256", "model.depth=8")),
)
print(f"{config.depth} blocks, {config.heads} heads each; a head has {config.dim // config.heads} numbers")
print(f"an image of {config.input_size} x {config.input_size} pixels is {config.tokens} tokens")

# %% [markdown]
# Here is one image that the network never saw, on its way from noise to data. One token is marked, a patch of 2 by 2 pixels at the edge of
# the object. We took the patch with the most contrast that is not at the border.

# %%
held_out = load(network.experiment.data).held_out.to(teach.device())
x, labels = held_out.x[:64], held_out.labels[:64]
noise = torch.randn(x.shape, generator=minidit.generator(0, "chapter 3")).to(x.device)
one = next(i for i in range(64) if "circle" in held_out.class_names[labels[i]])
rows, columns = config.grid
patches = x[one].unflatten(1, (rows, -1)).unflatten(3, (columns, -1))  # (c, rows, p, columns, p)
contrast = patches.transpose(2, 3).flatten(3).std(-1).mean(0)  # (rows, columns)
inside = F.pad(torch.ones_like(contrast[1:-1, 1:-1]), (1, 1, 1, 1))
token = (contrast * inside).argmax().item()


# %%
def noisy(t):
    return flow.interpolate(x, noise, torch.full((len(x),), t, device=x.device))


def mark(axes, scale=1):
    row, column = divmod(token, columns)
    corner = (column * scale - 0.5, row * scale - 0.5)
    axes.add_patch(plt.Rectangle(corner, scale, scale, fill=False, color=ACCENT, linewidth=2))


# %%
figure, axes = plt.subplots(1, 6, figsize=(8, 1.6))
for panel, t in zip(axes, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0), strict=True):
    picture(panel, noisy(t)[one])
    mark(panel, config.patch_size)
    panel.set_title(f"t = {t:.1f}", fontsize=9, color=INK)
teach.show(
    figure,
    alt="A coloured circle appears out of noise in six pictures; a small square marks one patch at its edge.",
)

# %% [markdown]
# ## Predict
#
# In each block the marked token may ask all 64 tokens for help, itself included. It asks several questions at once: each *head* of a block gives its
# attention in its own way. Some heads look near, some far. Before you see any measurement, commit yourself.

# %%
teach.predict(
    "ch03.where",
    "Take the head that looks nearest at t = 0.7. Where does it look as t goes from noise towards data?",
    choices={
        "a": "at the same distance throughout: a head has its habit",
        "b": "wide in noise, nearer as the image appears",
        "c": "near in noise, wider as the image appears",
    },
    guess=None,
)

# %%
teach.predict(
    "ch03.needed",
    "We take attention away in one block: each token gets the mean of all. When does that cost most?",
    choices={"a": "in noise, t = 0.1", "b": "later, t = 0.7", "c": "about the same at both"},
    guess=None,
)

# %% [markdown]
# ## The idea
#
# Each token $i$ makes three vectors by a linear layer: a *query* $q_i$, what it looks for; a *key* $k_i$, what it can be found by; a *value*
# $v_i$, what it has to tell. Token $i$ scores all tokens $j$ by the product of its query with their keys, turns the scores into weights
# that sum to 1 (the *softmax*), and takes the weighted mean of the values:
#
# $$ a_{ij} = \frac{\exp(s_{ij})}{\sum_{j'} \exp(s_{ij'})}, \qquad s_{ij} = \frac{q_i \cdot k_j}{\sqrt{d}}, \qquad y_i = \sum_j a_{ij}\, v_j . $$
#
# $d$ is the length of a query, here of one head. That is all of attention (Vaswani et al. 2017, equation 1). The matrix $a$ is called the *attention map*, the
# scores $s$ are the *logits*. An MLP works on each token alone. So attention is the only place where tokens learn of each other.
#
# First as loops, one pair of tokens at a time.


# %%
def loops(q, k, v):
    """(tokens, d) each -> (tokens, d)."""
    y = torch.zeros_like(v)
    for i in range(len(q)):
        scores = torch.stack([q[i] @ k[j] / q.shape[-1] ** 0.5 for j in range(len(k))])
        for j, weight in enumerate(scores.softmax(0)):
            y[i] += weight * v[j]
    return y


# %% [markdown]
# Then as einsum, for a whole batch (`b`) and several heads (`h`) at once. `i` is the token that asks, `j` the token that is asked; the softmax
# runs over `j`. Read the letters: `d` disappears in the first line, `j` in the last.


# %%
def einsum(q, k, v):
    """(batch, heads, tokens, d) each -> (batch, heads, tokens, d)."""
    scores = torch.einsum("bhid,bhjd->bhij", q, k) / q.shape[-1] ** 0.5
    return torch.einsum("bhij,bhjd->bhid", scores.softmax(-1), v)


# %% [markdown]
# The third form is one call. PyTorch's *fused* kernel works through the map in tiles and never writes it down. All three agree with the library's
# `fused`, and with its `attention_map`. (The `None` stands for a mask, keys that do not count: exercise 3.7.)

# %%
q, k, v = torch.randn(3, 2, 2, 10, 16, generator=minidit.generator(0, "chapter 3, q k v"))
y = einsum(q, k, v)
torch.testing.assert_close(loops(q[0, 1], k[0, 1], v[0, 1]), y[0, 1])
torch.testing.assert_close(F.scaled_dot_product_attention(q, k, v), y)
torch.testing.assert_close(fused(q, k, v, None), y)
torch.testing.assert_close(attention_map(q, k, None) @ v, y)
print("loops, einsum, the fused kernel and the library agree on a map of shape", (*q.shape[:3], k.shape[2]))

# %% [markdown]
# Why three? Loops to understand, einsum to check and to look inside, the fused call to train. On a processor the gap is like this; for GPUs,
# where the map does not fit into fast memory, Dao et al. report a larger one.

# %% tags=["nbval-ignore-output"]
long = torch.randn(3, 1, 4, 1024, 32, generator=minidit.generator(0, "chapter 3, long"))
for name, attend in {"einsum": einsum, "fused": F.scaled_dot_product_attention}.items():
    began = time.process_time()
    for _ in range(5):
        attend(*long)
    print(f"{name:>7}: {(time.process_time() - began) / 5 * 1000:.0f} ms for 4 heads of 1024 tokens")

# %% [markdown]
# ## Why the root of d
#
# Take queries and keys whose numbers have variance 1. The product of a query and a key is a sum of $d$ terms, each of variance 1, so its standard deviation is $\sqrt d$. Without
# the root, the softmax of a long head puts nearly all weight on one token. Then for most tokens its slope is nearly zero: a small change of the scores changes nothing,
# and only rows in which two scores almost tie still learn. The slope of a row of weights is a matrix, $\partial a_i / \partial s_i = \mathrm{diag}(a_i) - a_i a_i^\top$. Its
# size is 0 when one weight is 1. The last two columns are the median over 64 tokens.


# %%
def slope(a):
    return (torch.diag_embed(a) - a.unsqueeze(-1) * a.unsqueeze(-2)).flatten(-2).norm(dim=-1).median()


print("   d   spread of logits   largest weight: plain, scaled   slope: plain, scaled")
for d in (16, 64, 256, 1024):
    q, k = torch.randn(2, 64, d, generator=minidit.generator(0, "chapter 3, scale", d))
    plain, scaled = (q @ k.T).softmax(-1), (q @ k.T / d**0.5).softmax(-1)
    peaks = [a.max(-1).values.mean() for a in (plain, scaled)]
    print(f"{d:>4} {(q @ k.T).std():>12.0f} {peaks[0]:>21.2f} {peaks[1]:>7.2f}", end="")
    print(f" {slope(plain):>18.3f} {slope(scaled):>7.3f}")

# %% [markdown]
# A short head could even do without. But with the root nothing depends on $d$, and one setting fits all sizes. Note which $d$: the length of *one
# head*, not the width of a token.
#
# ## Heads
#
# One map is one question. The library cuts each query, key and value into `heads` pieces, lets each piece attend by itself, and puts the
# results side by side. A last linear layer mixes them. Heads cost no parameters: the same matrices are only read differently. Here is the whole
# layer of the trained network.

# %%
layer = model.blocks[0].attention
tokens = torch.randn(2, config.tokens, config.dim, generator=minidit.generator(0, "tokens")).to(x.device)


def split(y):
    return y.unflatten(-1, (layer.heads, -1)).transpose(1, 2)  # (b, n, h*d) -> (b, n, h, d) -> (b, h, n, d)


q, k, v = (split(part) for part in layer.qkv(tokens).chunk(3, dim=-1))
joined = einsum(q, k, v).transpose(1, 2).flatten(2)  # (b, h, n, d) -> (b, n, h, d) -> (b, n, h*d)
torch.testing.assert_close(layer.out(joined), layer(tokens))
print("tokens", tuple(tokens.shape), "-> queries", tuple(q.shape), "-> tokens", tuple(joined.shape))

# %% [markdown]
# Mind the `transpose`. A bare `reshape` to (batch, heads, tokens, d) has the right shape too, and mixes tokens with each other. No error is
# raised. Exercise 3.2 is about it.
#
# ## What attention cannot know
#
# Chapter 2 showed it for a whole network without positions: shuffle the tokens, and the same answers come out, shuffled. That is called *equivariance*. Here it is
# for one layer of attention and for one MLP. If you come from language: nothing is masked here. Every token sees every token, so not even a causal mask
# gives the order away.

# %%
order = torch.randperm(config.tokens, generator=minidit.generator(0, "order")).to(x.device)
torch.testing.assert_close(layer(tokens[:, order]), layer(tokens)[:, order])
torch.testing.assert_close(model.blocks[0].mlp(tokens[:, order]), model.blocks[0].mlp(tokens)[:, order])
print("shuffled tokens in, the same tokens out, shuffled: attention and MLP have no idea of place")

# %% [markdown]
# Equivariance is a good test, but a weak one. A softmax over the wrong axis passes it, as exercise 3.1 shows.
#
# ## What attention sees
#
# The fused kernel leaves no map behind. Inside `with attention_maps(model)` the library computes attention in the open and keeps the maps. We show
# the network 64 held-out images at one $t$.


# %%
def maps_at(t):
    """The attention of all blocks: (batch, blocks, heads, queries, keys)."""
    times = torch.full((len(x),), t, device=x.device)
    with torch.no_grad(), attention_maps(model) as maps:
        model(noisy(t), times, labels)
    return torch.stack(list(maps.values()), dim=1)


# %%
maps = maps_at(0.7)
print("maps:", tuple(maps.shape), " each row sums to 1:", bool(((maps.sum(-1) - 1).abs() < 1e-4).all()))

# %% [markdown]
# That is one row of weights for each image, block, head and token: far too many to look at. We reduce each row to two numbers.
#
# - **Distance**: how many patches away is the token that is looked at, on average, weighted by attention?
# - **Effective number** of tokens: the exponential of the row's entropy, $\exp(-\sum_j a_{ij} \ln a_{ij})$. It is 1 when all weight is on one token, 64 when all 64 are equal.

# %%
place = torch.cartesian_prod(torch.arange(float(rows)), torch.arange(float(columns))).to(x.device)
between = torch.cdist(place, place)  # (tokens, tokens): patches from one centre to another


def distance(maps):
    return (maps * between).sum(-1).mean((0, 3))  # (blocks, heads)


def number(maps):
    return (-torch.xlogy(maps, maps)).sum(-1).exp().mean((0, 3))  # (blocks, heads)


# %%
chance = between.mean().item()
print(
    f"attention to all {config.tokens} tokens alike has distance {chance:.2f} and effective number {config.tokens}"
)

# %% [markdown]
# That is the baseline. Now the trained network, from noise to data. Its heads are drawn in grey; two of them are picked out.

# %%
grid_t = (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98)
seen = {t: maps_at(t) for t in grid_t}

# %%
far = torch.stack([distance(maps) for maps in seen.values()]).cpu()  # (times, blocks, heads)
many = torch.stack([number(maps) for maps in seen.values()]).cpu()
near_head = divmod(far[grid_t.index(0.7)].argmin().item(), config.heads)
far_head = divmod(far.amax(0).argmax().item(), config.heads)

# %%
figure, both = plt.subplots(1, 2, figsize=(8.5, 3.2))
for axes, values, label in zip(
    both, (far, many), ("distance, in patches", "effective number of tokens"), strict=True
):
    axes.plot(grid_t, values.flatten(1), color=MUTED, linewidth=1, alpha=0.7)
    for head, colour, name in ((near_head, ACCENT, "nearest"), (far_head, INK, "farthest")):
        words = f"{name}: block {head[0] + 1}, head {head[1] + 1}"
        axes.plot(grid_t, values[:, *head], color=colour, linewidth=2.2, label=words)
    axes.axhline(
        chance if axes is both[0] else config.tokens,
        color=INK,
        linewidth=0.8,
        linestyle=":",
        label="all alike",
    )
    axes.set(xlabel="t (0 noise, 1 data)", ylabel=label)
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)
both[0].legend(frameon=False, fontsize=8, loc="lower left")
figure.tight_layout()
teach.show(
    figure,
    alt="Two panels, a line for each head against t. The nearest head falls in distance and in effective number from noise towards "
    "the middle. Another head stays farther away than chance all the time.",
)

# %%
nearest = far[:, *near_head]
at = {t: i for i, t in enumerate(grid_t)}
print(f"the nearest head, at t = 0.7, is nearer than 0.6 of chance: {bool(nearest[at[0.7]] < 0.6 * chance)}")
print(
    f"it looks at least 1.2 times as far at t = 0.02:             {bool(nearest[at[0.02]] > 1.2 * nearest[at[0.7]])}"
)
print(f"some head looks farther than chance:                       {bool(far.max() > 1.05 * chance)}")
fewer = many[at[0.7]].mean() < 0.92 * many[at[0.02]].mean()
print(f"mean over all heads: attention is sharper at t = 0.7:      {bool(fewer)}")

# %%
teach.compare(
    "ch03.where", "b", "in noise even the nearest head looks wide; it draws in as the image appears."
)

# %% [markdown]
# It makes sense. In noise one patch says next to nothing, and so does its neighbour. Once the image shows, the neighbours
# know how the edge goes on. That is our reading. The measurement does not prove it.
#
# Mind the grey lines, though. Most heads keep their distance from noise to data: of them answer a is true. And we *chose* the nearest head by its distance at
# $t = 0.7$; the lowest of eight is low there by choice alone. That its line falls so smoothly is more than choice.
#
# Be careful with one more temptation: to call a block "the local one". Which block holds the near heads is not a law. With other seeds we found them in
# other blocks; experiment 1 at the end lets you check.
#
# ## Place or content?
#
# Why is the near head near? It may look for tokens *at* neighbouring places, or for tokens that *look alike*, which are often neighbours. Take
# the position table away and see whether the head still finds its neighbours.

# %%
table = model.position.clone()
model.position.zero_()
blind = distance(maps_at(0.7))[near_head].item()
model.position.copy_(table)
print(f"with positions it is near:        {bool(nearest[at[0.7]] < 0.6 * chance)}")
print(f"without, it is as far as chance:  {0.85 * chance < blind < 1.15 * chance}")

# %% [markdown]
# By place, then. With a caveat: without its table the network meets inputs that it was never trained on, and everything in it may go wrong at
# once. A clean answer would need a network trained without positions, such as the one of chapter 2.
#
# ## A picture is not yet a cause
#
# An attention map shows where a head looks. It does not show that looking there matters. So take it away. We replace the attention of one block by
# the plain mean over all tokens: *flatten* it. Then we measure the velocity error. The rest of the network stays. At last we flatten all blocks at
# once, lest one stands in for another.


# %%
def error(t):
    times = torch.full((len(x),), t, device=x.device)
    with torch.no_grad():
        return (model(noisy(t), times, labels) - (x - noise)).square().mean().item()


# %%
def flatten(q, k, v, mask):
    return v.mean(2, keepdim=True).expand_as(v)  # every token gets the mean of all values


def flattened(blocks, t, kernel=flatten):
    """The error with attention replaced in these blocks."""
    for block in blocks:
        model.blocks[block].attention.kernel = kernel
    flat = error(t)
    for block in blocks:
        model.blocks[block].attention.kernel = fused
    return flat


# %%
everything = range(config.depth)
whole = torch.tensor([error(t) for t in grid_t])
costs = torch.tensor([[flattened([block], t) for t in grid_t] for block in everything]) / whole
broken = torch.tensor([flattened(everything, t) for t in grid_t])
all_flat = broken / whole
worst = costs[:, at[0.7]].argmax().item()

# %%
figure, axes = plt.subplots(figsize=(6, 3.2))
for block, dash in zip(everything, ("-", "--", "-.", ":"), strict=True):
    axes.plot(grid_t, costs[block], color=ACCENT, linewidth=1.5, linestyle=dash, label=f"block {block + 1}")
axes.plot(grid_t, all_flat, color=INK, linewidth=2.2, label="all blocks at once")
axes.set(xlabel="t (0 noise, 1 data)", ylabel="error, flattened / whole", yscale="log", xlim=(0, 1))
axes.set_yticks([1, 2, 4, 8, 16, 32], ["1", "2", "4", "8", "16", "32"])
axes.minorticks_off()
axes.legend(frameon=False, fontsize=8, loc="upper left")
axes.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="How much the error grows when attention is flattened, against t. In noise hardly at all, even in all blocks at once. Around "
    "t = 0.7 the first and the last block cost most, and all together far more than any one. Near the data the ratios fall again.",
)

# %%
print(f"t = 0.1: flattening any one block costs less than 15 %: {bool((costs[:, at[0.1]] < 1.15).all())}")
print(f"t = 0.1: flattening all blocks costs less than 30 %:    {bool(all_flat[at[0.1]] < 1.3)}")
print(f"t = 0.7: flattening the worst block doubles the error:  {bool(costs[worst, at[0.7]] > 2)}")
print(f"t = 0.7: flattening all multiplies the error by over 10: {bool(all_flat[at[0.7]] > 10)}")

# %%
teach.compare(
    "ch03.needed",
    "b",
    "in noise hardly anything is lost; later one block can double the error, and more.",
)

# %% tags=["nbval-ignore-output"]
print("   t   error, whole   all blocks flat   difference")
for t in (0.02, 0.1, 0.7, 0.9, 0.98):
    i = at[t]
    print(f"{t:>4} {whole[i]:>13.3f} {broken[i]:>17.3f} {broken[i] - whole[i]:>12.3f}")
missed = ", ".join(f"block {block + 1} {costs[block, at[0.7]]:.1f}" for block in everything)
print(f"times the error at t = 0.7 when one is flattened: {missed}")

# %% [markdown]
# We did not expect it to be so clear: in noise it hardly matters whom a token listens to, in the whole network. The difference says the same as the ratio.
# (We divide by the whole network's error because then it does not matter whether one predicts velocity, noise or image.)
#
# But the heads are wide in noise. Perhaps the mean is just what they need? So take the mean away too, and let attention say nothing.

# %%
for words, kernel in (("the mean of all", flatten), ("nothing", lambda q, k, v, mask: 0 * v)):
    print(
        f"t = 0.1, attention says {words:<16} {flattened(everything, 0.1, kernel) / error(0.1):.1f} times the error"
    )

# %% [markdown]
# Nearly the same. So the others have little to say.
#
# Think about what the network must do at $t = 0$. The input is pure noise and tells nothing of the image. The best guess of the velocity is the
# mean image of the class, minus the noise that is there. For that a token needs the label, its place and *itself*, which the skip path keeps. The others cannot help. Attention
# has little work there, in any network. It is needed where part of the image is visible and another part is not.
#
# Some caveats. Near the data the ratios fall, but look at the table: the whole network's own error rises there, because $v = (x_1 - x_t) / (1 - t)$ divides what is
# wrong in the image by $1 - t$. The difference does not fall. And with all blocks flat the network is then worse than the best constant image of chapter 2: it is broken, not
# only uninformed. So these curves show damage, and need is only part of damage.
#
# A small *error* is not a good *sample*: what is decided early in sampling may weigh more than its share of the error. And each replacement is an intervention of its own:
# layers behind are used to what attention says (experiment 3).
#
# ## QK-norm: logits that cannot run away
#
# Nothing keeps queries and keys small. When training pushes them up, logits grow with the *product* of both, the softmax saturates, and its slope
# dies, as we saw above. Large runs have been lost that way. The remedy is short: bring each query and each key to a root mean square of 1, head by
# head, before the product. Then $\lVert \hat q \rVert = \lVert \hat k \rVert = \sqrt d$, so
#
# $$ |s_{ij}| = \frac{|\hat q_i \cdot \hat k_j|}{\sqrt d} \le \sqrt d . $$
#
# A learned gain for each number follows (RMSNorm); then the bound is $\sqrt d$ times the largest product of the two gains.


# %%
def rms(y):
    return y / (y.square().mean(-1, keepdim=True) + 1e-6).sqrt()


q, k = torch.randn(2, 1, 1, 64, 16, generator=minidit.generator(0, "chapter 3, qk"))
torch.testing.assert_close(rms(q), RMSNorm(16)(q))
for size in (1, 10, 100):
    plain, normed = (q * size) @ (k * size).mT / 4, rms(q * size) @ rms(k * size).mT / 4
    print(
        f"size {size:>3}: plain logits up to {plain.abs().max():>6.0f}, normed up to {normed.abs().max():.1f}, at most 4"
    )

# %%
small = Attention(16, heads=2, qk_norm=True)
q, k, v = small.qkv(tokens[..., :16].cpu()).unflatten(-1, (3, 2, -1)).permute(2, 0, 3, 1, 4)
mine = einsum(rms(q), rms(k), v).transpose(1, 2).flatten(2)
torch.testing.assert_close(small.out(mine), small(tokens[..., :16].cpu()))
print(
    "extra parameters of QK-norm:",
    sum(p.numel() for n, p in small.named_parameters() if "norm" in n),
    "gains",
)

# %% [markdown]
# Does it help? We train small networks on digits, 250 steps each: at the rate of chapter 1, and at 24 times that rate, which is far too high. Both
# without and with QK-norm; three seeds at the high rate, beside fifteen that are recorded. On the way we look at the largest weight of each row in block 1.

# %%
teach.predict(
    "ch03.rate",
    "At 24 times the usual rate: what does QK-norm change?",
    choices={
        "a": "nothing: both learn, or both fail",
        "b": "without it the network learns nothing; with it the network learns something",
        "c": "with it the network trains as well as at the usual rate",
    },
    guess=None,
)

# %%
digits = load(live.data)
usual = live.training.lr
probe = digits.held_out.x[:32].to(teach.device()), digits.held_out.labels[:32].to(teach.device())


def peak(model):
    """Mean of the largest weight of a row, block 1, images half way from noise to data."""
    images, labels = probe
    eps = torch.randn(images.shape, generator=minidit.generator(0, "probe")).to(images.device)
    half = torch.full((len(images),), 0.5, device=images.device)
    with torch.no_grad(), attention_maps(model) as maps:
        model(flow.interpolate(images, eps, half), half, labels)
    return maps["blocks.0.attention"].max(-1).values.mean().item()


# %%
def run(rate, qk_norm, seed):
    chosen = live.override({"training.lr": rate, "model.qk_norm": qk_norm})
    state, losses, peaks = TrainState.create(chosen, seed, teach.device()), [], []
    for record in minidit.train(state, digits):
        losses.append(record.loss)
        if record.step % 10 == 0:
            peaks.append(peak(state.model))
    return {"losses": losses, "peaks": peaks, "loss": sum(losses[-50:]) / 50}


# %%
best = 1 + digits.train.x.var(0, correction=0).mean().item()
print(f"the best constant image has the error {best:.2f}: exercise 1.2")

# %% [markdown]
# Now train: one seed of both arms at the usual rate, then three seeds without and three with QK-norm at the high one.

# %%
high = 24 * usual
runs = {(usual, qk, 0): run(usual, qk, 0) for qk in (False, True)}

# %%
runs |= {(high, False, seed): run(high, False, seed) for seed in teach.progress(range(3), "without")}

# %%
runs |= {(high, True, seed): run(high, True, seed) for seed in teach.progress(range(3), "with QK-norm")}

# %%
record = Evidence.read("qk_norm", teach.scale())
figure, both = plt.subplots(1, 2, figsize=(8.5, 3.2))
for arm, colour in (("plain", ACCENT), ("normed", INK)):
    for axes, word in zip(both, ("loss", "peak"), strict=True):
        ends = record.readout(f"{word}.high.{arm}")
        axes.plot(torch.linspace(258, 272, len(ends)), ends, ".", color=colour, markersize=4)
for (rate, qk, _), result in runs.items():
    if rate > usual:
        losses = torch.tensor(result["losses"]).unfold(0, 25, 25).mean(1)
        colour = INK if qk else ACCENT
        both[0].plot(range(25, 25 * len(losses) + 1, 25), losses, color=colour, linewidth=1.6)
        ends = range(10, 10 * len(result["peaks"]) + 1, 10)
        both[1].plot(ends, result["peaks"], color=colour, linewidth=1.6)
for axes, label in zip(both, ("velocity error", "largest weight of a row, block 1"), strict=True):
    axes.set(xlabel="step", ylabel=label)
    axes.spines[["top", "right"]].set_visible(False)
both[0].axhline(best, color=INK, linewidth=0.8, linestyle=":", label="the best constant image")
both[0].plot([], [], ".", color=MUTED, label="where recorded seeds ended")
both[0].legend(frameon=False, fontsize=8, loc="upper right")
both[0].set_ylim(0.7, 2.2)
for colour, label in ((ACCENT, "without QK-norm"), (INK, "with QK-norm")):
    both[1].plot([], [], color=colour, label=label)
both[1].legend(frameon=False, fontsize=8, loc="center right")
figure.tight_layout()
teach.show(
    figure,
    alt="Three seeds with and three without QK-norm at 24 times the usual rate. Without it the error stays above a constant's and nearly all "
    "weight goes to one token; with it the error falls and attention stays spread. Of fifteen recorded seeds two fail with QK-norm as well.",
)


# %%
def verdict(words, holds):
    print(f"{words:<62} {sum(holds)} of {len(holds)} seeds")


plain, normed = ([runs[high, qk, seed] for seed in range(3)] for qk in (False, True))
reached = runs[usual, True, 0]["loss"]
verdict("without: the error stays above that of a constant image", [r["loss"] > best for r in plain])
verdict("without: more than 0.9 of a row's weight ends on one token", [r["peaks"][-1] > 0.9 for r in plain])
verdict("with: less than 0.7 of it does", [r["peaks"][-1] < 0.7 for r in normed])
verdict("with: at least 0.1 behind what the usual rate reaches", [r["loss"] > reached + 0.1 for r in normed])
lowest, mean = min(r["loss"] for r in normed), [sum(r["loss"] for r in arm) / 3 for arm in (plain, normed)]
print(f"the best of three with QK-norm ends below 0.9 of a constant's: {lowest < 0.9 * best}")
print(f"the mean of three with QK-norm is lower by more than 0.1:      {mean[1] < mean[0] - 0.1}")
alike = abs(reached - runs[usual, False, 0]["loss"]) < 0.05
print(f"at the usual rate both end within 0.05 of each other (1 seed): {alike}")

# %%
ended = {arm: record.readout(f"loss.high.{arm}") for arm in ("plain", "normed")}
for arm, words in (("plain", "without"), ("normed", "with QK-norm")):
    failed = sum(loss > best for loss in ended[arm])
    print(f"recorded, {words:<12}: {failed} of {len(ended[arm])} seeds end above the best constant image")

# %%
teach.compare(
    "ch03.rate", "b", "attention saturates without QK-norm and nothing is learned; with it something is."
)

# %% tags=["nbval-ignore-output"]
for (rate, qk, seed), result in runs.items():
    print(
        f"rate {rate:.3f}, seed {seed}, {'with   ' if qk else 'without'}: error {result['loss']:.3f}, largest weight {result['peaks'][-1]:.2f}"
    )

# %% [markdown]
# Read the verdict narrowly. QK-norm did what the formula promises: attention did not saturate. It is a safety belt, not a cure. Nobody trains at
# this rate, and at the usual one QK-norm changed nothing that we can see here. At the high rate a network can fail with QK-norm too, by another way
# than saturation: two of the fifteen recorded seeds did. Three seeds may not show it. And it may have a price: threads in LightningDiT's repository
# report that QK-norm ended the breakdowns of very long runs, and that sample quality suffered. Chapter 13 puts it on trial.
#
# ## The MLP, and a fair comparison
#
# After attention each token works by itself: a layer to four times the width, an activation, a layer back. DiT's activation is GELU; it and
# $\mathrm{silu}(x) = x / (1 + e^{-x})$ are smooth relatives of ReLU. Many newer networks take *SwiGLU* (Shazeer 2020): two layers go up, one of them is a gate for the
# other ($\odot$ multiplies number by number).
#
# $$ \mathrm{MLP}(x) = W_2\, \mathrm{gelu}(W_1 x), \qquad \mathrm{SwiGLU}(x) = W_3\, \bigl(\mathrm{silu}(W_1 x) \odot W_2 x\bigr) . $$
#
# It has three matrices where the MLP has two. With the same hidden width it would have half as many parameters again, and win or lose for that
# reason. With two thirds of the width both are equal: $3 \cdot \tfrac{2}{3} = 2$.

# %%
d = config.dim
hidden = int(2 / 3 * 4 * d)
for name, part in {
    "GELU, 4 d": MLP(d, 4 * d),
    "SwiGLU, 4 d": SwiGLU(d, 4 * d),
    "SwiGLU, 8 d / 3": SwiGLU(d, hidden),
}.items():
    weights = sum(p.numel() for p in part.parameters() if p.ndim == 2)
    print(f"{name:<16} {weights:>7,} weights, {weights / (8 * d * d):.3f} of 8 d^2")

# %%
part, y = SwiGLU(d, hidden), tokens[0].cpu()
gate, value = F.linear(y, part.up.weight, part.up.bias).split(hidden, dim=-1)
torch.testing.assert_close(F.linear(F.silu(gate) * value, part.down.weight, part.down.bias), part(y))
other = minidit.build(config, mlp="swiglu").blocks[0].mlp
print("the library takes", other.up.out_features // 2, "hidden units for SwiGLU; we found", hidden)

# %% [markdown]
# So much for the parts. What do they weigh? In width $d$ attention has $4 d^2$ weights, the MLP $8 d^2$. There is a third part of the block; chapter 4 weighs it. Work is another matter. The map costs $2 N^2 d$ MACs for $N$ tokens, and
# has no parameters at all.

# %%
n, block = config.tokens, model.blocks[0]
for name in ("attention", "mlp"):
    weights = sum(p.numel() for p in getattr(block, name).parameters() if p.ndim == 2)
    print(f"{name:>10}: {weights:>6,} weights, {weights // d**2} d^2")
print(f"MACs of attention:        {4 * n * d * d:,} in its four matrices, {2 * n * n * d:,} in the map")
print(f"with 16 times the tokens: {4 * 16 * n * d * d:,} and {2 * (16 * n) ** 2 * d:,}")

# %% [markdown]
# ## A slider for time
#
# One image, one marked token, all heads of all blocks. Drag $t$ from noise to data. Dark is much attention; each map has its own scale. Look for
# heads that draw in around the token, for heads that look across the image, and for heads that follow the object.


# %%
def snapshot(t):
    maps = seen[t][one, :, :, token].unflatten(-1, (rows, columns)).cpu()  # (blocks, heads, rows, columns)
    figure, axes = plt.subplots(config.heads, config.depth + 1, figsize=(6.6, 1.6 * config.heads))
    for head in range(config.heads):
        axes[head, 0].axis("off")
        for block in range(config.depth):
            panel = axes[head, block + 1]
            panel.imshow(maps[block, head], cmap="Blues", vmin=0)
            panel.set(xticks=[], yticks=[])
            mark(panel)
            panel.set_title(f"block {block + 1}, head {head + 1}", fontsize=8, color=INK)
    axes[0, 0].axis("on")
    picture(axes[0, 0], noisy(t)[one])
    mark(axes[0, 0], config.patch_size)
    axes[0, 0].set_title(f"t = {t:g}", fontsize=8, color=INK)
    figure.tight_layout(pad=0.4, h_pad=1.2)
    return figure


teach.Frames(
    [snapshot(t) for t in grid_t],
    [f"t = {t:g}" for t in grid_t],
    label="time",
    alt="The noisy image with one marked patch, and beside it what that patch attends to in each head of each block. Some heads "
    "draw in around the patch as the image appears; others look elsewhere.",
    still=7,
)

# %% [markdown]
# ## What would change our mind
#
# We said: the nearest head draws in as the image appears; whom a token listens to hardly matters in noise, and matters much later; QK-norm keeps attention
# from saturating where it otherwise does, and most of the time that saves the training. This would overturn it:
#
# - networks of other seeds in which no head draws in (experiment 1);
# - samples that are much worse when attention is flattened early, up to $t = 0.1$: then the error there hides something (experiment 2);
# - a rate at which the network without QK-norm saturates just as much and yet learns: then saturation is not what hurts;
# - larger images. With 64 tokens and one object, "far" is never very far.
#
# And this we do not know: whether heads divide their work in the same way in a network that is a thousand times larger.
#
# ## Exercises
#
# Seven exercises ask for a function each, and check it: attention, heads, QK-norm, a bug, SwiGLU's width, a distance, a mask. In a terminal, in the
# folder of the project, `minidit exercises start ch03` writes a notebook to work in.
#
# Five more are experiments. Write down what you expect before you run them.
#
# 1. Train another seed, one to two minutes: `minidit train shapes --seed 1 --out runs/seed-1` (1,600 steps; the book's network took 4,800). Read it by
#    `TrainState.load("runs/seed-1")` in place of `read_artefact("shapes")`, and use `network.ema.module` as the model. Is the nearest head in the same block?
# 2. Sample with all blocks flattened up to $t = 0.1$ and whole afterwards, and the other way round. `euler` of chapter 1 gives you each state; exchange the
#    kernels when `state.t` passes 0.1. Which of the two spoils the images?
# 3. Let each token listen to itself alone: `flattened(everything, 0.1, lambda q, k, v, mask: v) / error(0.1)`. It costs far more than nothing at all. Why, when a
#    token needs itself most of all? (What did the MLP behind it get used to?)
# 4. Run the QK-norm experiment at the high rate with seed 14, which the record says fails: `run(high, True, 14)`. What has become of its attention?
#    Then try 8 times the usual rate: what would you conclude from seed 0 alone?
# 5. Train with SwiGLU: `minidit train digits model.mlp=swiglu --out runs/swiglu`. Is it better than GELU by more than the recorded seeds of
#    chapter 1 differ among themselves?
#
# ## Sources
#
# - A. Vaswani et al., *Attention Is All You Need*, 2017, arXiv 1706.03762: equation 1, and why the root of d (section 3.2.1).
# - W. Peebles and S. Xie, *Scalable Diffusion Models with Transformers*, 2022, arXiv 2212.09748.
# - A. Henry et al., *Query-Key Normalization for Transformers*, 2020, arXiv 2010.04245; M. Dehghani et al., *Scaling Vision Transformers to
#   22 Billion Parameters*, 2023, arXiv 2302.05442, section 3.1: QK-norm, and the runs it saved.
# - M. Wortsman et al., *Small-scale proxies for large-scale Transformer training instabilities*, 2023, arXiv 2309.14322: high rates in small
#   networks as a model of what happens in large ones.
# - J. Yao et al., *Reconstruction vs. Generation* (LightningDiT), 2025, arXiv 2501.01423, and issues 23 and 68 of its repository: QK-norm, for and against.
# - N. Shazeer, *GLU Variants Improve Transformer*, 2020, arXiv 2002.05202: SwiGLU at equal parameters.
# - T. Dao et al., *FlashAttention*, 2022, arXiv 2205.14135: attention without writing the map.
# - S. Jain and B. Wallace, *Attention is not Explanation*, 2019, arXiv 1902.10186.
