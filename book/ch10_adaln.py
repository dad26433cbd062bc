# %% [markdown]
# # Chapter 10: Does adaLN-Zero hate attention?
#
# | | |
# |---|---|
# | **Question** | Does the way in which DiT is told time and label keep its attention small, and would it be better off with conditions as tokens? |
# | **You will be able to** | turn an accusation into numbers that can be false; tell a gate from an update, and an update from its use; say which part of a shift attention can see; read an interval of few seeds, and say what one seed would have told |
# | **Minutes** | 2 on two cores, most of it three short training runs; about 5 on an A100 with the `a100` settings (an estimate: they have not been run, and have no evidence yet) |
# | **Claims** | C02, C19, C03 and C17 are told here; C16 was tried before, and is read again |
#
# Chapter 4 built adaLN-Zero: in each block a linear layer turns time and label into a shift, a scale and a gate for each branch, and all of them start at zero. In August 2025 a critic wrote that DiT is wrong, and one of his points was aimed
# at this. We know that point in summary only: adaLN-Zero hates attention; it overwrites attention's input and adds a bias to its output; a small MLP for the condition wastes a transformer, and conditions should be tokens.
#
# One of DiT's authors answered: "use adaln-zero for time embedding, but use cross attn for more complex distributions like text embedding". (Both sources are on the cards of C02 and C03.)
#
# "Hates" cannot be measured. This chapter looks for readings of the word that can be, and that could come out against the critic or for him.

# %%
from contextlib import contextmanager
from statistics import fmean, median, stdev

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.colors import LinearSegmentedColormap
from scipy import stats
from torch.testing import assert_close

import minidit
from minidit import Flow, TrainState, teach
from minidit.claims import cards, tried
from minidit.claims.arms import arms as arms_of
from minidit.claims.plan import at_the_edge
from minidit.claims.statistics import interval, seeds_needed
from minidit.data import load
from minidit.flow import Draw, euler, velocity_error
from minidit.measure.ablation import silenced
from minidit.measure.branches import branches_readout, watch_branches
from minidit.measure.fixed import noise, some
from minidit.model.attention import attention_map
from minidit.teach.dots import dots
from minidit.teach.figures import ACCENT, INK, MUTED
from minidit.teach.verdicts import tell, verdicts
from minidit.training import Experiment, read_artefact

_ = torch.set_num_threads(1)  # faster at this size than two, and repeatable to the last bit

# %%
c02, c16 = tried("C02"), tried("C16")
base, until = teach.settings(
    cpu=(Experiment.from_dict(c02.trial.arms["base"].experiment), 250),
    a100=(minidit.experiment("shapes-a100"), 1000),
)
device = teach.device()
trained = read_artefact("shapes", device)
network, flow = trained.model.eval(), Flow()
data = load(trained.experiment.data)
depth = network.config.depth
print(f"a trained network of {depth} blocks, {network.config.tokens} tokens of width {network.config.dim}")

# %% [markdown]
# ## What could "hates attention" mean?
#
# The gate is the first thing that one looks at. It multiplies what attention returns, before it is added to the tokens; a gate near zero would switch attention off. So take the trained network of chapter 3, show it 128 held-out images at
# several times, and measure the size of its gates: the root of the mean square over images and channels.

# %%
held_out = some(load(trained.experiment.data).held_out, 128)
x_1, told = held_out.x.to(device), held_out.condition.labels.to(device)
eps = noise(128, x_1, "branches.noise")
moments = (0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95)


# %%
@torch.no_grad()
def watched(t):
    """Block -> "attention" or "mlp" -> sizes of gate, branch and update, at one time."""
    now = torch.full((len(x_1),), t, device=device)
    with watch_branches(network) as seen:
        network(flow.interpolate(x_1, eps, now), now, told)
    return seen


at = {t: watched(t) for t in moments}

# %%
shades = LinearSegmentedColormap.from_list("share", ["#1d6fa5", "#ffffff", ACCENT])
warm = LinearSegmentedColormap.from_list("gate", ["#ffffff", ACCENT])


def strip(panel, values, cmap=warm, top=0.3, words="{:.2f}"):
    """Blocks down, times across, a number in each field."""
    image = panel.imshow(values, cmap=cmap, vmin=0, vmax=top, aspect="auto")
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            panel.text(column, row, words.format(value), ha="center", va="center", fontsize=8, color=INK)
    panel.set(xticks=range(len(values[0])), yticks=range(len(values)))
    panel.set_yticklabels([f"block {k}" for k in range(1, len(values) + 1)], fontsize=8)
    panel.tick_params(length=0)
    return image


def sizes(what, part):
    return [[getattr(at[t][block][part], what) for t in moments] for block in range(1, depth + 1)]


figure, axes = plt.subplots(1, 2, figsize=(9, 2.2), sharey=True)
for panel, part, title in zip(
    axes, ("attention", "mlp"), ("gate of attention", "gate of the MLP"), strict=True
):
    strip(panel, sizes("gate", part))
    panel.set_xticklabels([f"{t:g}" for t in moments], fontsize=8)
    panel.set_xlabel("t (0 is noise, 1 is data)", fontsize=8.5)
    panel.set_title(title, fontsize=10, color=INK)
figure.tight_layout()
teach.show(
    figure,
    alt="Two tables of gate sizes, four blocks by seven times. All lie between 0.1 and 0.3. Attention's are smaller near the data than near the noise, in every block; those of the MLP fall less.",
)

# %% [markdown]
# Nothing is switched off. The two kinds of gates are of one size. In block 3 attention's are the larger ones, up to t = 0.7. And attention's are smaller near the data than near the noise, in every block.
#
# ## Predict
#
# Commit yourself to three guesses before you read on.

# %%
teach.predict(
    "ch10.when",
    "Which part do attention's updates have in what moves the tokens? On the way from noise to data that part",
    choices={"a": "falls, as its gates do", "b": "stays", "c": "rises"},
    guess=None,
)

# %%
teach.predict(
    "ch10.silenced",
    "We silence attention in all four blocks of the trained network: it adds nothing any more. The squared error",
    choices={"a": "grows by half at most", "b": "by more, up to fivefold", "c": "by more than fivefold"},
    guess=None,
)

# %%
teach.predict(
    "ch10.without",
    "We train a fresh network whose attention is silent from the first step. Compared with a network that was trained with\n"
    "attention, for as long, and has it silenced afterwards, its error will be",
    choices={"a": "the same, up to a tenth", "b": "lower than that", "c": "higher than that"},
    guess=None,
)

# %% [markdown]
# ## The trap: a gate alone
#
# A block adds two updates, $g_1 \odot f_1$ and $g_2 \odot f_2$, attention's and the MLP's. What moves the tokens is the *product*. A small gate on a large branch moves more than a large gate on a small one. And the size of a product is
# not the product of the sizes: a channel's gate meets its own channel of the branch. So make the updates, then measure them:
#
# $$ \mathrm{share} = \frac{\lVert g_1 \odot f_1 \rVert}{\lVert g_1 \odot f_1 \rVert + \lVert g_2 \odot f_2 \rVert} . $$
#
# Here $\lVert \cdot \rVert$ is the root of the mean square. In code, for one block, with the block's own layers:


# %%
def size(x):
    return x.square().mean().sqrt()


# %%
def updates(block, x, c):
    """What attention and the MLP add to the tokens x, for the condition c."""
    shift_1, scale_1, gate_1, shift_2, scale_2, gate_2 = block.modulation.linear(c).chunk(6, dim=-1)
    norm = torch.nn.LayerNorm(x.shape[-1], eps=1e-6, elementwise_affine=False)
    one = gate_1 * block.attention(norm(x) * (1 + scale_1) + shift_1)
    x = x + one
    return one, gate_2 * block.mlp(norm(x) * (1 + scale_2) + shift_2)


# %%
readout = branches_readout(flow, network, load(trained.experiment.data))
with torch.no_grad():
    now = torch.full((len(x_1),), 0.5, device=device)
    x_t = flow.interpolate(x_1, eps, now)
    _, after = network(x_t, now, told, keep=range(1, depth + 1))  # the tokens behind each block
    c = F.silu(network.time(now) + network.label(told, None)).unsqueeze(1)  # (b, dim) -> (b, 1, dim)
    for block in range(2, depth + 1):
        one, two = map(size, updates(network.blocks[block - 1], after[block - 1], c))
        assert_close(
            (one / (one + two)).item(), readout[f"attention_share.block{block}.t0.5"], rtol=1e-4, atol=0
        )
print("the shares of blocks 2 to 4 agree with the library's")

