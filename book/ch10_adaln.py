# %% [markdown]
# # Chapter 10: Does adaLN-Zero hate attention?
#
# | | |
# |---|---|
# | **Question** | Does the way in which DiT is told time and label keep its attention small, and would it be better off with conditions as tokens? |
# | **You will be able to** | turn an accusation into numbers that can be false; tell a gate from an update, and an update from its use; say which part of a shift attention can see; read an interval of few seeds, and say what one seed would have told |
# | **Minutes** | 2 on two cores, most of it four short training runs; about 5 on an A100 with the `a100` settings (an estimate: they have not been run, and have no evidence yet) |
# | **Claims** | C02, C03 and C17 are told here (a claim whose runs are not done is printed as such); C16 was tried before, and is read again |
#
# Chapter 4 built adaLN-Zero: a small network turns time and label into a shift, a scale and a gate for each branch of each block, and all of them start at zero. In August 2025 a critic wrote that DiT is wrong, and one of his points was aimed
# at just this. We know that point in summary only: adaLN-Zero hates attention; it overwrites attention's input and adds a bias to its output; a small MLP for the condition wastes a transformer, and conditions should be tokens.
#
# One of DiT's authors answered: "use adaln-zero for time embedding, but use cross attn for more complex distributions like text embedding". (Both sources are on the cards of C02 and C03.)
#
# "Hates" cannot be measured. This chapter looks for readings of the word that can be, and that could come out against the critic or for him.

# %%
from statistics import median

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
from minidit.claims.trial import find
from minidit.data import load
from minidit.flow import Draw, euler, velocity_error
from minidit.measure.ablation import silenced
from minidit.measure.branches import branches_readout, watch_branches
from minidit.measure.fixed import noise, some
from minidit.model.attention import attention_map
from minidit.teach.dots import dots
from minidit.teach.figures import ACCENT, INK, MUTED
from minidit.teach.verdicts import verdicts
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
    alt="Two tables of gate sizes, four blocks by seven times. All lie between 0.1 and 0.3. Attention's fall from noise to data, in every block; those of the MLP less.",
)

# %% [markdown]
# Nothing is switched off. The two kinds of gates are of one size, in block 3 attention's are the larger ones; and attention's fall on the way from noise to data.
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
    choices={"a": "hardly changes", "b": "doubles", "c": "grows more than tenfold"},
    guess=None,
)

# %%
teach.predict(
    "ch10.without",
    "We train a fresh network whose attention is silent from the first step. Compared with a network that was trained with\n"
    "attention, for as long, and has it silenced afterwards, its error will be",
    choices={"a": "about the same: both have no attention", "b": "far lower", "c": "far higher"},
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
    alt="Bars for four blocks at t = 0.5. Gates are alike, attention's is larger in blocks 3 and 4. The MLP's branch is two to three times attention's, and so is its update.",
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
    alt="Attention's share of the update, four blocks by seven times. It lies below one half everywhere, and rises from noise to data in every block.",
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
    "ch10.when", "c", "near the noise the MLP moves the tokens most, near the data attention catches up."
)

# %% [markdown]
# Here is a first reading of "hates" that can be false: *attention's share is smaller in DiT than where the network is told in another way*. A share by itself says nothing. Is a third little? It needs a rival, and C02 has four.
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


def mute(f, part, blocks=None):
    """The error with a branch silent, as a multiple of the whole network's."""
    with silenced(f, part, blocks):
        return error_of(f) / error_of_whole


error_of_whole = error_of(network)
costs = {
    part: [mute(network, part, [block]) for block in range(1, depth + 1)] for part in ("attention", "mlp")
}
everywhere = {part: mute(network, part) for part in costs}
for part in costs:
    print(f"{part:>9} silent everywhere: {everywhere[part]:.0f} times the error; in one block: ", end="")
    print(", ".join(f"{cost:.1f}" for cost in costs[part]))

# %%
teach.compare("ch10.silenced", "c", "a branch with a third of the update can be worth far more than a third.")

# %% [markdown]
# Sixteen times the error. What does that look like? Draw eight images, with the same noise and labels, and nothing else changed but the silence.

# %%
labels = torch.tensor([0, 3, 7, 10, 13, 16, 20, 23], device=device)
begin = torch.randn(8, 3, 16, 16, generator=minidit.generator(0, "chapter 10")).to(device)


@torch.no_grad()
def drawn(part=None, blocks=None, steps=20):
    """Eight images, with a branch silent."""
    times = torch.linspace(0, 1, steps + 1, device=device)
    with silenced(network, part or "mlp", blocks if part else []):
        for state in euler(flow.velocity(network), begin, times, labels):
            last = state.x
    return last.clamp(-1, 1)


