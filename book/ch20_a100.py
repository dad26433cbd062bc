# %% [markdown]
# # Chapter 20: From a laptop to an A100, and to eight
#
# | | |
# |---|---|
# | **Question** | Everything in this book ran on one core. Where does the time of a step go, what would an A100 change, what would eight, and which of our verdicts should move? |
# | **You will be able to** | count a block's FLOPs and bytes and place it under a roof; tell what fills a GPU's memory before you rent one; say where bfloat16 is safe and where it stands still; accumulate, split a batch over devices and continue a killed run without changing the run; turn a speed into a share of a peak, into hours, kilowatt hours and money |
# | **Minutes** | 2 on two cores, most of it one small run made twice; about 5 on an A100 with the `a100` settings (an estimate: they have not been run, and have no evidence yet) |
# | **Claims** | none of its own; those of the other chapters, at both scales where both are planned (4 of 24 have no plan for an A100) |
#
# One thing first. No GPU was at hand while this book was written. There is no file of ours that an A100 made, so this chapter has no A100 result either. It measures the small end live. For the large end it takes speeds that others published, and counts what they imply. The last section has a column for our own verdicts at the scale `a100`. Every cell of it is drawn
# from files, and today there are none.

# %%
import json
import tempfile
import time
from functools import partial

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

# %%
import minidit
from minidit import PRESETS, Streams, TrainState, generator, teach
from minidit.claims import tried
from minidit.claims.cards import cards
from minidit.claims.trial import find
from minidit.data import load
from minidit.measure import Evidence, ledger, memory_estimate
from minidit.measure.autoencoders import autoencoder_ledger
from minidit.measure.evidence import locate, smooth
from minidit.model.attention import Attention
from minidit.model.block import Block, Given
from minidit.teach.figures import ACCENT, INK, MUTED
from minidit.training.engine import Engine, in_precision, part
from minidit.training.loop import draw_step
from minidit.training.step import train_step
from minidit.training.world import World
from minidit.types import Batch, Condition

BLUE, GREEN = "#1d6fa5", "#1b7a43"
_ = torch.set_num_threads(1)  # faster at this size than two, and repeatable to the last bit

# %%
run, steps, products = teach.settings(
    cpu=(minidit.experiment("digits"), 500, torch.float32),
    a100=(minidit.experiment("shapes-a100"), 2500, torch.bfloat16),
)
device = teach.device()
half = products is torch.bfloat16

# %% [markdown]
# ## Nine powers of ten
#
# A run of training costs what its steps cost. A step of one image is a pass forwards, and back, which is two more; the ledger of chapter 2 counts the first in multiply-accumulates (MACs), and a MAC is two FLOPs. So a run has $6 \times \mathrm{MACs} \times \mathrm{batch} \times \mathrm{steps}$ FLOPs.


# %%
def flops_of(model, batch, steps):
    """Of a whole training: forwards and back, two FLOPs a MAC."""
    return 6.0 * ledger(model).macs * batch * steps


presets = {name: minidit.experiment(name) for name in ("digits", "shapes", "shapes-a100")}
runs = {
    f"our {name}": flops_of(e.model, e.training.batch_size, e.training.steps) for name, e in presets.items()
}
for size, batches in (("S", 400_000), ("XL", 400_000), ("XL", 7_000_000)):
    runs[f"DiT-{size}/2, {batches / 1e6:g} million steps"] = flops_of(f"DiT-{size}/2", 256, batches)

# %%
figure, panel = plt.subplots(figsize=(6.4, 2.6))
for row, (name, flops) in enumerate(runs.items()):
    panel.plot(flops, row, "o", color=ACCENT if name.startswith("our") else BLUE, markersize=8)
    panel.annotate(f"{flops:.0e}", (flops, row), (9, 0), textcoords="offset points", va="center", fontsize=9)
panel.set(xscale="log", xlabel="FLOPs of the whole training", xlim=(1e11, 1e23))
panel.set_yticks(range(len(runs)), list(runs))
panel.grid(axis="x", color="#e5e9ed")
panel.invert_yaxis()
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Six dots on a logarithmic axis: our digits at 5e11 FLOPs, our shapes at 2e12, our preset for an A100 at 2e16, DiT-S at 4e18, DiT-XL after 400,000 steps at 7e19, and after 7 million steps at 1e21.",
)
print(f"the last is {runs['DiT-XL/2, 7 million steps'] / runs['our digits']:.1e} times the first")

# %% [markdown]
# ## Predict
#
# Commit yourself to three guesses before you read on.

# %%
teach.predict(
    "ch20.core",
    "DiT-XL/2, 7 million steps of 256 images, on one core such as this one, at the speed of its matrix products. It takes",
    choices={"a": "under a year", "b": "1 to 50 years", "c": "more than 50 years"},
    guess=None,
)

# %%
teach.predict(
    "ch20.share",
    "DiT's author measured its training code on eight A100: 0.51 steps a second, 256 images a step, matrix products in float32. Of the\n"
    "312 TFLOP/s that the data sheet promises for bfloat16, the transformer's own FLOPs are",
    choices={"a": "about 4 percent", "b": "about 20 percent", "c": "about 60 percent"},
    guess=None,
)

# %%
teach.predict(
    "ch20.bfloat",
    "Below, one run of 500 steps is made twice, with products in float32 and in bfloat16, which has 8 bits for a number's digits.\n"
    "Beside the scatter of other seeds, the two losses at the end are",
    choices={"a": "further apart than two seeds", "b": "about as far", "c": "much nearer"},
    guess=None,
)

# %% [markdown]
# ## What a block computes, and what it moves
#
# A block of width $D$ on $N$ tokens has seven products, in six parts (chapter 3, chapter 4): queries, keys and values, $3D^2$ weights; the two of attention, $N^2 D$ MACs each, which are one part; attention's output, $D^2$; the MLP, $4D^2$ up and $4D^2$ down; and adaLN, $6D^2$, which works on one vector an image and not on every token. For a batch of $B$:
#
# $$ \mathrm{MACs} = B\,(12 N D^2 + 2 N^2 D + 6 D^2) . $$


# %%
def my_macs(batch, tokens, dim):
    return batch * (12 * tokens * dim**2 + 2 * tokens**2 * dim + 6 * dim**2)


for name in ("digits", "shapes-a100"):
    config = presets[name].model
    counted = sum(ledger(config)[part].macs for part in ("attention", "mlp", "modulation"))
    assert my_macs(1, config.tokens, config.dim) * config.depth == counted
big = ledger("DiT-XL/2")
assert 28 * my_macs(1, 256, 1152) == sum(big[part].macs for part in ("attention", "mlp", "modulation"))
print(f"our line is the ledger's; DiT-XL/2: {big.macs / 1e9:.1f} GMAC, {big.flops / 1e9:.1f} GFLOP")

# %% [markdown]
# Computing is half of it. Numbers must come from memory and go back. A linear layer reads its tokens and its weights, and writes its result; the weights serve the whole batch. A *kernel* is one program that runs over all numbers, and a *fused* one does the work of several. Attention in one fused kernel (chapter 3) reads queries, keys and values and writes their sum; its map never leaves the chip. Added up for the six parts:
#
# $$ \mathrm{numbers} = 18 D^2 + 20\,B N D + 7\,B D . $$


# %%
def my_numbers(batch, tokens, dim):
    return 18 * dim**2 + 20 * batch * tokens * dim + 7 * batch * dim


# %%
def moved_by(block, x, given):
    """The same, counted as the layers run: what they read, their weights, what they write."""
    count = []

    def note(layer, inputs, out):
        own = layer.weight.numel() + inputs[0].numel() if isinstance(layer, nn.Linear) else 3 * out.numel()
        count.append(own + out.numel())

    # of attention only the kernel is meant here: its two linear layers are noted by themselves
    hooks = [m.register_forward_hook(note) for m in block.modules() if isinstance(m, nn.Linear | Attention)]
    with torch.no_grad():
        block(x, given)
    for hook in hooks:
        hook.remove()
    return sum(count)


