# %% [markdown]
# # Chapter 4: Telling the network t and y
#
# | | |
# |---|---|
# | **Question** | How does a transformer hear what time it is and what to draw, and what does each way of telling it cost? |
# | **You will be able to** | write adaLN-Zero from memory; say what the Zero buys and which common line of code destroys it; count what telling costs; test that a network listens |
# | **Minutes** | 2 on two cores, most of it five short training runs; about 5 on an A100 with the `a100` settings (an estimate: they have not been run) |
# | **Claims** | C02, C03, C14 and C16 are about this part of DiT. Here you build what they dispute. None of them is decided here |
#
# Chapters 2 and 3 made tokens of an image and let them look at each other. But a diffusion transformer gets three things: a noisy
# image $x_t$, a time $t$ and a label $y$. The image comes in as tokens. How do the other two come in?

# %%
from dataclasses import replace

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F

import minidit
from minidit import TrainState, teach
from minidit.data import load
from minidit.flow import Draw, velocity_error
from minidit.measure import Evidence, ledger
from minidit.model.block import Given
from minidit.model.conditioning import timestep_features
from minidit.model.patch import patchify, unpatchify
from minidit.model.placement import modulate
from minidit.teach.figures import ACCENT, BAND, INK, MUTED

_ = torch.set_num_threads(1)  # faster at this size than two, and repeatable to the last bit

# %%
large = ("model.dim=256", "model.depth=8", "model.heads=4", "training.batch_size=256", "training.lr=2e-3")
base = teach.settings(
    cpu=minidit.experiment("shapes", ("training.batch_size=8", "training.steps=400")),
    a100=minidit.experiment("shapes", large),
)
data, classes = load(base.data), base.model.num_classes
print(f"{base.model.depth} blocks of width {base.model.dim}, {base.model.tokens} tokens, {classes} classes")

# %%
first = torch.stack([(data.train.labels == label).nonzero()[0, 0] for label in range(0, classes, 3)])
names = [data.train.class_names[label].replace(" ", "\n") for label in data.train.labels[first].tolist()]
teach.show(
    teach.rows({"": data.train.x[first]}, columns=names),
    alt="Eight small pictures with one coloured shape each, and its class above it, such as red circle.",
)

# %% [markdown]
# ## Predict
#
# Three questions, before we build anything. Commit yourself to each.

# %%
teach.predict(
    "ch04.share",
    "DiT-XL/2 has 675 million parameters. How many of them do nothing but tell its blocks t and y?",
    choices={"a": "about one in a hundred", "b": "about one in ten", "c": "about one in three"},
    guess=None,
)

# %%
teach.predict(
    "ch04.time",
    "One network is told the label by adaLN-Zero, but never the time. Its twin is told both. Trained as long, its error will be",
    choices={
        "a": "as bad as if it were told nothing",
        "b": "between: better than told nothing, worse than its twin's",
        "c": "as good as its twin's",
    },
    guess=None,
)

# %%
teach.predict(
    "ch04.ways",
    "Two networks are told both, one by two extra tokens, one by adaLN-Zero. After equally many steps",
    choices={"a": "the tokens are ahead", "b": "they are level", "c": "adaLN-Zero is ahead"},
    guess=None,
)

# %% [markdown]
# ## A time becomes a vector
#
# A single number is a poor input for a network of width 64: times 0.50 and 0.51 look almost alike to every neuron. So $t$ is written
# with many clocks. One hand turns fast, the next slower, the last hardly moves. The positions of all hands, as cosines and sines,
# say the time both coarsely and finely. DiT uses 256 numbers, 128 hands:
#
# $$ \omega_i = 10000^{-i/128}, \qquad \mathrm{features}(s) = [\cos(\omega_0 s), \ldots, \cos(\omega_{127} s), \sin(\omega_0 s), \ldots, \sin(\omega_{127} s)]. $$


# %%
def features(s, half=128):
    angles = s[:, None] * 10_000.0 ** (-torch.arange(half) / half)
    return torch.cat([angles.cos(), angles.sin()], dim=1)


t = torch.linspace(0, 1, 2001)
torch.testing.assert_close(features(1000 * t), timestep_features(1000 * t), rtol=0, atol=1e-3)

# %% [markdown]
# Why $1000\,t$? The clocks come from DDPM, whose time was a step number, 0 to 999. The fastest of them turns by one radian a step. If our
# time runs only from 0 to 1, even the fastest hand makes less than a sixth of a turn, and most stand still. So the features see $1000\,t$.