pictures = {"the whole network": drawn(), "no attention": drawn("attention"), "no MLP": drawn("mlp")}
pictures |= {f"no attention in block {k}": drawn("attention", [k]) for k in range(1, depth + 1)}
names = [data.train.class_names[label].replace(" ", "\n") for label in labels.tolist()]
teach.show(
    teach.rows(pictures, columns=names),
    alt="Seven rows of eight shapes. Whole: clean shapes in various places. No attention: the right shape and colour, faded and blurred, always in the middle. No MLP: blots of the right "
    "colour at most. No attention in one block: nearly clean, some with dents or bits broken off.",
)

# %% [markdown]
# Look at the second row. Without attention each token sees its own patch, its place and what it is told, and no other token. Still one sees the right shape in the right colour: faint, blurred, and *always in the middle*. It looks like the mean
# picture of its class. What attention brings is what no token can know alone: where this one shape lies, and how large it is. All tokens must agree on that, and to agree they must hear each other.
#
# So the error of sixteen times and the picture say two things. The label came through without attention: adaLN tells it to each token by itself. The image did not.
#
# Now the counterexample that this section is named for. Does the larger share cost more when it is silenced?

# %%
figure, panel = plt.subplots(figsize=(5.6, 3.2))
for part, colour, mark in (("attention", ACCENT, "o"), ("mlp", "#1d6fa5", "s")):
    moved = [sum(row[k] for k in (1, 3, 5)) / 3 for row in sizes("update", part)]
    panel.plot(moved, costs[part], mark, color=colour, markersize=8, label={"mlp": "MLP"}.get(part, part))
    for block, (x, y) in enumerate(zip(moved, costs[part], strict=True), start=1):
        panel.annotate(
            f"{block}",
            (x, y),
            (-9 if block == 1 else 5, -13 if block == 2 else 5),
            textcoords="offset points",
            fontsize=9,
            color=INK,
        )
panel.set(xlabel="size of the update (mean over three times)", ylabel="times the error without it")
panel.set(xlim=(0, 0.8), ylim=(0, 5.5))
panel.legend(frameon=False, fontsize=8, loc="upper left")
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Size of the update against what its silence costs, block numbers beside the points. Attention of block 4 moves about as little as attention elsewhere and costs more than the MLP of block 3, which moves more.",
)

# %%
by_share = [sum(row[k] for k in (1, 3, 5)) / 3 for row in shares]
most = 1 + max(range(depth), key=by_share.__getitem__)
dearest = 1 + max(range(depth), key=costs["attention"].__getitem__)
print(f"attention's share is largest in block {most}; its silence costs most in block {dearest}")
small, large = at[0.5][4]["attention"].update, at[0.5][3]["mlp"].update
print(
    "attention of block 4 moves less than the MLP of block 3, and costs more:",
    small < large and costs["attention"][3] > costs["mlp"][2],
)

# %% [markdown]
# The block with the largest share is not the one that is missed most. So share and use are two readouts, and C02 asks both. Neither says what we would like to know best: how good would a network be that had *never* had attention? A network learns to lean on
# what it has. Take it away afterwards, and everything behind it gets inputs that it has never seen. We come back to that in the live run.
#
# ## Does adaLN overwrite attention's input?
#
# What attention is given is $N(x)(1 + s) + h$: the normalised tokens, each channel scaled, and a shift $h$. The same $s$ and $h$ go to all tokens of an image. "Overwrites" would mean that the shift drowns the tokens. Measure both parts.


# %%
@torch.no_grad()
def inside(t):
    """Block -> what attention is given, the shift in it, and the gate, for the 128 images at one time."""
    now, kept, hooks = torch.full((len(x_1),), t, device=device), {}, []
    for number, block in enumerate(network.blocks, start=1):

        def note(layer, given, out, number=number):
            kept[number] = (given[0], out)

        hooks += [block.attention.register_forward_hook(note)]
        hooks += [block.modulation.register_forward_hook(lambda m, g, out, k=-number: kept.update({k: out}))]
    network(flow.interpolate(x_1, eps, now), now, told)
    for hook in hooks:
        hook.remove()
    return {k: (kept[k][0], kept[-k][0], kept[-k][2]) for k in range(1, depth + 1)}


parts = {t: inside(t) for t in (0.1, 0.5, 0.9)}

# %%
print("the shift's part in the mean square of attention's input, and of it after the shift is taken out")
for t, found in parts.items():
    ratios = [(size(h) ** 2 / (size(h) ** 2 + size(x - h) ** 2)).item() for x, h, _ in found.values()]
    print(f"t = {t:g}: " + ", ".join(f"block {k} {ratio:.2f}" for k, ratio in enumerate(ratios, start=1)))
most_shift = max(
    (size(h) ** 2 / (size(h) ** 2 + size(x - h) ** 2)).item()
    for f in parts.values()
    for x, h, _ in f.values()
)
print("the shift is less than the scaled tokens everywhere:", most_shift < 0.5)