# %%
def block_of(dim, batch, tokens, heads, where="cpu"):
    """A block, and what it is given: tokens and the condition."""
    with torch.device(where):
        block = Block(minidit.ModelConfig(dim=dim, depth=1, heads=heads))
        return block, torch.randn(batch, tokens, dim), Given(torch.randn(batch, 1, dim))


for dim, batch, tokens in ((64, 16, 16), (1152, 2, 256)):
    found = moved_by(*block_of(dim, batch, tokens, 16, "meta"))
    assert found == my_numbers(batch, tokens, dim)
print("our line is what the layers read and write")

# %% [markdown]
# The two together give one number, the *arithmetic intensity*: FLOPs for each byte that is moved (Williams and others, 2009). Four bytes to a float32 number, two to a bfloat16 one.

# %%
BLOCKS = {
    "digits": (64, 16, 16, 4),
    "shapes": (64, 16, 64, 2),
    "DiT-S/2": (384, 4, 256, 6),
    "DiT-XL/2": (1152, 1, 256, 16),
}


# %%
def intensity(dim, batch, tokens, size):
    return 2 * my_macs(batch, tokens, dim) / (size * my_numbers(batch, tokens, dim))


# %%
print("FLOPs a byte          float32   bfloat16, 32 images on a GPU")
for name, (dim, batch, tokens, _) in BLOCKS.items():
    print(
        f"{name:<9} {batch:>2} images {intensity(dim, batch, tokens, 4):>8.0f} {intensity(dim, 32, tokens, 2):>10.0f}"
    )

# %% [markdown]
# ## The roof
#
# A machine has two speeds: how many FLOPs a second its products reach, and how many bytes a second its memory gives. Whoever needs $I$ FLOPs a byte cannot be faster than $\min(\mathrm{peak},\ I \times \mathrm{bandwidth})$. That is the *roofline*. Left of the ridge, where the two meet, memory decides; right of it, the products do.
#
# We measure both on this machine: a large product, and a large copy. (We take the best of a few tries, since a roof is what *can* be reached. A machine also changes its pace from one second to the next. So the product is timed in turn with the blocks, by the same clock.)
#
# An A100 we know from its data sheet alone, and it has several peaks for products. TF32 takes float32 numbers and rounds them to 10 bits behind the point on their way in. All peaks here are *dense* ones, for matrices in which no number may be left out; the sheet also has some twice as high, for matrices of which every second number is zero.


# %%
def wait():
    """Until a GPU has done what it was told; a processor is never behind."""
    if device == "cuda":
        torch.cuda.synchronize()


def seconds(work, tries=5):
    """The best of a few tries: processor seconds, or seconds of a GPU that has finished."""
    clock, best = (time.process_time if device == "cpu" else time.perf_counter), float("inf")
    for _ in range(tries + 1):  # the first warms up, and is never the best
        wait()
        began = clock()
        work()
        wait()
        best = min(best, clock() - began)
    return best


# %%
# one A100 (SXM, 80 GB) as its data sheet has it: FLOPs a second for dense matrices, bytes a second, watts
PEAK = {"fp32": 19.5e12, "tf32": 156e12, "bf16": 312e12}
MEMORY, WATTS = 2.0e12, 400
side = teach.settings(cpu=1024, a100=8192)
large_product = partial(
    torch.matmul, *(torch.randn(side, side, device=device).to(products) for _ in range(2))
)
rate = 2 * side**3 / seconds(large_product)
source, target = torch.randn(2, 2**24, device=device)
bandwidth = 2 * source.nbytes / seconds(partial(target.copy_, source))  # it is read, and it is written
del source, target

# %%
passes = {name: partial(*block_of(*shape, device)) for name, shape in BLOCKS.items()}
reached = dict.fromkeys(BLOCKS, 0.0)
with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=half):
    for name in 2 * tuple(BLOCKS):  # the product in turn with the blocks, two rounds
        dim, batch, tokens, _ = BLOCKS[name]
        speed = 2 * my_macs(batch, tokens, dim) / seconds(passes[name], 3)
        reached[name] = max(reached[name], speed)
        rate = max(rate, 2 * side**3 / seconds(large_product, 3))

# %% tags=["nbval-ignore-output"]
print(f"products {rate / 1e9:.0f} GFLOP/s, memory {bandwidth / 1e9:.0f} GB/s", end="; ")
print(f"the ridge is at {rate / bandwidth:.0f} FLOPs a byte; an A100's at {PEAK['bf16'] / MEMORY:.0f}")
print(
    f"an A100's products are {PEAK['bf16'] / rate:,.0f} times as fast, its memory {MEMORY / bandwidth:.0f} times"
)
for name, value in reached.items():
    print(f"{name:>9}: {value / 1e9:>6.1f} GFLOP/s, {value / rate:.0%} of the roof")

# %%
figure, panel = plt.subplots(figsize=(6.6, 3.8))
ridge = torch.logspace(-1, 4, 200)
panel.loglog(ridge, (bandwidth * ridge).clamp(max=rate), color=ACCENT, linewidth=2, label="here, measured")
for name, colour in (("bf16", BLUE), ("tf32", GREEN), ("fp32", MUTED)):
    panel.loglog(ridge, (MEMORY * ridge).clamp(max=PEAK[name]), "--", color=colour, label=f"A100, {name}")
for name, mark in zip(BLOCKS, "osD^", strict=True):
    dim, batch, tokens, _ = BLOCKS[name]
    panel.plot(
        intensity(dim, batch, tokens, products.itemsize),
        reached[name],
        mark,
        color=INK,
        label=f"{name}, here",
    )
    at = intensity(dim, 32, tokens, 2)
    panel.plot(at, min(PEAK["bf16"], MEMORY * at), mark, markerfacecolor="none", color=BLUE, markersize=7)
panel.plot([], [], "D", markerfacecolor="none", color=BLUE, label="the same, the most\nthat an A100 could do")
panel.set(xlabel="FLOPs for each byte moved", ylabel="FLOPs a second", ylim=(1e9, 1e15), xlim=(0.1, 1e4))
panel.spines[["top", "right"]].set_visible(False)
panel.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
teach.show(
    figure,
    alt="Rooflines on logarithmic axes. Ours rises and is soon flat; all four blocks lie right of where it bends, DiT-S and DiT-XL near the roof, shapes and digits further below it. An A100's roofs lie far higher, and bend further to the right: hollow marks show the most that the blocks could reach there, digits and shapes on the slope, DiT-S and DiT-XL on the flat part.",
)

# %% [markdown]
# Look at four things.
#
# - Here no block is held back by memory: all lie right of our ridge. DiT's blocks come near the roof. The small ones do not, and neither roof explains it. Something else takes their time; the next section finds it.
# - An A100's products are thousands of times faster than ours, its memory less than a hundred times. So its ridge lies far to the right, and what is bound by products here can be bound by memory there.
# - Hollow marks are ceilings from two numbers of a data sheet, with 32 images. Nobody measured them.
# - Width helps: of the tokens' part, $24 B N D^2$ FLOPs stand over $20 B N D$ numbers, so intensity grows with $D$. And images help, as long as they are few, since they share the weights: one image through DiT-XL uses each weight for 256 tokens, and has less intensity than four through DiT-S.

# %%
core_years = runs["DiT-XL/2, 7 million steps"] / rate / (365 * 24 * 3600)
print("more than 50 years:", core_years > 50)
if device == "cpu":
    teach.compare("ch20.core", "c", "1.3e21 FLOPs at some 1e11 a second; the next cell has the years.")

# %% tags=["nbval-ignore-output"]
print(f"at the rate that was measured: {core_years:,.0f} years")