# %%
for scale in (1, 1000):
    seen = features(scale * t)
    moved = (seen.amax(0) - seen.amin(0) > 0.01).sum()
    print(f"scale {scale:>4}: {moved} of 256 features move by more than 0.01 while t goes from 0 to 1")

# %%
figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), sharey=True)
for panel, scale in zip(axes, (1, 1000), strict=True):
    tenth = features(scale * t[: len(t) // 10])  # the rest of the fast clocks is too dense to be drawn
    image = panel.imshow(tenth.T, aspect="auto", cmap="cividis", extent=(0, 0.1, 256, 0), vmin=-1, vmax=1)
    panel.set_title(f"features of {scale} t" if scale > 1 else "features of t", fontsize=10, color=INK)
    panel.set(xlabel="t", yticks=[0, 64, 128, 192, 256])
axes[0].set_ylabel("cosines, then sines")
figure.colorbar(image, ax=axes, ticks=[-1, 0, 1])
teach.show(
    figure,
    alt="The first tenth of the way. Left, features of t: every row keeps nearly one colour. Right, features of 1000 t: "
    "upper rows of each half change quickly, lower rows slowly.",
)

# %% [markdown]
# The left picture looks hopeless. It is not: a linear layer can enlarge small changes, and SiT's published weights do run on $t$
# without the thousand. What the thousand is worth in training is for you to measure, in the second experiment at the end.
#
# After the features comes a small MLP, two linear layers, that turns 256 numbers into a vector of the network's width.
#
# ## A label becomes a vector
#
# That is simpler: a table with a row for each class. There is one row more, the *null* label. In training it takes the place of one
# label in ten (`drop`). Guidance will need a network that knows what "no label" means: chapter 8.

# %%
model = minidit.build(base.model, seed=0, zero_init="none")
labels, drop = torch.tensor([0, 7, 7]), torch.tensor([False, False, True])
row = labels.masked_fill(drop, classes)  # the null label is the last row
told = model.label.table.weight[row]
torch.testing.assert_close(told, model.label(labels, drop))
print("a table of", *model.label.table.weight.shape, "and rows", *row.tolist())

# %% [markdown]
# ## Deriving adaLN
#
# Now there are two vectors of width $d$. What should the network do with them? Here is DiT's answer.
#
# LayerNorm makes mean 0 and variance 1 of each token, and then multiplies by a learned gain and adds a learned bias:
# $\gamma \odot N(x) + \beta$. Both are constants. Here is the whole idea of *adaptive* LayerNorm: let the condition $c$ choose them.
#
# $$ \gamma = 1 + \mathrm{scale}(c), \qquad \beta = \mathrm{shift}(c). $$
#
# Scale and shift are linear in $c$. The 1 makes zero harmless: when both are 0, the token is normalised and nothing else.
# The norm itself has no constants of its own any more; they would be doing the same work twice. If you know U-Nets: it is their scale-and-shift norm (AdaGN), on
# another norm.


# %%
def norm(x):
    centred = x - x.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + 1e-6).sqrt()


def modulated(x, shift, scale):
    return norm(x) * (1 + scale) + shift


# %%
draw = minidit.generator(0, "chapter 4")
x = torch.randn(3, base.model.tokens, base.model.dim, generator=draw)
shift, scale = torch.randn(2, 3, 1, base.model.dim, generator=draw)  # one of each an image
theirs = modulate(model.blocks[0].attention_norms[0](x), shift, scale)
torch.testing.assert_close(modulated(x, shift, scale), theirs)

# %% [markdown]
# A block has two *branches*, attention and MLP; a branch is what is added to $x$. The norm stands *before* each branch, and the modulation behind the norm. A third vector, the *gate*,
# multiplies what comes back, before it is added to the token:
#
# $$ x \leftarrow x + \mathrm{gate} \odot f\big(N(x) \odot (1 + \mathrm{scale}) + \mathrm{shift}\big). $$
#
# Two branches, three vectors each: six vectors from one linear layer. This is the block of DiT, all of it.


# %%
def block_by_hand(block, x, c):
    shift_1, scale_1, gate_1, shift_2, scale_2, gate_2 = block.modulation.linear(c).chunk(6, dim=-1)
    x = x + gate_1 * block.attention(modulated(x, shift_1, scale_1))
    return x + gate_2 * block.mlp(modulated(x, shift_2, scale_2))


c = torch.randn(3, 1, base.model.dim, generator=draw)
torch.testing.assert_close(block_by_hand(model.blocks[0], x, c), model.blocks[0](x, Given(c=c)))

# %% [markdown]
# The condition $c$ is the sum of the two vectors, after a SiLU, a smooth relative of ReLU. With that, here is the whole network, from pixels to pixels. The last layer is
# modulated too, but has no gate.

# %%
images, times = data.train.x[:3], torch.tensor([0.1, 0.5, 0.9])
tokens = model.patch(patchify(images, base.model.patch_size)) + model.position
c = F.silu(model.time(times) + model.label(labels, None)).unsqueeze(1)  # (b, dim) -> (b, 1, dim)
for block in model.blocks:
    tokens = block_by_hand(block, tokens, c)
shift, scale = model.final.modulation.linear(c).chunk(2, dim=-1)
patches = model.final.linear(modulated(tokens, shift, scale))
pixels = unpatchify(patches, base.model.patch_size, *base.model.image_size)
torch.testing.assert_close(pixels, model(images, times, labels))

# %% [markdown]
# ## Five ways to tell
#
# That is one way. DiT's authors compared four, and PixArt added a fifth.
#
# | way | what happens |
# |---|---|
# | *in-context token* | the two vectors join the sequence as two more tokens. Attention does the rest |
# | *cross-attention* | each block gets another attention, in which image tokens ask and the two vectors answer |
# | *adaLN* | as derived: a shift and a scale behind each norm, from a linear layer in each block. (In the paper that is all. Ours has the gates too, so that only the start differs) |
# | *adaLN-Zero* | with a gate behind each branch, and the linear layers start at zero. This is DiT |
# | *shared adaLN* | one linear layer for all blocks, and in each block a small table added to it. PixArt calls it adaLN-single |
#
# Each is a few settings in our library. In the first two, and in a network that is told nothing, the gates stay, but they depend on
# nothing: one learned vector a branch, zero at first. So the networks differ in how they are told, and not in the gates.

# %%
ways = {
    "nothing": {"modulation": "none", "time_as": "none", "label_as": "none"},
    "tokens": {"modulation": "none", "time_as": "token", "label_as": "token"},
    "cross-attention": {"modulation": "none", "time_as": "cross_attention", "label_as": "cross_attention"},
    "adaLN": {"zero_init": "none"},
    "adaLN-Zero": {},
    "shared adaLN": {"modulation": "shared"},
}

# %% [markdown]
# ## What the Zero buys
#
# The network above was built with `zero_init="none"`: its modulation starts at random. In adaLN-*Zero* the six vectors start at zero. Then the gates
# are zero, nothing is added, and a fresh block returns its input. Not nearly: exactly.

# %%
for name in ("adaLN-Zero", "adaLN"):
    block = minidit.build(base.model, seed=0, **ways[name]).blocks[0]
    print(f"{name:>10}: a fresh block returns its input: {torch.equal(block(x, Given(c=c)), x)}")

# %% [markdown]
# So a fresh network of 28 blocks is as simple as one of none. It does not scramble the image before it has learned anything, and depth
# grows in as the gates open. The idea is older than DiT: Goyal and others started the last norm of each branch at zero in 2017, and diffusion's U-Nets
# the last convolution.
#
# The last layer starts at zero too. Then the output is zero, and all weights before it have no influence on the loss, hence no gradient. How can such a
# network learn? It wakes from the top down. Count the weights that get a gradient.

# %%
waking = TrainState.create(base, seed=0)
for record in minidit.train(waking, data, until=3):
    gradients = [p.grad for p in waking.model.parameters()]
    moving = sum(bool(gradient.any()) for gradient in gradients)
    print(f"step {record.step}: {moving} of {len(gradients)} weights and biases have a gradient")

# %% [markdown]
# In the first step only the last layer can move. In the second it is no longer zero, and the modulation feels it, and the patch layer, along the $x\,+$ of every
# block. In the third, gates are open, and everything has a gradient.
#
# What does it buy in the end? In DiT's own comparison, figure 5 of the paper, adaLN-Zero ends clearly ahead of adaLN, by its Frechet distance. But that changes two things
# at once, the gates and their start at zero. Claim C16 changes the start alone. It is not decided by one paper, nor here.
#
# ## A fault that nobody sees
#
# The Zero is easily lost. Many programs give their layers a start with `apply`, at the very end of building:


# %%
def xavier(layer):
    if isinstance(layer, torch.nn.Linear):
        torch.nn.init.xavier_uniform_(layer.weight, generator=draw)
        torch.nn.init.zeros_(layer.bias)


careless = minidit.build(base.model, seed=0)  # adaLN-Zero: the zeros are in place
_ = careless.apply(xavier)  # and now they are not
print("the block returns its input:", torch.equal(careless.blocks[0](x, Given(c=c)), x))
print("the network returns zero:   ", not careless(images, times, labels).any())

# %% [markdown]
# No error and no warning. The class is still called adaLN-Zero. We have read two public code bases of this field with this fault,
# one of them with hundreds of lines of tests. (The [bug gallery](gallery.md) makes it anew; look into the programs that you use.) What such a program trains is adaLN without the Zero.
#
# The remedy is an order of writing, *first all, then the exceptions*, or a rule that each layer carries. minidit does the second: a layer says how it wants to
# start, and one function, `initialise`, visits each parameter once. Exercise 4.2 is the first remedy.
#
# And a test must look for it. But beware of the reverse: identity at the start proves little. Leave out the 1 in $1 + \mathrm{scale}$, and
# a fresh block is still the identity, because its gate is shut:


# %%
def without_the_one(block, x, c):
    shift_1, scale_1, gate_1, shift_2, scale_2, gate_2 = block.modulation.linear(c).chunk(6, dim=-1)
    x = x + gate_1 * block.attention(norm(x) * scale_1 + shift_1)
    return x + gate_2 * block.mlp(norm(x) * scale_2 + shift_2)


fresh, moved = minidit.build(base.model, seed=0).blocks[0], model.blocks[0]
print("a fresh one returns its input:         ", torch.equal(without_the_one(fresh, x, c), x))
alike = torch.allclose(without_the_one(moved, x, c), moved(x, Given(c=c)))
print("with random modulation it is DiT's:    ", alike)

# %% [markdown]
# ## The ledger
#
# Now the bill. The linear layer that makes the six vectors has $6d^2$ weights. Attention has $4d^2$, the MLP $8d^2$. So telling takes
# 6 of every 18 weights of a block. Here is all of DiT-XL/2, counted on a twin that has shapes but no numbers.
# *Work* means MACs for one image.

# %%
bill = ledger("DiT-XL/2")
for row in bill.rows:
    share, work = row.parameters / bill.parameters, row.macs / bill.macs
    print(f"{row.part:>10} {row.parameters:>12,} parameters {share:>7.2%} {work:>7.2%} of the work")

# %%
print(f"all of it: {bill.parameters:,} parameters, {bill.macs / 1e9:.1f} billion MACs an image")
teach.compare(
    "ch04.share", "c", f"adaLN in the blocks holds {bill['modulation'].parameters / bill.parameters:.2%}."
)

# %% [markdown]
# A third of the parameters, and almost none of the work: the layer runs once an image, not once a token. Both columns are true, and whoever quotes only one of
# them can make adaLN look like a waste or like a gift. Each way has its own two prices:

# %%
bills = {name: ledger("DiT-XL/2", **settings) for name, settings in ways.items() if name != "adaLN"}
least = bills["nothing"]
for name, bill in bills.items():
    more = bill.macs / least.macs - 1
    print(f"{name:>15}: {bill.parameters / 1e6:.0f} M parameters, {more:>6.2%} more work than told nothing")

# %% [markdown]
# Shared adaLN saves nearly the whole third. What is left of it is one linear layer and a table in each block:

# %%
d, depth = 1152, 28
own, shared = depth * 6 * d * (d + 1) + 2 * d * (d + 1), 6 * d * (d + 1) + depth * 6 * d + 2 * d
saved = bills["adaLN-Zero"].parameters - bills["shared adaLN"].parameters
assert own - shared == saved
print(f"adaLN {own:,}, shared {shared:,}: saved {saved / bills['adaLN-Zero'].parameters:.1%} of the network")

# %% [markdown]
# PixArt's paper says 27 %, and speaks of another network: its own, with cross-attention to captions. Of *that* network's parameters adaLN would hold 27 %.
# Whether the third is wasted is another question. In PixArt's own comparison the Frechet distance was 18.20 with it and 22.37 without, lower being better; without it
# took less memory. That is claim C14, and a count cannot decide it.
#
# ## Train five networks
#
# Now let us hear the difference. Five networks learn from the same images in the same order, with the same noise and the same times. Parts that two of them
# share start with the same weights. All are told the label but the first.
#
# | network | is told |
# |---|---|
# | nothing | neither |
# | label only | y by adaLN-Zero, never t |
# | tokens | t and y, by two in-context tokens |
# | tokens, twice the rate | the same, with twice the learning rate |
# | adaLN-Zero | t and y, as in DiT |
#
# Read the fourth line again. The learning rate of this book's experiments was chosen with adaLN-Zero. It is a home game. A second rate for the tokens is the least
# that fairness asks.
#
# Five seeds of each network are recorded, and one more: adaLN-Zero at twice the rate.


# %%
def arm(rate=1.0, **settings):
    training = replace(base.training, lr=rate * base.training.lr)
    return replace(base, model=replace(base.model, **settings), training=training)


arms = {
    "nothing": arm(**ways["nothing"]),
    "label only": arm(time_as="none"),
    "tokens": arm(**ways["tokens"]),
    "tokens, twice the rate": arm(2.0, **ways["tokens"]),
    "adaLN-Zero": arm(),
}

# %%
trained = {name: TrainState.create(one, seed=0, device=teach.device()) for name, one in arms.items()}
start = {name: state.model.state_dict() for name, state in trained.items()}
both = [key for key in start["tokens"] if key in start["adaLN-Zero"]]
alike = sum(torch.equal(start["tokens"][key], start["adaLN-Zero"][key]) for key in both)
print(f"{alike} of the {len(both)} weights and biases that tokens and adaLN-Zero share start alike")


# %%
def learn(name):
    if name not in trained:
        trained[name] = TrainState.create(arms[name], seed=0, device=teach.device())
    for _ in teach.progress(minidit.train(trained[name], data), name, total=base.training.steps):
        pass


learn("nothing")

# %%
learn("label only")

# %%
learn("tokens")

# %%
learn("tokens, twice the rate")

# %%
learn("adaLN-Zero")

# %% [markdown]
# We judge on images that none of them saw, each with one noise and one time, the same for all networks: times evenly from 0.05 to 0.95, and the averaged weights.

# %%
held_out = data.held_out.at(torch.arange(len(data.held_out))).to(teach.device())
noise = torch.randn(held_out.x.shape, generator=minidit.generator(0, "held out"))
when = torch.linspace(0.05, 0.95, len(noise))
fixed = Draw(
    when.to(teach.device()),
    noise.to(teach.device()),
    torch.zeros(len(when), dtype=torch.bool).to(teach.device()),
)
with torch.no_grad():
    errors = {
        name: velocity_error(state.experiment.objective.flow, state.ema.module.eval(), held_out, fixed).cpu()
        for name, state in trained.items()
    }
mean = {name: error.mean().item() for name, error in errors.items()}

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), width_ratios=(1, 1.3))
looks = {
    "nothing": (MUTED, ":"),
    "label only": (MUTED, "-"),
    "tokens": ("#1d6fa5", ":"),
    "tokens, twice the rate": ("#1d6fa5", "-"),
    "adaLN-Zero": (ACCENT, "-"),
}
evidence = Evidence.read("conditioning", teach.scale())
for place, (name, (colour, dash)) in enumerate(looks.items()):
    recorded = evidence.readout(f"error.{name}")
    axes[0].plot(recorded, [place + 0.25] * len(recorded), ".", color=MUTED, markersize=5)
    axes[0].plot(mean[name], place, "o", color=colour, mfc="white" if dash == ":" else colour, markersize=8)
    parts = zip(when.chunk(8), errors[name].chunk(8), strict=True)
    axes[1].plot(*zip(*[(a.mean(), e.mean()) for a, e in parts], strict=True), dash, color=colour, label=name)