# %% [markdown]
# A tenth to a quarter, more near the noise. Not nothing, and not overwriting: the tokens are the larger part everywhere. (The scale changes them too, but a scale cannot put the same thing in place of different ones, unless it is zero.)
#
# But then the question is better than its answer. A shift that is *the same for all tokens*: what can attention see of it? Let queries, keys and values be linear in the input, and add $h$ to all tokens. Write $h_q, h_k, h_v$ for what becomes of it. The score of
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
    layer, (x, h, _) = network.blocks[0].attention, parts[0.5][1]
    whole, bare = layer(x), x - h
    assert_close(attend(layer, x, x, x), whole, rtol=1e-4, atol=1e-5)
    assert_close(attend(layer, x, bare, x), whole, rtol=1e-4, atol=1e-5)  # no shift in the keys: no change
    through = whole - attend(layer, x, x, bare)
    assert_close(through, through.mean(1, keepdim=True).expand_as(through), rtol=1e-4, atol=1e-5)
print("the keys' shift is not seen; the values' shift is one vector for all tokens")

# %% [markdown]
# And how large are they in the trained network? Take the shift out of the queries, out of the values, and compare the change of attention's update with the update itself.

# %%
changes = {"in the queries": [], "in the values": []}
with torch.no_grad():
    for found in parts.values():
        for name, row in changes.items():
            row.append([])
            for number, (x, h, gate) in found.items():
                layer, bare = network.blocks[number - 1].attention, x - h
                given = (bare, x, x) if name == "in the queries" else (x, x, bare)
                change = gate * (attend(layer, *given) - layer(x))
                row[-1].append((size(change) / size(gate * layer(x))).item())

# %%
figure, axes = plt.subplots(1, 2, figsize=(8.5, 2.8), sharey=True)
for panel, (name, rows) in zip(axes, changes.items(), strict=True):
    for t, row, colour in zip(parts, rows, (INK, ACCENT, MUTED), strict=True):
        panel.plot(range(1, depth + 1), row, "o-", color=colour, label=f"t = {t:g}")
    panel.axhline(1, color=MUTED, linewidth=0.8, linestyle=":")
    panel.set(xticks=range(1, depth + 1), xlabel="block", ylim=(0, 2.3), title=f"the shift {name}")
    panel.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("change of attention's update,\nas a multiple of it", fontsize=9)
axes[1].legend(frameon=False, fontsize=8)
figure.tight_layout()
teach.show(
    figure,
    alt="Two panels over blocks. The shift in the queries changes attention's update by a tenth to a fifth of it. The shift in the values by 0.2 to 2 times the update, most near the noise and in the last block.",
)

# %%
values = changes["in the values"]
print(
    f"through the queries: {min(map(min, changes['in the queries'])):.2f} to {max(map(max, changes['in the queries'])):.2f} of the update"
)
print(f"through the values:  {min(map(min, values)):.2f} to {max(map(max, values)):.2f} of the update")
more = [one > other for one, other in zip(values[0], values[2], strict=True)]
print(f"the values' shift counts more near the noise than near the data in {sum(more)} of {depth} blocks")

# %% [markdown]
# So there is a true core. No term of DiT's block is added behind attention: there is a gate, and nothing else (six vectors, two of them shifts, both *before* their branch). Yet a shift before attention *comes out* as a bias behind it, through the values: one vector for all tokens, chosen by time
# and label. Near the noise it is about as large as attention's whole update in two of this network's four blocks, and in the last one twice as large: there the rest of attention takes about half of it back. Whether that is what the critic meant, we do not know. And it is not adaLN's alone: a bias in the
# values' linear layer does the same in every transformer that has one. adaLN lets the condition choose it.
#
# Is that harm? It is a cheap way to tell all tokens one thing, which is what a class label is. Nothing in these numbers says that anything else is hindered by it. It does say that part of attention's "share" is no talk between tokens at all:

# %%
print("how much of attention's update is the same for all tokens of an image, by size")
with torch.no_grad():
    for t, found in parts.items():
        alike = []
        for number, (x, _, gate) in found.items():
            update = gate * network.blocks[number - 1].attention(x)
            alike.append((size(update.mean(1, keepdim=True)) / size(update)).item())
        print(f"t = {t:g}: " + ", ".join(f"block {k} {part:.2f}" for k, part in enumerate(alike, start=1)))

# %% [markdown]
# Near the noise most of it. (Some of that is talk: what all tokens agree upon, such as a mean colour, is the same for all. The measure cannot tell that from a constant.) A third reason to read a share with care.

# %% [markdown]
# ## A live run: the Zero, and a network without attention
#
# Now train, for a quarter of the trial's run. Four arms of seed 0. DiT's own, and one that starts nothing at zero, each at the rate that C02 tuned for it. These rates differ: the second arm was best at three times DiT's. So a third arm starts nothing at zero and has DiT's rate. The fourth is on no card: DiT's, with
# attention silent from the first step to the last.