# %%
figure, axes = plt.subplots(1, 3, figsize=(9.5, 2.8))
places = torch.arange(1, depth + 1)
for panel, what in zip(axes, ("gate", "branch", "update"), strict=True):
    for part, colour, step in (("attention", ACCENT, -0.2), ("mlp", "#1d6fa5", 0.2)):
        heights = [getattr(at[0.5][block][part], what) for block in range(1, depth + 1)]
        panel.bar(places + step, heights, 0.38, color=colour, label={"mlp": "MLP"}.get(part, part))
    panel.set(xticks=places, xlabel="block")
    panel.set_title(
        {"gate": "gate", "branch": "branch", "update": "update: gate times branch"}[what], fontsize=10
    )
    panel.spines[["top", "right"]].set_visible(False)
axes[0].legend(frameon=False, fontsize=8, loc="upper left")
axes[0].set_ylim(0, 0.33)
figure.tight_layout()
teach.show(
    figure,
    alt="Bars for four blocks at t = 0.5. Gates are alike, attention's is larger in blocks 3 and 4. The MLP's branch is 1.9 to 2.9 times attention's, its update 1.5 to 3.1 times; both least in block 3.",
)

# %%
both = [(at[t][block]["attention"], at[t][block]["mlp"]) for t in moments for block in range(1, depth + 1)]
print(f"attention has the larger gate in   {sum(a.gate > m.gate for a, m in both)} of {len(both)} fields")
print(f"attention has the larger update in {sum(a.update > m.update for a, m in both)} of {len(both)} fields")
early, late = at[0.05][depth]["attention"], at[0.95][depth]["attention"]
print(f"block {depth}, from t = 0.05 to 0.95: gate   {early.gate:.2f} to {late.gate:.2f}")
print(f"{'':28}update {early.update:.2f} to {late.update:.2f}")

# %% [markdown]
# That is the trap. In a third of the fields attention has the larger gate, and in none the larger update. In the last block its gate falls towards the data, and its update rises. A picture of gates would have told a story, and the wrong one.

# %%
shares = [
    [a / (a + m) for a, m in zip(*rows, strict=True)]
    for rows in zip(sizes("update", "attention"), sizes("update", "mlp"), strict=True)
]
figure, panel = plt.subplots(figsize=(5.2, 2.2))
image = strip(panel, shares, shades, top=1)
panel.set_xticklabels([f"{t:g}" for t in moments], fontsize=8)
panel.set_xlabel("t (0 is noise, 1 is data)", fontsize=8.5)
figure.colorbar(image, ax=panel, ticks=[0, 0.5, 1], label="attention's share")
teach.show(
    figure,
    alt="Attention's share of the update, four blocks by seven times. It lies below one half everywhere, and is higher at t = 0.95 than at 0.05 in every block.",
)

# %%
mean_share = {t: sum(row[k] for row in shares) / depth for k, t in enumerate(moments)}
print("mean over blocks: " + ", ".join(f"{share:.2f} at t = {t:g}" for t, share in mean_share.items()))
print(
    "the share is higher near the data than near the noise, in every block:",
    all(row[-1] > row[0] for row in shares),
)

# %%
teach.compare(
    "ch10.when",
    "c",
    "near the noise the MLP moves the tokens most. Towards the data its updates shrink, and attention comes nearer.",
)

# %% [markdown]
# Here is a first reading of "hates" that can be false: *attention's share is smaller in DiT than where the network is told in another way*. A share by itself says nothing. Is a third little? It needs a rival, and C02 has four.
#
# And mind what a share compares. Gates and zeros act on both branches alike. So a share cannot say that attention is kept small. It can say: small *beside the MLP*.
#
# ## How much is not what for
#
# The second reading: *the network does without it*. Silence attention, and look. The library hangs a hook on each attention that returns zeros; everything else stays as it is. First the error, on the same images and noise.


# %%
@torch.no_grad()
def error_of(f, times=(0.1, 0.5, 0.9)):
    """Mean squared error of the velocity over the 128 images and some times."""
    found, nothing = [], torch.zeros(len(x_1), dtype=torch.bool, device=device)
    for t in times:
        draw = Draw(torch.full((len(x_1),), t, device=device), eps, nothing)
        found.append(velocity_error(flow, f, held_out.to(device), draw))
    return torch.cat(found).mean().item()


# %%
def mute(f, part, blocks=None):
    """The error with a branch silent, as a multiple of the whole network's."""
    with silenced(f, part, blocks):
        return error_of(f) / error_of_whole


error_of_whole = error_of(network)
costs = {
    part: [mute(network, part, [block]) for block in range(1, depth + 1)] for part in ("attention", "mlp")
}
everywhere = {part: mute(network, part) for part in costs}

# %%
for part in costs:
    print(f"{part:>9} silent everywhere: {everywhere[part]:.0f} times the error; in one block: ", end="")
    print(", ".join(f"{cost:.1f}" for cost in costs[part]))

# %%
teach.compare("ch10.silenced", "c", "a branch with a third of the update can be worth far more than a third.")

# %% [markdown]
# Sixteen times the error. But what was taken away? Attention does two things at once. It lets tokens hear each other. And it adds what a token would get with nobody to hear: its own value, and constants. Zero takes both. So take the talk alone: let each token heed itself and no other.
# A hook can do that, since the values then go to the output layer as they are. A third hook leaves out what attention gives to all tokens of an image alike.


# %%
@contextmanager
def instead(hook):
    """Attention in all blocks returns what the hook makes of its layer, its input and its output."""
    handles = [block.attention.register_forward_hook(hook) for block in network.blocks]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


# %%
def by_itself(layer, given, out):
    return layer.out(layer.qkv(given[0]).chunk(3, dim=-1)[2])


cuts = {
    "nothing is added": lambda layer, given, out: torch.zeros_like(out),
    "each token heeds itself alone": by_itself,
    "what all tokens share is left out": lambda layer, given, out: out - out.mean(1, keepdim=True),
}

# %%
with torch.no_grad():
    layer, x = network.blocks[0].attention, torch.randn(2, 64, 64, generator=minidit.generator(0, "alone"))
    layer.kernel = lambda q, k, v, mask: v  # the map of attention is the identity
    alone = layer(x.to(device))
    del layer.kernel
    assert_close(by_itself(layer, (x.to(device),), None), alone, rtol=1e-4, atol=1e-5)

# %%
clean = {t: error_of(network, (t,)) for t in (0.1, 0.5, 0.9)}
print(f"{'times the error':>33}  t = 0.1   0.5   0.9  all three")
for name, hook in cuts.items():
    with instead(hook):
        found = {t: error_of(network, (t,)) for t in clean}
    each = "".join(f"{found[t] / clean[t]:6.1f}" for t in clean)
    print(f"{name:>33}: {each}  {sum(found.values()) / sum(clean.values()):9.1f}")

# %% [markdown]
# So silence is not only loss of talk. Without talk the error is about a third of what it is with nothing added; and what all tokens get alike is worth something as well. The table has a warning, too. Near the noise a token that heeds itself alone does *worse* than one that gets nothing. None of these cuts is clean:
# each hands the rest of the network something that it has never seen. And the times differ much. Near the data nearly everything is known, the error is small, and a cut costs a large multiple of it.
#
# What does that look like? Draw eight images, with the same noise and labels.

# %%
labels = torch.tensor([0, 3, 7, 10, 13, 16, 20, 23], device=device)
begin = torch.randn(8, 3, 16, 16, generator=minidit.generator(0, "chapter 10")).to(device)


@torch.no_grad()
def drawn(f, steps=20):
    """Eight images of one network, as it is now."""
    for state in euler(flow.velocity(f), begin, torch.linspace(0, 1, steps + 1, device=device), labels):
        last = state.x
    return last.clamp(-1, 1)


# %%
pictures = {"the whole network": drawn(network)}
with silenced(network, "attention"):
    pictures["no attention"] = drawn(network)
with instead(by_itself):
    pictures["each token by itself"] = drawn(network)
with silenced(network, "mlp"):
    pictures["no MLP"] = drawn(network)
for block in (1, depth):
    with silenced(network, "attention", [block]):
        pictures[f"no attention in block {block}"] = drawn(network)

# %%
names = [data.train.class_names[label].replace(" ", "\n") for label in labels.tolist()]
teach.show(
    teach.rows(pictures, columns=names),
    alt="Six rows of eight shapes. Whole: clean shapes in various places. No attention: the right shape and colour, faded and blurred, always in the middle. Each token by itself: patches in full colour, strewn over the place of the shape, with holes and without an outline. No MLP: blots of the right "
    "colour at most. No attention in one block, the first or the last: nearly clean, one or two with bits broken off.",
)

# %% [markdown]
# Look at the second row. With nothing added, one still sees the right shape in the right colour: faint, blurred, and *always in the middle*. It looks like the mean picture of its class. The label came through: adaLN tells it to each token by itself.
#
# Now the third row, the one that says what talk is for. Each token still has its own value and the constants; it is deaf and nothing else. Its patch is crisp and in full colour. But the patches do not agree. It looks as if each had settled alone whether it lies inside the shape. No token can know by itself where this one shape lies,
# and how large it is. All must settle that in one way, and deaf tokens cannot. The second row did not show this: its blur comes of losing more than talk.
#
# Now the counterexample that this section is named for. Does the branch that moves the tokens more cost more when it is silenced?