axes[0].set(yticks=range(len(looks)), yticklabels=looks, xlabel="held-out velocity error", ylim=(4.5, -0.5))
axes[0].grid(axis="y", color="#d7dde3", linewidth=0.6)
axes[1].set(xlabel="t (0 is noise, 1 is data)", ylabel="velocity error", ylim=(0, None))
axes[1].legend(frameon=False, fontsize=8, loc="lower left")
for panel in axes:
    panel.spines[["top", "right"]].set_visible(False)
figure.tight_layout()
teach.show(
    figure,
    alt="Left, the mean error of five networks, small dots below each for the recorded seeds: told nothing is worst, tokens follow, then the label "
    "alone, and adaLN-Zero is lowest. Right, their error over time: being told the label helps most near the noise.",
)

# %% [markdown]
# On the right all curves rise near the data. That is arithmetic: $v = (x_1 - x_t) / (1 - t)$, so a small mistake about the image is divided by a small number.

# %% tags=["nbval-ignore-output"]
for name, value in mean.items():
    size = sum(p.numel() for p in trained[name].model.parameters())
    print(f"{name:>24}: held-out velocity error {value:.3f}, {size:,} parameters")


# %%
def ahead(better, worse, margin):
    here = mean[worse] - mean[better] > margin
    pairs = zip(*(evidence.readout(f"error.{name}") for name in (better, worse)), strict=True)
    gaps = [high - low for low, high in pairs]
    smallest = f"recorded: in {sum(gap > 0 for gap in gaps)} of {len(gaps)}, smallest gap {min(gaps):.3f}"
    print(f"{better} is ahead of {worse}: {here} ({smallest})")