# %%
rate = c02.trial.arms["zero_init=none"].experiment["training"]["lr"]
arms = {"adaLN-Zero": {}, "nothing at zero": {"model.zero_init": "none", "training.lr": rate}}
arms |= {"nothing at zero, DiT's rate": {"model.zero_init": "none"}, "no attention": {}}
marks = (until * 2 // 5, until)  # a tenth and a quarter of the whole run


def learn(name, silent=False):
    """Train one arm; returns its averaged network, and attention's share on the way."""
    state, share = TrainState.create(base.override(arms[name]), 0, device), {}
    with silenced(state.model, "attention", None if silent else []):
        run = teach.progress(minidit.train(state, data, until=until), name, until)
        for record in run:
            if record.step in marks and not silent:
                share[record.step] = branches_readout(flow, state.ema.module, data)["attention_share"]
    return state.ema.module.eval(), share


runs = {"adaLN-Zero": learn("adaLN-Zero")}

# %%
runs |= {"nothing at zero": learn("nothing at zero")}

# %%
slower = "nothing at zero, DiT's rate"
runs |= {slower: learn(slower)}

# %%
runs |= {"no attention": learn("no attention", silent=True)}

# %%
looks = {"base": (ACCENT, "adaLN-Zero"), "zero_init=none": ("#1d6fa5", "nothing at zero")}
ways = ("@10%", "@25%", "@50%", "")
figure, axes = plt.subplots(1, 2, figsize=(9, 3.1), sharey=True)
for place, (arm, (colour, name)) in enumerate(looks.items()):
    for k, when in enumerate(ways):
        found = c02.of(arm, f"branches.attention_share{when}").values()
        axes[0].plot(
            [k + 0.16 * place - 0.08] * len(found), found, "o", color=colour, alpha=0.45, markersize=4
        )
    spot = [0.16 * place - 0.08, 0.92 + 0.16 * place]
    axes[0].plot(spot, runs[name][1].values(), "D", color=colour, label=name)
axes[0].plot(spot, runs[slower][1].values(), "D", color=colour, mfc="white", label=slower)
for row, arm in enumerate(c02.trial.arms):
    found = c02.of(arm, "branches.attention_share").values()
    axes[1].plot([row] * len(found), found, "o", color=INK if arm == "base" else MUTED, markersize=5)
axes[0].set(xticks=range(4), xticklabels=["10 %", "25 %", "50 %", "end"], xlabel="share of the run")
axes[0].set(ylabel="attention's share", ylim=(0, 0.75))
axes[0].legend(frameon=False, fontsize=8, loc="lower right", title="diamonds: this run", title_fontsize=8)
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
    alt="Left, attention's share along the run: adaLN-Zero falls from 0.43 at a tenth to 0.34 at the end; nothing at zero begins a little lower, and rises to about 0.5; at DiT's rate it stays beside DiT "
    "at a quarter. Right, five arms at the end: tokens and nothing at zero near 0.5, the other three near 0.33.",
)

# %%
for arm, (_, name) in looks.items():
    for when, step in zip(ways, marks, strict=False):
        found = c02.of(arm, f"branches.attention_share{when}").values()
        middle, spread = sum(found) / len(found), torch.tensor(list(found)).std().item()
        near = stats.t.ppf(0.995, len(found) - 1) * spread * (1 + 1 / len(found)) ** 0.5
        inside_band = abs(runs[name][1][step] - middle) < near
        print(f"{name}, {when[1:]}: this run lies in the band of the recorded seeds: {inside_band}")

# %%
ahead = {name: runs[name][1][until] - runs["adaLN-Zero"][1][until] for name in ("nothing at zero", slower)}
print(
    "after a quarter, its own rate: nothing at zero has more than 0.025 more:",
    ahead["nothing at zero"] > 0.025,
)
print("after a quarter, at DiT's rate: it has 0.025 more or less at most:      ", abs(ahead[slower]) < 0.025)

# %% [markdown]
# The two arms cross. At a tenth of the run the network that starts nothing at zero has no larger share than DiT's: gates that start shut do not hold attention back. Later it has a larger one. But see the hollow diamond: with DiT's rate the difference after a quarter is gone. So a good part of what follows may be
# the rate and not the Zero. That is one seed, and no evidence; it is a warning for the verdict on C02.f below. (The card lets each arm choose its rate, as one must where the question is which network is better. Where the question is *why*, the rate becomes a second axis.)
#
# And the network that never had attention? Three errors, all at the same step, on the same images: trained with attention; the same network, silenced afterwards; trained without.

# %%
whole = error_of(runs["adaLN-Zero"][0])
with silenced(runs["adaLN-Zero"][0], "attention"):
    afterwards = error_of(runs["adaLN-Zero"][0]) / whole
with silenced(runs["no attention"][0], "attention"):
    without = error_of(runs["no attention"][0]) / whole
print("silenced after training, more than twice the error:      ", afterwards > 2)
print("trained without it, less than one and a half times:       ", without < 1.5)
print("and still more than a twentieth above the network with it:", without > 1.05)

