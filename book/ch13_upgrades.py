# %% [markdown]
# # Chapter 13: Always use the upgrades?
#
# | | |
# |---|---|
# | **Question** | DiT's block can be upgraded: SwiGLU, RMSNorm, RoPE, QK-norm, other training times, a second loss, smaller patches. Is each of them worth something: alone, beside the others, and for its cost? |
# | **You will be able to** | write each upgrade in a few lines and say what it costs; tell a ladder from leave-one-out and from a factorial; compute main effects and interactions; say what half of a design mixes up; correct for having asked five questions; see what a design with one seed cannot know |
# | **Minutes** | 2 on two cores, most of it nine short training runs and the timing of steps; about 5 on an A100 with the `a100` settings (an estimate: they have not been run, and there is no evidence at that scale yet) |
# | **Claims** | C09, C23 and C24 are told here |
#
# One of DiT's authors ended his reply of August 2025 with a list. He wrote: "lightning DiT is a proven, robust upgrade (w\ swiglu, rmsnorm, rope, ps=1), always use that when possible". Here ps is the patch size.
#
# Three words in it can be put on trial. *Proven*: by which experiment? *Robust*: does an upgrade help whatever else the network has? *Always*: also for what it costs? This chapter is about how such questions are asked. The answers need designs that a table in a paper seldom has room for.

# %%
from dataclasses import replace
from itertools import combinations, permutations, product

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from scipy import stats
from torch.testing import assert_close

import minidit
from minidit import Experiment, TrainState, teach
from minidit.claims import tried
from minidit.claims.cost import step_seconds
from minidit.claims.statistics import holm, interval, p_value
from minidit.data import load
from minidit.flow import Draw, velocity_error
from minidit.flow.terms import cosine
from minidit.flow.timing import logit_normal
from minidit.measure import Evidence, ledger
from minidit.model.attention import Attention
from minidit.model.mlp import mlp
from minidit.model.norm import norm
from minidit.model.rope import axial, rotate
from minidit.teach.figures import ACCENT, BAND, INK, MUTED
from minidit.teach.verdicts import tell

BLUE = "#1d6fa5"
_ = torch.set_num_threads(1)  # faster at this size than two, and repeatable to the last bit

# %%
record = Evidence.read("upgrades")  # 32 small networks, three seeds
base = teach.settings(
    cpu=Experiment.from_dict(record.experiment),
    a100=minidit.experiment("shapes-a100", ("training.steps=600", "objective.time_sampling=uniform")),
)
data, device = load(base.data), teach.device()

# %% [markdown]
# ## A ladder
#
# The paper behind the list, *Reconstruction vs. Generation* (Yao and Wang, 2025), has a table. It begins with DiT-XL/2 and changes one thing after the other (twice two at once), each on top of those before. After each change a network is trained for 80 epochs and its FID is measured. (FID compares crowds of images; lower is better.)

# %%
published = {
    "DiT-XL/2": 19.50,
    "rectified flow": 17.20,
    "4 x batch, 2 x rate": 16.59,
    "AdamW's beta2 = 0.95": 16.61,
    "logit-normal times": 13.99,
    "cosine loss": 12.52,
    "SwiGLU": 10.10,
    "RMSNorm": 9.25,
    "RoPE": 7.13,
    "patch size 1, VA-VAE": 4.29,
}
rungs, fid = list(published), list(published.values())

# %%
figure, panel = plt.subplots(figsize=(6.4, 3.4))
for row, now in enumerate(fid):
    before = fid[max(0, row - 1)]
    panel.barh(row, now, color=BAND, height=0.7)
    panel.barh(row, before - now, left=now, color=ACCENT, height=0.7, alpha=0.8)
    step = f"{100 * (now / before - 1):+.0f} %" if row else ""
    panel.text(before + 0.3, row, f"{now:.2f}   {step}", va="center", fontsize=8.5, color=INK)
panel.set(
    yticks=range(len(rungs)), ylim=(len(rungs) - 0.4, -0.6), xlim=(0, 24), xlabel="FID (lower is better)"
)
panel.set_yticklabels(rungs, fontsize=9)
panel.spines[["top", "right", "left"]].set_visible(False)
panel.tick_params(axis="y", length=0)
figure.tight_layout()
teach.show(
    figure,
    alt="Ten bars, the published FID after each change, from 19.50 for DiT-XL/2 down to 4.29. The orange end of a bar is what the change took off: most in percent at the last, then RoPE, SwiGLU and logit-normal times; nothing at beta2.",
)

# %% [markdown]
# It reads like a bill: logit-normal times 16 %, SwiGLU 19 %, RoPE 23 %. Everything helps, nearly, and at the end the FID is a fifth of what it was. (The percents are not of one whole: each is of another rung.) But what does "SwiGLU 19 %" say? It says what SwiGLU did in *one* place: after five changes and before three, in one training as far as the table tells. Had it been the first rung, or the last, would it have done the same?
#
# The paper itself has a hint. Gradient clipping, it says, helps alone, and hurts beside logit-normal times and the cosine loss. So for at least one change the place matters. And the largest rung, 40 %, turns two switches at once: of patch size 1 alone the table says nothing.
#
# ## Predict
#
# We trained all 32 networks that can be made with five upgrades (SwiGLU, RMSNorm, RoPE, QK-norm, logit-normal times), small ones, for a short time, with three seeds. We begin with one of them. With all 32 networks of one seed one can climb a ladder in every order, 120 of them, without training anything again.

# %%
teach.predict(
    "ch13.order",
    "Over the 120 ladders, what will an upgrade be credited with?",
    choices={
        "a": "nearly the same in every order: upgrades add up",
        "b": "more or less, but no upgrade helps in one order and harms in another",
        "c": "some upgrade helps in one order and harms in another",
    },
    guess=None,
)

# %%
teach.predict(
    "ch13.cost",
    "Parameters and counted FLOPs of RMSNorm and RoPE are those of the base, up to one percent. How long does a step of\n"
    "training take with both, on one core?",
    choices={
        "a": "as long as the base's, up to two percent",
        "b": "longer by more than that",
        "c": "less: RMSNorm has no mean to subtract",
    },
    guess=None,
)

# %%
teach.predict(
    "ch13.half",
    "Of 32 networks we train 16, those with an even number of upgrades: no upgrade alone is among them. The mean effect\n"
    "of each upgrade from these 16 will be",
    choices={
        "a": "not to be had: none of the 16 has one upgrade alone",
        "b": "within half a point of that from all 32, for each upgrade",
        "c": "farther than that for some upgrade",
    },
    guess=None,
)

# %% [markdown]
# ## The list, one by one
#
# The reply names four: SwiGLU, RMSNorm, RoPE and patch size 1. Logit-normal times and the cosine loss are from the paper's table. QK-norm is from neither: LightningDiT's code has it as an option, and its released networks leave it off. We add it since other networks of that family have it.
#
# **RMSNorm** divides a token by its root mean square. LayerNorm subtracts the mean first. What differs is that mean: add 3 to all channels of a token, and LayerNorm does not notice.

# %%
draw = minidit.generator(0, "chapter 13")
x = torch.randn(2, 5, 64, generator=draw)


def my_rms(x):
    return x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt()


# %%
assert_close(my_rms(x), norm("rms", 64)(x))
gains = sum(p.numel() for p in norm("rms", 64, affine=True).parameters())
for name in ("layer", "rms"):
    moved = (norm(name, 64)(x + 3) - norm(name, 64)(x)).abs().max().item()
    print(f"{name:>5}: a token with 3 added to every channel comes out another: {moved > 0.01}")
print(f"the gain, where it has one: {gains} numbers")

# %% [markdown]
# LightningDiT's RMSNorm has a gain. C09 has it too; C23 and the small networks of this chapter leave it out, so that one switch moves one setting.
#
# **SwiGLU** is an MLP whose hidden units come in pairs. One of a pair, the gate, goes through silu and multiplies the other, the value. That needs a third matrix. To keep the parameters equal the hidden width is cut to two thirds.


