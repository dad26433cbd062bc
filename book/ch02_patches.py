# %% [markdown]
# # Chapter 2: Images become tokens
#
# | | |
# |---|---|
# | **Question** | A transformer reads a list of tokens. How does an image become one, what does the size of a patch cost, and how does the network know where a token was? |
# | **You will be able to** | cut images into tokens and prove that the cut is right; count what a network costs; compare two networks at equal time; find out whether a network knows places; write sines and cosines, and RoPE, in two dimensions |
# | **Minutes** | 2 on two cores, most of it five short training runs; about 12 on an A100 with the `a100` settings (an estimate: they have not been run, and have no evidence yet) |
# | **Claims** | none is tried here; patch size and positions return as arms in Part II |
#
# In chapter 1 one sentence said: "the image is cut into patches of 2 by 2 pixels, and each patch becomes a token". This chapter
# is about that sentence.

# %%
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch.testing import assert_close

import minidit
from minidit import TrainState, teach
from minidit.data import load
from minidit.flow import Draw, velocity_error
from minidit.measure import Evidence, ledger
from minidit.model.patch import patchify, unpatchify
from minidit.model.position import sincos_2d
from minidit.model.rope import axial, rotate
from minidit.teach.figures import ACCENT, BAND, INK, MUTED
from minidit.training.sampling import sample

_ = torch.set_num_threads(1)  # faster at this size than two, and repeatable to the last bit

# %%
experiment, sizes, seconds = teach.settings(
    cpu=(minidit.experiment("shapes", ("training.batch_size=8",)), (1, 2, 4, 8), 9),
    a100=(
        minidit.experiment("shapes", ("model.input_size=64", "data.resolution=64", "model.dim=256")),
        (2, 4, 8, 16),
        120,
    ),
)
data, device = load(experiment.data), teach.device()
side, dim = experiment.model.input_size, experiment.model.dim
print(f"images of {side} by {side} pixels, tokens of width {dim}, {experiment.model.depth} blocks")

# %% [markdown]
# Our images are drawn by a program: one circle, square, triangle or cross, in one of six colours. Here is one of them, whole and cut. Where
# the patches stand apart, each is one token.