# %% tags=["nbval-ignore-output"]
print(f"silenced afterwards: {afterwards:.1f} times the error; trained without: {without:.2f} times")

# %%
teach.compare(
    "ch10.without", "b", "what is missed by a network that has it is not what one needs that never had it."
)

# %% [markdown]
# Neither of the two has attention. The one that never had it is worse by a fifth or so; the one that lost it is several times worse. So silencing a trained network tells how much *this* network leans on attention. What attention is *worth* only a network tells that was
# trained without it. Many ablations in print are of the first kind, and are read as the second.
#
# (A quarter of a run is early. What a network without attention cannot know, where its one shape lies, is just what the later steps learn; experiment 2 trains on.)
#
# ## The verdicts of C02
#
# Chapter 9 introduced the court; its rule in two sentences. A card says before the run what is measured and which difference matters, and every arm is trained with the same seeds. The interval of the paired differences decides: wholly where the claim needs it, *supported*; wholly short
# of what matters, *refuted*; otherwise *inconclusive*.

# %%
verdicts(c02)

# %%
teach.show(
    dots(c02.card, c02.verdicts, c02.trial),
    alt="Six rows of dots, a dot a seed. a, inconclusive: all five below zero, from -0.03 to -0.20. b and c, refuted: around and above zero. d, inconclusive: all five lower, by 10 to 32 percent. "
    "e, refuted: around zero. f, supported: all five near -0.14.",
)

# %%
print("rates on the grid:", sorted({run.tuned for run in c02.trial.runs if run.role == "tune"}))
for name, arm in c02.trial.arms.items():
    edge = ", at an end of the grid" if name in at_the_edge(c02.trial) else ""
    print(f"{name:>24}: {arm.tuned:g}{edge}")

# %% [markdown]
# Letter by letter.
#
# - **The gates do not keep attention small** (c, refuted). In adaLN without gates attention's share is not larger by what would matter; in all five seeds it was a little smaller. Nor is it larger by that where the label comes by cross-attention (b, refuted).
# - **With tokens it is larger in all five seeds** (a), and still inconclusive: one seed of five lies near the bar, and the interval reaches over it by a hair. Suppose it were decided. With tokens attention is the only way in which the condition can reach the image. A larger share there is what the design forces. The card said so
#   before its run.
# - **The Zero does not hold attention back at first** (e, refuted), **and at the end the share is smaller than in a network that began without zeros** (f, supported). This is the one verdict for the critic. Two things to hold against it: that arm trains at three times the rate, as the live run shows; and the next table.
#   Card C19, written after this, crosses the Zero with the rate.
# - **Does DiT lean less on attention than adaLN without gates?** (d) In all five seeds, by a tenth to a third, where a fifth was asked for: inconclusive. It leans on it all the same, as the table shows.


# %%
def tell(name):
    """The verdicts of a claim and their picture, or that it has none yet."""
    if find(cards.find(name), "cpu") is None:
        print(f"{name} has no evidence yet.\n")
        return
    case = tried(name)
    verdicts(case)
    words = ", ".join(f"{letter} {word}" for letter, word in case.words.items())
    teach.show(
        dots(*case), alt=f"Rows of dots for {name}, a dot a seed, each with mean and interval: {words}."
    )


tell("C19")

# %%
for arm in c02.trial.arms:
    share, cost = (c02.of(arm, name).values() for name in ("branches.attention_share", "ablation.attention"))
    print(
        f"{arm:>24}: attention's share {sum(share) / len(share):.2f}, silenced {1 + sum(cost) / len(cost) / 100:.0f} times the error"
    )

# %% [markdown]
# Read two pairs of lines. Nothing at zero has a share of nearly one half, DiT a third, and silence costs both about the same: what is added more is not of more use. Tokens have the same share as nothing at zero, and silence costs them more than twice as much: they hear their label through attention, and lose it with it. How much, and what for, are two
# questions.
#
# So does adaLN-Zero hate attention? In these small networks, by these readings: its gates do not keep attention small; beside a network that starts without zeros its share is smaller, at the rates that both chose; and without its attention it errs many times more. "Hates" is too strong a word for that. Another reading could come out otherwise.
#
# ## Should conditions be tokens? Equal, but in what?
#
# C02 asked about attention. The other half of the critic's point is about the result: conditions should be tokens. In C02 and in chapter 4 tokens were behind, but their network was smaller by a third. A network can always be called worse
# because it was smaller, and slower because it was larger. So C03 and C17 ask the same question twice.
#
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
# Before the verdicts, say how they are to be read together. Ahead in both: then neither size nor speed is the reason. Ahead at equal parameters and not at equal time: it buys with time what it saves in parameters, and the other way round. Inconclusive: these seeds cannot tell, and it is *not* shown that the ways are alike.
# And if the sizes hardly matter, the small MLP for the condition was no waste, and no bargain either.