# %%
def my_swiglu(x, up_gate, up_value, down):
    return (F.silu(x @ up_gate.T) * (x @ up_value.T)) @ down.T


# %%
layers = {kind: mlp(kind, 64, 4.0, bias=False) for kind in ("gelu", "swiglu")}
gate, value = layers["swiglu"].up.weight.chunk(2)
assert_close(my_swiglu(x, gate, value, layers["swiglu"].down.weight), layers["swiglu"](x))
for kind, layer in layers.items():
    weights = sum(p.numel() for p in layer.parameters())
    print(f"{kind:>6}: hidden width {layer.down.in_features}, weights {weights:,}")
print(f"a SwiGLU with the full width would have {3 * 64 * 256:,}")

# %% [markdown]
# Somebody who forgets the two thirds compares a network with one that is larger by half in its MLPs, and calls the difference SwiGLU.
#
# **RoPE** turns queries and keys by an angle that grows with the token's place. Neighbouring numbers (a, b) are taken as an arrow in the plane. In two dimensions half of the pairs turn with the row, the other half with the column, each pair at a speed of its own. Values are not turned.


# %%
def my_rope(x, row, column):
    """x (tokens, d), row and column (tokens,) -> x with its pairs turned."""
    pairs = x.shape[-1] // 4
    speeds = 10_000.0 ** (-torch.arange(pairs).double() / pairs)
    angle = torch.cat([row[:, None] * speeds, column[:, None] * speeds], dim=1)  # (n, d/2)
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)  # (n, d) -> (n, d/2, 2) -> (n, d/2) each
    turned = (a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos())
    return torch.stack(turned, dim=-1).flatten(-2)  # (n, d/2, 2) -> (n, d)


# %%
place = torch.arange(64)
row, column = place // 8, place % 8
q, k = torch.randn(2, 1, 32, generator=draw).double()
turned = my_rope(q.expand(64, -1), row, column), my_rope(k.expand(64, -1), row, column)
assert_close(turned[0].float(), rotate(q.expand(1, 1, 64, -1), axial(8, 8, 32))[0, 0].float())
scores = turned[0] @ turned[1].T  # (64, 64): the same query and key at every pair of places
print("3 rows down and 1 column right, from two places:", f"{scores[9, 34]:.4f}, {scores[20, 45]:.4f}")

# %%
figure, axes = plt.subplots(1, 3, figsize=(6.4, 2.3))
alike = my_rope(torch.ones(64, 32).double(), row, column)
for panel, token in zip(axes, (0, 27, 61), strict=True):
    panel.imshow((alike @ alike.T)[token].view(8, 8), cmap="Blues", vmin=8, vmax=32)  # (64,) -> (8, 8)
    panel.plot(token % 8, token // 8, "o", color=ACCENT, markersize=6)
    panel.set(xticks=[], yticks=[])
    panel.set_title(f"row {token // 8}, column {token % 8}", fontsize=9, color=INK)
figure.tight_layout()
teach.show(
    figure,
    alt="Three maps of 8 by 8 tokens: the score of one token, marked, with all others, when every query and key is the same. The dark spot is at the token itself and along its row and column, and moves with it; at the far edges it darkens a little again.",
)

# %% [markdown]
# Every query and every key are the same here, so without RoPE the maps would be flat. With it a token scores itself highest, and the pattern moves with the token: the score depends on the *difference* of two places. (The fastest pair is once round after 6.3 tokens, so far corners darken again.) (This network keeps DiT's sine table as well, as LightningDiT does.)
#
# **QK-norm** brings each query and each key to a root mean square of 1, times a learned gain. Then a score grows only through the gain. Chapter 3 tried it at a rate that was far too high; here the rate is an ordinary one.

# %%
layer = Attention(64, heads=2, qk_norm=True)
q, k, _ = layer.qkv(50 * x).unflatten(-1, (3, 2, -1)).unbind(2)  # (b, n, 192) -> three times (b, n, 2, 32)
assert_close(layer.q_norm(q), my_rms(q))
q, k = layer.q_norm(q).transpose(1, 2), layer.k_norm(k).transpose(1, 2)  # (b, n, 2, 32) -> (b, 2, n, 32)
largest = (q @ k.mT).abs().max().item() / 32**0.5
print(f"no score is above the root of 32, {32**0.5:.2f}, at gains of 1: {largest <= 32**0.5}")

# %% [markdown]
# **Logit-normal times.** In training a time t is drawn for each image. DiT and SiT draw it uniformly. LightningDiT takes a normal number through the sigmoid, which puts more work in the middle and little at both ends. (Its longest training goes back to uniform times after 480 of 800 epochs.)
#
# **A cosine loss** beside the squared error: one minus the cosine between predicted and true velocity, over the channels of each pixel. It asks for the direction, and does not see the length.

# %%
assert_close(
    torch.randn(8, generator=minidit.generator(0, "times")).sigmoid(),
    logit_normal(8, minidit.generator(0, "times")),
)
out, target = torch.randn(2, 4, 3, 8, 8, generator=draw)
cosines = (out * target).sum(1) / (out.norm(dim=1) * target.norm(dim=1))
nobody = torch.zeros(4, dtype=torch.bool)
assert_close((1 - cosines).mean(), cosine(out, target, nobody))
assert_close(cosine(2 * out, target, nobody), cosine(out, target, nobody))
print("my lines and the library's agree; twice the prediction has the same cosine loss")

# %%
t = torch.linspace(0.005, 0.995, 199)
logit = (t / (1 - t)).log()
density = torch.exp(-(logit**2) / 2) / (2 * torch.pi) ** 0.5 / (t * (1 - t))
figure, panel = plt.subplots(figsize=(5, 2))
panel.plot(t, density, color=ACCENT, label="logit-normal")
panel.plot([0, 1], [1, 1], color=BLUE, label="uniform")
panel.axvspan(0.05, 0.95, color=BAND, alpha=0.5, label="where the held-out error is measured")
panel.set(xlabel="t (0 is noise, 1 is data)", ylabel="density", ylim=(0, 1.9), xlim=(0, 1))
panel.legend(frameon=False, fontsize=7.5, loc="lower center")
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Densities of training times. The logit-normal one is a hill around t = 0.5, 1.6 high, and falls to nearly nothing at both ends; the uniform one is flat at 1. A band marks the times from 0.05 to 0.95.",
)

# %% [markdown]
# Keep this picture in mind. Our yardstick, the held-out error, is measured at uniform times. A law of times, and a second loss, change *what is minimised*. They may draw better images and still lose by this yardstick.
#
# **Patch size 1** cuts an image into single pixels: four times the tokens of patches of two by two, and sixteen times the pairs of tokens that attention looks at. LightningDiT did not pay that. Its autoencoder makes the latent image half as wide, with more channels, and so the number of tokens stayed.

# %%
for told, preset, changes in (
    ("DiT-XL/2", "DiT-XL/2", {}),
    ("LightningDiT-XL/1", "LightningDiT-XL/1", {}),
    ("DiT-XL, patch size 1", "DiT-XL/2", {"patch_size": 1}),
):
    config, counted = replace(minidit.PRESETS[preset], **changes), ledger(preset, **changes)
    sums = f"{counted.parameters / 1e6:.0f} M parameters, {counted.flops / 1e9:,.0f} GFLOP"
    print(f"{told:>24}: {config.tokens:>5} tokens, {sums}")

# %% [markdown]
# ## What each costs
#
# Three bills: parameters, counted FLOPs (chapter 4's ledger: the matrix products), and the time of a step. The third depends on the machine, on the number of tokens, and on how well a part is written. Here each step is timed on one core, in turns, so that a busy moment falls on all. The network is small: 64 tokens of width 64, and one block. (Logit-normal times cost nothing: they are drawn by another rule.)