# %%
def apart(x, p, order=slice(None), zoom=4, gap=1):
    """One image (c, h, w), enlarged, its patches of p by p pixels standing apart, in the given order."""
    big = x.repeat_interleave(zoom, 1).repeat_interleave(zoom, 2)[None]  # (1, c, h*zoom, w*zoom)
    edge = p * zoom
    patches = patchify(big, edge)[:, order].unflatten(-1, (edge, edge, -1))  # (1, n, edge, edge, c)
    framed = F.pad(patches, (0, 0, gap, gap, gap, gap), value=1.0).flatten(2)
    return unpatchify(framed, edge + 2 * gap, *(n // p * (edge + 2 * gap) for n in x.shape[-2:]))[0]


# %%
shape = data.held_out.labels // 6  # circle, square, triangle, cross, in six colours each
four = torch.stack([data.held_out.x[shape == kind][0] for kind in range(4)])
whole_and_cut = [four[3], *(apart(four[3], p) for p in sizes[::-1])]
figure = teach.rows({"a cross": whole_and_cut}, columns=["whole", *(f"p = {p}" for p in sizes[::-1])])
figure.set_size_inches(7, 1.4)
teach.show(figure, alt="A cross, whole, then cut into 4, 16, 64 and 256 patches that stand apart.")

# %% [markdown]
# ## Predict
#
# Small patches show the network each pixel, but there are many of them, and each step takes longer. Large patches are few, and in the
# same time there are more steps. So give each size the same *time*, and look at the error on images that no network has seen. Nine processor seconds are about 100 steps for single pixels and 800 for
# patches of 8.

# %%
teach.predict(
    "ch02.patch",
    "Four networks train for the same time. Which patch size ends with the lowest error?",
    choices={"a": "p = 1, every pixel a token", "b": "p = 2", "c": "p = 4", "d": "p = 8, four tokens"},
    guess=None,
)

# %%
teach.predict(
    "ch02.places",
    "A fifth network is not told where its tokens stand. What will it draw?",
    choices={
        "a": "shapes, a little worse: the neighbours can be guessed from what the tokens show",
        "b": "pieces in the right colours that do not fit together",
        "c": "noise: without places nothing can be learned",
    },
    guess=None,
)

# %% [markdown]
# ## Cut
#
# A pixel's row is two numbers: the row of its patch in the grid, and the row inside the patch. So is its column. One axis of height $H$
# becomes two, $H/p$ and $p$. Then the axes are sorted: first those that say *which patch*, then those that say *where in it*.


# %%
def cut(x, p):
    b, c, h, w = x.shape
    split = x.reshape(b, c, h // p, p, w // p, p)  # (b, c, row, i, column, j)
    split = split.permute(0, 2, 4, 3, 5, 1)  # (b, row, column, i, j, c): which patch, then where in it
    return split.reshape(b, (h // p) * (w // p), p * p * c)  # (b, n, p*p*c)


images = data.held_out.x[:8]
for p in sizes:
    assert_close(cut(images, p), patchify(images, p))
    assert_close(unpatchify(cut(images, p), p, side, side), images)

# %% [markdown]
# The library says the same in one line, with the axes written out: `rearrange(x, "b c (h p) (w q) -> b (h w) (p q c)")`. Tokens run along the
# rows of the image. Inside a token the order is row, column, channel.
#
# To see that the cut is right, follow one pixel. Put a 1 at row 5, column 10, in the second channel, and ask where it went.

# %%
one = torch.zeros(1, 3, side, side)
one[0, 1, 5, 10] = 1
p = 2
token, slot = cut(one, p)[0].nonzero()[0].tolist()
print(f"token {token}, number {slot} in it")
print(
    "as it should be:", token == (5 // p) * (side // p) + 10 // p and slot == ((5 % p) * p + 10 % p) * 3 + 1
)

# %% [markdown]
# Why be so careful? Because the usual test cannot see the usual fault. The fault is to leave out the `permute`. The shape is right. And
# putting the image together again, by the inverse `reshape`, gives back the image.

# %%
strips = images.reshape(8, -1, 2 * 2 * 3)  # the right shape, and the wrong pixels
print("right shape:", strips.shape == cut(images, 2).shape)
print("round trip: ", torch.equal(strips.reshape(images.shape), images))
print("equal:      ", torch.equal(strips, cut(images, 2)))

# %%
marked = torch.full((2, (side // 2) ** 2, 2 * 2 * 3), 0.8)
marked[:, token] = -1  # one token is dark
right = unpatchify(marked[:1], 2, side, side)[0]
wrong = marked[1].reshape(3, side, side)
teach.show(
    teach.rows({f"pixels of token {token}": [right, wrong]}, columns=["permute", "reshape only"]),
    alt="Two images with one token marked. With permute it is a black square of two by two pixels. Without, it is two coloured strips at opposite ends of the image.",
)

# %% [markdown]
# On the right the same token is twelve numbers that stand beside each other in memory: the end of the last row of red, and the beginning of the first row of
# green. In the image they are as far apart as can be. (Where red is missing we see cyan, where green is missing magenta.) A network would train
# on such tokens. It would only be worse, and nobody would know why. So test *where a pixel goes*, not whether you can come back.
#
# ## A linear layer on patches is a convolution
#
# Each patch of $p \cdot p \cdot c$ numbers becomes a token of width $d$ by one linear layer, the same for all patches. In one formula, with $i, j$ inside the patch,
#
# $$ \text{token}_{r, s, m} = \sum_{c, i, j} x_{c,\; r p + i,\; s p + j}\; W_{m, i, j, c} + \beta_m , \qquad m = 1 \ldots d . $$
#
# That is an `einsum`. It is also a convolution whose stride is its size, and that is how DiT's code writes it.

# %%
model = minidit.build(experiment.model, seed=0)
p, layer = experiment.model.patch_size, model.patch
kernel = layer.weight.unflatten(1, (p, p, -1))  # (d, i, j, c)
split = images.reshape(8, -1, side // p, p, side // p, p)  # (b, c, row, i, column, j)
tokens = torch.einsum("bcrisj,dijc->brsd", split, kernel).flatten(1, 2) + layer.bias
assert_close(tokens, layer(patchify(images, p)))

stride = F.conv2d(images, kernel.permute(0, 3, 1, 2), layer.bias, stride=p)  # (b, d, row, column)
assert_close(stride.flatten(2).transpose(1, 2), tokens)
print("tokens:", tuple(tokens.shape))

# %% [markdown]
# Mind the order inside the patch when you load published weights: the convolution's kernel is (channel, row, column), the output layer
# is (row, column, channel).
#
# ## What tokens cost
#
# There are $N = (H/p)^2$ tokens. Halve $p$, and there are four times as many.
#
# A block of a transformer has two parts. The *MLP* works on each token by itself: a linear layer from $d$ to $4d$, a bend, a linear layer back. *Attention*, which
# chapter 3 takes apart, lets each token ask all tokens. Linear layers make of each token three vectors of width $d$: a *query*, what it asks; a *key*, what it
# can be found by; a *value*, what it answers. Every query meets every key, which gives a weight; the weighted sum of the values is the answer, and a
# fourth linear layer brings it back to the token.
#
# We count MACs, a multiplication with an addition. One MAC is two FLOPs; papers in this field print MACs and call them FLOPs. Linear layers cost one MAC
# a weight and token: $4d^2$ weights in attention, $8d^2$ in the MLP, so $12 N d^2$ a block. When $N$ tokens meet $N$ tokens, twice, with $d$ numbers each,
# that costs $2 N^2 d$ more. All the rest is little: the patches at both ends, time and label.


# %%
def million_macs(p):
    """Where the MACs of one image go, in millions."""
    book, n = ledger(experiment.model, patch_size=p), (side // p) ** 2
    products = experiment.model.depth * 2 * n**2 * dim
    spent = {
        "MLP": book["mlp"].macs,
        "q, k, v, out": book["attention"].macs - products,
        "N^2": products,
    }
    spent["rest"] = book.macs - sum(spent.values())
    return {part: macs / 1e6 for part, macs in spent.items()}


# %%
costs = {p: million_macs(p) for p in sizes}
print("patch  tokens  numbers in one" + "".join(f"{part:>14}" for part in costs[sizes[0]]) + "   all")
for p, cost in costs.items():
    numbers = "".join(f"{macs:>14.2f}" for macs in cost.values())
    print(f"{p:>5}{(side // p) ** 2:>8}{p * p * 3:>16}{numbers}{sum(cost.values()):>6.1f}")

# %%
figure, axes = plt.subplots(figsize=(7, 2.4))
left = torch.zeros(len(sizes))
for part, colour in zip(costs[sizes[0]], (BAND, MUTED, ACCENT, INK), strict=True):
    share = torch.tensor([cost[part] / sum(cost.values()) for cost in costs.values()])
    axes.barh([f"p = {p}" for p in sizes], share, left=left, color=colour, label=part)
    left = left + share
axes.set(xlim=(0, 1), xlabel="share of the MACs")
axes.invert_yaxis()
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, fontsize=8, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1))
teach.show(
    figure,
    alt="Shares of the cost. With one pixel a token, the N squared products take two fifths; with patches of 8 hardly anything.",
)

# %% [markdown]
# A block's linear layers cost $12 N d^2$, its products $2 N^2 d$. They are equal at $N = 6 d$. Below that, the square is the smaller part. Published
# networks are wide. DiT-XL/2 is the largest of DiT's paper: 28 blocks of width 1152, patches of 2. It works on a compressed image, a
# *latent* of 32 by 32 places with 4 numbers each (chapter 15), so it has 16 by 16 tokens.

# %%
book = ledger("DiT-XL/2")
square = 28 * 2 * 256**2 * 1152  # 28 blocks, 256 tokens, width 1152
print(f"ours: equal at {6 * dim} tokens. DiT-XL/2: at {6 * 1152}; it has 256, and the N^2 term is")
print(f"{square / book.macs:.1%} of its {book.macs / 1e9:.1f} GMAC")

# %% [markdown]
# ## Equal time
#
# MACs are not seconds. A small layer leaves the processor waiting, and each step has work that does not depend on the patches. So we measured: the recorded evidence holds the
# processor seconds of a training step for each size, on one thread.

# %%
evidence = Evidence.read("patches", teach.scale())
step_seconds = {p: evidence.readout(f"seconds_per_step.p{p}")[0] for p in sizes}
fine, coarse = sizes[0], sizes[-1]
print("measured on", evidence.environment["processor"], "with one thread")
print(f"p = {fine} against p = {coarse}: ", end="")
print(f"{sum(costs[fine].values()) / sum(costs[coarse].values()):.0f} times the MACs, ", end="")
print(f"{step_seconds[fine] / step_seconds[coarse]:.1f} times the seconds")

# %% [markdown]
# Each size gets the same number of processor seconds, turned into steps by that table. The rule is fixed, so your run takes the same steps as ours, whatever your
# computer is doing meanwhile. A step sees 8 images out of 4,096.

# %%
steps = {p: 10 * round(seconds / step_seconds[p] / 10) for p in sizes}
for p in sizes:
    print(f"p = {p}: {seconds} seconds are {steps[p]:>4} steps")


# %%
def trained(changes, steps, seed=0):
    """A run of the experiment with some settings changed."""
    arm = experiment.override({"training.steps": steps, **changes})
    state = TrainState.create(arm, seed, device)
    for _ in teach.progress(minidit.train(state, data), str(changes), steps):
        pass
    return state


runs = {p: trained({"model.patch_size": p}, steps[p]) for p in sizes}

# %% [markdown]
# The training loss will not do for a comparison: each batch is another, and late in training it also shows what was memorised. We take 256 held-out images, and noise
# and times drawn once. All networks see the same mixtures, with $t$ from 0.05 to 0.95. Your run is one seed. The recorded seeds, the grey dots, say how far to trust it.
# The dashed line is a network that does not look: it answers the mean image, whatever it sees (exercise 1.2).

# %%
batch = data.held_out.at(torch.arange(256)).to(device)
noise = torch.randn(batch.x.shape, generator=minidit.generator(0, "chapter 2")).to(device)
t = torch.linspace(0.05, 0.95, 256, device=device)
draw = Draw(t, noise, drop=torch.zeros(256, dtype=torch.bool, device=device))


@torch.no_grad()
def held_out_error(state):
    network = state.ema.module.eval()
    return velocity_error(state.experiment.objective.flow, network, batch, draw).mean().item()


errors = {p: held_out_error(state) for p, state in runs.items()}

# %%
ranking = sorted(sizes, key=errors.get)
print("from best to worst: p =", ", ".join(map(str, ranking)))
agree = [sorted(sizes, key=lambda p: run.readouts[f"error.p{p}"]) == ranking for run in evidence.runs]
print(f"the same order in {sum(agree)} of {len(agree)} recorded seeds")

# %% tags=["nbval-ignore-output"]
constant = (batch.x - noise - data.train.x.mean(0).to(device)).square().mean().item()
print(f"the best constant image: {constant:.3f}")
for p in sizes:
    recorded = evidence.readout(f"error.p{p}")
    print(f"p = {p}: {errors[p]:.3f}, recorded {min(recorded):.3f} to {max(recorded):.3f}")


# %%
def dots(named, live, xlabel):
    """Recorded seeds as grey dots, this run as a larger one; the axis begins at 0."""
    _, axes = plt.subplots(figsize=(7, 2.8))
    for place, (name, readout) in enumerate(named.items()):
        values = evidence.readout(f"error.{readout}")
        spread = torch.linspace(-0.12, 0.12, len(values)) + place
        axes.plot(spread, values, "o", color=MUTED, ms=4, label=None if place else "recorded seeds")
        if name in live:
            axes.plot(place, live[name], "D", color=ACCENT, ms=6, label=None if place else "this run")
    axes.set_xticks(range(len(named)), named)
    axes.set(ylim=(0, 1.1 * axes.get_ylim()[1]), xlabel=xlabel, ylabel="held-out velocity error")
    axes.spines[["top", "right"]].set_visible(False)
    return axes


# %%
names = {p: f"p = {p}\n{(side // p) ** 2} tokens\n{steps[p]} steps" for p in sizes}
axes = dots({names[p]: f"p{p}" for p in sizes}, {names[p]: errors[p] for p in sizes}, "")
axes.axhline(constant, color=INK, lw=0.8, ls="--", label="best constant image")
axes.set_ylim(0, 1.1 * constant)
axes.legend(frameon=False, fontsize=8, loc="center left")
teach.show(
    axes.figure,
    alt="Held-out error after equal time for four patch sizes. Patches of 2 are best, 4 and 1 follow, 8 is far worse than all, though better than a constant image.",
)

# %%
teach.compare("ch02.patch", "b", "patches of 2 end lowest in the same time.")

# %% [markdown]
# So neither end wins. Single pixels are too dear: there were too few steps. Patches of 8, four tokens, are cheap, and something else is wrong with them.
#
# ## Why the largest patch fails
#
# Count the numbers. A patch of 8 by 8 pixels in three colours is 192 numbers, and they must pass through a token of width 64. The target is $x_1 - \varepsilon$, and noise is different in every
# one of the 192 directions.
#
# The last layer is linear: from 64 numbers to 192. Whatever the network does before it, its answers lie in a space of 64 dimensions. The
# best such space leaves out the 128 directions in which the target varies least. Their variance is an error that no training removes.
# Noise knows nothing of the image, so in each direction the target's variance is that of the images plus 1. That 1, for each of 128 directions, is what makes
# the floor high.

# %%
patches = patchify(data.train.x, coarse).flatten(0, 1)  # (images * n, p*p*c)
variances = torch.linalg.eigvalsh(patches.T.cov())  # from small to large
left_out = variances[: len(variances) - dim]
floor = (left_out + 1).sum() / len(variances)  # 1 is the variance of the noise
print(f"{len(left_out)} of {len(variances)} directions are left out: the error is at least {floor:.2f}")
print("the trained network is above that:", errors[coarse] > floor.item())

# %% [markdown]
# With patches of 4 there are 48 numbers, less than 64, and no such floor. The rule to remember: **a network that predicts noise or velocity needs tokens at least as
# wide as its patches have numbers.** DiT-XL/2 has room to spare, 16 numbers in a width of 1152. A network on pixels with patches of 16 has 768.
#
# There is a way out. Take away the noise, and look at the images alone: how much do the left-out directions matter then?

# %%
print(f"images without noise: {left_out.sum() / len(variances):.3f}, against {floor:.2f}")

# %% [markdown]
# Hardly at all. An image fits through a narrow token; noise does not. And the noise need not pass: the sampler still holds $x_t$ at full width, and
# $v = (x_1 - x_t) / (1 - t)$. Of the network it needs $x_1$ alone. This is an argument for networks that predict the clean image instead of the velocity
# (Li and He, 2025). Chapter 6 compares them.
#
# ## Is the best size the best for ever?
#
# Our budget is seconds. With four times as many the order need not stay, and with another learning rate it need not either: the one that we used was found
# with patches of 2. We recorded both. For the rate, each size takes its best of three: half, ours, and double.


# %%
def recorded_mean(name):
    values = evidence.readout(f"error.{name}")
    return sum(values) / len(values)


print("recorded means" + "".join(f"{f'p = {p}':>10}" for p in sizes[:3]))
rates = {
    p: {f"x {x}": recorded_mean(f"p{p}{y}") for x, y in ((0.5, ".half"), (1, ""), (2, ".double"))}
    for p in sizes[:3]
}
print("our settings  " + "".join(f"{rates[p]['x 1']:>10.3f}" for p in rates))
print("best rate     " + "".join(f"{min(rates[p].values()):>10.3f}" for p in rates))
print("which is at lr" + "".join(f"{min(rates[p], key=rates[p].get):>10}" for p in rates))
print("4 times longer" + "".join(f"{recorded_mean(f'p{p}.long'):>10.3f}" for p in rates))

# %% [markdown]
# Patches of 2 stay best in each line. But the second place changes hands: in four times the time, single pixels overtake patches of 4. What is fine
# needs longer, and gains more from it. So "the best patch size" is no fact about patches. It is a fact about patches, network, time and
# computer.
#
# Two cautions. All three end lowest at the highest rate that we tried, patches of 2 by a hair, single pixels by most. A still higher rate might do better, and might
# help single pixels more. And four times our time is still short. Where single pixels would end, we do not know.
#
# ## What does not know its place
#
# Now the second question. Nothing in a transformer's blocks knows the order of its tokens. Most of its parts treat each token by itself. In attention, a
# token's answer is a sum over all tokens, and the weights depend on what the tokens hold. A sum has no order. So shuffle the tokens, and you get
# the same answers, shuffled the same way:
#
# $$ f(\text{shuffle}(x)) = \text{shuffle}(f(x)). $$
#
# (If you come from language: there a causal mask gives the order away. Here nothing is masked; every token sees every token.)
#
# Such a network sees a bag of patches. The slider shows an image, and what such a network sees.

# %%
frames = []
for p in sizes:
    order = torch.randperm((side // p) ** 2, generator=minidit.generator(0, "shuffle"))
    in_place, loose = ([apart(x, p, o) for x in four] for o in (slice(None), order))
    frames.append(teach.rows({"the patches": in_place, "without places": loose}, columns=[f"p = {p}"]))
    frames[-1].set_size_inches(6, 3)
teach.Frames(
    frames,
    [f"p = {p}: {(side // p) ** 2} tokens" for p in sizes],
    label="patch",
    alt="Above, four shapes cut into patches; below, the same patches shuffled. With 64 or more tokens nothing of the shapes is left to see.",
    still=1,
)

# %% [markdown]
# Is it true of the real network? We train one without positions, as long as its twin, and shuffle.

# %%
bag = trained({"model.patch_size": 2, "model.position": "none"}, steps[2])
seeing = runs[2]
order = torch.randperm((side // 2) ** 2, generator=minidit.generator(0, "order")).to(device)


def shuffled(x):
    return unpatchify(patchify(x, 2)[:, order], 2, side, side)


# %%
@torch.no_grad()
def difference(network):
    """The largest difference between shuffling before and shuffling after."""
    x, now, labels = batch.x[:16], t[:16] + 0.3, batch.condition.labels[:16]
    return (network(shuffled(x), now, labels) - shuffled(network(x, now, labels))).abs().max().item()


fresh = minidit.build(experiment.model, seed=0, patch_size=2, device=device)
print("without positions, equal:", difference(bag.ema.module) < 1e-3)
print("with positions, equal:   ", difference(seeing.ema.module) < 1e-3)
print("with positions, untrained:", difference(fresh) < 1e-3)

# %% [markdown]
# The last line is a trap. The fresh network has positions, and passes for one that has none. Why? Look back at chapter 1: a fresh network returns 0, and zeros
# can be shuffled as you like. A test on a network that says nothing tests nothing.
#
# ## What it costs not to know

# %%
errors["none"] = held_out_error(bag)
print("without positions the error is more than 1.3 times as large:", errors["none"] > 1.3 * errors[2])
print("it is still less than half that of a constant image:        ", errors["none"] < 0.5 * constant)

# %% [markdown]
# It does learn: from one patch and the label you can tell ink from paper and the colour, and from all of them how much ink there is. What it
# cannot know is which patch goes where.
#
# And no training will teach it. Sampling starts from noise, and shuffled noise is as likely as the noise itself. Each step of the sampler keeps the shuffle.
# So of any image that this network draws, every other order of its patches is *exactly as likely*. Look at what that means.

# %%
wanted = torch.arange(0, 24, 3)[:8]
drawn = {name: sample(state, wanted, w=2.0, steps=25) for name, state in (("sin-cos", seeing), ("none", bag))}
teach.show(
    teach.rows(drawn, columns=[data.train.class_names[i].replace(" ", "\n") for i in wanted]),
    alt="Eight images drawn by each network. With positions each has one compact blob; without, patches of the right colours are scattered over the image.",
)

# %% [markdown]
# Above, each image has one object in one piece. Its shape is not yet right: nine seconds of training are few, and the network of chapter 3 had more. Below, the
# colour is right and there is no object.

# %%
teach.compare("ch02.places", "b", "the colours are right, and the pieces do not fit together.")

# %% [markdown]
# ## Three ways to say where
#
# **A fixed table.** One could add the number of the row. But row 7 would be seven times as loud as row 1, and in a large image it would drown what the token holds.
# Sines stay between -1 and 1. Think of the hands of a clock: a fast one tells neighbours apart, a slow one tells far places apart, and all
# together they say where you are.
#
# So DiT adds to each token a vector that depends on its place only: sines and cosines of the column, then of the row, each at speeds that fall
# from 1 towards 1/10000. The column comes first. This looks like an accident of DiT's code, but published weights were trained with it.


# %%
def waves(place, count):
    """Places (n,) -> count sines, then count cosines: (n, 2 * count)."""
    speeds = 10_000.0 ** (-torch.arange(count, dtype=torch.float64) / count)
    angles = place[:, None] * speeds  # (n, count)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


rows = columns = 8
column, row = torch.arange(columns).repeat(rows), torch.arange(rows).repeat_interleave(columns)
table = torch.cat([waves(column, dim // 4), waves(row, dim // 4)], dim=1).float()
assert_close(table, sincos_2d(rows, columns, dim))

# %% [markdown]
# **A learned table.** The same sum, but the vectors are parameters. It starts as small noise, and has to find out which places are neighbours. It
# belongs to one grid: another image size has no entries in it.

# %%
learned = minidit.build(experiment.model, seed=0, patch_size=2, position="learned").position
print("learned:", tuple(learned.shape), "with", learned.numel(), "parameters")

# %% [markdown]
# **RoPE.** Nothing is added to tokens. Inside attention, each query and each key is turned by angles that grow with its token's place. (Attention cuts a token's width into
# *heads*, slices that ask and answer each for itself: chapter 3. Here it is enough that a head has a query and a key of $d$ numbers.) The numbers are taken in pairs, and a pair
# is a point in the plane: $(a, b)$ becomes $(a \cos\theta - b \sin\theta,\; a \sin\theta + b \cos\theta)$. Half of the pairs turn with the row, half with the column.


# %%
def turn(x, angle):
    """Turn neighbouring pairs of x (..., n, d) by angle (n, d/2)."""
    a, b = x[..., 0::2], x[..., 1::2]  # (..., n, d/2) each
    pairs = a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()
    return torch.stack(pairs, dim=-1).flatten(-2)  # (..., n, d/2, 2) -> (..., n, d)


d = dim // experiment.model.heads
speeds = 10_000.0 ** (-torch.arange(d // 4) / (d // 4))
angle = torch.cat([row[:, None] * speeds, column[:, None] * speeds], dim=1)  # (n, d/2)
q, k = torch.randn(2, 1, 1, rows * columns, d, generator=minidit.generator(0, "queries"))
assert_close(turn(q, angle), rotate(q, axial(rows, columns, d)))

# %% [markdown]
# Two facts make it work. To turn keeps the length. And the product of two points does not change when both turn by the same angle, so a query at $m$ and a key
# at $n$ notice only the difference $m - n$. Check it: put the same query and the same key at every place. Then move both by one row and one column.

# %%
same_q, same_k = (x[:, :, :1].expand_as(x) for x in (q, k))
scores = turn(same_q, angle)[0, 0] @ turn(same_k, angle)[0, 0].T  # (n, n)
scores = scores.view(rows, columns, rows, columns)  # a query's row and column, a key's row and column
assert_close(turn(q, angle).norm(dim=-1), q.norm(dim=-1))
assert_close(scores[1:, 1:, 1:, 1:], scores[:-1, :-1, :-1, :-1])
print("lengths are kept; scores depend on the difference of places only")

# %% [markdown]
# Values, the answers, are not turned. They are summed up and carried on; turned, they would bring the absolute place back in.
#
# The pictures show how alike two places are: with the table, the product of the two vectors; with RoPE, the product of the same vector turned to both places.

# %%
flat = torch.ones(1, 1, rows * columns, d)
turned = turn(flat, angle)[0, 0]
alike = {"table": table @ table.T, "RoPE": turned @ turned.T}
figure, axes = plt.subplots(1, 4, figsize=(8, 2.2))
for panel, (name, place) in zip(axes, [(n, i) for n in alike for i in (18, 45)], strict=True):
    panel.imshow(alike[name][place].view(rows, columns), cmap="Blues")
    panel.plot(place % columns, place // columns, "o", color=ACCENT, ms=4)
    panel.set(xticks=[], yticks=[])
    panel.set_title(f"{name}, row {place // columns}, column {place % columns}", fontsize=8, color=INK)
teach.show(
    figure,
    alt="Four maps of an 8 by 8 grid: likeness is greatest at the marked place, falls off along its row and its column, and the pattern moves with the place.",
)

# %% [markdown]
# White is not zero: each map has its own scale, and with the table even the least alike places share most of their numbers, because most hands hardly turn over 8 places. The
# pattern is what counts. Both patterns are crosses: row and column are encoded apart, so a token in the same row is already half alike. At the far edge likeness rises a little again: the
# fastest hand has gone round once after 6.3 places.
#
# Which of the three is best here? All were recorded with the same steps as the twin above, so only the way differs.

# %%
ways = {"sin-cos": "p2", "learned": "learned", "RoPE": "rope", "none": "none"}
axes = dots(ways, {"sin-cos": errors[2], "none": errors["none"]}, "how a token's place is told")
axes.legend(frameon=False, fontsize=8)
teach.show(
    axes.figure,
    alt="Held-out error by the way places are told: sine and cosine lowest, RoPE and a learned table a little higher, none far above.",
)

# %%
for name in ("rope", "learned", "none"):
    gaps = [run.readouts[f"error.{name}"] - run.readouts["error.p2"] for run in evidence.runs]
    worse = sum(gap > 0 for gap in gaps)
    print(
        f"{name:>8}: worse than sin-cos in {worse} of {len(gaps)} seeds, by {min(gaps):+.3f} to {max(gaps):+.3f}"
    )

# %% [markdown]
# To be told in any way matters more than in which way. Among the three the table is ahead here. A learned table spends its first steps on finding out what the
# fixed one knows; that is our guess. RoPE says nothing to a token alone: only pairs of tokens notice it. Where all tokens are equal even they do not: each answer is a mean of equal
# values, wherever it is asked. These runs are short and the images
# small, so do not carry the order of the three elsewhere. LightningDiT uses the table *and* RoPE. Exercise 4 asks what both do here.
#
# ## What would change our mind
#
# We said that in equal time patches of 2 are best here, that a patch with more numbers than its token's width has a floor, and that a network without
# positions cannot compose an image. This would overturn it:
#
# - a learning rate at which single pixels beat patches of 2 in the same time: we tried only twice ours;
# - a longer run in which they do. We recorded four times the time, and the gap was smaller;
# - a trained network whose error is below its floor. Then the argument is wrong, not the network;
# - a network without positions that passes the shuffle test and draws a shape more often than chance would.
#
# We do not say that every task needs positions. In a photograph much of a patch's neighbourhood can be told from its content, so the *error* may suffer less than
# on our plain background. We have not tried.
#
# And the seconds are those of one processor. On a GPU small steps cost nearly the same whatever the patch, so equal time would be other steps.
#
# ## Exercises
#
# Seven exercises ask for a function each: cut, make the table, turn, count, write the test that finds missing positions, put together, find a bug. In a
# terminal, in the folder of the project, `minidit exercises start ch02` writes a notebook to work in.
#
# Five more are experiments. Write down what you expect before you run them.
#
# 1. Put `seconds = 1` above the rule for the steps, and run from there. How much of the lead of patches of 2 over patches of 4 is left? Why does it shrink? And why
#    can patches of 8 not win, however short the time?
# 2. Let the largest patch predict the image: `trained({"model.patch_size": 8, "objective.flow.prediction": "data"}, steps[8])`. Its error is measured as a velocity
#    all the same. Look at the first half of the 256 times and at the second apart. What happens near t = 1, and why? (The velocity is read as
#    (image - x_t) / (1 - t).)
# 3. Or make the tokens wide: `trained({"model.patch_size": 8, "model.dim": 256, "model.heads": 4, "training.lr": 0.003}, 400)`. Is it below the floor
#    of width 64? Is it below patches of 2?
# 4. Tell places twice, by the table and by RoPE: `trained({"model.patch_size": 2, "model.rope": "axial"}, steps[2])`.
# 5. Build a fresh network with `zero_init="none"`, with positions and without, and put both through `difference`. Is the trap gone?
#
# ## Sources
#
# - W. Peebles and S. Xie, *Scalable Diffusion Models with Transformers*, 2022, arXiv 2212.09748: patches of 2, 4 and 8, and the table.
# - A. Dosovitskiy et al., *An Image is Worth 16x16 Words*, 2020, arXiv 2010.11929: images as patches, and a learned table.
# - A. Vaswani et al., *Attention Is All You Need*, 2017, arXiv 1706.03762: sines and cosines.
# - J. Su et al., *RoFormer: Enhanced Transformer with Rotary Position Embedding*, 2021, arXiv 2104.09864: RoPE.
# - J. Yao et al., *Reconstruction vs. Generation: Taming Optimization Dilemma in Latent Diffusion Models*, 2025, arXiv 2501.01423:
#   LightningDiT, whose two-dimensional RoPE this is.
# - T. Li and K. He, *Back to Basics: Let Denoising Generative Models Denoise*, 2025, arXiv 2511.13720: large patches of pixels, and predicting the image.