# %%
tell("C03")
tell("C17")

# %% [markdown]
# (Where it says that there is no evidence yet, the card is committed and its runs are not done. The words will stand here, and on [the page of all claims](claims.md), as they come out.)
#
# Three cautions hold whatever the words are. A label out of 24 is one thing to be said to all tokens; captions have parts, and there tokens may do what a vector cannot (C13 will ask). Two tokens more among 64 weigh more than two among 256. And time is that of one core: on a GPU the exchange is another one.
#
# ## The Zero alone: C16
#
# Figure 5 of DiT's paper has adaLN-Zero ahead of adaLN, which has neither gates nor zeros. C16 changed the zeros alone.

# %%
verdicts(c16)

# %%
for one in c16.verdicts:
    d, counts = (
        list(one.differences.values()),
        "its effect matters and drowns in the floor, whatever the seeds",
    )
    gap = one.mean - one.bar if one.mean > one.bar else one.delta - one.mean
    if gap > 0:
        counts = f"about {seeds_needed(torch.tensor(d).std().item(), gap, one.level)} seeds would decide such an effect"
    print(f"{one.name}: in {sum(value > 0 for value in d)} of {len(d)} seeds as claimed; {counts}")

# %% [markdown]
# Inconclusive, four times. That is not "no difference": in two of the four lines all five seeds lean as claimed. The card's author had expected the differences to spread by a quarter of what they did, and five seeds could not decide what it asked. The project's log says so (`book/LOG.md`), and
# the card was not run again until it pleased. A new card may ask with more seeds, and it would have to say that it comes after this one.
#
# ## How statistics fool
#
# Why so stubborn about seeds? Play a game with recorded numbers. Two of C16's arms, the base and the one that starts the head alone at zero, ended nearly alike. Somebody with time for one run of each picks the arm that came out lower. Each field of the picture is one such pair of runs.