# %%
alone = {
    "SwiGLU": {"model.mlp": "swiglu"},
    "RMSNorm": {"model.norm": "rms", "model.norm_affine": True},
    "RoPE": {"model.rope": "axial"},
    "QK-norm": {"model.qk_norm": True},
    "cosine loss": {"objective.terms": "cosine"},
}
together = {key: value for changes in alone.values() for key, value in changes.items()}
together |= {"objective.time_sampling": "logit_normal"}
bills = {"base": {}, **alone, "all six": together, "patch size 1": {"model.patch_size": 1}}
bills |= {"RMSNorm and RoPE": alone["RMSNorm"] | alone["RoPE"]}
timed = {
    name: base.override({"model.patch_size": 2, "model.depth": 1} | changes)
    for name, changes in bills.items()
}

# %%
seconds = step_seconds(timed, device)
counts = {name: ledger(one.model) for name, one in timed.items()}

# %%
print(f"{'':>16}  parameters   FLOPs   (the base is 1)")
for name, counted in counts.items():
    parts = counted.parameters / counts["base"].parameters, counted.flops / counts["base"].flops
    print(f"{name:>16}  {parts[0]:>10.3f}  {parts[1]:>6.3f}")

# %% tags=["nbval-ignore-output"]
for name, one in seconds.items():
    print(f"{name:>16}: a step takes {one / seconds['base']:.2f} times the base's")

# %%
dearer = seconds["RMSNorm and RoPE"] / seconds["base"]
print("RMSNorm and RoPE together make a step longer by more than 2 %:", dearer > 1.02)
print(
    "patch size 1 makes it more than twice as long:                ",
    seconds["patch size 1"] / seconds["base"] > 2,
)

# %%
teach.compare(
    "ch13.cost",
    "b",
    "LayerNorm is one kernel; RMSNorm and RoPE are several small operations, whose time no ledger of products counts.",
)

# %% [markdown]
# So equal parameters is not equal time. Nor are equal FLOPs: patch size 1 has more than five times the FLOPs, and takes less than that in time. And the parts of a bill need not add up: all six together cost less than the sum of what each costs alone. (The cosine loss is paid once a step, the others once a block; at one block it looks dearer than it is.) With a fused kernel the ratios would be others. At the width of DiT-XL the products weigh more, and the ratios should come nearer to 1; we have not measured it. Whoever says "for free" must say on which machine and at which size.
#
# Equal time turns a ratio into steps. If the base takes 1000 steps, how many may each have?

# %% tags=["nbval-ignore-output"]
for name, one in seconds.items():
    print(f"{name:>16}: {round(1000 * seconds['base'] / one):>5} steps")

# %% [markdown]
# ## The smallest factorial, live
#
# Two upgrades, four networks: neither, RMSNorm, logit-normal times, both. The networks are those of the record: 16 tokens, two blocks, and so few steps that they are far from done. First seed 0. Then seed 1: other starting weights, other batches, other noise. And for seed 1 one more, with SwiGLU. The record has all of them, so they must come out as there.


# %%
def error(state):
    """Held-out velocity error of the averaged weights, at times spread evenly, as the record has it."""
    batch = data.held_out.at(torch.arange(len(data.held_out))).to(device)
    noise = torch.randn(batch.x.shape, generator=minidit.generator(0, "held out")).to(device)
    t = torch.linspace(0.05, 0.95, len(noise), device=device)
    told = Draw(t, noise, torch.zeros(len(t), dtype=torch.bool, device=device))
    with torch.no_grad():
        return velocity_error(base.objective.flow, state.ema.module.eval(), batch, told).mean().item()


# %%
def learn(name, changes, seed=0):
    state = TrainState.create(base.override(changes), seed, device)
    for _ in teach.progress(minidit.train(state, data), f"{name}, seed {seed}", base.training.steps):
        pass
    return error(state)


# %%
rms, times = {"model.norm": "rms"}, {"objective.time_sampling": "logit_normal"}
four = {"none": {}, "RMSNorm": rms, "logit-normal": times, "RMSNorm+logit-normal": rms | times}
live = {0: {name: learn(name, changes) for name, changes in four.items()}}

# %%
live |= {1: {name: learn(name, changes, seed=1) for name, changes in four.items()}}
with_swiglu = learn("SwiGLU", {"model.mlp": "swiglu"}, seed=1)

# %%
recorded = record.runs[0].readouts
same_scale = teach.scale() == "cpu"  # the record was made at this scale
for seed, found in live.items() if same_scale else ():
    off = [abs(one / record.runs[seed].readouts[f"error.{name}"] - 1) for name, one in found.items()]
    print(f"seed {seed}: these four repeat the recorded ones, to 0.3 %: {max(off) < 0.003}")

# %%
figure, axes = plt.subplots(1, 2, figsize=(6.4, 2.7), sharey=True)
for panel, (seed, found) in zip(axes, live.items(), strict=True):
    for colour, pair, label in (
        (BLUE, ("none", "logit-normal"), "without RMSNorm"),
        (ACCENT, ("RMSNorm", "RMSNorm+logit-normal"), "with RMSNorm"),
    ):
        if same_scale:
            kept = record.runs[seed].readouts
            panel.plot(
                [0, 1],
                [100 * kept[f"error.{k}"] / kept["error.none"] for k in pair],
                "o",
                color=colour,
                alpha=0.35,
                markersize=11,
            )
        panel.plot(
            [0, 1],
            [100 * found[k] / found["none"] for k in pair],
            "D-",
            color=colour,
            label=label,
            markersize=5,
        )
    panel.set(xticks=[0, 1], xticklabels=["uniform times", "logit-normal"], xlim=(-0.3, 1.3))
    panel.set_title(f"seed {seed}", fontsize=10, color=INK)
    panel.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("error, neither = 100")
axes[1].legend(frameon=False, fontsize=8)
figure.tight_layout()
teach.show(
    figure,
    alt="Two panels, seed 0 and seed 1: two lines each over uniform and logit-normal times, for networks with RMSNorm and without. The diamonds of this run lie in the recorded circles. At seed 0 both lines rise, and the one with RMSNorm rises more. At seed 1 the one with RMSNorm begins almost two points below the other, and they end together.",
)

# %% [markdown]
# Read a panel as statisticians do. *Main effect* of the times: how far the two lines rise from left to right, in the mean. *Main effect* of RMSNorm: how far the orange line lies above the blue, in the mean of both sides. *Interaction*: how far the lines are from being parallel. If they were parallel, each upgrade would do the same with and without the other. (Parallel in *points*: a point is one percent of the error of the network without upgrades, of the same seed. In ratios it would be another question; at a few percent the two agree, on the paper's ladder they do not.)

# %% tags=["nbval-ignore-output"]
for seed, found in live.items():
    neither, norm_only, times_only, both = (100 * one / found["none"] for one in found.values())
    print(f"seed {seed}, in points of its base's error:")
    print(f"  RMSNorm      {(norm_only + both - neither - times_only) / 2:+.1f}")
    print(f"  logit-normal {(times_only + both - neither - norm_only) / 2:+.1f}")
    with_rms, without = both - norm_only, times_only - neither
    print(
        f"  interaction  {(with_rms - without) / 2:+.1f}  half of: the times' effect with RMSNorm, less that without"
    )
print(
    f"SwiGLU alone, seed 1: {100 * with_swiglu / live[1]['none'] - 100:+.1f}; seed 0, recorded: {100 * recorded['error.SwiGLU'] / recorded['error.none'] - 100:+.1f}"
)
print(f"the base of seed 1 beside that of seed 0: {100 * live[1]['none'] / live[0]['none'] - 100:+.1f}")

# %%
print("seed 1: SwiGLU alone lowers the error by more than 2 %:", with_swiglu < 0.98 * live[1]["none"])