# %% [markdown]
# ## What the time goes into
#
# PyTorch has a profiler. A few lines do here: they stand between Python and the operations, forwards and back, and note the time inside each. We sort it: products (linear layers and attention), the optimizer with the EMA, and everything else, which is norms, modulation, GELU, sums of gradients. (The time between operations, which is Python's and autograd's, is not seen in this way.) One step of our digits, 16 images; one step of three blocks of DiT-S, on 256 tokens and 4 images.


# %%
def step_of(experiment, batch_size):
    """A function that takes one step of training on random images."""
    config = experiment.model
    changed = {"training.batch_size": batch_size, "training.precision": "bf16" if half else "fp32"}
    state = TrainState.create(experiment.override(changed), 0, device)
    x = torch.randn(batch_size, config.in_channels, *config.image_size)
    batch = Batch(x, Condition(labels=torch.zeros(batch_size, dtype=torch.long))).to(device)
    draw = draw_step(state.experiment, batch, Streams(0), 0)
    return lambda: train_step(state, batch, draw)


# %%
def kind(name):
    """Of one operation, such as aten.addmm.default."""
    if any(word in name for word in ("mm.", "scaled_dot_product", "attention")):
        return "products"
    return "optimizer, EMA" if any(word in name for word in ("adamw", "lerp")) else "the rest"


class Clock(TorchDispatchMode):
    """Seconds inside operations by their kind, and how many there were that compute."""

    def __init__(self):
        super().__init__()
        self.spent, self.count = {"products": 0.0, "optimizer, EMA": 0.0, "the rest": 0.0}, 0

    def __torch_dispatch__(self, operation, types, given=(), named=None):
        began = time.perf_counter()
        result = operation(*given, **(named or {}))
        wait()
        self.spent[kind(str(operation))] += time.perf_counter() - began
        self.count += not operation.is_view
        return result


# %%
def shares(step, repeats):
    """What part of the time inside operations goes where, and how many operations a step has."""
    step()
    with Clock() as clock:
        for _ in range(repeats):
            step()
    total = sum(clock.spent.values())
    return {name: spent / total for name, spent in clock.spent.items()}, clock.count / repeats


# %%
three = presets["shapes-a100"].override({"model.depth": 3})
work = {"digits": step_of(presets["digits"], 16), "DiT-S": step_of(three, 4)}
small, small_operations = shares(work["digits"], 20)
large, large_operations = shares(work["DiT-S"], 2)
needed = {"digits": flops_of(presets["digits"].model, 16, 1), "DiT-S": flops_of(three.model, 4, 1)}
fastest = {}
for name in work:
    fastest[name] = needed[name] / seconds(work[name], 3)
    rate = max(rate, 2 * side**3 / seconds(large_product, 3))  # in turn, as above
of_the_roof = {name: speed / rate for name, speed in fastest.items()}

# %% tags=["nbval-ignore-output"]
for name, found in (("digits", small), ("DiT-S", large)):
    parts = ", ".join(f"{part} {share:.0%}" for part, share in found.items())
    print(f"{name:>7}: {parts}; the step reaches {of_the_roof[name]:.0%} of the roof")
print(f"operations in a step: {small_operations:.0f} and {large_operations:.0f}")

# %%
print("products take a larger share of the step of DiT-S:", large["products"] > small["products"])
print("and its step comes nearer to the roof:", of_the_roof["DiT-S"] > of_the_roof["digits"])

# %% [markdown]
# Products rule what is large. And what rules the small step? Our guess is *overhead*: it has hundreds of operations, each on a handful of numbers, and each costs some microseconds before it computes anything, a product too. A guess can be tested. Overhead does not depend on how many images there are.

# %%
by_images = {n: seconds(step_of(presets["digits"], n), 10) for n in (1, 4, 16, 64)}

# %% tags=["nbval-ignore-output"]
print(", ".join(f"{n} images {1000 * took:.1f} ms" for n, took in by_images.items()))
an_image = (by_images[64] - by_images[1]) / 63
print(f"of the step of 16, {(by_images[1] - an_image) / by_images[16]:.0%} does not depend on the images")

# %%
print("16 times the images, less than four times the time:", by_images[16] < 4 * by_images[1])

# %% [markdown]
# About half of the step of 16 images is there whatever the images are; we saw 40 to 60 percent when we repeated it. (What is there includes AdamW and the EMA, which also compute; by the profile above that is a small part.) So *overhead rules what is small*, though not alone: at 64 images most of the time grows with the images.
#
# On a GPU this is worse, not better. A GPU is told what to do by a processor, one launch for each operation, and a launch takes microseconds as well. Say 5. (That is an assumption; it is of the usual size, and we have no GPU to measure it on.)

# %%
launched, flops = small_operations, needed["digits"]
print(
    f"a digits step has {flops / 1e9:.2f} GFLOP: {flops / PEAK['bf16'] * 1e6:.0f} microsecond of an A100's products"
)
print(
    f"its launches take {launched * 5 / 1000:.0f} ms: at best {flops / (launched * 5e-6) / PEAK['bf16']:.2%} of the peak"
)

# %% [markdown]
# So this book's small networks would not run a thousand times faster on an A100, but a few times. Who moves to a GPU must make the step larger: more images, more tokens, wider layers. That is why the preset `shapes-a100` has 256 tokens, a width of 384 and 256 images a step, and why there are two scales at all.
#
# ## What fills the memory
#
# Between two steps five numbers stand for each parameter: the weight, its gradient, AdamW's two moments, and the average (EMA). Four bytes each, 20 bytes a parameter. And while a step runs, autograd keeps what the way back will need: the *activations*. They grow with the batch.
#
# How many are they? PyTorch calls a hook whenever autograd keeps a tensor. We add up, each storage once, and leave out the weights, which are counted already.


# %%
def my_activations(model, x, t, labels):
    """Bytes that a pass forwards keeps for the way back."""
    own = {parameter.data_ptr() for parameter in (*model.parameters(), *model.buffers())}
    kept = {}

    def keep(tensor):
        store = tensor.untyped_storage()
        kept[store.data_ptr()] = store.nbytes(), tensor  # held, else its place would be given away
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(x, t, labels)
    return sum(size for place, (size, _) in kept.items() if place not in own)


# %%
for batch in (4, 16):
    model = minidit.build(presets["shapes"].model)
    given = torch.randn(batch, 3, 16, 16), torch.rand(batch), torch.zeros(batch, dtype=torch.long)
    counted = memory_estimate(model.config, batch)
    print(
        f"{batch:>2} images: {my_activations(model, *given):>10,} bytes kept; the library says {counted.activations:,}"
    )
    assert counted.weights == 4 * sum(p.numel() for p in model.parameters())
    assert counted.total - counted.activations == 5 * counted.weights

# %% [markdown]
# The library counts the same without a single real number: its tensors have shapes and nothing else (`minidit.measure.memory_estimate`). So we may ask about networks that this machine could not hold.

# %%
WAYS = {
    "float32": {},
    "bfloat16 products": {"precision": "bf16"},
    "and blocks computed again": {"precision": "bf16", "recompute": True},
    "and shared by 8 devices": {"precision": "bf16", "recompute": True, "shards": 8},
}
xl = {name: memory_estimate(PRESETS["DiT-XL/2"], 32, **way) for name, way in WAYS.items()}
# %%
figure, panel = plt.subplots(figsize=(6.2, 2.6))
left = torch.zeros(len(xl))
looks = {"weights": INK, "gradients": MUTED, "optimizer": BLUE, "ema": GREEN, "activations": ACCENT}
for name, colour in looks.items():
    widths = torch.tensor([getattr(found, name) / 1e9 for found in xl.values()])
    panel.barh(
        list(xl),
        widths,
        left=left,
        color=colour,
        label=name.replace("optimizer", "AdamW").replace("ema", "EMA"),
    )
    left += widths