# %%
figure, panel = plt.subplots(figsize=(5.6, 3.2))
aside = {
    ("attention", 1): (-2, -14),
    ("attention", 2): (-10, -4),
    ("attention", 3): (6, 2),
    ("mlp", 1): (-10, 4),
}
for part, colour, mark in (("attention", ACCENT, "o"), ("mlp", "#1d6fa5", "s")):
    moved = [sum(row[k] for k in (1, 3, 5)) / 3 for row in sizes("update", part)]
    panel.plot(moved, costs[part], mark, color=colour, markersize=8, label={"mlp": "MLP"}.get(part, part))
    for block, spot in enumerate(zip(moved, costs[part], strict=True), start=1):
        near = aside.get((part, block), (6, 4))
        panel.annotate(f"{block}", spot, near, textcoords="offset points", fontsize=9, color=INK)
panel.set(xlabel="size of the update (mean over three times)", ylabel="times the error without it")
panel.set(xlim=(0, 0.8), ylim=(0, 5.5))
panel.legend(frameon=False, fontsize=8, loc="upper left")
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Size of the update against what its silence costs, block numbers beside the points. Within attention the order is one and the same: blocks 2, 1, 3, 4. Attention of block 4 moves less than the MLP of block 3, and costs more.",
)


# %%
def order(values):
    """The blocks from the least to the most."""
    return sorted(range(1, depth + 1), key=lambda block: values[block - 1])


moved, by_mlp = (
    [sum(row[k] for k in (1, 3, 5)) / 3 for row in sizes("update", part)] for part in ("attention", "mlp")
)
by_share = [sum(row[k] for k in (1, 3, 5)) / 3 for row in shares]

# %%
print("attention's blocks from the least to the most")
print(f"by update: {order(moved)}, by cost: {order(costs['attention'])}, by share: {order(by_share)}")
less, dearer = moved[3] < by_mlp[2], costs["attention"][3] > costs["mlp"][2]
print("attention of block 4 moves less than the MLP of block 3, and costs more:", less and dearer)

# %% [markdown]
# Within attention the larger update costs more, block by block. Across the two kinds of branches that fails. And by *share* it fails within attention, too: block 3 has the largest, and block 4 is missed most. So share and use are two readouts, and C02 asks both. Neither says what we would like to know best: how good would a network be that had *never* had attention? A network learns to lean on
# what it has. Take it away afterwards, and everything behind it gets inputs that it has never seen. We come back to that in the live run.
#
# %% [markdown]
# ## Does adaLN overwrite attention's input?
#
# What attention is given is $N(x)(1 + s) + h$: the normalised tokens, each channel scaled, and a shift $h$. The same $s$ and $h$ go to all tokens of an image. "Overwrites" could mean two things. The shift drowns what differs from token to token. Or the scale wipes it out: where $1 + s$ is zero, all tokens get the same. Measure both.


# %%
@torch.no_grad()
def inside(t):
    """Block -> what attention is given, the shift in it, 1 + the scale, and the gate, at one time."""
    now, kept, hooks = torch.full((len(x_1),), t, device=device), {}, []
    for number, block in enumerate(network.blocks, start=1):

        def note(layer, given, out, number=number):
            kept[number] = (given[0], out)

        hooks += [block.attention.register_forward_hook(note)]
        hooks += [block.modulation.register_forward_hook(lambda m, g, out, k=-number: kept.update({k: out}))]
    network(flow.interpolate(x_1, eps, now), now, told)
    for hook in hooks:
        hook.remove()
    return {k: (kept[k][0], kept[-k][0], 1 + kept[-k][1], kept[-k][2]) for k in range(1, depth + 1)}


parts = {t: inside(t) for t in (0.1, 0.5, 0.9)}


# %%
def square(x):
    return x.square().mean().item()


def beside(x, h, s):
    """Four numbers of one block: what the shift h and the scale do to what attention is given."""
    bare = x - h
    shared = bare.mean(1, keepdim=True)
    larger = h.square().mean((0, 1)) > bare.square().mean((0, 1))
    cosine = F.cosine_similarity(h, shared, dim=-1).mean()
    return square(h) / square(bare - shared), cosine.item(), (s.abs() < 0.2).float().mean(), larger.sum()


# %%
table = {t: torch.tensor([beside(x, h, s) for x, h, s, _ in found.values()]) for t, found in parts.items()}
rows = {
    "mean square of the shift / of what differs by token": "{:7.2f}",
    "cosine of the shift and what all tokens share before it": "{:7.2f}",
    "part of the entries of 1 + s between -0.2 and 0.2": "{:7.2f}",
    "channels of 64 in which the shift is the larger part": "{:7.0f}",
}
for t, columns in table.items():
    print(f"t = {t:g}, blocks 1 to {depth}")
    for (words, form), values in zip(rows.items(), columns.T.tolist(), strict=True):
        print(f"  {words:<55}" + "".join(map(form.format, values)))

# %%
most = torch.stack(list(table.values())).amax((0, 1))
print("the shift is less than half of what differs, everywhere:   ", bool(most[0] < 0.5))
print("it points against what all tokens share before, everywhere:", bool(most[1] < -0.5))

# %% [markdown]
# The shift does not drown the tokens, though in some channels it is the larger part. It adds no new thing either: it points *against* what all tokens have in common before it. A mean was there, and the shift takes much of it away. So be careful with words such as "adds a bias": which input counts as the one without a bias? $h = 0$ is an arbitrary place to count from.
#
# The scale is another matter. Near the noise it brings a third and a half of the entries of blocks 1 and 2 near zero. What these channels held is nearly gone from attention's input (and still in $x$, for the blocks behind). This is the nearest thing to "overwrites" that we see. It fades towards the data. (What it costs to hold these channels open, experiment 3 asks.)
#
# Now the shift itself. Does the condition choose it? For all 24 labels and the three times, split its mean square: what is the same for all, what the time adds, what the label adds.


# %%
def split(h):
    """Parts of the mean square of h (times, labels, dim): the same for all, by time, by label."""
    same = h.mean((0, 1), keepdim=True)
    by_time, by_label = h.mean(1, keepdim=True) - same, h.mean(0, keepdim=True) - same
    return [square(part) / square(h) for part in (same, by_time, by_label)]


with torch.no_grad():
    time, label = (
        network.time(torch.tensor([*parts], device=device)),
        network.label(torch.arange(24, device=device), None),
    )
    for number, block in enumerate(network.blocks, start=1):
        found = split(block.modulation(F.silu(time[:, None] + label[None]))[0])
        print(
            f"block {number}: the same for all {found[0]:.2f}, by time {found[1]:.2f}, by label {found[2]:.2f}"
        )

# %% [markdown]
# Nine tenths of it do not depend on what is told. adaLN *could* choose a shift for each label; this network mostly keeps one.
#
# A shift that is *the same for all tokens*: what can attention see of it? Let queries, keys and values be linear in the input, and add $h$ to all tokens. Write $h_q, h_k, h_v$ for what becomes of it. The score of
# query $i$ and key $j$, times $\sqrt d$, is
#
# $$ (q_i + h_q) \cdot (k_j + h_k) = q_i \cdot k_j \; + \; h_q \cdot k_j \; + \; \underbrace{q_i \cdot h_k + h_q \cdot h_k}_{\text{the same for all keys}} . $$
#
# Softmax compares keys. What is added to all of them alike, it does not see. So three things happen, and they could not be more different:
#
# - **In the keys** the shift does nothing at all.
# - **In the queries** it becomes a bias $h_q \cdot k_j$ that prefers some keys, the same for all queries. That is more than a constant: it depends on the tokens.
# - **In the values** it passes through whole. The weights sum to 1, so $\sum_j a_{ij}(v_j + h_v) = \sum_j a_{ij} v_j + h_v$. After the output layer it is one vector, added to every token.
#
# (Two upgrades of later networks change the first line. RoPE turns each key by its place, and QK-norm divides it by its own size; then the shift is no longer the same for all keys. DiT has neither.)
#
# The library's attention has biases and several heads; they change nothing in this. Give its three parts different inputs:


# %%
def attend(layer, for_q, for_k, for_v):
    """The library's attention, with an input of its own for queries, keys and values."""

    def heads(x):
        return [part.transpose(1, 2) for part in layer.qkv(x).unflatten(-1, (3, layer.heads, -1)).unbind(2)]

    q, k, v = heads(for_q)[0], heads(for_k)[1], heads(for_v)[2]  # each (b, h, n, d)
    y = attention_map(q, k, None) @ v
    return layer.out(y.transpose(1, 2).flatten(2))  # (b, h, n, d) -> (b, n, h*d)