# %% [markdown]
# RMSNorm does harm in the left panel and good in the right: its main effect has turned its sign. That of the times, and the interaction, have not. Now the last lines. With seed 0 SwiGLU alone takes off several points. With seed 1 it does not. The two bases differ as well, by 2 percent. Nothing was changed but the seed.
#
# So keep this in mind. The next sections read the 32 networks of seed 0 alone, as if there were no others. That is what most studies have. What these sections say of *designs* holds. What they say of upgrades we shall hold against two more seeds.
#
# ## Three designs
#
# Take five upgrades. A network is a row of five signs, + where the upgrade is there, - where it is not. There are 32 rows. A design is a choice of rows.
#
# - **A ladder**: six rows, from - - - - - to + + + + +, one sign turned at a time. It compares neighbours.
# - **Leave one out**: the top row, and the five rows with one sign turned back. It compares each with the top. C09 is one.
# - **A factorial**: all 32 rows. C23 has half of them.
#
# The first two visit six of the 32 networks. What they tell of an upgrade is its worth in one *context*, one setting of the four others. There are 16 contexts.

# %%
upgrades = ["SwiGLU", "RMSNorm", "RoPE", "QK-norm", "logit-normal"]
sets = list(product((0, 1), repeat=5))


def called(chosen):
    """What the record calls a set of upgrades."""
    return "error." + ("+".join(name for name, has in zip(upgrades, chosen, strict=True) if has) or "none")


# %%
errors = torch.tensor([[run.readouts[called(one)] for one in sets] for run in record.runs]).double()
percents = 100 * errors / errors[:, :1]  # (seeds, 32), in percent of the network without upgrades
percent = percents[0]  # (32,), of seed 0
signs = 2 * torch.tensor(sets).double() - 1  # (32, 5)
print(
    f"{len(sets)} networks, seed {record.runs[0].seed}; with all five the error is {percent[-1]:.1f} % of that with none"
)


# %%
def contexts(k, found=percent):
    """What upgrade k does in each of the 16 contexts, in points: (16,), from no other to all others."""
    return found[signs[:, k] > 0] - found[signs[:, k] < 0]  # both in the same order of the others


# %%
looks = {  # of a mark: shape, colour, size, how far above the row
    "in one of 16 contexts": ("o", MUTED, 5, 0.0),
    "alone: the first rung": ("v", BLUE, 7, 0.22),
    "beside all others: left out": ("v", ACCENT, 7, 0.22),
    "main effect": ("|", INK, 22, 0.0),
}
figure, panel = plt.subplots(figsize=(6.4, 3.1))
for row in range(5):
    found = contexts(row)
    marks = (found, found[:1], found[-1:], found.mean()[None])
    for (name, (mark, colour, size, lift)), values in zip(looks.items(), marks, strict=True):
        style = {"markersize": size, "alpha": 0.6 if mark == "o" else 1, "markeredgewidth": 1.6}
        panel.plot(values, [row - lift] * len(values), mark, color=colour, label=name * (row == 0), **style)
panel.axvline(0, color=MUTED, linewidth=0.8)
panel.set(
    yticks=range(5),
    yticklabels=upgrades,
    ylim=(4.6, -0.9),
    xlabel="change of the error, in points of the base's; left is better",
)
panel.legend(
    frameon=False,
    fontsize=7.5,
    ncols=4,
    loc="upper center",
    bbox_to_anchor=(0.42, 1.14),
    handletextpad=0.2,
    columnspacing=1,
)
panel.spines[["top", "right", "left"]].set_visible(False)
figure.tight_layout()
teach.show(
    figure,
    alt="Five rows of 16 grey dots, what each upgrade does in each context. SwiGLU: all between -3 and -7 points, furthest beside all others. RMSNorm: from -1 to +2. RoPE and QK-norm: around zero. Logit-normal times: from -0.5 to +2, mostly above zero.",
)

# %% [markdown]
# The blue triangle is what somebody reports who adds each upgrade to the base. The orange one is what a design like C09's reports of each. Both are true. They answer different questions. In all rows but the last the orange lies to the left of the blue: here who starts from the top thinks more of RMSNorm, RoPE and QK-norm than who starts from below.
#
# But beware. The five orange marks share *one* network, the one with everything, and the five blue ones share the base. If luck moves the top network, all orange marks move together, by the same amount. Fitted from the other 31 by main effects and pairs, the top should lie about one point higher; then RMSNorm, RoPE and QK-norm are worth next to nothing from above too. That is a weakness of every leave-one-out, C09 among them: its top needs more seeds than the rest.
#
# A ladder is a walk: it reads one grey dot of each row, and which one depends on the order. Walk all 120.

# %%
number = {one: place for place, one in enumerate(sets)}


def ladder(order, found):
    """Credit of each upgrade when they are added in this order; found (32,) -> (5,)."""
    chosen, credit = [0] * 5, torch.zeros(5).double()
    for k in order:
        before = found[number[tuple(chosen)]]
        chosen[k] = 1
        credit[k] = found[number[tuple(chosen)]] - before
    return credit


# %%
orders = list(permutations(range(5)))
credits = torch.stack([ladder(order, percent) for order in orders])  # (120, 5)
assert_close(credits.sum(1), (percent[-1] - 100).expand(120))  # all ladders arrive at the same network
for k, name in enumerate(upgrades):
    low, high = credits[:, k].min().item(), credits[:, k].max().item()
    first, helps = (credits.argmin(1) == k).sum().item(), (credits[:, k] < 0).sum().item()
    print(
        f"{name:>12}: {low:+5.1f} to {high:+5.1f} points; it helps in {helps:>3} of 120 orders, is the best of the five in {first:>3}"
    )

# %% [markdown]
# All ladders begin and end at the same two networks, so the five credits of a ladder have the same sum. Only who gets what is settled by the order. (The mean over all orders is known in game theory as Shapley's value. It gives the first and the last context a fifth each, a main effect all 16 a sixteenth; here they differ by up to 0.3 points.)
#
# But beware. Is that spread the *order's* doing, or chance? Each grey dot is a difference of two trained networks. With one seed, where would we see chance? The section after next finds it in the 32 networks themselves.

# %%
teach.compare(
    "ch13.order",
    "c",
    "SwiGLU is the best in every order; RMSNorm helps in some and harms in others. An upgrade that does nothing would do so too, by chance.",
)

# %% [markdown]
# ## The arithmetic of signs
#
# A main effect uses *all* runs: half of them have the upgrade, half do not, and the four others are balanced. With the sign column $s$ and the errors $y$ of $n$ runs,
#
# $$ \text{effect} = \frac{2}{n} \sum_i s_i\, y_i . $$
#
# An interaction of two upgrades is the same with the product of their columns. It is half the difference of A's effect where B is and where B is not. In this way 32 runs give five main effects, ten pairs, and sixteen effects of three or more.


# %%
def effect(letters, runs=slice(None)):
    """The effect of a set of upgrades, numbers from 0: the product of their columns, over some of the runs."""
    column = signs[:, list(letters)].prod(1)[runs]
    return (2 / len(column) * (percent[runs] @ column)).item()


# %%
words = [list(word) for size in range(1, 6) for word in combinations(range(5), size)]  # 31 of them
columns = torch.stack([torch.ones(32).double(), *[signs[:, word].prod(1) for word in words]], 1)
slopes = torch.linalg.lstsq(columns, percent).solution  # least squares, all at once
assert_close(2 * slopes[1:], torch.tensor([effect(word) for word in words]).double())
others = signs[signs[:, 2] < 0]  # the 16 contexts of RoPE, in the order of `contexts`
there, absent = (contexts(2)[others[:, 1] == side].mean() for side in (1, -1))
assert_close(
    torch.tensor([contexts(2).mean(), (there - absent) / 2]),
    torch.tensor([effect([2]), effect([1, 2])]).double(),
)
print(f"{len(words)} effects: the sum of signs, least squares, and the contexts agree")

# %% [markdown]
# That each run counts for every effect is where the power comes from. Let one run have noise of deviation 1, and spend 32 runs. A ladder of six networks can train each of them 32/6 times. So can leave-one-out. A factorial trains 32 networks once. How far does the estimate of one upgrade spread?