ahead("tokens", "nothing", 0.004)
ahead("adaLN-Zero", "tokens", 0.012)
ahead("adaLN-Zero", "tokens, twice the rate", 0.008)
ahead("label only", "nothing", 0.015)
ahead("adaLN-Zero", "label only", 0.005)
ahead("label only", "tokens", 0.003)

# %%
teach.compare(
    "ch04.ways", "c", "adaLN-Zero is ahead after these steps, at this size, at both rates of the tokens."
)

# %% [markdown]
# What have we seen? One seed here and five recorded, four hundred steps, small networks. A True asks for about half of the smallest recorded gap, or less, so it is likely that your
# computer says the same. Look at the last line: a network that is told only the label, but by adaLN, is ahead of one that is told both by
# tokens. So here *how* mattered more than *how much*. But it says little about transformers at large:
#
# - The steps are equal. The parameters are not: adaLN-Zero has half as many again, and so has the network that is told the label only. Nor is the time a step takes.
# - "Label only" and "nothing" differ in more than the label: one of them has adaLN. We have not separated the two.
# - Tokens may only be slow. Four hundred steps cannot tell a slow start from a lower ceiling.
# - One other rate is not a search. Was it better at all?

# %%
for name in ("tokens", "adaLN-Zero"):
    pairs = zip(*(evidence.readout(f"error.{name}{rate}") for rate in ("", ", twice the rate")), strict=True)
    better = [twice < once for once, twice in pairs]
    print(f"{name:>10}: twice the rate is better in {sum(better)} of {len(better)} recorded seeds")