# %%
with torch.no_grad():
    layer, (x, h, _, _) = network.blocks[0].attention, parts[0.5][1]
    whole, bare = layer(x), x - h
    assert_close(attend(layer, x, x, x), whole, rtol=1e-4, atol=1e-5)
    assert_close(attend(layer, x, bare, x), whole, rtol=1e-4, atol=1e-5)  # no shift in the keys: no change
    through = whole - attend(layer, x, x, bare)
    assert_close(through, through.mean(1, keepdim=True).expand_as(through), rtol=1e-4, atol=1e-5)
print("the keys' shift is not seen; the values' shift is one vector for all tokens")


# %% [markdown]
# What is the shift worth to the trained network? Take it out of the keys, of the queries, of the values, of all three; or put its mean over the 128 images in its place, so that it knows the time and no label.


# %%
def shifted(change, into="qkv"):
    """The error when change(h) stands in place of the shift h, in all blocks, in some of attention's parts."""
    latest = {}

    def attention(layer, given, out):
        x, h = given[0], latest["h"]
        return attend(layer, *[x - h + change(h) if part in into else x for part in "qkv"])

    handles = [
        block.modulation.register_forward_hook(lambda m, given, out: latest.update(h=out[0]))
        for block in network.blocks
    ]
    with instead(attention):
        error = error_of(network) / error_of_whole
    for handle in handles:
        handle.remove()
    return error


# %%
for words, into in {"the keys": "k", "the queries": "q", "the values": "v", "all three": "qkv"}.items():
    print(f"taken out of {words:<12} {shifted(torch.zeros_like, into):.2f} times the error")
print(f"the same for all labels   {shifted(lambda h: h.mean(0, keepdim=True)):.2f}")

# %% [markdown]
# So the network uses it: without the shift the error is half as large again, most of that through the values. What is told to each label apart is worth a twentieth.
#
# Now to the bias behind attention. Through the values comes one vector, call it $c$. How large is it in what attention adds, and does anything of it arrive? What all tokens share of attention's update is $c$ and a rest: values of the tokens, biases of the layers. Measure both along $c$, and their sum.

# %%
constant, rest, alike, asked = {}, {}, {}, {}
with torch.no_grad():
    for t, found in parts.items():
        for number, (x, h, _, gate) in found.items():
            layer, bare, at_block = network.blocks[number - 1].attention, x - h, (t, number)
            update = gate * layer(x)
            c = (update - gate * attend(layer, x, x, bare)).mean(1, keepdim=True)  # the same for all tokens
            shared = update.mean(1, keepdim=True)
            constant[at_block] = size(c).item()
            rest[at_block] = ((shared - c) * c).mean().item() / constant[at_block]
            alike[at_block] = square(shared) / square(update)
            asked[at_block] = square(gate * attend(layer, bare, x, x) - update) / square(update)

# %%
figure, axes = plt.subplots(1, 3, figsize=(9, 2.7), sharey=True)
for panel, t in zip(axes, parts, strict=True):
    ours = [(t, block) for block in range(1, depth + 1)]
    bars = {
        "c, the shift through the values": ([constant[key] for key in ours], ACCENT),
        "the rest, along c": ([rest[key] for key in ours], "#1d6fa5"),
        "both together": ([constant[key] + rest[key] for key in ours], INK),
    }
    for step, (name, (heights, colour)) in zip((-0.27, 0, 0.27), bars.items(), strict=True):
        panel.bar(places + step, heights, 0.25, color=colour, label=name)
    panel.axhline(0, color=MUTED, linewidth=0.8)
    panel.set(xticks=places, xlabel="block")
    panel.set_title(f"t = {t:g}", fontsize=10)
    panel.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("size of the update", fontsize=9)
axes[2].legend(frameon=False, fontsize=8, loc="upper right")
figure.tight_layout()
teach.show(
    figure,
    alt="Three panels of bars, blocks 1 to 4 at t = 0.1, 0.5 and 0.9. c points up, the rest points down nearly everywhere and by nearly as much. Both together are short; only in blocks 1 and 2 at t = 0.1 a good part is left upwards.",
)

# %%
left = {key: 1 + rest[key] / constant[key] for key in constant}
print("of c there is left, with sign:")
for t in parts:
    print(f"t = {t:g}: " + ", ".join(f"block {b} {left[t, b]:+.2f}" for b in range(1, depth + 1)))
few = sum(abs(value) < 0.25 for value in left.values())
print(f"less than a quarter of c is left, of either sign, in {few} of {len(left)} fields")
print(
    f"the shift in the queries changes {min(asked.values()):.2f} to {max(asked.values()):.2f} of the update's mean square"
)

# %% [markdown]
# Here is the core of the critic's sentence, and its limit. A shift *before* attention comes out *behind* it, as one vector for all tokens. In block 4, near the noise, that vector is twice as large as attention's whole update. But in most fields the rest of attention takes nearly all of it back: what the shift put in, the tokens' own mean
# had already with the other sign. So a large $c$ is no large bias. It depends on where one counts from, and $h = 0$ is one choice. What arrives of $c$ is the black bar, and that is short in most fields.
#
# Is anything else added behind attention? Yes, two things. Its output layer has a bias of its own, which no condition chooses; a bias in the values would do the same. And before the MLP a block makes $N(x + g_1 \odot f_1)(1 + s_2) + h_2$: that second shift *is* added behind attention, for the condition. Perhaps this is what the critic meant by
# "adds a bias to its output". We do not know.
#
# Is that harm? A vector for all tokens could be a cheap way to tell them one thing, such as a label. In this network the shift does little of that: nine tenths of it are the same for every label. Nothing in these numbers says that anything else is hindered by it. They say that part of attention's "share" need not be talk between tokens:

# %%
print(
    "what all tokens of an image share, in the mean square of attention's update (64 independent tokens: 0.02)"
)
for t in parts:
    print(f"t = {t:g}: " + ", ".join(f"block {b} {alike[t, b]:.2f}" for b in range(1, depth + 1)))

# %% [markdown]
# Near the noise it is more than half. (Some of that is talk: what all tokens agree upon, such as a mean colour, is the same for all. The measure cannot tell that from a constant.) A third reason to read a share with care.

# %% [markdown]
# ## A live run: the Zero, and a network without attention
#
# Now train, for a quarter of the trial's run. Three arms of seed 0. Two of them are C02's own seed 0 once more, so they must repeat what was recorded: DiT's, and one that starts nothing at zero, each at the rate that C02 tuned for it. The third is on no card: DiT's, with attention silent from the first step to the last.