panel.axvline(40, color=INK, linestyle=":")
panel.text(39.5, 3.3, "a card of 40 GB", ha="right", fontsize=9)
panel.set(xlabel="GB on one device, DiT-XL/2, 32 images", xlim=(0, 42))
panel.invert_yaxis()
panel.spines[["top", "right"]].set_visible(False)
panel.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
teach.show(
    figure,
    alt="Four stacked bars below a line at 40 GB. In float32 35 GB, of which 21 are activations; with bfloat16 products 28; with blocks computed again 15, of which 13.5 do not depend on the batch; shared by eight devices 3.3.",
)

# %%
for name, found in xl.items():
    print(f"{name:<26}{found.total / 1e9:>6.1f} GB, of which activations {found.activations / 1e9:.1f}")
for name in ("float32", "bfloat16 products"):
    twice = memory_estimate(PRESETS["DiT-XL/2"], 64, **WAYS[name]).activations
    an_image = (twice - xl[name].activations) / 32
    copies = (xl[name].activations - 32 * an_image) / 1e9
    print(f"{name:<26}{an_image / 1e9:.3f} GB an image, and {copies:.2f} GB of copies of the weights")

# %% [markdown]
# - *bfloat16 products* halve what the products keep. Norms and sums stay in float32, so an image saves 40 percent and not half. And autocast keeps a bfloat16 copy of the weights until the way back is done, 2 bytes a parameter. The 20 bytes stay 20.
# - *Computing again* (Chen and others, 2016) keeps of each block only its input, and runs the block forwards once more on the way back. It costs a third more FLOPs, and takes nine tenths of the activations away.
# - *Sharing out* (ZeRO, FSDP) gives each of $N$ devices an $N$-th of the 20 bytes; weights are gathered block by block when they are needed.
#
# Can we trust the count? fast-DiT, a faster version of DiT's training code, published what it measured for DiT-XL/2 with 128 images on one A100 of 80 GB.

# %%
again = {"recompute": True}
published = {
    "as it is": ({}, "does not fit into 80 GB"),
    "blocks computed again": (again, "44.0 GB, with the autoencoder that encodes"),
    "and half precision": (again | {"precision": "bf16"}, "40.5 GB, with the autoencoder that encodes"),
    "and images encoded before": (again | {"precision": "bf16"}, "27.5 GB"),
}
for name, (way, measured) in published.items():
    count = memory_estimate(PRESETS["DiT-XL/2"], 128, **way).total / 1e9
    print(f"{name:<26} counted {count:>5.1f} GB; measured: {measured}")

# %% [markdown]
# The first does not fit by our count either. Encoding with the autoencoder takes 13 GB, say the last two lines of theirs. Even without it their 27.5 GB lie 7.5 above our count, and we can only guess why. What was measured may include the CUDA context, and memory that PyTorch's allocator holds for later. The training script loads the autoencoder even where it does not use it. AdamW may work on copies of all weights at once. Where attention is not fused, its maps are kept. (And if their MB are MiB, the gap is 1.3 GB wider.)
#
# Take a count as a lower bound. Leave a third of the card free: that is a rule of thumb, and no result.
#
# ## Eight bits
#
# bfloat16 has the range of float32 and 8 bits for the digits, one of them not written down. Between 1 and 2 its steps are 1/128. That is enough for a matrix product: it rounds its *inputs* and its *result* to bfloat16, and keeps the sum inside in float32. It is not enough for anything that grows by small amounts and is stored in between.

# %%
ones = torch.ones(1, 4096, dtype=torch.bfloat16)
print("4096 ones, added up inside a product of bfloat16 matrices:", (ones @ ones.T).item())

# %%
total = torch.zeros((), dtype=torch.bfloat16)
for _ in range(1000):
    total += 1
print("a thousand ones, added up in bfloat16:", total.item())

# %%
weight = torch.ones((), dtype=torch.bfloat16)
print("1 + 0.001, a thousand times:", sum([torch.tensor(0.001, dtype=torch.bfloat16)] * 1000, weight).item())

# %%
average, goal = torch.zeros(2, dtype=torch.bfloat16), torch.tensor([1.0, -1.0], dtype=torch.bfloat16)
for _ in range(20_000):
    average.lerp_(goal, 1e-4)
print("an EMA with decay 0.9999, after 20,000 steps towards 1:", round(average[0].item(), 3))

# %% [markdown]
# The sum stops at 256, since 257 is no bfloat16 number. The weight never moves: its step is a thousandth of it, and the next number is eight times as far. The average walks a little and then stands still. In float32 they would be 1000, 2 and 0.865.
#
# So weights, moments and averages stay float32, the *master weights* of Micikevicius and others (2017), and only the products are done in bfloat16. (They wrote of float16, which has a small range: its loss must be scaled up, lest small gradients become zero. bfloat16 has float32's range and needs no such thing.) PyTorch's `autocast` does it operation by operation. We look at what passes through one block.

# %%
block, x, given = block_of(64, 2, 16, 4)
seen = {}
for name, layer in block.named_modules():
    if name in ("attention.qkv", "mlp.down", "attention_norms.0"):
        layer.register_forward_hook(lambda _, __, out, name=name: seen.update({name: out.dtype}))
with torch.autocast("cpu", torch.bfloat16):
    out = block(x, given)
print("weights", block.mlp.up.weight.dtype, "| what comes out", out.dtype)
for name, dtype in seen.items():
    print(f"{name:>18}: {dtype}")

# %% [markdown]
# The stream of tokens stays float32. Linear layers read and write bfloat16 inside. The library does no more than that, around the whole network; the loss and all behind it is float32.


# %%
def in_bfloat16(model):
    def network(x, t, condition=None, **options):
        with torch.autocast(x.device.type, torch.bfloat16):
            return model(x, t, condition, **options).float()

    return network


model = minidit.build(presets["digits"].model, zero_init="none")  # else it would answer 0
asked = torch.randn(8, 1, 8, 8, generator=generator(0, "chapter 20")), torch.rand(8), torch.arange(8)
mine, theirs = (f(*asked) for f in (in_bfloat16(model), in_precision(model, "bf16")))
assert torch.equal(mine, theirs)
off = (mine - model(*asked)).norm() / model(*asked).norm()
print("ours is the library's; the answer is off by less than two percent:", off.item() < 0.02)

# %% [markdown]
# Now the live run. Seed 0 of chapter 1's digits, 500 steps, twice: as always, and with `training.precision=bf16`. Same images, same noise, same start. (The axis says *velocity error*; that is what this run has for a loss.)

# %%
data, losses = load(run.data), {}
for name, precision in {"float32": "fp32", "bfloat16": "bf16"}.items():
    state = TrainState.create(run.override({"training.precision": precision}), 0, device)
    records = minidit.train(state, data, steps)
    losses[name] = [record.loss for record in teach.progress(records, name, steps)]

# %%
recorded = Evidence.read("digits") if teach.scale() == "cpu" else None
figure = teach.curves(losses["bfloat16"], recorded)
figure.axes[0].lines[-1].set_label("this run, bfloat16")
figure.axes[0].set_xlim(0, 1.1 * steps)
figure.axes[0].plot(*smooth(losses["float32"]), ":", color=INK, linewidth=2.5, label="the same in float32")
figure.axes[0].legend(frameon=False, fontsize=8)
teach.show(
    figure,
    alt="The loss of the run with bfloat16 products over 500 steps lies within the recorded band of five seeds in float32, and falls as they do. The same run in float32, dotted, cannot be told from it.",
)

# %%
ends = {name: sum(values[-50:]) / 50 for name, values in losses.items()}
if recorded:
    at = recorded.runs[0].steps.index(steps)
    others = torch.tensor([one.losses[at] for one in recorded.runs])
    print(
        "inside the band of the recorded seeds:",
        {n: v in recorded.loss_bands[steps] for n, v in ends.items()},
    )
    apart = abs(ends["bfloat16"] - ends["float32"])
    print("nearer than a quarter of the seeds' deviation:", apart < others.std().item() / 4)
    teach.compare("ch20.bfloat", "c", "another start matters far more than eight bits in the products.")