# %%
chance, trials = minidit.generator(0, "power"), 20_000
repeats = 32 / 6
pair = (torch.randn(2, trials, generator=chance) / repeats**0.5).diff(dim=0)  # a rung less the one before
whole = 2 / 32 * torch.randn(trials, 32, generator=chance).double() @ signs[:, 0]
print(f"ladder, or leave one out: {pair.std():.2f}   (by arithmetic {(2 / repeats) ** 0.5:.2f})")
print(f"factorial:                {whole.std():.2f}   (by arithmetic {2 / 32**0.5:.2f})")
print(
    f"the ladder would need {((2 / repeats) ** 0.5 / (2 / 32**0.5)) ** 2:.0f} times the runs for the same precision"
)

# %% [markdown]
# (This counts chance that each run draws anew. What all runs of a seed share does not shrink with their number; see below.)
#
# What it costs: the factorial answers the mean over contexts. If you will only ever build the network with everything, the top of leave-one-out is what concerns you.
#
# ## Where is the noise?
#
# We read one seed, and every network once. Still the design seems to know its own noise. It has 31 effects, and we expect something of five of them, and of ten pairs at most. What is left are sixteen effects of three upgrades and more. If nature is kind they are nothing, and what they show is chance.

# %%
high = torch.tensor([effect(word) for word in words if len(word) > 2]).double()
spread = high.square().mean().sqrt().item()  # the deviation of one effect
run, pair = spread * 8**0.5, spread * 16**0.5  # an effect is 2/32 of a signed sum of 32 runs
print(f"{len(high)} effects of three and more: deviation {spread:.2f} points")
print(f"so of one run {run:.2f}, and of the difference of two runs {pair:.2f}")
for k, name in enumerate(upgrades):
    print(f"{name:>12}: over its 16 contexts the deviation is {contexts(k).std():.2f}")

# %%
figure, panel = plt.subplots(figsize=(6.4, 2.1))
panel.axvspan(-2 * spread, 2 * spread, color=BAND)
panel.text(2.2 * spread, -0.42, "two deviations of chance", fontsize=7.5, color=INK)
for size, row in ((1, 2), (2, 1), (3, 0)):
    chosen = [word for word in words if (len(word) == size if size < 3 else len(word) > 2)]
    panel.plot(
        [effect(word) for word in chosen], [row] * len(chosen), "o", color=INK, alpha=0.6, markersize=5
    )
    for word in chosen:
        if abs(effect(word)) > 2.5 * spread:
            side = "left" if effect(word) > 0 else "right"
            name = " x ".join(upgrades[k] for k in word)
            panel.text(effect(word), row + 0.22, name, fontsize=8, color=INK, ha=side)
panel.axvline(0, color=MUTED, linewidth=0.8)
panel.set(
    yticks=[2, 1, 0],
    ylim=(-0.5, 2.7),
    xlim=(-5, 2.2),
    xlabel="effect on the error, in points; left is better",
)
panel.set_yticklabels(["one upgrade", "pairs", "three and more"], fontsize=9)
panel.spines[["top", "right", "left"]].set_visible(False)
figure.tight_layout()
teach.show(
    figure,
    alt="Three rows of dots: five effects of one upgrade, ten of pairs, sixteen of three and more. The sixteen lie within 0.3 points of zero. SwiGLU stands far to the left at -4.3, logit-normal times to the right at +0.8; of the pairs RMSNorm x logit-normal stands out at +0.6, SwiGLU x RMSNorm at -0.4.",
)

# %% [markdown]
# Now the question of the last section but one has an answer, for the networks of this seed. RoPE's and QK-norm's contexts differ about as much as chance makes them differ. Those of RMSNorm, SwiGLU and logit-normal times differ more. Of the ten pairs one stands out by Holm's rule (two sections below): RMSNorm with logit-normal times, +0.6. SwiGLU with RMSNorm, -0.4, would pass alone and not as the second of ten.
# That is what a ladder cannot see: it passes through one of these contexts, and calls what it finds there "RMSNorm".
#
# (The five largest of the sixteen all hold SwiGLU x RMSNorm, all negative. So perhaps they are not all chance, and the band is somewhat too wide.)
#
# Take the band at its word, and SwiGLU's effect is some thirty deviations from nothing, of one sign in all 16 contexts. Few tables in print are as clear as this.
#
# ## Two more seeds
#
# Here are the same effects for seeds 1 and 2. Thin bars: two deviations of the chance *within* a seed, read from its own sixteen high effects. Below, Student's interval of the three seeds.


# %%
def effects_of(found):
    """All 31 effects of one seed's networks (32,), in points."""
    return torch.stack([2 / 32 * (found @ signs[:, word].prod(1)) for word in words])


by_seed = torch.stack([effects_of(found) for found in percents])  # (seeds, 31)
within = by_seed[:, 15:].square().mean(1).sqrt()  # (seeds,): deviation of one effect, from three and more
print("deviation within a seed: " + ", ".join(f"{one:.2f}" for one in within))
shown = [*range(5), words.index([1, 4]), words.index([0, 4])]
named = [" x ".join(upgrades[k] for k in words[place]) for place in shown]
for place, name in zip(shown, named, strict=True):
    seeds, found = by_seed[:, place].tolist(), interval(by_seed[:, place].tolist(), 0.95)
    told = ", ".join(f"{one:+.1f}" for one in seeds)
    print(f"{name:>22}: {told}; mean {found.mean:+.1f}, 95 % interval {found.low:+.1f} to {found.high:+.1f}")

# %%
figure, panel = plt.subplots(figsize=(6.8, 3.6))
for row, place in enumerate(shown):
    for seed, (value, chance) in enumerate(zip(by_seed[:, place], within, strict=True)):
        spot, colour = row - 0.26 + 0.16 * seed, (ACCENT, BLUE, INK)[seed]
        panel.errorbar(value, spot, xerr=2 * chance, fmt="o", color=colour, markersize=5, elinewidth=1)
    found = interval(by_seed[:, place].tolist(), 0.95)
    panel.plot([found.low, found.high], [row + 0.28] * 2, color=MUTED, linewidth=3)
for seed, colour in enumerate((ACCENT, BLUE, INK)):
    panel.plot([], [], "o", color=colour, label=f"seed {seed}", markersize=5)
panel.plot([], [], color=MUTED, linewidth=3, label="95 %, three seeds")
panel.axvline(0, color=MUTED, linewidth=0.8)
panel.set(yticks=range(len(shown)), ylim=(len(shown) - 0.5, -0.6), xlabel="effect on the error, in points")
panel.set_yticklabels(named, fontsize=8.5)
panel.legend(frameon=False, fontsize=8, ncols=4, loc="upper center", bbox_to_anchor=(0.4, 1.13))
panel.spines[["top", "right", "left"]].set_visible(False)
figure.tight_layout()
teach.show(
    figure,
    alt="Seven rows, three dots each with short bars that mostly do not meet. SwiGLU -4.3, -2.1, -1.9; RMSNorm +0.2, -1.8, +1.8; RoPE -0.3, -0.5, -0.6; QK-norm -0.2, -0.6, -0.2; logit-normal times +0.8, +0.6, -1.4; two pairs scattered as well. Below each a grey interval of the three seeds; all but RoPE's hold zero.",
)