# %%
rate = c02.trial.arms["zero_init=none"].experiment["training"]["lr"]
arms = {"adaLN-Zero": {}, "no attention": {}}
arms |= {"nothing at zero": {"model.zero_init": "none", "training.lr": rate}}
marks = (until * 2 // 5, until)  # a tenth and a quarter of the whole run


# %%
def learn(name, silent=(), steps=until, init_seed=None):
    """Train one arm, attention silent in some blocks; its averaged network, and attention's share on the way."""
    state, share = TrainState.create(base.override(arms[name]), 0, device, init_seed), {}
    with silenced(state.model, "attention", silent):
        for record in teach.progress(minidit.train(state, data, until=steps), name, steps):
            if record.step in marks and not silent:
                share[record.step] = branches_readout(flow, state.ema.module, data)["attention_share"]
    return state.ema.module.eval(), share


# %%
runs = {"adaLN-Zero": learn("adaLN-Zero")}

# %%
runs |= {"nothing at zero": learn("nothing at zero")}

# %%
all_blocks = list(range(1, depth + 1))
runs |= {"no attention": learn("no attention", silent=all_blocks)}

# %%
looks = {"base": (ACCENT, "adaLN-Zero"), "zero_init=none": ("#1d6fa5", "nothing at zero")}
ways = ("@10%", "@25%", "@50%", "")
figure, axes = plt.subplots(1, 2, figsize=(9, 3.1), sharey=True)
for place, (arm, (colour, name)) in enumerate(looks.items()):
    for k, when in enumerate(ways):
        found = c02.of(arm, f"branches.attention_share{when}").values()
        axes[0].plot([k + 0.2 * place - 0.2] * len(found), found, "o", color=colour, alpha=0.45, markersize=4)
    spot = [0.2 * place - 0.12, 0.88 + 0.2 * place]
    axes[0].plot(spot, runs[name][1].values(), "D", color=colour, label=name)
for row, arm in enumerate(c02.trial.arms):
    found = c02.of(arm, "branches.attention_share").values()
    axes[1].plot([row] * len(found), found, "o", color=INK if arm == "base" else MUTED, markersize=5)
axes[0].set(xticks=range(4), xticklabels=["10 %", "25 %", "50 %", "end"], xlabel="part of the run")
axes[0].set(ylabel="attention's share", ylim=(0, 0.75), xlim=(-0.5, 3.5))
axes[0].set_title("along the run, two arms of C02", fontsize=10, color=INK)
axes[0].legend(
    frameon=False, fontsize=8, loc="lower right", title="diamonds: this run, seed 0", title_fontsize=8
)
told_by = {"base": "adaLN-Zero", "told=tokens": "tokens", "label_as=cross_attention": "label by\ncross-att."}
told_by |= {"gate=false": "no gates", "zero_init=none": "nothing\nat zero"}
axes[1].set_xticks(range(len(told_by)), [told_by[arm] for arm in c02.trial.arms], fontsize=8)
axes[1].set_title("at the end, all arms of C02", fontsize=10, color=INK)
for panel in axes:
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(axis="y", color="#d7dde3", linewidth=0.6)
figure.tight_layout()
teach.show(
    figure,
    alt="Left, attention's share along the run, five dots an arm: adaLN-Zero falls from 0.43 at a tenth to 0.34 at the end; nothing at zero begins a little lower, rises to 0.52 at half of the run, and ends at 0.48. The diamonds lie beside the lowest dots. "
    "Right, five arms at the end: tokens and nothing at zero near 0.5, the other three near 0.33.",
)

# %%
share = "branches.attention_share"
for arm, (_, name) in looks.items():
    for when, step in zip(ways, marks, strict=False):
        off = abs(runs[name][1][step] - c02.of(arm, f"{share}{when}")[0])
        print(f"{name:>15} at {when[1:]}: this run repeats recorded seed 0, to 0.05: {off < 0.05}")

# %%
gaps = [b - a for a, b in zip(*(c02.of(arm, f"{share}@25%").values() for arm in looks), strict=True)]
print("at a quarter, own rates, nothing at zero has more, seeds 0 to 4:", ", ".join(f"{g:.3f}" for g in gaps))
print("seed 0 has the smallest gap:", min(gaps) == gaps[0])

# %% [markdown]
# The two arms cross. At a tenth of the run the network that starts nothing at zero has no larger share than DiT's: gates that start shut do not hold attention back *beside the MLP*, which starts behind gates of its own. Later it has a larger one. (By how much a single seed would not have told: of the five this one has the smallest gap at a quarter.)
#
# One thing these two do not share: the rate. The second was best at three times DiT's, and has it. (C02 lets each arm choose its rate, as one must where the question is which network is better. Where the question is *why*, the rate becomes a second axis.) The card's pilot, both at DiT's rate and another seed, had 0.40 for DiT and 0.42 for the other at the end. So a good part of what follows *may* be the rate and not the Zero.
# That is a warning for the verdict on C02.f below; card C19 tried it with seeds, and you can try one: experiment 5.
#
# And the network that never had attention? Three errors, all at the same step, on the same images: trained with attention; the same network, silenced afterwards; trained without.

# %%
whole = error_of(runs["adaLN-Zero"][0])
with silenced(runs["adaLN-Zero"][0], "attention"):
    afterwards = error_of(runs["adaLN-Zero"][0]) / whole
with silenced(runs["no attention"][0], "attention"):
    never = error_of(runs["no attention"][0]) / whole
print("silenced after training, more than twice the error:       ", afterwards > 2)
print("trained without it, less than one and a half times:       ", never < 1.5)
print("and still more than a twentieth above the network with it:", never > 1.05)

# %% tags=["nbval-ignore-output"]
print(f"silenced afterwards: {afterwards:.1f} times the error; trained without: {never:.2f} times")

# %%
teach.compare(
    "ch10.without", "b", "what is missed by a network that has it is not what one needs that never had it."
)

# %% [markdown]
# Neither of the two has attention. The one that never had it is worse by a fifth or so; the one that lost it is several times worse. So silencing a trained network tells how much *this* network leans on attention. What attention is *worth* only a network tells that was
# trained without it. When you read an ablation in print, ask which of the two it is.
#
# How much is this run worth? It is one seed, a quarter of the run, at a rate that was tuned for the network with attention, and it is on no card. That silence exaggerates is plain here, the two errors are far apart. How much attention is worth is not: a quarter is early, and what a network without attention cannot know, where its one shape lies,
# may be what the later steps learn. Experiment 2 trains on.
#
# ## The verdicts of C02
#
# Chapter 9 introduced the court; its rule in short. A card says before the run what is measured and which difference matters (its delta), and every arm is trained with the same seeds. The interval of the paired differences decides: wholly beyond the *bar*, *supported*, where the bar is the larger of delta and the floor, the spread of A/A runs that differ in nothing but their starting weights; wholly short of delta, *refuted*; otherwise *inconclusive*.
# Since a card asks several things, Holm's correction sets the level of each interval, from 95 % upwards.

# %%
verdicts(c02)

# %%
teach.show(
    dots(*c02),
    alt="Six rows of dots, a dot a seed. a, inconclusive: all five below zero, from -0.03 to -0.20. b and c, refuted: around and above zero. "
    "d, inconclusive: all five lower, by 10 to 32 percent. e, refuted: around zero. f, supported: all five near -0.14.",
)


# %%
def bars(case):
    """What each verdict of a trial was measured by, and in how many seeds the claim's side was seen."""
    for one in case.verdicts:
        found = list(one.differences.values())
        numbers = f"delta {one.delta:g}, A/A floor {one.floor:.3g}, bar {one.bar:.3g}, level {one.level:.4g}"
        print(f"{one.name}: {numbers}; as claimed in {sum(d > 0 for d in found)} of {len(found)} seeds")


# %%
bars(c02)
again = {run.seed: run.readouts["ablation.attention"] for run in c02.trial.runs if run.role == "same"}
first = c02.of("base", "ablation.attention")
print("d's A/A differences, in %:", ", ".join(f"{100 * (again[s] / first[s] - 1):+.0f}" for s in first))

# %%
print("\nrates on the grid:", sorted({run.tuned for run in c02.trial.runs if run.role == "tune"}))
for name, arm in c02.trial.arms.items():
    edge = ", at an end of the grid" if name in at_the_edge(c02.trial) else ""
    print(f"{name:>24}: {arm.tuned:g}{edge}")


# %%
def mean_of(arm, name, when=""):
    """A readout's mean over the seeds of C02."""
    return fmean(c02.of(arm, f"{name}{when}").values())


def added(arm, part, when):
    """The size of a branch's updates: the mean over blocks, times and seeds."""
    fields = [f"block{k}.t{t}" for k in range(1, 5) for t in (0.1, 0.5, 0.9)]
    return fmean(mean_of(arm, f"branches.update.{part}.{field}", when) for field in fields)


# %%
print(f"{'size of the updates at':>24}: a tenth of the run   its end")
print(f"{'':>24}  attention   MLP     attention   MLP")
for arm in c02.trial.arms:
    told_sizes = [added(arm, part, when) for when in ("@10%", "") for part in ("attention", "mlp")]
    print(f"{arm:>24}: " + "{:8.2f} {:6.2f}    {:8.2f} {:6.2f}".format(*told_sizes))

# %% [markdown]
# Letter by letter.
#
# - **The gates do not keep attention small beside the MLP** (c, refuted). In adaLN without gates attention's share is not larger by what would matter; in all five seeds it was a little smaller. Nor is it larger by that where the label comes by cross-attention (b, refuted).
#   The sizes above are another matter: without gates both updates are several times as large. But they are added to another stream, and the card warned before its run: sizes compare within a block, and across kinds of network the stream differs. So nothing is claimed about absolute sizes, by us or by c.
# - **With tokens it is larger in all five seeds** (a), and still inconclusive: one seed of five falls short of the bar, and the interval reaches over it by a hair. Suppose it were decided. With tokens attention is the only way in which the condition can reach the image. A larger share there is what the design forces. The card said so
#   before its run.
# - **The Zero does not hold attention back beside the MLP at a tenth of the run** (e, refuted), **and at the end the share is smaller than in a network that began without zeros** (f, supported). This is the one verdict for the critic. Two things to hold against it: that arm trains at three times the rate; and the next table.
#   Tokens and nothing at zero are the two arms that chose the largest rate of the grid, so a and f both compare networks at two rates. Card C19, written after this, crosses the Zero with the rate: its verdicts come below.
# - **Does DiT lean less on attention than adaLN without gates?** (d) In all five seeds, by a tenth to a third, where a fifth was asked for: inconclusive. The noise here is large. Two trainings of the *base* that differ in their starting weights alone lie apart by a tenth or so in four seeds and by more than a quarter in one: the floor comes close to the fifth that was asked for.


# %%
tell("C19")

# %% [markdown]
# The Zero at one rate (a), the rate in one network (b), the Zero at the other rate (c): in the mean each moves attention's share the way it was claimed, and none is decided. Add the effects of a and b, and you have nearly the difference that C02.f saw. So the verdict stands as it is written, for two networks at the rates that they chose. But it is not shown that the Zero made it: the rate may have made as much of it, or
# more. Five seeds cannot tell, and these have been looked at before: two of the four arms are C02's own runs, made again (the card says so).
#
# Back to C02, and from shares to what they are worth.

# %%
print(f"{'':>24}  attention's  silenced: times the error     held-out")
print(f"{'':>24}  share        attention         MLP        error")
for arm in c02.trial.arms:
    costs_of = [1 + v / 100 for v in c02.of(arm, "ablation.attention").values()]
    mlp = 1 + mean_of(arm, "ablation.mlp") / 100
    held = mean_of(arm, "velocity.held_out")
    spread = f"({min(costs_of):.0f} to {max(costs_of):.0f})"
    print(
        f"{arm:>24}: {mean_of(arm, share):9.2f} {fmean(costs_of):10.0f} {spread:<12} {mlp:6.0f} {held:13.3f}"
    )

# %% [markdown]
# In all five arms attention costs more than the MLP when it is silenced, in the mean over seeds. The trained network at the head of this chapter showed the reverse, and sixteen times the error where DiT's line says nine: it was trained nearly five times as long, and other images were shown to it. The live run, after a quarter, was lower still. Such numbers belong to a network at a moment.
#
# Now read two pairs of lines. They are *seen, not asked*: no card asks for them, and they have no interval. Nothing at zero has a share of nearly one half, DiT a third, and silenced their seeds cover about the same range: here a larger share does not go with a larger loss. Tokens have the same share as nothing at zero, and silence costs them more than twice as much: they hear label *and* time through attention, and lose both with it. How much, and what for, are two
# questions.
#
# So does adaLN-Zero hate attention? In these small networks, by these readings: its gates do not keep attention small beside the MLP; beside a network that starts without zeros attention's share is smaller, at the rates that both chose, and it is open whether zeros or rates do it; and without its attention it errs many times more. Two open letters, a and d, lean to the critic's side in five seeds of five. "Hates" is too strong a word for that. Another reading could come out otherwise.
#
# ## Should conditions be tokens? Equal, but in what?
#
# C02 asked about attention. The other half of the critic's point is about the result: conditions should be tokens. In C02 and in chapter 4 tokens were behind, but their network was smaller by a third: that much of DiT's is modulation. (The critic's summary speaks of a small MLP for the condition. By count it is not small.) A network can always be called worse
# because it was smaller, and slower because it was larger. So C03 and C17 ask the same question twice.

# %%
modulation = sum(p.numel() for name, p in network.named_parameters() if "modulation" in name)
everything = sum(p.numel() for p in network.parameters())
print(f"modulation holds {modulation:,} of {everything:,} parameters: {modulation / everything:.0%}")

# %% [markdown]
# **Equal parameters** (C03). What adaLN spends on modulation, its rivals may spend on their MLPs, which are widened (for cross-attention: narrowed) until the counts agree. Time and label are told by adaLN without gates and zeros (`as=adaln`), by tokens, or the time by adaLN-Zero and the label by cross-attention.

# %%
print(f"{'arm':>24}  parameters  mlp_ratio")
for name, arm in arms_of(cards.find("C03"), "cpu").items():
    print(f"{name:>24}  {arm.parameters:>10,}  {arm.experiment.model.mlp_ratio:>9.2f}")

# %% [markdown]
# **Equal time** (C17). Each network is as its design makes it. What a step of each costs was measured side by side on one core, and committed before the run; each arm then trains for as many steps as the base's time pays for.

# %%
print(f"{'arm':>24}  parameters  steps")
for name, arm in arms_of(cards.find("C17"), "cpu").items():
    print(f"{name:>24}  {arm.parameters:>10,}  {arm.experiment.training.steps:>5}")

# %% [markdown]
# So equal time is kind to cross-attention in size and hard on it in steps; tokens lose few steps and have a third fewer parameters.
#
# Before the verdicts, say how they are to be read. *Supported*: the rival differs from DiT as the hypothesis says, by more than what matters and more than the noise. *Refuted*: it does not differ so by what matters. That alone does not say that it is behind: it may be level, or ahead by less. Look at the interval, and only where that lies wholly on the other side is it behind. *Inconclusive*: these seeds cannot tell, and it is *not* shown that the ways are alike.
#
# And the two cards together. The same word in both: neither size nor time alone is the reason. Different words: the design buys with one what it saves in the other, or one of the two trials could not see.

# %%
tell("C03")

# %%
held = {arm: tried("C03").of(arm) for arm in tried("C03").trial.arms}
print("held-out error at equal parameters, mean over seeds, and the rate that was chosen")
for name, arm in tried("C03").trial.arms.items():
    edge = ", at an end of the grid" if name in at_the_edge(tried("C03").trial) else ""
    behind = sum(held[name][seed] > error for seed, error in held["base"].items())
    print(
        f"{name:>24}: {fmean(held[name].values()):.3f}, rate {arm.tuned:g}{edge}; higher than base's in {behind} of 8 seeds"
    )

# %% [markdown]
# At equal parameters both rivals are not merely "not ahead": their intervals lie wholly on the other side, in all eight seeds, by a fifth and by a third of the error. And adaLN without gates and zeros is behind by more than a quarter. So on this task adaLN-Zero comes first, as in figure 5 of DiT's paper. (There cross-attention was behind adaLN; here it is ahead.) From C02's table it looks as if the gates did
# more for that than the zeros: nothing at zero ended close to DiT, no gates did not. No card asks that yet.
#
# Tokens and cross-attention stand at the largest rate of the grid, so a larger one might help them; it would have to help a lot. A wider MLP is one way to spend the parameters; more blocks were not tried.

# %%
tell("C17")

# %% [markdown]
# The same words, letter by letter, as at equal parameters. At equal time too the intervals of both rivals lie wholly on the other side, in all five seeds: adaLN-Zero is ahead of tokens, of cross-attention, and of adaLN without gates and zeros. So neither the size of the networks alone nor their pace alone is the reason. The two cards are no independent witnesses: it is the same task, and the same kind
# of network.
#
# Three cautions. A label out of 24 is one thing to be said to all tokens; captions have parts, and there tokens may do what a vector cannot (C13 will ask). Two tokens more among 64 weigh more than two among 256. And time is that of one core: on a GPU the exchange is another one.
#
# ## The Zero alone: C16
#
# Figure 5 of DiT's paper has adaLN-Zero ahead of adaLN, which has neither gates nor zeros. C16 changed the zeros alone.

# %%
verdicts(c16)
bars(c16)
chosen = sorted({arm.tuned for arm in c16.trial.arms.values()})
print("\nrates that the arms chose:", chosen, " all at an end of the grid:", len(at_the_edge(c16.trial)) == 4)

# %%
for asked, one in zip(c16.card.hypotheses, c16.verdicts, strict=True):
    found = list(one.differences.values())
    counts = "lies between delta and bar: more seeds of this kind would not decide it"
    if one.mean > one.bar:
        counts = f"about {seeds_needed(stdev(found), one.mean - one.bar, one.level)} seeds to be decided, for"
    elif one.mean < one.delta:
        counts = f"about {seeds_needed(stdev(found), one.delta - one.mean, one.level)} seeds to be decided, against"
    print(
        f"{one.name}: spread expected {asked.spread:g}, measured {stdev(found):.1f}; a mean like this: {counts}"
    )

# %% [markdown]
# Inconclusive, four times. That is not "no difference": for a and c all five seeds lean as claimed. These two share an arm, the one without zeros: it may be one observation, told twice. The card's author had expected differences that spread by a fifth of what they did (for a and c), and five seeds could not decide what it asked. The project's log says so (`book/LOG.md`), and
# the card was not run again until it pleased. A new card may ask with more seeds, and it would have to say that it comes after this one.
#
# The counts of seeds are no promise. They say from how many seeds on half an interval is narrower than the way from this mean to the bar (for b: to delta). With so many the odds of a decision are near one in two, even if the true effect is this mean: half of all trials fall short of it. For b the decision would go *against* the claim.
#
# ## How statistics fool
#
# Why so stubborn about seeds? Play a game with recorded numbers. Take two of C16's arms; somebody with time for one run of each picks the one that came out lower. Each field of the pictures is such a pair of runs. On the left two arms that were chosen *because* they ended nearly alike, the base and the one that starts the head alone at zero. On the right the base beside the arm without zeros.

# %%
one = torch.tensor(list(c16.of("base").values()))
beside = {arm: torch.tensor(list(c16.of(arm).values())) for arm in ("zero_init=head", "zero_init=none")}
tables = {arm: 100 * (one[:, None] / other[None] - 1) for arm, other in beside.items()}  # (base, other)
figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.1), sharey=True, layout="constrained")
for panel, (arm, gaps) in zip(axes, tables.items(), strict=True):
    image = panel.imshow(gaps, cmap=shades, vmin=-10, vmax=10)
    for row, values in enumerate(gaps):
        for column, value in enumerate(values):
            panel.text(column, row, f"{value:+.1f}", ha="center", va="center", fontsize=8, color=INK)
        corner = (row - 0.5, row - 0.5)
        panel.add_patch(
            plt.Rectangle(corner, 1, 1, fill=False, edgecolor=INK, linewidth=1.5, clip_on=False, zorder=3)
        )
    panel.set(xticks=range(5), yticks=range(5), xlabel=f"seed of {arm}")