# %% [markdown]
# (This verdict rests on one seed of each. The recorded seeds differ in their start and in the order of their images, so this is a coarse measure. It says that a coarse reader would not notice. And 500 steps of a small network say nothing of seven million of a large one; that training at scale works so is known from others.)
#
# Was it faster? Here no: casting costs more than it brings at this width. See below.
#
# ## One graph
#
# Where the rest of the time goes: norm, modulation, gate, residual, GELU. These compute little and move much. We count what a block moves outside its products if every operation reads and writes memory, as it does when nothing is compiled. Products are in bfloat16, the stream of tokens stays float32, and must be cast for the products. In units of $BND$, the tokens once, these are bytes:
#
# | operation | bytes read and written |
# |---|---|
# | norm, float32, twice | 2 x (4 + 4) |
# | modulation, x * (1 + scale) + shift, as one operation, twice | 2 x (4 + 4) |
# | cast to bfloat16, twice | 2 x (4 + 2) |
# | gate and residual, as one operation, twice | 2 x (2 + 4 + 4) |
# | GELU on four times the width, bfloat16 | 4 x (2 + 2) |
#
# That is 80, and the products' own are $20 \times 2 = 40$. So two thirds of what an uncompiled block moves computes next to nothing. (The weights are cast too, once for the whole batch. That is left out.) A compiler (`torch.compile`) sees the graph, and writes one kernel for a norm with its modulation and its cast, one for a GELU with the bias before it. What was written and read again stays on the chip.
#
# On an A100 the two kinds take turns: products at their roof, and the rest at the memory's speed.

# %%
REST = 2 * (4 + 4) + 2 * (4 + 4) + 2 * (4 + 2) + 2 * (2 + 4 + 4) + 4 * (2 + 2)


def on_an_a100(dim, batch, tokens):
    """FLOPs a byte of a whole block, and the products' part of the time if both kinds reach their roof."""
    flops, moved = 2 * my_macs(batch, tokens, dim), 2 * my_numbers(batch, tokens, dim)
    rest = REST * batch * tokens * dim
    in_products = max(flops / PEAK["bf16"], moved / MEMORY)
    return flops / (moved + rest), in_products / (in_products + rest / MEMORY)


assert REST == 80
print(f"the ridge is at {PEAK['bf16'] / MEMORY:.0f} FLOPs a byte")
for name in ("DiT-S/2", "DiT-XL/2"):
    dim, _, tokens, _ = BLOCKS[name]
    (all_of_it, share), alone = on_an_a100(dim, 32, tokens), intensity(dim, 32, tokens, 2)
    print(
        f"{name:<9}{alone:.0f} FLOPs a byte in its products, {all_of_it:.0f} with the rest; products take {share:.0%} of the time"
    )

# %% [markdown]
# Even at both roofs, then, the products of an uncompiled DiT-S would take less than half of the time, and those of DiT-XL two thirds. (A count, again. Nobody measured it.)
#
# Compiling takes too long to do it live. Here is what was recorded for two networks on one thread: our digits, and a wide one (384, four blocks, 64 tokens, 4 images).

# %%
compilation = Evidence.read("compilation")


def rounds(name):
    return torch.tensor(compilation.readout(name))


def spread(values, digits=1):
    """The smallest and the largest of the three rounds."""
    return f"{values.min():,.{digits}f} to {values.max():,.{digits}f}"


# %%
for name in ("digits", "wide"):
    plain, compiled, low = (rounds(f"ms.{way}.{name}") for way in ("plain", "compiled", "bf16"))
    first = rounds(f"first.compiled.{name}")
    print(
        f"{name}, three rounds: plain {spread(plain)} ms a step, compiled {spread(compiled)}, bfloat16 {spread(low)}"
    )
    back = (1000 * first / (plain - compiled)).round(decimals=-2)
    print(f"{'':>8}compiling takes {spread(first, 0)} s; paid back after about {spread(back, 0)} steps")
    assert (plain > compiled).all()

# %% [markdown]
# On a processor one graph saves our digits a tenth to a quarter of a step, and the wide network one to five percent. The compiler's half minute comes back after thousands of steps, and three rounds do not say how many; the run of digits has 1500. bfloat16 products pay where products rule, a quarter in the wide network, and cost a sixth to almost a half of a step where overhead rules, since every cast is an operation more. (This core has instructions for bfloat16. One that has none only loses.)
#
# On a GPU both change: launches and memory weigh more, so one graph saves more, and bfloat16 products have units of their own. `minidit train` has `--compile` and `training.precision=bf16`. Neither has been timed on a GPU by us.
#
# ## A batch in parts, on one device or on eight
#
# A loss is a mean over images. So is its gradient, and a mean can be made of parts: weigh each part by its share of the images. One device does the parts one after the other (*accumulation*), several do them at once. It is the same sum.
#
# Chance must not get in the way. minidit draws the whole batch's times, noise and hidden labels from the run's stream for that step, whoever asks, and each process takes its slice.

# %%
digits = load(presets["digits"].data)
state = TrainState.create(presets["digits"].override({"model.zero_init": "none"}), 0)
batch = digits.train.batch(Streams(0), 7, 16)
draw = draw_step(state.experiment, batch, Streams(0), 7)


def gradients(rows):
    """Of the mean loss over these images, all in one vector."""
    # `part` cuts every tensor of a batch, or of its draws
    loss = state.experiment.objective.loss(state.model, part(batch, rows), part(draw, rows)).total
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(state.model.parameters()))])


# %%
whole = gradients(slice(0, 16))
for cuts in ((8, 8), (4, 4, 4, 4), (7, 7, 2)):
    starts = [sum(cuts[:k]) for k in range(len(cuts))]
    pieces = [gradients(slice(s, s + n)) for s, n in zip(starts, cuts, strict=True)]
    mine = sum(n / 16 * piece for n, piece in zip(cuts, pieces, strict=True))
    assert_close(mine, whole, rtol=0, atol=1e-6)
    off = (sum(pieces) / len(pieces) - whole).norm() / whole.norm()  # every part counts the same
    print(f"parts of {cuts}: weighed, equal to 1e-6; a plain mean is off by {off:.0%}")

# %%
state.optimizer.zero_grad()
Engine(state, micro_batch=7)(batch, draw)  # the library's way: 7 at once, and what is left
theirs = torch.cat([parameter.grad.flatten() for parameter in state.model.parameters()])
assert_close(mine, theirs, rtol=0, atol=1e-6)
print("our weighed parts are the library's engine")

# %% [markdown]
# The last line is the trap. A plain mean of the parts is right as long as all have one size. (To add up and never divide is the other: the step is then as many times too long as there are parts. With AdamW nobody sees it in the loss, since AdamW divides by the size of the gradient; clipping and the logged norm are wrong.)
#
# And the noise? If each process draws its own, from one seed, this happens:

# %%
together = torch.randn(16, 1, 8, 8, generator=generator(0, "noise", 7))
own = [torch.randn(2, 1, 8, 8, generator=generator(0, "noise", 7)) for _ in range(8)]
print("different noises among 16 images:", len({x.numpy().tobytes() for x in torch.cat(own)}))
each = [World(rank, size=8).share(16) for rank in range(8)]  # slices of the batch: 0:2, 2:4, ...
slices = [torch.randn(16, 1, 8, 8, generator=generator(0, "noise", 7))[mine] for mine in each]
print("drawn whole and sliced: as on one device?", torch.equal(torch.cat(slices), together))

# %% [markdown]
# Two noises for sixteen images, and no error message. A seed for each process mends that, and makes the run another one for every number of processes. Slices of one draw do neither. What do they cost?