# %% [markdown]
# Each seed knows its own noise, and all three find about the same: 0.14 to 0.20. But they do not agree with each other. RMSNorm does nothing at seed 0, good at seed 1, harm at seed 2, each time by many deviations of that noise, but for the first. The times turn their sign. The pair that stood out at seed 0 is nothing at seed 1; at seeds 1 and 2 another one does, SwiGLU with the times, by ten deviations. Between seeds main effects scatter by one or two points, ten times the band.
#
# Both are right. They speak of different chance. The band knows what moves one network of a seed against another of that seed. But all 32 saw the same images in the same order, with the same noise. And in this library layers of the same name and shape start from the same weights. So the sixteen networks with SwiGLU share *one* draw of SwiGLU's weights, and the sixteen without share one draw of the MLP's. Whatever is lucky in a draw is in all sixteen, and comes out as an effect of SwiGLU in every context. Sixteen networks, and one witness. Statisticians call it pseudoreplication.
#
# Weights are not all. RMSNorm has none of its own, and its effect turned too. Shared starts, batches and noise may favour a setting as well as a layer. Which of them it was we did not try.
#
# SwiGLU lowers the error at all three seeds, in the mean over contexts; by half as much at two of them as at the first. Three witnesses have two degrees of freedom, and so the interval reaches from -6.1 to +0.5. RoPE does little and does it each time: its interval excludes zero, and as one of five it decides nothing either (below). So with seed 0 alone this chapter would have told you that SwiGLU is worth four percent wherever it stands, beyond all doubt.
#
# And read the factor of 3 again, ladder against factorial. It holds for the noise that each run has for itself. What a seed gives to all its runs only more seeds average out. There five seeds of a ladder beat one seed of a factorial, at the same cost.
#
# ## Half of it
#
# Back to seed 0, and to designs. 32 networks are many. Take the 16 with an even number of upgrades. No upgrade stands alone there, and no two of the 16 differ in one sign. Still each column has eight + and eight -, and any two columns are balanced.
#
# What is lost? Precision first: an effect from 16 runs spreads $\sqrt 2$ as much. Then something else. Write $I$ for a column of +1; a column times itself is $I$. In these 16 rows the product of all five columns is one and the same sign. Call the columns A to E. Then $ABCDE = -1$ in each row (an even number of + leaves an odd number of -). Multiply both sides by A: $A = -BCDE$. So the column of A *is* that of BCDE, up to the sign. The half cannot tell the two apart: they are *aliases*. What the even half reports as A is effect(A) - effect(BCDE), the odd half the sum. One writes $I = -ABCDE$; for the other half it is $I = ABCDE$.

# %%
even = (torch.tensor(sets).sum(1) % 2 == 0).nonzero()[:, 0]
odd = (torch.tensor(sets).sum(1) % 2 == 1).nonzero()[:, 0]
for half, sign in ((even, -1), (odd, 1)):
    assert_close(signs[half].prod(1), torch.full((16,), float(sign)).double())
    for k in range(5):
        others = [j for j in range(5) if j != k]
        assert_close(signs[half][:, k], sign * signs[half][:, others].prod(1))
        assert (
            abs(effect([k], half) - effect([k]) - sign * effect(others)) < 1e-9
        )  # what the half really sees
    for pair in combinations(range(5), 2):
        rest = [j for j in range(5) if j not in pair]
        assert abs(effect(pair, half) - effect(pair) - sign * effect(rest)) < 1e-9
print("each half sees A and BCDE, AB and CDE, as one number")

# %% [markdown]
# So a main effect is mixed up with an effect of four, and a pair with an effect of three. The bet is that effects of three and four are small. That is a bet, not a theorem. Here we can look, since we have all 32.

# %%
small = words[:15]  # five upgrades, ten pairs
short = ["Sw", "RMS", "RoPE", "QK", "log"]
labels = [upgrades[w[0]] if len(w) == 1 else f"{short[w[0]]} x {short[w[1]]}" for w in small]
figure, panel = plt.subplots(figsize=(6.4, 3.9))
for row, word in enumerate(small):
    panel.barh(row, effect(word), color=BAND, height=0.75, label="all 32" * (row == 0))
    for half, look, name in ((even, ("o", ACCENT), "even half (C23's rows)"), (odd, ("s", BLUE), "odd half")):
        panel.plot(effect(word, half), row, look[0], color=look[1], markersize=5, label=name * (row == 0))
panel.axhline(4.5, color=MUTED, linewidth=0.8, linestyle=":")
panel.axvline(0, color=MUTED, linewidth=0.8)
panel.set(yticks=range(15), ylim=(14.6, -0.6), xlabel="effect on the error, in points of the base's")
panel.set_yticklabels(labels, fontsize=8)
panel.legend(frameon=False, fontsize=8, loc="lower left")
panel.spines[["top", "right", "left"]].set_visible(False)
figure.tight_layout()
teach.show(
    figure,
    alt="Fifteen effects, five of single upgrades and ten of pairs: a bar from all 32 networks, and a dot from each half. The halves lie within 0.3 points of the bar; SwiGLU is far to the left in both. RoPE is nothing in the even half and half a point in the odd one.",
)

# %%
far = [max(abs(effect([k], half) - effect([k])) for half in (even, odd)) for k in range(5)]
print(
    "how far a half's main effect lies from that of all 32, in points:",
    ", ".join(f"{one:.2f}" for one in far),
)
for name, half in {"even half": even, "odd half": odd, "all 32": slice(None)}.items():
    print(f"{name:>9}: " + ", ".join(f"{upgrades[k]} {effect([k], half):+.2f}" for k in range(5)))

# %%
teach.compare(
    "ch13.half",
    "b",
    "within 0.3 points, and SwiGLU's 4.3 is seen by either half. For RoPE, which does little, 0.3 is all that it does.",
)

# %% [markdown]
# RoPE x QK-norm, of which C23 asks, is nothing over all 32 networks, and a quarter of a point in each half, with opposite signs: that quarter is its alias.
#
# ## Five questions, one of them by luck
#
# Who asks five questions and reports the best answer has bought five lottery tickets. Suppose no upgrade does anything. Each is tested at 5 %. How often does at least one come out "significant"?

# %%
chance = minidit.generator(0, "five nothings")
p = torch.rand(20_000, 5, generator=chance).double()  # p-values of effects that are not there
any_of = {
    "uncorrected: each below 0.05": (p < 0.05).any(1),
    "Bonferroni: each below 0.05 / 5": (p < 0.05 / 5).any(1),
}
for name, found in any_of.items():
    print(f"{name:<35}{100 * found.double().mean():5.1f} % of trials have a winner")

# %% [markdown]
# Bonferroni keeps the 5 %. So does Holm, who begins in the same way. Where they part is *after* a first effect is decided. Bonferroni holds the others against 0.05 / 5 still. Holm takes 0.05 / 4 for the second, 0.05 / 3 for the third, and stops at the first that fails. So Holm decides whatever Bonferroni does, and sometimes more, for the same 5 %. All cards of this book use it.
#
# Our small factorial by that rule, twice. First each main effect of seed 0 is held against the noise that its sixteen high effects show: $t$ with 16 degrees of freedom. Then the three seeds are three witnesses: $t$ with 2. (Nobody wrote a card for it before. Read it as arithmetic. The court asks more, too: beyond delta, not beyond zero.)


# %%
def held(name, effects, ps):
    """A table of five effects, from the smallest p, with what Holm's procedure says of each."""
    answers = holm(ps)
    print(f"{name:>26}  effect        p   below 0.05   by Holm")
    for k in sorted(range(5), key=ps.__getitem__):
        p = "< 0.0001" if ps[k] < 1e-4 else f"{ps[k]:8.4f}"
        alone, word = "yes" if ps[k] < 0.05 else "no", "decided" if answers[k].decisive else "open"
        print(f"{upgrades[k]:>26}  {effects[k]:+6.2f} {p}  {alone:>11}  {word:>8}")


# %%
mains = [effect([k]) for k in range(5)]
held("seed 0, its own noise", mains, [2 * float(stats.t.sf(abs(m) / spread, len(high))) for m in mains])
three = by_seed[:, :5].mean(0).tolist()
held("three seeds", three, [p_value(by_seed[:, k].tolist()) for k in range(5)])