axes[0].set_ylabel("seed of base")
figure.colorbar(image, ax=axes, ticks=[-10, 0, 10], label="base / other - 1, %")
teach.show(
    figure,
    alt="Two tables of five by five differences in percent. Left, beside zero_init=head: from -5 to +6, about half of them of each sign. Right, beside zero_init=none: all negative, from -1 to -9. The diagonals, pairs of one seed, are framed.",
)

# %%
for arm, gaps in tables.items():
    ahead = [int((x < 0).sum()) for x in (gaps, gaps.diagonal())]
    print(f"base beside {arm}: mean over five seeds {100 * (one.mean() / beside[arm].mean() - 1):+.1f} %")
    print(f"  one run each, seeds drawn apart: base is ahead in {ahead[0]} of {gaps.numel()} pairs", end="")
    print(f" (from {gaps.min():+.1f} to {gaps.max():+.1f} %); one seed for both: in {ahead[1]} of 5")

# %% [markdown]
# On the left a paper with one seed could report either arm as better by 5 % or so, honestly, and with a table. Five seeds say: we cannot tell. On the right no pair would have told the wrong story. One seed is enough when the difference is large beside the noise, and one seed cannot tell you whether it is.
#
# ### Does pairing help?
#
# We pair. Both arms of a seed see the same images in the same order, the same times and the same noise; by the book, what is lucky for one is lucky for the other, and the difference is quieter than its parts. By the book. We have the numbers, so look. For each arm of three cards: how far do the paired differences to the base spread, beside differences of seeds
# drawn apart? Below 1 pairing makes them quieter. Beside each ratio stands $r$, how well the errors of the two arms go together over the five seeds. And since five seeds say little, draw in what they would show if a seed's arms had *nothing* to do with each other.