# %% tags=["nbval-ignore-output"]
for name, images in (("digits", 16), ("shapes-a100", 256)):
    e = presets[name]
    zeros = torch.zeros(images, e.model.in_channels, *e.model.image_size)
    given = Batch(zeros, Condition(labels=torch.zeros(images, dtype=torch.long)))
    took = seconds(partial(draw_step, e, given, Streams(0), 7))
    print(f"{name}: all chance of a step of {images} images takes {1000 * took:.2f} ms of one core")

# %% [markdown]
# At digits' size that is next to nothing. At 256 images of `shapes-a100` it is some milliseconds, and every process pays them. For a GPU they are made on a second thread while it works on the step before (`training.loop.ahead`), so that it should not wait for them. Whether it does we have not measured.
#
# ### What eight devices must tell each other
#
# Each has the gradient of its images, all need the mean: an *all-reduce*. In a ring, each sends one $N$-th to its neighbour, adds what it got, and sends that on. After $N - 1$ rounds every device holds one part, summed; after $N - 1$ more, all parts have gone round. Each device sends $2 (N - 1) / N$ times the gradient: less than twice, however many they are.


# %%
def ring(vectors):
    """All-reduce of one vector a device: the sums, and how many numbers each device sent."""
    n, sent = len(vectors), 0
    held = [list(v.clone().chunk(n)) for v in vectors]  # held[device][piece]
    for turn in range(2 * n - 2):
        moves = [(d, (d - turn) % n) for d in range(n)]
        passed = [held[d][k].clone() for d, k in moves]
        for (d, k), numbers in zip(moves, passed, strict=True):
            neighbour = held[(d + 1) % n]
            neighbour[k] = neighbour[k] + numbers if turn < n - 1 else numbers
        sent += passed[0].numel()
    return [torch.cat(pieces) for pieces in held], sent