# %%
one, two = (torch.tensor(list(c16.of(arm).values())) for arm in ("base", "zero_init=head"))
gaps = 100 * (one[:, None] / two[None] - 1)  # (seeds of base, seeds of the other)
figure, panel = plt.subplots(figsize=(4.2, 3.2))
image = panel.imshow(gaps, cmap=shades, vmin=-8, vmax=8)
for row, line in enumerate(gaps):
    for column, value in enumerate(line):
        panel.text(column, row, f"{value:+.1f}", ha="center", va="center", fontsize=8, color=INK)
    panel.add_patch(
        plt.Rectangle(
            (row - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=1.5, clip_on=False, zorder=3
        )
    )
panel.set(xticks=range(5), yticks=range(5), xlabel="seed of zero_init=head", ylabel="seed of base")
figure.colorbar(image, ax=panel, ticks=[-8, 0, 8], label="base less the other, %")
teach.show(
    figure,
    alt="A table of five by five differences in percent, from -6 to +6, about half of them of each sign. The diagonal, pairs of one seed, is framed, and has both signs too.",
)

# %%
print(f"mean over five seeds: base is behind by {100 * (one.mean() / two.mean() - 1):.1f} %")
print(
    f"one run each, seeds drawn apart: base comes out ahead in {(gaps < 0).float().mean():.0%} of the pairs"
)
print(f"one run each, one seed for both: in {(gaps.diagonal() < 0).float().mean():.0%}")
print(
    f"the largest lead that one pair shows for base: {-gaps.min():.1f} %, and against it: {gaps.max():.1f} %"
)

# %% [markdown]
# A paper with one seed could report either arm as better by 5 % or so, honestly, and with a table. Five seeds say: we cannot tell.
#
# ### Does pairing help?
#
# We pair. Both arms of a seed see the same images in the same order, the same times and the same noise; by the book, what is lucky for one is lucky for the other, and the difference is quieter than its parts. By the book. We have the numbers, so look. For each arm of three cards: how far do the paired differences to the base spread, beside differences of seeds
# drawn apart? Below 1 pairing makes them quieter.

# %%
spreads = {}
for case in (tried("C06"), c16, c02):
    ours, spreads[case.card.id] = torch.tensor(list(case.of("base").values())), []
    for arm in case.trial.arms:
        if arm != "base":
            theirs = torch.tensor(list(case.of(arm).values()))
            spreads[case.card.id].append(((theirs - ours).std() / (ours.var() + theirs.var()).sqrt()).item())

# %%
figure, panel = plt.subplots(figsize=(5.5, 1.9))
panel.axvline(1, color=MUTED, linewidth=0.8, linestyle=":")
for row, values in enumerate(spreads.values()):
    panel.plot(values, [row] * len(values), "o", color=ACCENT, alpha=0.8)
panel.set(yticks=range(len(spreads)), yticklabels=spreads, ylim=(len(spreads) - 0.5, -0.5), xlim=(0, 1.5))
panel.set_xlabel("spread of paired differences, as a multiple of unpaired ones", fontsize=9)
panel.spines[["top", "right"]].set_visible(False)
panel.grid(axis="y", color="#d7dde3", linewidth=0.6)
teach.show(
    figure,
    alt="Three rows of dots, one for each arm of C06, C16 and C02. They lie on both sides of 1, from 0.5 to 1.3, in C16 all above.",
)

# %%
every = [spread for values in spreads.values() for spread in values]
print(
    f"pairs are quieter than seeds drawn apart in {sum(spread < 1 for spread in every)} of {len(every)} arms; the median is {median(every):.2f}"
)

# %% [markdown]
# Hardly. In about half of the arms they are quieter, in the others louder. Be careful with that: five seeds say little about one arm, and the arms of a card share one base, so they are not so many witnesses as there are dots. But of the great help that pairing is said to be, there is little trace in these records. A likely reason, which we
# have not tested: after a thousand steps two networks that began a little apart have long gone ways of their own, and the same batch meets other weights. Paired noise is lucky for a network, not for a seed.
#
# Pairing still has its use. Nobody can say that one arm had the easier images. And when both arms do go together, as one of C06 does, it pays. What it costs: Student's interval of five differences has 4 degrees of freedom, that of two groups of five up to 8.
#
# ### Three intervals of the same five numbers
#
# For C16.a, in percent: Student's interval of the five paired differences; the same without pairs (Welch's, from two means and two spreads); and a bootstrap, which draws five seeds out of the five again and again and takes the middle 95 % of the means.

# %%
ours, theirs = (torch.tensor(list(c16.of(arm).values())).double() for arm in ("base", "zero_init=none"))
d = 100 * (ours - theirs) / theirs
found = {"Student, paired": tuple(interval(d.tolist()))[1:]}
parts_of = [100 * x.var().item() / len(x) * 100 / theirs.mean().item() ** 2 for x in (ours, theirs)]
freedom = sum(parts_of) ** 2 / sum(part**2 / (len(d) - 1) for part in parts_of)
gap, half = 100 * (ours.mean() / theirs.mean() - 1).item(), stats.t.ppf(0.975, freedom) * sum(parts_of) ** 0.5
found["Welch, unpaired"] = (gap - half, gap + half)
picks = torch.randint(len(d), (10_000, len(d)), generator=minidit.generator(0, "bootstrap"))
means = d[picks].mean(1)
found["bootstrap, paired"] = (means.quantile(0.025).item(), means.quantile(0.975).item())
found["the card's own"] = (-c16.verdicts[0].high, -c16.verdicts[0].low)
for name, (low, high) in found.items():
    beyond = high < -c16.verdicts[0].bar
    print(f"{name:>18}: {low:+.1f} to {high:+.1f} %, wholly beyond what is needed: {beyond}")

# %% [markdown]
# Four intervals, and two of them would have said "supported". Which may we believe? Not the one that we like: try them where the truth is known. Draw five numbers from a normal distribution, make the interval, ask whether it holds the true mean; two thousand times.


# %%
def held(n, trials=2000, rounds=200):
    """How often the 95 % intervals of n normal numbers hold their true mean: Student's, the bootstrap's."""
    draw = minidit.generator(n, "coverage")
    x = torch.randn(trials, n, generator=draw)
    half = stats.t.ppf(0.975, n - 1) * x.std(1) / n**0.5
    student = (x.mean(1).abs() < half).float().mean().item()
    picks = torch.randint(n, (rounds, n), generator=draw)
    low, high = x[:, picks].mean(2).quantile(torch.tensor([0.025, 0.975]), dim=1)
    return student, ((low < 0) & (high > 0)).float().mean().item()


for n in (3, 5, 8, 30):
    student, again = held(n)
    print(
        f"{n:>2} seeds: Student's interval holds the truth in {student:.0%} of the trials, the bootstrap's in {again:.0%}"
    )

# %% [markdown]
# With five seeds the bootstrap's "95 %" are fewer by far: five numbers cannot show how far a sixth may lie, and drawing them again does not make more of them. With thirty it is nearly right. Student's interval pays for the few seeds with a wide $t$, and keeps its word (for normal numbers).
#
# Welch's is honest as well. It is narrower here because these pairs happened to go against each other. May we take it, now that we see that? No: whoever takes the narrower of two honest intervals *after* seeing both is wrong more often than either. The rule was written before, and it stays.
#
# The card's own is the widest, because four hypotheses share its 5 % of error.
#
# ## A slider for the trial
#
# The evidence of C02, along the training: above, attention's share by block and time for each of the five ways; below, the size of attention's gates. Drag from a tenth of the run to its end. Look for three things. Which networks are blue (the MLP moves more) and which orange? Where does the share fall as the
# training goes on? And do the gates, below, tell you? (The tokens' network has the palest gates of all.)

# %%
marked = {"10 % of the run": "@10%", "25 % of the run": "@25%", "the whole run": ""}


def mean_of(arm, name, when):
    """The mean over seeds of a readout by block and time."""
    key = f"branches.{name}.block{{}}.t{{}}{when}"
    found = [[c02.of(arm, key.format(block, t)).values() for t in (0.1, 0.5, 0.9)] for block in range(1, 5)]
    return [[sum(values) / len(values) for values in row] for row in found]


def frame(when):
    figure, axes = plt.subplots(2, 5, figsize=(7.4, 2.7), sharex=True, sharey=True)
    for column, arm in enumerate(c02.trial.arms):
        strip(axes[0][column], mean_of(arm, "attention_share", marked[when]), shades, top=1)
        strip(axes[1][column], mean_of(arm, "gate.attention", marked[when]), warm, top=0.5, words="")
        axes[0][column].set_title(told_by[arm], fontsize=9, color=INK)
        axes[1][column].set_xticklabels(["0.1", "0.5", "0.9"], fontsize=8)
    axes[0][0].set_ylabel("share", fontsize=9, color=INK)
    axes[1][0].set_ylabel("gate", fontsize=9, color=INK)
    axes[1][2].set_xlabel("t (0 is noise, 1 is data)", fontsize=8.5)
    figure.suptitle(f"attention after {when}", fontsize=10, color=INK)
    figure.tight_layout()
    return figure


# %%
teach.Frames(
    [frame(when) for when in marked],
    list(marked),
    label="training",
    alt="Ten small tables, blocks by times, for five networks. At the end attention's share is blue, below one half, for adaLN-Zero, cross-attention and no gates, and near one half "
    "with some orange for tokens and nothing at zero. Below, the tokens' gates are the palest of all.",
    still=2,
)

# %% [markdown]
# ## What would change our mind
#
# We said: the gates do not keep attention small; a trained network leans on attention heavily, and one that never had it is worse, though less so; the shift does not drown attention's input; through the values it comes out as a bias. This would overturn it:
#
# - published weights in which attention's share is near nothing. Ours have 4 blocks and 64 tokens, DiT-XL/2 has 28 and 256, and attention may matter more there, or less;
# - the other verdict for c or f at 12 blocks; or for f, with one rate for both arms;
# - a readout that says "hates" better than share and silence do, with a reason. Only what differs from token to token is talk: a share that counts it alone may say something else;
# - a network that keeps the shift out of its values, and is better: then the bias would be harm;
# - conditions with parts. A label out of 24 is one thing said to all tokens, and adaLN is made for that. The reply itself asks for cross-attention where text is told; captions are claim C13.
#
# And these we do not know: which bias the critic meant; why DiT's share falls along the training, and the other one's rises; why pairing helps so little.
#
# ## Exercises
#
# Seven exercises ask for a function each: attention's share, an interval from resampled seeds, the roulette of one seed, streams that do not shift between arms, the test that arms see the same, which shift attention sees, and equal parameters. In a terminal, in the folder of the
# project, `minidit exercises start ch10` writes a notebook to work in.
#
# Six more are experiments. Write down what you expect before you run them.
#
# 1. Which block's attention could be spared? Train with attention silent in one block from the start (give `silenced` in `learn` a list such as `[1]`). Is the order that of `costs`?
# 2. Train without attention for longer: put `until = 1000`. Does the gap to the base close, or does it grow?
# 3. Take the shift out of the trained network altogether: hook `block.modulation` so that its first part returns zeros. By how much does `error_of` grow? And if the shift is taken out of the values only?
# 4. A network whose values have no bias and whose attention gets no shift: is a constant still added? Use `attend` with a bare input for the values, and look at what all tokens share.
# 5. Two trainings of the base that differ in the starting weights alone: `TrainState.create(base, 0, init_seed=5000)`. How far apart are they after 250 steps, beside the two arms of the live run?
# 6. Draw images without attention from the network that was trained without it (`drawn` with another network). Are its shapes in the middle too?
#
# ## Sources
#
# - W. Peebles and S. Xie, *Scalable Diffusion Models with Transformers*, 2022, arXiv 2212.09748: adaLN-Zero and its three rivals, section 3.2 and figure 5.
# - The debate of August 2025, as the cards of C02 and C03 quote it, with what we have seen of it and what we have not.
# - J. Chen et al., *PixArt-alpha*, 2023, arXiv 2310.00426: text by cross-attention, time by adaLN.
# - P. Esser et al., *Scaling Rectified Flow Transformers for High-Resolution Image Synthesis*, 2024, arXiv 2403.03206: text as tokens beside the image's, and modulation too.
# - B. Efron, *Bootstrap Methods: Another Look at the Jackknife*, 1979: seeds drawn again.
# - Student, *The Probable Error of a Mean*, 1908; B. L. Welch, *The Generalization of "Student's" Problem*, 1947: the two other intervals.
# - S. Holm, *A Simple Sequentially Rejective Multiple Test Procedure*, 1979: several hypotheses on one card.