# %% [markdown]
# For both it is mixed, so we cannot say that the tokens were starved of learning rate. We did not look further.
#
# That a small MLP for the condition wastes a transformer, and that conditions should be tokens, is claim C03. It gets a proper trial in chapter 10: equal parameters and equal
# time, a learning rate of its own for each way, and several seeds.
#
# ## What is missed, and when?
#
# The right half of the figure says more than the means. Take the price of not being told, near the noise and near the data.


# %%
def missed(without, told, part):
    return (errors[without][part] - errors[told][part]).mean().item()


early, late = when < 0.35, when > 0.65
label = [missed("nothing", "label only", part) for part in (early, late)]
time = [missed("label only", "adaLN-Zero", part) for part in (early, late)]
print("the label is missed more near the noise than near the data:", label[0] > label[1])
print("the time is missed more near the data than near the noise: ", time[1] > time[0])

# %% [markdown]
# The first we can explain. Near the noise the image says little, and the label is nearly all there is to know. Near the data one sees what it is. For the second
# one could say: near the data little noise is left, and one must know rather exactly how little. But look at the figure. The tokens *are* told the time, and
# near the data they do no better than the network that is not. So part of it must be the way: adaLN can scale the output by $t$ directly. We have
# not separated the two.

# %%
teach.compare(
    "ch04.time", "b", "without the time it is worse than its twin, and far better than told nothing."
)