# %% [markdown]
# By its own noise seed 0 decides SwiGLU and logit-normal times. RoPE comes near to 0.05 by itself; as one of five it is far from it, since the third of five is held against 0.05 / 3. By three seeds nothing is decided, and the one p below 0.05 is RoPE's, which alone would have made a headline.
#
# So decided about *what*? The first table speaks of the networks of seed 0. Holm protects you from having asked five questions. It does not protect you from a noise that was taken too small. That is why C23 trains each of its networks with three seeds and reads an effect within each of them, and why C09 has five. And three are few: at the first of six levels an interval of three seeds is 6.3 deviations wide to each side, of five seeds at the first of seven 2.3. If effects move by points from seed to seed at that size too, C23 must say "inconclusive", and sixteen networks a seed do not mend that.
#
# ## The verdicts
#
# The cards ask at another size: 64 tokens, four blocks, 500 to 1000 steps. C09 leaves one out of six, at rates that each arm chose. C23 is the even half of the factorial above, at one rate. C24 asks at equal time: patch size 1, and all six together.
#
# How are they to be read? The reply speaks of LightningDiT as a whole: a of C09 and b of C24 try its block and its training, all six beside none. The others try its parts. What matters is 2 % in C09 and C24, 1 % in C23; to be supported, an effect must also exceed the scatter of the base started anew. *Inconclusive* says that the seeds could not tell. In C09, b to g, *supported* says: where the five others are, this one adds what matters. *Refuted* says that it does not add as much as matters there. It does not say that the upgrade is useless elsewhere. In C23 the words are about the mean over all networks that it can stand in, at one rate. The two cards can disagree on an upgrade, and both be right.


# %%
tell("C09")

# %% [markdown]
# The whole list, all six beside none (a), takes off an eighth of the error: *supported*, in all five seeds. So at this size, at equal steps, by this yardstick, LightningDiT's bundle helps. It is not quite the reply's list: of the three in it that he names, SwiGLU, RMSNorm and RoPE, none is decided by itself, and patch size 1 is not in it.
#
# And which of the six is it? Leaving one out decides none of them. Look at the dots of b to e: four within 3 percent of zero (for RoPE one of them at 4), and one at 7 to 10. That is seed 3, each time. There the network with all six came out unusually well, and that *one* run stands in every comparison. It is what we feared of leave-one-out: five questions, one witness. Without it b to e would lie within a few percent of zero.
#
# The times (f) lean the claimed way in all five seeds, by 6 to 16 percent, and the interval just misses the bar. The cosine loss (g) leans the other way. With five of the six and uniform times most of the gain is gone; nobody asked that as a question, and it has no interval. If you had to bet on one of the six at this size, it would be the times.
#
# Is it a better network, then, or one that was trained for this yardstick? By tenths of the time (next cell) the bundle gains most in the middle and a little past it, where logit-normal times put the work, and *loses* in the cleanest tenth. By the denoising error of chapter 12 the two are level. (All seen, not asked.)

# %%
case, tenths = tried("C09"), range(1, 11)
better = {}
for arm in ("upgrade=all", "upgrade=all_but_logit_normal"):
    means = [
        sum(case.of(arm, f"velocity.t{k}").values()) / sum(case.of("base", f"velocity.t{k}").values())
        for k in tenths
    ]
    better[arm] = [100 * (one - 1) for one in means]
    told = " ".join(f"{one:+4.0f}" for one in better[arm])
    print(f"{arm:>28}, error by tenths of the time, % of the base's: {told}")
level = sum(case.of("upgrade=all", "denoising.held_out").values()) / sum(
    case.of("base", "denoising.held_out").values()
)
print(f"denoising error of all six, in % of the base's: {100 * level - 100:+.0f}")

# %%
tell("C23")

# %% [markdown]
# Half of a factorial at 64 tokens, and two effects stand out. The times take off 5 percent (e), *supported*. Here it is the mean over sixteen networks with other sets of the rest; in C09 it was beside one set. RoPE takes off as much (c), beyond 4 percent in each of the three seeds, and is *inconclusive*: its interval ends at -1.0, and the bar is 1.43, the scatter of the base started anew. It excludes zero, and that is not enough. Its seeds scatter by 0.7 points and not by 0.2, and at its level the interval of three seeds is five deviations wide to each side. That is the price of three seeds, named above before the run. Nobody should read it as "RoPE does nothing".
#
# SwiGLU, RMSNorm and QK-norm lean the claimed way by one or two percent, undecided. And f has an answer: RoPE and QK-norm are not worth more together than apart. If anything, a little less.
#
# Two things to keep in mind. The mean of main effects is over networks that mostly have some of the others; nothing forbids that one network differs. And the yardstick of e is friendly to the middle of the times, as the tenths above have shown for the bundle.

# %% [markdown]
# Now the paper beside ours. On the left its rungs, in percent of the FID before. On the right what each upgrade does to the held-out error: in the small factorial as a first rung and as a last one, and in C09 as the last one.


# %%
def last_rungs():
    """Upgrade -> what it changes in C09 where the five others are, in percent, seed by seed."""
    keys = ("swiglu", "rmsnorm", "rope", "qk_norm", "logit_normal", "cosine")
    case, names = tried("C09"), (*upgrades, "cosine loss")
    top = case.of("upgrade=all")
    out = {name: case.of(f"upgrade=all_but_{key}") for name, key in zip(names, keys, strict=True)}
    return {name: [100 * (top[seed] / one - 1) for seed, one in found.items()] for name, found in out.items()}


# %%
theirs = {"SwiGLU": "SwiGLU", "RMSNorm": "RMSNorm", "RoPE": "RoPE"}
theirs |= {"logit-normal": "logit-normal times", "cosine loss": "cosine loss"}
ours, rows = last_rungs(), [*upgrades, "cosine loss"]

# %%
figure, axes = plt.subplots(1, 2, figsize=(7, 2.9), sharey=True)
for row, name in enumerate(rows):
    if name in theirs:
        spot = rungs.index(theirs[name])
        axes[0].barh(row, 100 * (fid[spot] / fid[spot - 1] - 1), color=ACCENT, alpha=0.8, height=0.6)
    else:
        axes[0].text(-1, row, "not on the ladder", fontsize=8, color=MUTED, ha="right", va="center")
    for one in percents if name in upgrades else ():
        found = contexts(upgrades.index(name), one)
        before = one[-1] - found[-1]  # the error without this one, all others there
        for value, lift, colour in ((found[0], -0.2, BLUE), (100 * found[-1] / before, 0.0, ACCENT)):
            axes[1].plot(value, row + lift, "v", color=colour, markersize=6, alpha=0.7)
    axes[1].plot(ours[name], [row + 0.2] * len(ours[name]), "o", color=INK, markersize=4.5)
axes[0].set(yticks=range(6), yticklabels=rows, ylim=(5.6, -0.6), xlabel="change of FID, %")
axes[1].set_xlabel("change of the held-out error, %")
axes[0].set_title("the paper's ladder", fontsize=10, color=INK)
axes[1].set_title("ours", fontsize=10, color=INK)
for look, label, colour in (
    ("v", "small, first rung", BLUE),
    ("v", "small, last rung", ACCENT),
    ("o", "C09, last rung", INK),
):
    axes[1].plot([], [], look, color=colour, markersize=5, label=label)
axes[1].legend(frameon=False, fontsize=7.5, loc="upper right")
for panel in axes:
    panel.axvline(0, color=MUTED, linewidth=0.8)
    panel.spines[["top", "right"]].set_visible(False)
figure.tight_layout()
teach.show(
    figure,
    alt="Left, bars: what each change took off the published FID, 8 to 23 percent; QK-norm is not on that ladder. Right, for the same upgrades what they do to our held-out error as a first rung and as a last one, a mark a seed: SwiGLU's from about +1 to -8 percent. In C09 the times lie at -5 to -13 in all five seeds, RoPE at -1 to -7; the others lie on both sides of zero.",
)