# %%
spreads = {}
for case in (tried("C06"), c16, c02):
    ours, spreads[case.card.id] = torch.tensor(list(case.of("base").values())), []
    for arm in case.trial.arms:
        if arm != "base":
            theirs = torch.tensor(list(case.of(arm).values()))
            ratio = (theirs - ours).std() / (ours.var() + theirs.var()).sqrt()
            r = torch.corrcoef(torch.stack([ours, theirs]))[0, 1]
            spreads[case.card.id].append((arm, ratio.item(), r.item()))

# %%
x, y = torch.randn(2, 100_000, 5, generator=minidit.generator(0, "no pairs"))
by_chance = (x - y).std(1) / (x.var(1) + y.var(1)).sqrt()
band = by_chance.quantile(torch.tensor([0.05, 0.95])).tolist()

# %%
figure, panel = plt.subplots(figsize=(6.5, 3.0))
panel.axvspan(*band, color="#cfe3f5", linewidth=0, label="nothing in common: 5 to 95 %")
panel.axvline(1, color=MUTED, linewidth=0.8, linestyle=":")
every = [(card, *rest) for card, found in spreads.items() for rest in found]
for row, (_, _, ratio, r) in enumerate(every):
    panel.plot(ratio, row, "o", color=ACCENT)
    panel.text(1.55, row, f"{r:+.2f}", fontsize=8, color=INK, ha="right", va="center")
panel.text(1.55, -1.2, "r", fontsize=9, color=INK, ha="right", va="center")
panel.set(ylim=(len(every) - 0.5, -0.6), xlim=(0.3, 1.6))
panel.set_yticks(range(len(every)), [f"{card} {arm}" for card, arm, *_ in every], fontsize=8)
panel.set_xlabel(
    "spread of paired differences in the held-out error, as a multiple of unpaired ones", fontsize=8.5
)
panel.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.4, 1.17))
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Ten dots, one for each arm of C06, C16 and C02, from 0.5 to 1.3, six of them above 1. A band from 0.52 to 1.31 holds all of them. Beside them r, from -0.68 to +0.99.",
)

# %%
ratios = [ratio for _, _, ratio, _ in every]
print(
    f"pairs are quieter than seeds drawn apart in {sum(x < 1 for x in ratios)} of {len(ratios)} arms; the median is {median(ratios):.2f}"
)
print(f"with nothing in common, five seeds give {band[0]:.2f} to {band[1]:.2f} in nine of ten cases")
inside_band = sum(band[0] - 0.005 < x < band[1] for x in ratios)
print(f"inside that band, to 0.005: {inside_band} of {len(ratios)}")
card, arm, _, r = max(every, key=lambda found: abs(found[-1]))
chance = 2 * stats.t.sf(abs(r) * (3 / (1 - r**2)) ** 0.5, 3)
print(f"the largest r, {r:+.2f} of {card} {arm}: by chance in about {100 * chance:.1f} % of single arms")

# %% [markdown]
# The picture cannot tell. In some arms the pairs are quieter, in others louder, and all ten lie where five seeds would put them by chance. (The arms of a card share one base, so they are not so many witnesses as there are dots either.) One arm does seem to go with its base: C02 without gates has an $r$ of nearly one, and a low ratio. Five numbers seldom do that by chance, even once in ten arms. But of the great help that pairing is said to be, there is little trace in these records. A likely reason, which we have not tested: after a thousand steps two networks that began a little apart have long gone ways of their own, and the same batch meets other weights. Paired noise may be lucky for a network, and not for a seed.
#
# Pairing still has its use. Nobody can say that one arm had the easier images. And when both arms do go together, it pays. What it costs: Student's interval of five differences has 4 degrees of freedom, that of two groups of five up to 8.
#
# ### Four intervals of the same five numbers
#
# For C16.a, in percent: Student's interval of the five paired differences; the same without pairs (Welch's, from two means and two spreads); a bootstrap, which draws five seeds out of the five again and again and takes the middle 95 % of the means; and the card's own. To support the claim an interval must lie wholly beyond the bar. The bar is not the delta of the card here: runs of one arm that differ in their starting weights alone
# spread further than the card's delta, so that floor is the bar.


# %%
def welch(x, y):
    """Mean difference of two samples (..., n), and half of Welch's 95 % interval."""
    parts = [z.var(-1) / z.shape[-1] for z in (x, y)]
    freedom = sum(parts) ** 2 / sum(part**2 / (x.shape[-1] - 1) for part in parts)
    half = torch.as_tensor(stats.t.ppf(0.975, freedom.numpy())) * sum(parts).sqrt()
    return x.mean(-1) - y.mean(-1), half


# %%
ours, theirs = (torch.tensor(list(c16.of(arm).values())).double() for arm in ("base", "zero_init=none"))
d = 100 * (ours - theirs) / theirs
found = {"Student, paired": tuple(interval(d.tolist()))[1:]}
gap, half = welch(100 * ours / theirs.mean(), 100 * theirs / theirs.mean())
found["Welch, unpaired"] = (gap - half, gap + half)
picks = torch.randint(len(d), (10_000, len(d)), generator=minidit.generator(0, "bootstrap"))
means = d[picks].mean(1)
found["bootstrap, paired"] = (means.quantile(0.025), means.quantile(0.975))
found["the card's own"] = (-c16.verdicts[0].high, -c16.verdicts[0].low)
needed = -c16.verdicts[0].bar
print(f"needed: wholly below {needed:.2f} %")
for name, (low, high) in found.items():
    print(f"{name:>18}: {low:+.1f} to {high:+.1f} %, wholly below it: {bool(high < needed)}")

# %% [markdown]
# Two of the four would have said "supported". Which may we believe? Not the one that we like: try them where the truth is known. Draw five numbers from a normal distribution, make the interval, ask whether it holds the true mean; 20,000 times for Student's, 1,000 times for the bootstrap.


# %%
def held_by(n, trials=20_000, again=1000, rounds=500):
    """How often the 95 % intervals of n normal numbers hold their true mean: Student's, the bootstrap's."""
    draw = minidit.generator(n, "coverage")
    x = torch.randn(trials, n, generator=draw)
    half = stats.t.ppf(0.975, n - 1) * x.std(1) / n**0.5
    student = (x.mean(1).abs() < half).float().mean().item()
    picks = torch.randint(n, (again, rounds, n), generator=draw)
    means = x[:again, None].expand(-1, rounds, -1).gather(2, picks).mean(2)  # (again, rounds)
    low, high = means.quantile(torch.tensor([0.025, 0.975]), dim=1)
    return student, ((low < 0) & (high > 0)).float().mean().item()


# %%
for n in (3, 5, 8, 30):
    student, again = held_by(n)
    print(
        f"{n:>2} seeds: Student's interval holds the truth in {student:.0%} of the trials, the bootstrap's in {again:.0%}"
    )