# %% [markdown]
# A network that is never told $t$ gets most of the way. How? Look at the image. Noise makes neighbouring pixels differ, and how much they differ says how
# much noise there is. Three lines read the clock off the picture, without any network:

# %%
x_t = base.objective.flow.interpolate(held_out.x.cpu(), noise, when)
steps = (x_t[..., 1:] - x_t[..., :-1]).abs().flatten(1).median(dim=1).values
guess = 1 - steps / (0.6745 * 2**0.5)  # the median of |a - b| for two normal numbers is 0.6745 sqrt(2) sigma
agree = torch.corrcoef(torch.stack([guess, when]))[0, 1]
print(f"the guess and the true time correlate by more than 0.98: {agree > 0.98}")

# %%
figure, panel = plt.subplots(figsize=(3.6, 3.2))
panel.plot([0, 1], [0, 1], color=BAND, linewidth=3)
panel.plot(when, guess, ".", color=INK, markersize=2)
panel.set(xlabel="true t", ylabel="t read off the picture", xlim=(0, 1), ylim=(0, 1), aspect="equal")
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure, alt="A cloud of a thousand points close to the diagonal: the guessed time is nearly the true one."
)

# %% [markdown]
# So why tell it at all? Because here it was still worth something, as the verdict says. Perhaps reading the clock costs capacity that telling saves; we have not tested
# that. It is no law of nature that $t$ must be an input: Sun and others (2025) trained well-known generators without it, and most of them still worked.