# %%
each = [gradients(slice(2 * r, 2 * r + 2)) for r in range(8)]
each = [g[: len(g) // 8 * 8] for g in each]  # a number of parts that divides
sums, sent = ring(each)
for found in sums:
    assert_close(found / 8, whole[: len(found)], rtol=0, atol=1e-6)
assert sent == 2 * 7 * len(each[0]) // 8
print("all eight hold the mean gradient; each sent", sent / len(each[0]), "times its length")

# %% [markdown]
# How long does that take? *NVLink* is NVIDIA's wiring between the GPUs of one machine.

# %%
gradient = 4 * big.parameters
for name, per_second in (("NVLink, 300 GB/s each way", 300e9), ("a network of 10 Gbit/s", 1.25e9)):
    took = 2 * 7 / 8 * gradient / per_second
    print(f"DiT-XL/2, {gradient / 1e9:.1f} GB of gradients, over {name}: {took:.3g} s of a step of 1.2 s")

# %% [markdown]
# (1.2 s is the published step of eight A100 with TF32, see below.) Inside one machine the sending hides behind the way back, which makes gradients from the last block to the first. Over a plain network it would take three times as long as the step itself.
#
# Sharing out the weights (FSDP) sends more: weights are gathered once forwards and once on the way back, gradients are summed into their owners' parts. That is $3 (N - 1) / N$ in place of $2$, for an $N$-th of the memory.
#
# In a terminal, on one device and on eight, the same run:
#
# ```
# minidit train shapes-a100 --compile
# torchrun --nproc-per-node 8 -m minidit train shapes-a100 --compile
# ```
#
# (The preset has `training.precision=bf16`.) The losses are the same up to rounding. `--micro-batch 32` accumulates, `--recompute` computes blocks again, `--shard` shares the weights out (FSDP); each changes how a step is computed, and not what. Before the first step the command says what memory and time it will take, and refuses what does not fit. Several processes were tried on two cores, with a network of a few thousand
# parameters; on GPUs not yet.
#
# ## What survives
#
# A long run is killed: by a full disk, by the end of a rental, by the queue that gave the machine. What must be kept of it? Whatever the next step reads: weights, AdamW's moments, the average, and how many steps were done. And the state of chance, if it has any. Here it has none, since every draw has a name, so there is nothing to forget.


# %%
def walk(state, until, **options):
    """Train until so many steps are done; what the run said on the way."""
    return [record.said for record in minidit.train(state, digits, until, **options) if record.said]


def same_weights(one, other):
    pairs = zip(one.model.state_dict().values(), other.model.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


# %%
killed, straight = (TrainState.create(presets["digits"], 0) for _ in range(2))
with tempfile.TemporaryDirectory() as folder:
    walk(killed, 20)
    path = killed.save(folder)
    again = TrainState.load(folder)
    size = sum(file.stat().st_size for file in path.parent.iterdir() if file.is_file())
walk(again, 25)
walk(straight, 25)
print("20 steps, killed, 5 more; or 25 straight. Equal to the last bit:", same_weights(again, straight))
each = size / sum(parameter.numel() for parameter in killed.model.parameters())
print(f"kept: {each:.0f} bytes a parameter: weights, two moments, the average")

# %% [markdown]
# 16 of the 20 bytes: gradients are made anew. For DiT-XL/2 that is 11 GB a checkpoint.
#
# A run can also kill itself: one broken gradient, and all weights are `nan`. minidit then goes back to its last checkpoint. But a run that only goes back meets the same draws, and breaks again. So it passes over the draws in between, as PaLM's authors did at spikes of the loss. Let us break one step.


# %%
def once_broken(state, at):
    """An engine that once gives a loss and gradients that are no numbers."""
    engine = Engine(state)

    def call(batch, draw):
        loss = engine(batch, draw)
        if (state.step, state.skipped) != (at, 0):
            return loss
        for parameter in state.model.parameters():
            parameter.grad.mul_(float("nan"))
        return loss * float("nan")

    return call


run_on = TrainState.create(presets["digits"], 0)
with tempfile.TemporaryDirectory() as folder:
    said = walk(run_on, 25, folder=folder, save_every=10, lives=1, engine=once_broken(run_on, 17))

# %% tags=["nbval-ignore-output"]
print(*said)

# %%
print(f"{run_on.step} steps are done, and {run_on.skipped} draws were passed over")
print("all weights are finite:", all(x.isfinite().all().item() for x in run_on.model.state_dict().values()))

# %% [markdown]
# Two rules more, which cost little. Write a checkpoint whole or not at all: to another name, then rename. And write one when you are told to stop: SIGTERM comes before the plug is pulled. `minidit train` does both.
#
# ## How fast are they really?
#
# A speed in steps a second says little. The share of the peak says more: *utilisation*, the FLOPs that the network needs, over those that the devices could have done (Chowdhery and others, 2022). What is computed twice counts once. Five published speeds of DiT-XL/2. The first two are of eight devices together, which also encode the images; fast-DiT is one device, half precision, images encoded before, blocks computed again. The last two are hours that we read off a plot, 400,000 steps; that they are of bfloat16 is our assumption.

# %%
step_flops = flops_of("DiT-XL/2", 256, 1)
hour = 3600
SPEEDS = {  # images a second on one A100, and the precision
    "DiT's code, float32": (0.51 * 256 / 8, "fp32"),
    "the same, TF32": (0.81 * 256 / 8, "tf32"),
    "fast-DiT": (0.84 * 128, "bf16"),
    "DiT, by TREAD's authors": (400_000 * 256 / (240 * hour), "bf16"),
    "TREAD, by its authors": (400_000 * 256 / (147 * hour), "bf16"),
}
saved = ledger("DiT-XL/2", route="tread", training=True).macs / big.macs  # the published route

# %%
print(f"{'':<24}{'images/s':>9}{'TFLOP/s':>9}   of its own peak   of bfloat16's")
for name, (per_second, precision) in SPEEDS.items():
    flops = per_second * step_flops / 256 * (saved if "TREAD, by" in name else 1)
    print(
        f"{name:<24}{per_second:>9.0f}{flops / 1e12:>9.1f}{flops / PEAK[precision]:>10.0%}, {precision:<5}",
        end="",
    )
    print(f"{flops / PEAK['bf16']:>14.0%}")
plot = SPEEDS["DiT, by TREAD's authors"][0] / SPEEDS["TREAD, by its authors"][0]
print(f"TREAD: {1 - saved:.0%} fewer FLOPs by our ledger, {1 - plot:.0%} fewer hours by the plot")

# %%
teach.compare("ch20.share", "a", "most of an A100 is in units that float32 never touches.")

# %% [markdown]
# - In float32 DiT's code used *60 percent* of what float32 can do, which is very good. It was 4 percent of the machine. Two lines that allow TF32 gave three fifths more images a second.
# - Each of those steps also encoded its images with sd-vae (chapter 15; the next cell has its FLOPs). That is not in the table. What share of the peak it makes cannot be told: PyTorch lets convolutions use TF32 unless it is forbidden.
# - fast-DiT's 25 percent are 33 if the blocks computed again are counted. Say which you mean.
# - By our ledger TREAD computes 42 percent less; by the hours that we read off a plot it takes 39 percent less time. Its utilisation is nearly the same.
#
# A utilisation is no quality. A run that wastes FLOPs on what it does not need has a fine one.

# %%
encode = autoencoder_ledger("sd-vae").encode.flops  # frozen: forwards alone
print(
    f"TFLOP an image: encoder {encode / 1e12:.2f}, transformer forwards and back {step_flops / 256 / 1e12:.2f}"
)
both = SPEEDS["DiT's code, float32"][0] * (step_flops / 256 + encode)
print(f"DiT's code in float32, with the encoder in it: {both / 1e12:.1f} TFLOP/s on each device")

# %% [markdown]
# ## Money and energy
#
# At its 400 watts (the SXM card; the one for a PCIe slot has 300) an A100 that reached its peak would spend $400 / 312 \cdot 10^{12}$ joules for a FLOP, 1.3 picojoules. At the utilisation of DiT by TREAD's authors, 27 percent, it spends nearly four times that, if it still draws 400 W (it may draw less; we have not measured it). From there on it is multiplication.


# %%
def bill(flops, used, price):
    """Device hours, kilowatt hours of the devices alone, and their price."""
    hours = flops / (used * PEAK["bf16"]) / hour
    return hours, hours * WATTS / 1000, hours * price


# %%
taken = SPEEDS["DiT, by TREAD's authors"][0] * step_flops / 256 / PEAK["bf16"]
PRICE = 2.0  # for an hour of one A100: your number, in your money
print(
    f"{WATTS / PEAK['bf16'] * 1e12:.1f} pJ a FLOP at the peak; at {taken:.0%} {WATTS / PEAK['bf16'] / taken * 1e12:.1f}"
)
for name in list(runs)[2:]:
    hours, energy, money = bill(runs[name], taken, PRICE)
    print(f"{name:<31}{hours:>9,.1f} hours {energy:>8,.0f} kWh {money:>9,.0f} in money")

# %% [markdown]
# The last line agrees with the 4,200 hours of TREAD's plot because 27 percent was taken from that plot. It is no second witness.
#
# The slider moves the utilisation. Everything else stays as assumed: 400 W, the dense bfloat16 peak, 2 for an hour. Cooling, the host, failed runs and all the runs that came before the one in the paper are not in it.


# %%
def frame(used):
    """Hours, energy and price of the four sizes, 7 million steps each."""
    figure, panel = plt.subplots(figsize=(5.6, 2.4))
    sizes = [f"DiT-{size}/2" for size in ("S", "B", "L", "XL")]
    bills = [bill(flops_of(size, 256, 7_000_000), used, PRICE) for size in sizes]
    for row, (hours, energy, money) in enumerate(bills):
        panel.plot(hours, row, "o", color=BLUE, markersize=8)
        words = f"{hours:,.0f} h, {energy:,.0f} kWh, price {money:,.0f}"
        panel.annotate(words, (hours, row), (9, 0), textcoords="offset points", va="center", fontsize=9)
    panel.set(
        xscale="log", xlim=(30, 1e7), ylim=(-0.5, 3.5), xlabel="A100 hours for 7 million steps of 256 images"
    )
    panel.set_yticks(range(len(sizes)), sizes)
    panel.grid(axis="x", color="#e5e9ed")
    panel.invert_yaxis()
    panel.spines[["top", "right"]].set_visible(False)
    return figure


USED = (0.04, 0.1, taken, 0.5, 1.0)
teach.Frames(
    [frame(used) for used in USED],
    [f"{used:.0%} of the peak" for used in USED],
    "utilisation",
    alt="A100 hours for DiT of four sizes on a logarithmic axis, with hours, kilowatt hours and price beside each. A slider moves the utilisation from 4 to 100 percent: DiT-XL/2 takes about 28,000 hours at 4 percent, 4,200 at 27 and 1,100 at the peak.",
    still=2,
)

# %% [markdown]
# ## Real pictures
#
# What does a quarter of an hour on one core give, on data that others use too? Fashion-MNIST and CIFAR-10, a network of 0.7 million parameters each, no GPU. The top row are held-out images; below it two samples of each class, drawn with guidance 2.


# %%
def top_of(name):
    """Of the recorded picture class names, real images, and two rows of samples."""
    picture = plt.imread(locate(f"{name}.png"))
    return picture[: int(0.452 * len(picture))]


figure, panels = plt.subplots(2, 1, figsize=(6, 4.7))
for panel, name in zip(panels, ("fashion", "cifar10"), strict=True):
    panel.imshow(top_of(name))
    panel.axis("off")
figure.subplots_adjust(0, 0, 1, 1, hspace=0.02)
teach.show(
    figure,
    alt="Two tables of ten columns, a class each; in each a row of held-out images over two rows of samples. Fashion-MNIST: trousers, boots, bags and sneakers are clear, sandals fall to pieces. CIFAR-10: blurs, some in a colour of their class, such as a pale blue for planes and green for frogs; hardly an object can be named.",
)

# %% [markdown]
# How good are they? A judge, a small classifier that was trained on the same training images, reads 10,000 samples, drawn without guidance. Its features give the Fréchet distance; beside it stands the floor, which as many real images get.

# %%
for name in ("fashion", "cifar10"):
    one = Evidence.read(name)
    made, found = minidit.Experiment.from_dict(one.experiment), one.runs[0].readouts
    whole = flops_of(made.model, made.training.batch_size, made.training.steps)
    print(
        f"{name:>7}: {one.runs[0].cpu_seconds / 60:.0f} minutes on one thread of an {one.environment['processor']}, {whole:.1e} FLOPs"
    )
    print(
        f"{'':>9}read as their class {found['accuracy.w1']:.0%}, real images {found['judge_accuracy_on_held_out']:.0%}; "
        f"distance {found['frechet_distance.w1']:.1f}, floor {found['frechet_floor.w1']:.1f}; copies {found['copied.w1']:.1%}"
    )

# %% [markdown]
# Most clothes can be told. On CIFAR-10 there are blurs, and hardly an object. The judge reads 29 percent of the samples as their class. Ten would be chance, and of real images it reads 53. (A judge that weak says little.) DiT-XL/2's seven million steps have some forty million times these FLOPs: which part of the difference is the training, which the network and which the data, one seed of each cannot say. (How they were made stands in the project's log, `book/LOG.md`. For an A100 there are `fashion-a100`, `cifar10-a100` and
# others, of 10 to 60 minutes each by arithmetic. Nobody has run them yet.)
#
# ## The same experiments at both scales
#
# Most cards of this book have a second plan, for one A100. What it changes for the base of each, besides products in bfloat16:

# %%
for name in ("shapes", "shapes-a100"):
    e = presets[name]
    print(
        f"{name:<12}{e.model.tokens:>4} tokens, width {e.model.dim}, {e.model.depth:>2} blocks, {ledger(e.model).parameters / 1e6:>5.1f} million parameters, "
        f"{e.training.steps} steps of {e.training.batch_size}: {runs[f'our {name}']:.1e} FLOPs"
    )
planned = [card.scale("a100").budget_core_minutes for card in cards() if "a100" in card.scales]
print(f"{len(planned)} cards have a plan for an A100: {sum(planned) / 60:.0f} hours of it in all")

# %% [markdown]
# And here they stand, side by side: `+` supported, `-` refuted, `?` inconclusive.

# %%
MARKS = {"supported": "+", "refuted": "-", "inconclusive": "?", "stale": "stale"}


def marks(card, scale):
    """The verdicts of a card at a scale, a letter and a mark each."""
    if scale not in card.scales:
        return "not planned"
    if find(card, scale) is None:
        return "no evidence yet"
    return " ".join(letter + MARKS[word] for letter, word in tried(card.id, scale).words.items())


# %%
print(f"{'':<5}{'cpu':<32}{'a100':<18}")
for card in cards():
    print(f"{card.id:<5}{marks(card, 'cpu'):<32}{marks(card, 'a100'):<18}{card.title}")

# %%
here = {card.id: tried(card.id, "a100") for card in cards() if "a100" in card.scales and find(card, "a100")}
moved = [
    f"{name}.{letter}"
    for name, there in here.items()
    for letter, word in there.words.items()
    if word != tried(name).words[letter]
]
print(
    f"cards tried at both scales: {len(here)}; verdicts that moved: {', '.join(moved) or 'none can be known'}"
)

# %% [markdown]
# So which verdicts moved? Nobody knows. What one can do without a GPU is to say *beforehand* which should, and why, so that whoever runs the cards can prove us wrong. (`minidit claims run C20 --scale a100`.)
#
# One reason can be measured here. Cards at *equal time* paid with seconds of one core. On a core, operations that compute little are dear. How much dearer than their FLOPs were the arms?

# %%
calibration = json.loads(locate("calibration.json").read_text())["claims"]
for name in ("C17", "C20", "C24"):
    arms, cost = tried(name).trial.arms, calibration[f"{name}.cpu"]["seconds_per_step"]
    for arm in [arm for arm in cost if arm != "base"]:
        flops = arms[arm].flops_per_step / arms["base"].flops_per_step
        print(f"{name} {arm:<24} FLOPs x {flops:.2f}, time x {cost[arm] / cost['base']:.2f}")

# %% [markdown]
# Our bets, as a reader's predictions. None is a result.
#
# - **C24.b, the upgrades at equal time.** Their FLOPs are the base's, and their steps took 1.4 times as long: SwiGLU, RMSNorm and RoPE are several small operations each. One compiled graph makes those nearly free. We expect C24.b to move from open towards supported.
# - **C20.a, the route at equal time.** It saves 31 percent of the FLOPs and 21 percent of the time here. At full size it saves 42 percent of the FLOPs by our ledger, and 39 percent of the time by a plot of TREAD's authors (the table above). We expect the cost to fall nearer to the FLOPs, and a gain at equal computation (C08.a, supported) to show at equal time. Whether the loss at equal *steps* (C04.a, refuted) moves, as TREAD's FIDs say, we would not bet on.
# - **C24.a, patch size 1.** 5.64 times the FLOPs for four times the tokens stay 5.64 times the FLOPs. A larger machine forgives that only if the longer run no longer gains. No bet.
# - **C01.e, post-norm without gates at depth 16.** It fails here in every seed, and its reason is the depth, which does not change with the scale. We expect it to stay supported that it fails.
# - **What cannot move:** what was counted. C01.a, C06.e and C15.a to d are facts about formulas and layers.
#
# A verdict that moves is no embarrassment. It is the finding that two scales exist to make.
#
# ## What would change our mind
#
# We said: overhead rules the small step and products the large one; bfloat16 products do not matter and bfloat16 sums do; parts, processes and a kill leave a run as it was; and published speeds of DiT-XL/2 use about a quarter of an A100, or less. This would overturn it:
#
# - a digits step on a GPU that takes three times as long with 8 times the images;
# - a memory measured on a GPU that lies *below* our count;
# - seeds of a long run in which bfloat16 products end outside the band of float32;
# - a run on eight devices whose loss departs from that on one by more than rounding;
# - the counting of FLOPs that others do, if it is not ours: someone who counts MACs finds half of our utilisations, and someone who counts the encoder more.
#
# And these we do not know: what an A100 draws in watts while it trains a DiT; how much compiling saves there; whether any of our verdicts holds at the second scale.
#
# ## Exercises
#
# Six exercises ask for a function each: FLOPs and bytes of a block, memory of AdamW plus EMA, accumulation, the noise of one process among several, a checkpoint that continues exactly, and the share of a peak. In a terminal, in the folder of the project, `minidit exercises start ch20` writes a notebook to work in. None needs a GPU.
#
# Five more are experiments, for below the last cell of this notebook. Write down what you expect before you run them.
#
# 1. `Clock` counts operations. How does their number grow with the depth, with the width, with the batch? Which of the three makes the share of products rise?
# 2. Draw the roof again with two threads. Which of the two roofs is twice as high?
# 3. At which width does bfloat16 begin to pay on your core? Time blocks of 64, 128, 256, 512 and 1024.
# 4. Keep the weights in bfloat16 too (`state.model.bfloat16()`), and train. When does the loss stop falling, and what does a larger rate change?
# 5. If you have a GPU: `make check-gpu` first, a few minutes. Then `MINIDIT_SCALE=a100`, and run this chapter. Then `minidit claims run C24 --scale a100`. Tell us what moved.
#
# ## In short
#
# - Count FLOPs and bytes. Their ratio says which of a machine's two speeds decides; if a step is far below both, it is overhead.
# - A GPU is fast for what is large. A small network on it is slow for its price.
# - 20 bytes a parameter, whatever the precision of the products, and activations that grow with the batch. Count before you rent.
# - bfloat16 for products, float32 for all that is added up.
# - Parts are weighed by their images. Every process draws the whole batch's chance and takes its slice.
# - A checkpoint is what the next step reads. Chance that has names needs none of it.
# - Utilisation needs a precision, a peak, and what was counted. Then come hours, energy and money, with assumptions that you write down.
# - Whether a verdict holds at another scale is a question for that scale.
#
# ## Sources
#
# - S. Williams, A. Waterman and D. Patterson, *Roofline: An Insightful Visual Performance Model for Multicore Architectures*, 2009.
# - NVIDIA, *NVIDIA A100 Tensor Core GPU data sheet*, 2021: 19.5, 156 and 312 TFLOP/s for dense matrices, 2.0 TB/s (80 GB; the 40 GB card has 1.6), 400 W, NVLink with 600 GB/s both ways together.
# - P. Micikevicius et al., *Mixed Precision Training*, 2017, arXiv 1710.03740; D. Kalamkar et al., *A Study of BFLOAT16 for Deep Learning Training*, 2019, arXiv 1905.12322.
# - T. Chen et al., *Training Deep Nets with Sublinear Memory Cost*, 2016, arXiv 1604.06174.
# - S. Rajbhandari et al., *ZeRO: Memory Optimizations Toward Training Trillion Parameter Models*, 2019, arXiv 1910.02054; Y. Zhao et al., *PyTorch FSDP: Experiences on Scaling Fully Sharded Data Parallel*, 2023, arXiv 2304.11277.
# - A. Chowdhery et al., *PaLM: Scaling Language Modeling with Pathways*, 2022, arXiv 2204.02311: utilisation.
# - W. Peebles and S. Xie, *Scalable Diffusion Models with Transformers*, 2022, arXiv 2212.09748; speeds on eight A100 from issue 22 of its code, github.com/facebookresearch/DiT/issues/22.
# - C. Jin and others, *fast-DiT*, 2024, github.com/chuanyangjin/fast-DiT: speed and memory on one A100.
# - F. Krause et al., *TREAD: Token Routing for Efficient Architecture-agnostic Diffusion Training*, 2025, arXiv 2501.04765; hours read off the plot of its project page.