# %% [markdown]
# With five seeds the bootstrap's "95 %" are fewer by far. Resampling five numbers gives means whose spread is too small by the root of 4/5, and takes no account of how badly five numbers know their own spread. With thirty it is nearly right. Student's interval pays for the few seeds with a wide $t$, and keeps its word (for normal numbers).
#
# And Welch's? It takes the two arms of a seed for strangers. When they are, it is honest as well. When they go against each other, the difference spreads further than it thinks. Try both, with five pairs:

# %%
x, y = torch.randn(2, 50_000, 5, generator=minidit.generator(0, "strangers")).double()
for r in (0.0, -0.5):
    middle, half = welch(x, r * x + (1 - r**2) ** 0.5 * y)
    print(
        f"r = {r:+.1f}: Welch's interval misses the truth in {100 * (middle.abs() > half).double().mean():.1f} % of the trials"
    )
ours, theirs = (torch.tensor(list(c16.of(arm).values())) for arm in ("base", "zero_init=none"))
print(f"C16.a's pairs have r = {torch.corrcoef(torch.stack([ours, theirs]))[0, 1]:+.2f}")

# %% [markdown]
# Welch's interval is narrower here because these pairs happened to go against each other. If they really do, it is not honest; if it was chance, it is. Five seeds cannot say which. May we take it, now that we see both? No: whoever takes the narrower of two intervals *after* seeing both is wrong more often than either. The rule was written before, and it stays.
#
# The card's own is the widest, because four hypotheses share its 5 % of error.
#
# ## A slider for the trial
#
# The evidence of C02, along the training: above, attention's share by block and time for each of the five ways; below, the size of attention's gates. Drag from a tenth of the run to its end. Look for a few things. Which networks are blue (the MLP moves more) and which orange? Two fields stand out: attention hardly moves anything in block 1 without gates, and nearly everything in block 4 of nothing at zero, near the noise.
# Where does the share fall as the training goes on? And do the gates, below, tell you? (The tokens' network has the palest gates of all.)

# %%
marked = {"10 % of the run": "@10%", "the whole run": ""}


def field_means(arm, name, when):
    """The mean over seeds of a readout by block and time."""
    return [
        [mean_of(arm, f"branches.{name}.block{b}.t{t}", when) for t in (0.1, 0.5, 0.9)] for b in range(1, 5)
    ]


# %%
def frame(when):
    figure, axes = plt.subplots(2, 5, figsize=(6.6, 2.5), sharex=True, sharey=True, layout="constrained")
    for column, arm in enumerate(c02.trial.arms):
        share_of = strip(axes[0][column], field_means(arm, "attention_share", marked[when]), shades, top=1)
        ungated = arm == "gate=false"
        gates = [[0.0] * 3] * 4 if ungated else field_means(arm, "gate.attention", marked[when])
        gate_of = strip(axes[1][column], gates, warm, top=0.25, words="")
        axes[1][column].text(1, 1.5, "none" * ungated, ha="center", va="center", fontsize=9, color=INK)
        axes[0][column].set_title(told_by[arm], fontsize=9, color=INK)
        axes[1][column].set_xticklabels(["0.1", "0.5", "0.9"], fontsize=8)
    for row, (image, ticks, name) in enumerate(
        ((share_of, (0, 0.5, 1), "share"), (gate_of, (0, 0.25), "gate"))
    ):
        axes[row][0].set_ylabel(name, fontsize=9, color=INK)
        figure.colorbar(image, ax=axes[row], ticks=ticks).ax.tick_params(labelsize=8)
    axes[1][2].set_xlabel("t (0 is noise, 1 is data)", fontsize=8.5)
    figure.suptitle(f"attention after {when}", fontsize=10, color=INK)
    return figure


# %%
teach.Frames(
    [frame(when) for when in marked],
    list(marked),
    label="training",
    alt="Ten small tables, blocks by times, for five networks. At the end attention's share is blue, one half at most, for adaLN-Zero and cross-attention; for no gates it reaches 0.52, and is 0.05 to 0.09 in block 1. For tokens it lies near one half; for nothing at zero too, with 0.85 in block 4 near the noise. "
    "Below, the tokens' gates are the palest, and the network without gates has none.",
    still=1,
)

# %% [markdown]
# ## What would change our mind
#
# We said: the gates do not keep attention small beside the MLP; a trained network leans on attention heavily, and one that never had it is worse, though less so (one seed); the shift does not drown attention's input, and the scale near the noise comes closest to overwriting it; through the values the shift comes out as a vector for all tokens, of which little arrives. This would overturn it:
#
# - published weights in which attention's share is near nothing. Ours have 4 blocks and 64 tokens, DiT-XL/2 has 28 and 256, and attention may matter more there, or less;
# - the other verdict for c or f at 12 blocks; or C19 with new seeds, and the rate alone supported: then f would be the rate's doing;
# - a readout that says "hates" better than share and silence do, with a reason. Only what differs from token to token is talk: a share that counts it alone may say something else;
# - a network that keeps the shift out of its values, and is better: then the shift there would be harm;
# - channels that the scale brings near zero, held open in training, and a better network: then "overwrites" would have a sense;
# - conditions with parts. A label out of 24 is one thing said to all tokens, and adaLN is made for that. The reply itself asks for cross-attention where text is told; captions are claim C13.
#
# And these we do not know: which bias the critic meant; why DiT's share falls along the training, while the other one's rises until half of the run and then falls a little, in all five seeds; whether pairing helps.
#
# ## Exercises
#
# Seven exercises ask for a function each: attention's share, an interval from resampled seeds, the roulette of one seed, streams that do not shift between arms, the test that arms see the same, which shift attention sees, and equal parameters. In a terminal, in the folder of the
# project, `minidit exercises start ch10` writes a notebook to work in.
#
# Six more are experiments, for below the last cell of this notebook. Write down what you expect before you run them.
#
# 1. Which block's attention could be spared? Train with attention silent in one block from the start, four times: `learn("no attention", silent=[1])` and so on. Measure each with `error_of`, silent as it was trained. Is the order that of `costs["attention"]`?
# 2. Train longer without attention, `learn("no attention", silent=all_blocks, steps=1000)`, and with it, `learn("adaLN-Zero", steps=1000)`; about two minutes. Does the gap of the two errors close, or does it grow?
# 3. Hold the channels open that the scale shuts: hook each `block.modulation` of the trained `network` so that it returns `(out[0], out[1].clamp(min=-0.8), *out[2:])`. By how much does `error_of(network)` grow, beside `error_of_whole`? (Keep the handles, and remove them afterwards.) And if only blocks 1 and 2 are held?
# 4. Is a constant still added when no shift comes through the values? For the trained network, with `x, h, _, gate = parts[0.1][4]` and `layer = network.blocks[3].attention`, make `update = gate * attend(layer, x, x, x - h)`. Which part of its mean square do all tokens share, beside `alike[0.1, 4]`?
# 5. The Zero at one rate: put `arms["DiT's rate"] = {"model.zero_init": "none"}`, then `learn("DiT's rate")`. Where do its shares at `marks` lie, beside the two arms of the live run? And two trainings of the base that differ in the starting weights alone, `learn("adaLN-Zero", init_seed=5000)`: how far apart are they?
# 6. Draw images from the network that was trained without attention: `teach.grid` or `teach.rows` of `drawn(runs["no attention"][0])`, inside `with silenced(runs["no attention"][0], "attention"):`. Are its shapes in the middle, crisp patches, or neither? A quarter of a run is early: draw `runs["adaLN-Zero"][0]` beside it.
#
# ## Sources
#
# - W. Peebles and S. Xie, *Scalable Diffusion Models with Transformers*, 2022, arXiv 2212.09748: adaLN-Zero and its three rivals, section 3.2 and figure 5.
# - E. Perez et al., *FiLM: Visual Reasoning with a General Conditioning Layer*, 2017, arXiv 1709.07871: a scale and a shift for each channel, made of the condition.
# - The debate of August 2025, as the cards of C02 and C03 quote it, with what we have seen of it and what we have not.
# - J. Chen et al., *PixArt-alpha*, 2023, arXiv 2310.00426: text by cross-attention, time by adaLN-single, one modulation shared by all blocks.
# - P. Esser et al., *Scaling Rectified Flow Transformers for High-Resolution Image Synthesis*, 2024, arXiv 2403.03206: text as tokens beside the image's, and modulation too.
# - B. Efron, *Bootstrap Methods: Another Look at the Jackknife*, 1979: seeds drawn again.
# - Student, *The Probable Error of a Mean*, 1908; B. L. Welch, *The Generalization of "Student's" Problem*, 1947: the two other intervals.
# - S. Holm, *A Simple Sequentially Rejective Multiple Test Procedure*, 1979: several hypotheses on one card.