# %% [markdown]
# ## A slider for the ways
#
# Drag through the ways. On the left, DiT-XL/2's bill. On the right, a block of our small network with three image tokens. It is told two different things, one dark,
# one orange. Look at the first token. Above: what attention is given of that token. Below: what the block adds to it. Where the two part, the message has come in.
#
# Look for three things. By tokens, what attention is given of this token is the same; the message comes in through attention, which has it before it as two more tokens.
# By cross-attention it comes in behind attention. By adaLN it is already in what attention is given. (This is one block by itself. In a later one the tokens carry the message in any case.) That is what claim C02 is about: the critic says that it overwrites attention's input. And in a fresh adaLN-Zero nothing is heard and
# nothing is added; in the trained one the gates have begun to open.


# %%
def listen(network, said):
    """What attention is given of the first image token, and what the block adds to it: 24 values each."""
    config, block, inside = network.config, network.blocks[1], []
    c = None if config.modulation == "none" else F.silu(said)
    c = c if network.shared is None else network.shared(c)
    prefix = said if config.told_as("token") else said[:, :0]
    tokens = torch.cat([prefix, x[:1, :3]], dim=1)  # (1, 0 or 1, dim), (1, 3, dim) -> (1, 3 or 4, dim)
    block.attention.register_forward_pre_hook(lambda layer, given: inside.append(given[0]))
    with torch.no_grad():
        added = block(tokens, Given(c=c, context=said)) - tokens
    return inside[0][0, prefix.shape[1], :24], added[0, prefix.shape[1], :24]


# %%
loud = 1.5 * torch.randn(2, 1, 1, base.model.dim, generator=draw)
heard = {}
for name in ("nothing", "tokens", "cross-attention", "adaLN", "shared adaLN"):
    network = minidit.build(base.model, seed=0, **{**ways[name], "zero_init": "none"})
    heard[name] = [listen(network, said) for said in loud]
heard["adaLN-Zero, fresh"] = [listen(minidit.build(base.model, seed=0), said) for said in loud]

zero = trained["adaLN-Zero"].ema.module.cpu()
two = zero.time(torch.full((2,), 0.5)) + zero.label(torch.tensor([0, 20]), None)  # two labels at t = 1/2
heard["adaLN-Zero, trained"] = [listen(zero, said.view(1, 1, -1)) for said in two.detach()]