# %% [markdown]
# The two halves of this picture must not be read as one scale. FID judges images, the held-out error judges velocities. Their networks have 675 million parameters and 256 tokens of latents; ours are tiny, and see shapes. Their training went on for 80 epochs of ImageNet. What *can* be compared is the kind of evidence. On the left a bar has no seeds and one context. On the right you see two contexts, and a mark for each seed.
#
# It would be easy to write here that our small networks share SwiGLU with the paper. With seed 0 they do; with the others by less, and not as a first rung. The paper's bars may be as far from chance as they look: its networks are large, and train for long. But the table does not say how far two seeds lie apart, and so nobody can tell from it.
#
# RoPE, the largest step of a single upgrade on the left, is lost in the noise on the right. With 16 tokens (the triangles) there is little distance to measure, so little was to be expected. With 64, in C09, all five dots lie below zero and decide nothing; in C23 its mean is as large as the times', undecided too. That fits the guess, and is no test of it.
#
# ## Equal time, and patch size 1
#
# C24 gives every arm the time of the base. Patch size 1 has four times the tokens, so it gets a fraction of the steps. (The cell with the times of steps printed 250 to 300 of 1000, for one block on this machine. The card's own exchange rate is measured once, for the four blocks of its networks, and committed: 214 of 1000, and 720 for all six.)
#
# Is that fair? It is one question among several. At equal *steps* the network with more tokens does more work. At equal *time* on one core it trains for a shorter while. On a GPU that is half idle at 64 tokens, more tokens cost less than on a core. And LightningDiT's own choice was another trade altogether: it took an autoencoder with a smaller image and more channels, and kept the number of tokens. So C24 cannot refute that choice. It can say what patch size 1 is worth by itself, for its price.

# %%
tell("C24")

# %% [markdown]
# For its price on one core, patch size 1 loses, and by far: after the same time its error is half as large again, in every seed. After a fifth of the steps a network has not learned much, whatever it sees. That is all a says. It does not say what single pixels are worth where time is no question.
#
# b is worth a second look. At equal steps the six took off an eighth, *supported* (C09.a). At equal time the interval holds zero in its middle. Nothing contradicts itself: it is the same gain, and the same network, paid for in another coin. Most of the price is that of small operations of their own, RoPE, QK-norm and the cosine loss, which a core feels and a GPU with fused kernels would feel less. So for the six there is an answer here for steps, and none for minutes on a core. For patch size 1 there is one for minutes on a core: no. For your GPU there is none at all.
#
# ## A switchboard
#
# All 32 networks, three seeds, on five switches. Choose a set; say how far its error will lie from the base's; write it down, and look. The ring is what you would expect if main effects just added up (it was computed from all 32, so it has seen the answers). Over ten sets: are you nearer than the ring? And watch the lower line: what the switch that you moved last does, for all settings of the others.

# %%
still, panel = plt.subplots(figsize=(6.4, 2.0))
panel.plot(percents[:, -1] - 100, [1] * 3, "o", color=INK, alpha=0.75, label="all five, three seeds")
panel.plot(sum(three), 1, "o", mfc="none", mec=BLUE, markersize=9, label="main effects added up")
in_contexts = contexts(1, percents.mean(0))
panel.plot(in_contexts, [0] * 16, "o", color=MUTED, alpha=0.6, label="what RMSNorm does in 16 contexts")
panel.axvline(0, color=MUTED, linewidth=0.8)
panel.set(yticks=[], ylim=(-0.6, 2.4), xlabel="in percent of the error without any upgrade")
panel.legend(frameon=False, fontsize=8, ncols=3, loc="upper center", columnspacing=1, handletextpad=0.2)
panel.spines[["top", "right", "left"]].set_visible(False)
masks = [sum(has << k for k, has in enumerate(one)) for one in sets]
teach.Page(
    "switchboard",
    still,
    alt="Five switches, one for each upgrade, and a slider for a prediction. When it is written down, the recorded error of the chosen network appears as a dot on an axis of percent, with the prediction and the sum of main effects; below, what the last switch does in each of 16 contexts.",
    names=upgrades,
    cells=masks,
    errors=[[round(one, 5) for one in row] for row in errors.T.tolist()],
)

# %% [markdown]
# ## What would change our mind
#
# We said: an upgrade has as many values as it has contexts, and a ladder reads one of them; half of a factorial gives the same main effects with $\sqrt 2$ the spread, where effects of four are small; a design with one seed knows the noise between its networks and not that between seeds; RMSNorm and RoPE cost time that no ledger of FLOPs shows. In the small factorial, of 16 tokens, three seeds decide nothing. The cards decide three things: all six together at equal steps (C09.a), the times (C23.e), patch size 1 at equal time (C24.a). This would overturn it:
#
# - ten more seeds of the small factorial: SwiGLU may well be decided by them, and RoPE. The noise of 0.14 within a seed stays too small, whatever they say;
# - the other half of C23's design, with other main effects: then effects of four are not nothing;
# - the same factorial where each network chooses its own rate. Ours all have the base's, and an upgrade that wants another one is wronged;
# - the cards at the `a100` scale: 256 tokens, where RoPE has more to do, and longer runs, where all of them may level off at the same error;
# - a second yardstick, images instead of velocities, that puts the upgrades in another order. Logit-normal times and the cosine loss are the first suspects;
# - for "always": one network, named beforehand, in which an upgrade does harm beyond the noise between seeds refutes the word. One whose interval lies wholly below what the step costs refutes the price.
#
# And these we do not know: whether the paper's ladder in another order would credit the same upgrades; how far its FID would spread over seeds; whether what adds up at 150 steps adds up at convergence.
#
# ## Exercises
#
# Seven exercises ask for a function each: RMSNorm, the width of a SwiGLU, RoPE for tokens that were kept, main effects and interactions, aliases, Holm's procedure, and steps for equal time. In a terminal, in the folder of the project, `minidit exercises start ch13` writes a notebook to work in.
#
# Five more are experiments. Write down what you expect before you run them. Run 1 to 4 with seeds 0, 1 and 2 (`learn(..., seed=1)`), and take differences seed by seed.
#
# 1. Does the gain matter? `learn("gain", rms | {"model.norm_affine": True})` beside `live[0]["RMSNorm"]`.
# 2. SwiGLU at the full width: `learn("too wide", {"model.mlp": "swiglu", "model.mlp_ratio": 6.0})`. Two thirds of 6 is 4. How much more does the third matrix bring, beside `recorded["error.SwiGLU"]`?
# 3. Another rate: the four networks of the live factorial, with `"training.lr"` at half and at twice the base's. Each rate beside its own base. One run's noise, 0.40 points, is this interaction's too: which change would you call one?
# 4. RoPE without the sine table: `learn("RoPE alone", {"model.rope": "axial", "model.position": "none"})`, and neither, `learn("no place", {"model.position": "none"})`. What is RoPE worth in *that* context?
# 5. Write down the quarter of the design with $I = ABD = ACE$. Which main effects are mixed up with pairs? `quarter = ((signs[:, [0, 1, 3]].prod(1) > 0) & (signs[:, [0, 2, 4]].prod(1) > 0)).nonzero()[:, 0]`; compare `effect([k], quarter)` with all 32.
#
# ## Sources
#
# - J. Yao and X. Wang, *Reconstruction vs. Generation: Taming Optimization Dilemma in Latent Diffusion Models*, 2025, arXiv 2501.01423: LightningDiT; the ladder is its table 1.
# - The reply of August 2025, as the cards of C09, C23 and C24 quote it, from an archived copy.
# - B. Zhang and R. Sennrich, *Root Mean Square Layer Normalization*, 2019, arXiv 1910.07467.
# - N. Shazeer, *GLU Variants Improve Transformer*, 2020, arXiv 2002.05202: SwiGLU at two thirds of the width.
# - J. Su et al., *RoFormer: Enhanced Transformer with Rotary Position Embedding*, 2021, arXiv 2104.09864.
# - A. Henry et al., *Query-Key Normalization for Transformers*, 2020, arXiv 2010.04245; M. Dehghani et al., *Scaling Vision Transformers to 22 Billion Parameters*, 2023, arXiv 2302.05442.
# - P. Esser et al., *Scaling Rectified Flow Transformers for High-Resolution Image Synthesis*, 2024, arXiv 2403.03206: logit-normal times.
# - J. Yao et al., *FasterDiT*, 2024, arXiv 2410.10356: the loss on the velocity's direction.
# - R. A. Fisher, *The Design of Experiments*, 1935; G. Box, J. Hunter and W. Hunter, *Statistics for Experimenters*, 2005, chapters 5 and 6: factorials and their fractions.
# - L. Shapley, *A Value for n-Person Games*, 1953: the mean over all orders.
# - S. Holm, *A Simple Sequentially Rejective Multiple Test Procedure*, 1979.