# %%
def frame(name):
    bill = bills.get(name, bills["adaLN-Zero"])
    parts = {"attention": ("attention",), "MLP": ("mlp",), "patch, last layer": ("patch", "final")}
    sizes = {
        part: sum(r.parameters for r in bill.rows if r.part in rows) / 1e6 for part, rows in parts.items()
    }
    sizes["telling"] = bill.parameters / 1e6 - sum(sizes.values())
    figure, axes = plt.subplot_mosaic("AB;AC", figsize=(8, 3.4), width_ratios=(1, 1.4))
    bars = axes["A"].barh(list(sizes), list(sizes.values()), color=[MUTED, MUTED, MUTED, ACCENT])
    axes["A"].bar_label(bars, fmt="%.0f", padding=3, fontsize=8, color=INK)
    axes["A"].set(xlim=(0, 350), xlabel="million parameters", title="DiT-XL/2")
    for panel, which, title in (("B", 0, "attention is given"), ("C", 1, "the block adds")):
        for pair, colour, mark in zip(heard[name], (INK, ACCENT), ("o-", "s--"), strict=True):
            axes[panel].plot(pair[which], mark, color=colour, markersize=3.5, linewidth=0.8)
        axes[panel].set(ylim=(-4, 4), xticks=[], yticks=[-3, 0, 3], title=title)
    axes["C"].set_xlabel("24 of the 64 values of one token; two messages", fontsize=8)
    for panel in axes.values():
        panel.spines[["top", "right"]].set_visible(False)
        panel.title.set(fontsize=9, color=INK)
    figure.suptitle(f"told by: {name}", fontsize=10, color=INK)
    figure.tight_layout()
    return figure


teach.Frames(
    [frame(name) for name in heard],
    list(heard),
    label="told by",
    alt="Left, bars: by adaLN, telling takes about a third of 675 million parameters, shared and by tokens very little. "
    "Right, a token under two messages: by adaLN it differs before attention, by tokens only in what the block adds.",
    still=3,
)

# %% [markdown]
# ## What would change our mind
#
# We said: adaLN-Zero is ahead of tokens after four hundred steps here. These would overturn it, or make it small:
#
# - a learning rate at which tokens catch up. We tried two;
# - a longer run. If the curves cross, it was only a slow start;
# - equal parameters: a deeper or wider network for the tokens, which are cheap;
# - another seed, in which the order is another: put `seed=5` above.
#
# And we said that the Zero leaves a fresh block unchanged. No run can overturn that; but it says nothing about quality. Claim C16 asks for that.
#
# ## Exercises
#
# Six exercises ask for a function each, and check it: modulate and gate, start at zero and stay there, count shared adaLN, count adaLN's share, embed the time,
# and write the test that a network listens. In a terminal, in the folder of the project, `minidit exercises start ch04` writes a notebook to work in.
#
# Five more are experiments, each one more arm in this notebook: `arms["mine"] = arm(...)`, then `learn("mine")`, then run the cell that makes `errors` and `mean` again, and
# look at `mean`. Write down what you expect before you run it.
#
# 1. Start at random: `arm(zero_init="none")`. Then `"gates"`, only the gates at zero, and `"head"`, only the last layer. Is the Zero missed at this size? Three seeds are the least.
# 2. Leave the clocks standing: `arm(time_scale=1.0)`. Is it worse than the network that was not told the time at all?
# 3. Find the tokens' own learning rate. Try `arm(4.0, **ways["tokens"])` and `arm(8.0, **ways["tokens"])`. Then be fair in the other direction, and
#    give adaLN-Zero the same rates.
# 4. Train cross-attention: `arm(**ways["cross-attention"])`. On which side of the tokens do you expect it?
# 5. Train a network that is told the time and not the label: `arm(label_as="none")`. At which times does it lose? Explain it with the path from noise to data in chapter 1.
#
# ## Sources
#
# - W. Peebles and S. Xie, *Scalable Diffusion Models with Transformers*, 2022, arXiv 2212.09748: four ways to tell, section 3.2 and figure 5.
# - J. Chen et al., *PixArt-alpha: Fast Training of Diffusion Transformer for Photorealistic Text-to-Image Synthesis*, 2023, arXiv 2310.00426: adaLN-single, section 2.3.
# - E. Perez et al., *FiLM: Visual Reasoning with a General Conditioning Layer*, 2017, arXiv 1709.07871: scale and shift from a condition.
# - P. Goyal et al., *Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour*, 2017, arXiv 1706.02677: residual branches that start at zero, section 5.1.
# - J. Ho, A. Jain and P. Abbeel, *Denoising Diffusion Probabilistic Models*, 2020, arXiv 2006.11239: sinusoidal features of the step.
# - A. Vaswani et al., *Attention Is All You Need*, 2017, arXiv 1706.03762: the sinusoids themselves, section 3.5.
# - N. Ma et al., *SiT: Exploring Flow and Diffusion-based Generative Models with Scalable Interpolant Transformers*, 2024, arXiv 2401.08740.
# - Q. Sun et al., *Is Noise Conditioning Necessary for Denoising Generative Models?*, 2025, arXiv 2502.13129.
