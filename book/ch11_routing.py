# %% [markdown]
# # Chapter 11: Parts are skipped, and the score improves?
#
# | | |
# |---|---|
# | **Question** | In training, parts of the network are replaced by the identity for some tokens, and published scores improve. Is that so here, and does it say that the architecture is broken? |
# | **You will be able to** | write a route and bring its tokens back; say what it saves, and in which unit; take a published "37 times faster" apart; name the control that an accusation needs; read a linear probe beside one that must fail |
# | **Minutes** | 2 on two cores, most of it four short training runs; about 5 on an A100 with the `a100` settings (an estimate: they have not been run, and have no evidence yet) |
# | **Claims** | C04, C08, C20, C26, C21 and C22 are told here |
#
# In August 2025 a critic wrote that DiT is wrong, and he had an exhibit: a figure of TREAD, a method of Krause and others. In training, half of the tokens skip most of the blocks. The blocks are the identity for them. And the published scores improve, by much. His inference we know in summary only: if a network gets better when its parts are
# replaced by nothing, then the parts are broken.
#
# One of DiT's authors answered: "tread is more like stochastic depth, i think the convergence comes from the regularization effect that makes the representation stronger (note inference is all standard - all blocks process all tokens)". (Both sources are on the cards of C04 and C08.)
#
# So there is a fact to be tried, and two readings of it. This chapter builds the route, counts what it saves, trains with it and without, and asks which observation could tell one reading from the other.

# %%
from dataclasses import replace
from statistics import fmean, median

import matplotlib.pyplot as plt
import torch
from torch.testing import assert_close

import minidit
from minidit import Flow, TrainState, teach
from minidit.claims import cards, tried
from minidit.claims.arms import arms as arms_of
from minidit.claims.statistics import interval
from minidit.claims.trial import find
from minidit.data import load
from minidit.data.source import factors
from minidit.flow import Draw, velocity_error
from minidit.measure import Evidence
from minidit.measure.fixed import noise, some
from minidit.measure.ledger import ledger
from minidit.measure.probe import accuracy, probe_readout, standardised
from minidit.model import draw_keys
from minidit.model.block import skip_samples
from minidit.model.route import lowest, parse_routes
from minidit.model.trunk import rerouted
from minidit.streams import Streams
from minidit.teach.figures import ACCENT, INK, MUTED, picture
from minidit.teach.verdicts import show_seeds, tell
from minidit.training import Experiment, read_artefact
from minidit.types import Keys

_ = torch.set_num_threads(1)  # faster at this size than two, and repeatable to the last bit

# %%
card = cards.find("C04")
planned, recorded = arms_of(card, "cpu"), find(card, "cpu")
chosen = {arm: Experiment.from_dict(one.experiment) for arm, one in recorded.arms.items()} if recorded else {}
plain = chosen.get("base", planned["base"].experiment)
base, until = teach.settings(cpu=(plain, 150), a100=(minidit.experiment("shapes-a100"), 1000))
device = teach.device()
data = load(base.data)
depth, tokens = base.model.depth, base.model.tokens
print(f"a network of {depth} blocks, width {base.model.dim}, {tokens} tokens an image")

# %% [markdown]
# ## What is skipped
#
# Here is one picture of a shape, cut into tokens, and four ways to train on it. Rows are blocks, the first at the top; columns are tokens. Dark: the token runs through the block. Light: it does not.


# %%
def where(model, seed):
    """Which of one image's tokens run in which block: (depth, tokens) bool, for a network's settings."""
    keys, ran = draw_keys(model, 1, Streams(seed), 0), torch.ones(model.depth, model.tokens, dtype=torch.bool)
    for which, route in enumerate(parse_routes(model.route, model.depth)):
        places = lowest(keys.route[:, which], route.kept(model.tokens))[0]
        ran[route.start - 1 : route.end] = torch.isin(torch.arange(model.tokens), places)
    if keys.depth is not None:
        rates = model.stochastic_depth * torch.arange(1, model.depth + 1) / model.depth
        ran &= (keys.depth[0] >= rates)[:, None]
    if keys.mask is not None:
        ran &= torch.isin(torch.arange(model.tokens), lowest(keys.mask, int(model.tokens * (1 - model.mask))))
    return ran


# %%
def lanes(panel, ran):
    """Blocks down, tokens across."""
    panel.imshow(ran, cmap="Blues", vmin=-0.1, vmax=1.3, aspect="auto", interpolation="nearest")
    panel.set_yticks([0, len(ran) - 1], ["1", f"{len(ran)}"], fontsize=8)
    panel.set_xticks([])
    panel.tick_params(length=0)


def veiled(panel, x, seen):
    """An image (3, h, w) whose tokens are faint where `seen` (tokens,) is False."""
    side = int(len(seen) ** 0.5)
    mask = seen.view(side, side).repeat_interleave(x.shape[1] // side, 0)
    mask = mask.repeat_interleave(x.shape[2] // side, 1)
    picture(panel, torch.where(mask, x, 0.25 * x + 0.75))


# %%
ways = {"none": {}, "TREAD's route": {"model.route": "tread"}}
ways |= {"stochastic depth": {"model.stochastic_depth": 0.5}}
ways |= {"masking": planned["skip=mask"].settings}
experiments = {name: base.override(change) for name, change in ways.items()}
image = data.held_out.x[3].cpu()
figure, axes = plt.subplots(2, 4, figsize=(8.2, 3.6), height_ratios=(1, 1.1))
for column, (name, one) in enumerate(experiments.items()):
    ran = where(one.model, 6)
    veiled(axes[0][column], image, ran[6])
    lanes(axes[1][column], ran)
    axes[0][column].set_title(name, fontsize=10, color=INK)
    axes[1][column].set_xlabel("tokens", fontsize=8.5)
axes[0][0].set_ylabel("block 7", fontsize=8.5)
axes[1][0].set_ylabel("block", fontsize=8.5)
figure.tight_layout()
teach.show(
    figure,
    alt="Four columns. Above, the tokens of a shape that run block 7: all; half of them, scattered; none; half. Below, blocks by tokens: all dark; blocks 3 to 9 half dark, in columns; some whole rows light; half of the columns light from the first block to the last.",
)

# %% [markdown]
# - **TREAD's route.** Half of the tokens skip blocks 3 to 9. Other ones in each image, and other ones in each step. Behind block 9 they come back.
# - **Stochastic depth.** A whole image skips a whole block; deep blocks are skipped more often: block i of 12 at a rate of i / 24, so the last by half of the images.
# - **Masking** (MaskDiT). Half of the tokens are never seen by any of the twelve blocks. A small decoder, not drawn, fills them in.
#
# In all of them it is chance that decides, not the network. Nothing is learned about whom to skip. And in use, when images are drawn, nothing is skipped at all.
#
# ## Predict

# %%
teach.predict(
    "ch11.cost",
    "Half of the tokens skip 7 of the 12 blocks. The multiplications of a training step are, of a whole one's,",
    choices={"a": "about 84 %", "b": "about 69 %", "c": "about 50 %"},
    guess=None,
)

# %%
teach.predict(
    "ch11.identity",
    "A network is trained without any skipping. Then half of its tokens skip blocks 3 to 9. Its squared error",
    choices={"a": "grows by a tenth at most", "b": "by more, up to twofold", "c": "by more than twofold"},
    guess=None,
)

# %%
teach.predict(
    "ch11.loss",
    "Two networks are trained for as many steps, one with the route and one without. The training loss of the first is",
    choices={"a": "lower", "b": "the same, up to 2 %", "c": "higher"},
    guess=None,
)

# %% [markdown]
# ## Route and unroute
#
# The whole method is two operations. *Take* the tokens that run, a shorter sequence. Run the blocks of the route on it. *Put* them back at their places. Every other token is what it was.


# %%
def through(x, keys, keep, blocks):
    """Of x (b, n, d), the `keep` tokens with the lowest keys (b, n) run through blocks."""
    places = keys.argsort(dim=1)[:, :keep].sort(dim=1).values  # (b, keep)
    places = places[..., None].expand(-1, -1, x.shape[-1])  # (b, keep) -> (b, keep, d)
    return x.scatter(1, places, blocks(x.gather(1, places)))


# %% [markdown]
# Three properties follow. Check them on random tokens. The identity for blocks gives the identity. Tokens that skip come back bit for bit. And since they are copies, the loss behind the route reaches them with gradient 1.

# %%
x = torch.randn(4, 64, 8, generator=minidit.generator(0, "tokens"))
keys = torch.rand(4, 64, generator=minidit.generator(0, "keys"))
assert torch.equal(through(x, keys, 32, lambda y: y), x)
leaf = x.clone().requires_grad_()
out = through(leaf, keys, 32, lambda y: 3 * y)
out.sum().backward()
skipping = torch.ones_like(keys).scatter(1, lowest(keys, 32), 0.0).bool()
assert torch.equal(out[skipping], x[skipping])
assert torch.equal(leaf.grad[skipping], torch.ones(4 * 32, 8))
print(f"{int(skipping.sum())} of {skipping.numel()} tokens skip: bit-identical, gradient 1")

# %% [markdown]
# Now the library's. A trained network of four blocks gets the route 2-3 with a share of one half. (`rerouted` gives the same weights another route; nothing is copied.) Our lines, around its blocks 2 and 3, must give its tokens behind block 3.

# %%
trained = read_artefact("shapes", device)
shapes, small = trained.model.eval(), load(trained.experiment.data)
batch, n = some(small.held_out, 128).to(device), shapes.config.tokens
x_1, told = batch.x, batch.condition.labels
midway = torch.full((len(x_1),), 0.5, device=device)
x_t = Flow().interpolate(x_1, noise(128, x_1, "routing.noise"), midway)
# a row of keys for each route of the network; here there is one
keys = torch.rand(len(x_1), 1, n, generator=minidit.generator(0, "keys")).to(device)

# %%
seen = []  # what block 4 is handed, in each pass: tokens, and the condition
hook = shapes.blocks[3].register_forward_hook(lambda block, inputs, out: seen.append(inputs))
with torch.no_grad():
    _, whole = shapes(x_t, midway, told, keep=(1, 2))
    rerouted(shapes, "2-3@0.5")(x_t, midway, told, keys=Keys(route=keys))
    hook.remove()
    given, behind = seen[0][1], seen[1][0]
    two_blocks = lambda y: shapes.blocks[2](shapes.blocks[1](y, given), given)  # noqa: E731
    ours = through(whole[1], keys[:, 0], n // 2, two_blocks)

# %%
assert_close(ours, behind, rtol=1e-4, atol=1e-4)
skipping = torch.ones_like(keys[:, 0]).scatter(1, lowest(keys[:, 0], n // 2), 0.0).bool()
print("behind block 3 the tokens that skipped are those behind block 1, bit for bit:", end=" ")
print(torch.equal(behind[skipping], whole[1][skipping]))

# %% [markdown]
# The tokens that run are another matter. They are in the same blocks as always, but they hear only those that run beside them: attention among 32 tokens, not among 64. So a route changes what *all* tokens get, not only what is skipped.
#
# Two details are easily wrong. `skip` is the share that *skips*: of n tokens `n - int(n * skip)` run. (The manual of one trainer calls it once the share kept and once the share dropped.) And both ends of a route belong to it: blocks 3 to 9 are seven. (TREAD counts from 0 and calls them 2 to 8.) With rotary positions there is a third: the tokens must take their angles along.
#
# ### Stochastic depth, beside it
#
# Here each *sample* has a key for each block. Below the rate, the block adds nothing to its tokens. Above it, what the block adds is made larger by $1/(1 - \mathrm{rate})$, so that the mean over keys is the whole update. A route has no such correction: tokens that skip come back as block 2 left them, and nothing makes up for what they missed.


# %%
def drop(block, x, keys, rate):
    """x (b, n, d), keys (b,): what a block adds, for the samples whose key is not below the rate."""
    alive = (keys >= rate)[:, None, None]
    return torch.where(alive, x + (block(x) - x) / (1 - rate), x)


# %%
with torch.no_grad():
    one = torch.rand(len(x_1), generator=minidit.generator(0, "depth")).to(device)
    ours = drop(lambda y: shapes.blocks[1](y, given), whole[1], one, 0.4)
    assert_close(ours, skip_samples(shapes.blocks[1], whole[1], given, one, 0.4), rtol=1e-4, atol=1e-4)
    many = [
        drop(lambda y: y + 1, torch.zeros(1, 1, 1), torch.rand(1, generator=minidit.generator(k, "p")), 0.4)
        for k in range(2000)
    ]
print("our lines are the library's; a block that adds 1 adds, in the mean over 2000 keys:", end=" ")
print(f"{torch.stack(many).mean():.2f}")

# %% [markdown]
# ### Keys come from outside
#
# A network of this book never draws. Whoever trains it draws keys, from a stream named by seed and step, and hands them in. Without keys nothing is skipped. So a route cannot be left on by accident when a network is evaluated: not by a forgotten `eval()`, and not by a flag. Two passes without keys agree to the last bit.

# %%
routed = rerouted(shapes, "2-3@0.5")
with torch.no_grad():
    once, again = (routed(x_t, midway, told) for _ in range(2))
    with_keys = routed(x_t, midway, told, keys=Keys(route=keys))
print("without keys: twice the same:", torch.equal(once, again))
print("and the same as without a route:", torch.equal(once, shapes(x_t, midway, told)))
print("with keys: the same:", torch.equal(once, with_keys))

# %% [markdown]
# ## What it saves
#
# Count multiplications. With $n$ tokens of width $d$ the linear layers of a block take $12\,n d^2$ (four of $d^2$ in attention, eight in the MLP). The two products of attention take $2\,n^2 d$. A share $r$ skips, $k = n(1 - r)$ tokens run: the first part falls to $1-r$, the second to $(1-r)^2$. What lies outside of the route costs what it did.
#
# $$ \frac{\text{routed}}{\text{whole}} = \frac{1}{L}\left( S\,\frac{12 k d^2 + 2 k^2 d}{12 n d^2 + 2 n^2 d} + L - S \right), \qquad S = \text{end} - \text{start} + 1 . $$


# %%
def blocks_left(model, start, end, skip):
    """The part of all blocks' multiplications that a route leaves."""
    n, d, spanned = model.tokens, model.dim, end - start + 1
    cost = lambda k: 12 * k * d**2 + 2 * k**2 * d  # noqa: E731
    return (spanned * cost(n - int(n * skip)) / cost(n) + model.depth - spanned) / model.depth


# %%
def in_blocks(model, training):
    """Multiplications in attention and the MLPs, by the library's ledger."""
    counted = ledger(model, training=training)
    return counted["attention"].macs + counted["mlp"].macs


routed_model = experiments["TREAD's route"].model
counted = in_blocks(routed_model, True) / in_blocks(routed_model, False)
assert abs(counted - blocks_left(base.model, 3, 9, 0.5)) < 1e-4
print(f"all blocks, with the route: {counted:.3f} of the whole; the formula agrees with the ledger")

# %% [markdown]
# The whole network has more parts: modulation, which is made once an image whatever its tokens are, and the first and last layer. With these, and for other ways and sizes:

# %%
print(f"{'':>22}  of a full pass, in training")
for name, one in experiments.items():
    left = ledger(one.model, training=True).flops / ledger(base.model).flops
    print(f"{name + ', here':>22}: {left:.2f}")
for name in ("DiT-S/2", "DiT-B/2", "DiT-L/2", "DiT-XL/2"):
    left = ledger(name, route="tread", training=True).flops / ledger(name).flops
    print(f"{'route in ' + name:>22}: {left:.2f}, so {1 / left:.2f} times as many steps for the same sum")

# %%
teach.compare("ch11.cost", "b", "seven blocks of twelve cost a bit less than half, the other five all.")

# %% [markdown]
# Half of the tokens is by no means half of the cost. And stochastic depth, as set here, saves nearly as much. That was the purpose: it is the control. If stochastic depth, at the same saving, gains as much as the route, then the gain is not the route's own.
#
# Move the slider: routes by start, end and share. Left, the tokens of a shape that skip are faint. In the middle, which token runs in which block. Right, the meter: what is left of the multiplications of a whole pass. For the routes that the paper tried in DiT-B/2, the title has what it found.

# %%
fid = {"1-3": +2.95, "1-4": +2.59, "1-5": +7.23, "1-6": +0.92, "1-7": -12.12, "1-8": -15.71, "1-9": -16.31}
fid |= {"1-10": -14.82, "1-11": +7.47, "8-9": +0.61, "7-9": +0.82, "6-9": -4.84, "5-9": -14.20}
fid |= {"4-9": -16.31, "3-9": -21.87, "2-9": -21.68}  # TREAD, placement of a route in DiT-B/2, change of FID


def animate(route):
    """A picture of one route, such as "3-9@0.5": the tokens, the blocks, and the cost."""
    model = replace(base.model, route=route)
    left = ledger(model, training=True).flops / ledger(base.model).flops
    ran, (span, _, share) = where(model, 6), route.partition("@")
    first = parse_routes(route, depth)[0].start - 1 if route != "none" else 0
    figure, axes = plt.subplots(1, 3, figsize=(6.4, 2.1), width_ratios=(1, 2.2, 0.25), layout="constrained")
    veiled(axes[0], image, ran[first])
    lanes(axes[1], ran)
    axes[2].bar(0, 1, color="#e6ebef", width=1)
    axes[2].bar(0, left, color=ACCENT, width=1)
    axes[2].set(xticks=[], yticks=[], xlim=(-0.5, 0.5), ylim=(0, 1.02), title=f"{left:.0%}")
    found = f"; the paper, DiT-B/2: FID changes by {fid[span]:+.1f}" if share == "0.5" and span in fid else ""
    axes[1].set_title(("no route" if route == "none" else route) + found, fontsize=9, color=INK)
    return figure


# %%
routes = ["none", "8-9@0.5", "5-9@0.5", "3-9@0.25", "3-9@0.5", "3-9@0.75", "1-9@0.5", "1-11@0.5", "1-3@0.5"]
teach.Frames(
    [animate(route) for route in routes],
    routes,
    label="route",
    alt="Three panels a route: a shape whose skipping tokens are faint; blocks by tokens, light where a token skips; a bar of what is left of the multiplications, 69 % for blocks 3 to 9 with one half.",
    still=4,
)

# %% [markdown]
# (`animate("4-8@0.6")` in a cell of your own draws any other.)
#
# ## What the published numbers are
#
# Now the exhibit. TREAD's project page says: 14 and 37 times faster than DiT. Its figure has hours of an A100 against FID. These are points that we read off the plot; none of them was measured by us.

# %%
dit = {400: (240, 19.5), 2350: (1410, 10.7), 7000: (4200, 9.6)}  # thousand steps: (A100 hours, FID)
tread = {
    150: (55, 22.3),
    200: (74, 16.7),
    250: (92, 12.3),
    300: (113, 9.8),
    400: (147, 7.4),
    700: (257, 5.15),
}
figure, panel = plt.subplots(figsize=(6.5, 3.0))
for name, points, colour in (("DiT-XL/2", dit, INK), ("with TREAD", tread, ACCENT)):
    panel.plot(*zip(*points.values(), strict=True), "o-", color=colour, label=name, markersize=5)
panel.annotate("", (113, 9.7), (4200, 9.7), arrowprops={"arrowstyle": "->", "color": MUTED})
panel.text(690, 10.2, "37 times", fontsize=9, color=INK, ha="center")
panel.set(xscale="log", xlabel="hours on an A100, read off the plot", ylabel="FID, unguided")
panel.set_xticks([50, 100, 200, 500, 1000, 2000, 5000], ["50", "100", "200", "500", "1000", "2000", "5000"])
panel.minorticks_off()
panel.legend(frameon=False, fontsize=9)
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Hours, on a log axis, against FID. DiT: 240 hours 19.5, 1410 hours 10.7, 4200 hours 9.6. With TREAD: from 55 hours 22.3 to 257 hours 5.15. An arrow from 4200 to 113 hours at FID 9.7.",
)

# %%
hours, steps = dit[7000][0] / tread[300][0], 7000 / 300
a_step = (dit[400][0] / 400) / (tread[400][0] / 400)
whole, cheap = ledger("DiT-XL/2"), ledger("DiT-XL/2", route="tread", training=True)
print(f"hours to FID 9.6 to 9.8: {hours:.0f} times fewer")
print(f"{steps:.1f} times fewer steps, each faster by {a_step:.2f}, as far as a plot can be read")
print(f"the multiplications alone would make a step faster by {whole.flops / cheap.flops:.2f}")

# %% [markdown]
# So "37 times" is a product. Of it 1.63 is the cheaper step, in hours; by the multiplications that this chapter counts it would be 1.72. The other factor, 23, is fewer steps to the same FID. Look closely at that one.
#
# - **The two curves differ in more than the route.** The numbers of DiT are the published ones: trained on DDPM's noise prediction, sampled with DDPM's sampler. TREAD's networks, as the paper says, are trained and sampled with EDM. A paper that changes route, objective and sampler together measures all three.
#   How much objective and sampler give alone the table does not say. That they give something is known: SiT-XL/2, the same network with another objective and sampler, has 17.2 at 400 thousand steps, where DiT-XL/2 has 19.5. (The paper's table has SiT too: 17.20 without the route, 4.89 with it. With which objective we have not seen.)
# - **DiT's curve is flat at its end.** To go from 10.7 to 9.6 it takes from step 2.4 million to step 7 million. Where a curve is flat, a small gain in FID is a large factor in time. (Whether it is flat because the network has learned all that it can is another claim, C05.)
# - **The factor belongs to one height.** At FID 10.7 it is 14; at the 19.5 that DiT has after 400 thousand steps it is about 4. There is no "times faster" without "to which quality".
# - **Reproductions are mixed.** One outside run of SiT-B/2 with this route, in other code, reported an FID of about 45, where the paper has 15.98 with the route and 33.0 without. The authors have released no weights. We do not know where the difference comes from.
#
# None of this says that the route does nothing. It says that the exhibit cannot tell how much.
#
# And the paper's own ablation, presumably at one objective and one sampler (its base has 49.9, not DiT's published 43.5), is worth more. There the same route was put in many places of DiT-B/2.

# %%
from_first = {int(k.split("-")[1]): v for k, v in fid.items() if k.startswith("1-")}
to_ninth = {10 - int(k.split("-")[0]): v for k, v in fid.items() if k.endswith("-9")}
figure, panel = plt.subplots(figsize=(6.5, 2.9))
panel.plot(from_first.keys(), from_first.values(), "o-", color=INK, label="begins at block 1")
panel.plot(*zip(*sorted(to_ninth.items()), strict=True), "s-", color=ACCENT, label="ends at block 9")
panel.axhline(0, color=MUTED, linewidth=0.8)
panel.set(xlabel="blocks that half of the tokens skip", ylabel="change of FID (lower is better)")
panel.legend(frameon=False, fontsize=9, loc="lower left")
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Change of FID against the length of the route. Ending at block 9: two and three blocks change nothing, four gain 5, five 14, seven 22. From block 1: three to six lose 1 to 7, seven to ten gain 12 to 16, eleven lose 7.",
)

# %% [markdown]
# (One seed each, as far as one can see, and no intervals.) If the blocks were dead weight, one would expect more skipping to help more, or at least the place not to matter. It does matter. Two or three blocks do nothing or harm; of five, 5-9 gains 14 and 1-5 loses 7. With all but the last block skipped, it harms. And three quarters of the tokens are too many: the paper has FID 43.5 without a route, 26.5 with a quarter skipping, 21.3 with a half, 49.3 with three quarters. (The first of these is DiT's published number again; the places were tried in another setting, from a base of 49.9.)
# That looks like a medicine with a dose, not like the removal of a fault. "Looks like" is not a test.
#
# The same map of our network: twelve blocks too, 600 steps, three seeds, a dot each. Its measure is the held-out velocity error, beside the same seed without a route. Equal steps, as in the paper's table.


# %%
def change_of(route):
    """The change of the held-out error by a route, in percent, seed by seed (recorded)."""
    pairs = zip(mapped.readout(f"held_out.{route}"), mapped.readout("held_out.none"), strict=True)
    return [100 * (one / none - 1) for one, none in pairs]


mapped = Evidence.read("routes")
kinds = {
    "begins at block 1": ({3: "1-3@0.5", 6: "1-6@0.5", 9: "1-9@0.5", 11: "1-11@0.5"}, "o", INK),
    "ends at block 9": ({3: "7-9@0.5", 5: "5-9@0.5", 7: "3-9@0.5"}, "s", ACCENT),
    "blocks 3 to 9": ({25: "3-9@0.25", 50: "3-9@0.5", 75: "3-9@0.75"}, "^", "#1d6fa5"),
}

# %%
figure, axes = plt.subplots(1, 2, figsize=(7.4, 2.9), sharey=True)
for name, (routes_of, look, colour) in kinds.items():
    panel = axes[1 if name == "blocks 3 to 9" else 0]
    found = {x: change_of(route) for x, route in routes_of.items()}
    for x, values in found.items():
        panel.plot([x] * len(values), values, look, color=colour, markersize=4.5, alpha=0.75)
    panel.plot(found.keys(), [fmean(values) for values in found.values()], color=colour, label=name)
    print(f"{name:>18}: " + ", ".join(f"{x}: {fmean(values):+.1f} %" for x, values in found.items()))
axes[0].set(xlabel="blocks that half of the tokens skip", ylabel="change of the held-out error, %")
axes[1].set(xlabel="% of the tokens that skip", xticks=[25, 50, 75])
for panel in axes:
    panel.axhline(0, color=MUTED, linewidth=0.8)
    panel.legend(frameon=False, fontsize=8.5, loc="upper left")
    panel.spines[["top", "right"]].set_visible(False)
figure.tight_layout()
teach.show(
    figure,
    alt="Change of our held-out error, three seeds. Left, against the length of the route: it rises in a line, from 1 to 3 percent for three blocks to 21 to 25 percent for eleven; routes that end at block 9 lie on the same line. Right, blocks 3 to 9 with 25, 50 and 75 percent of the tokens skipping: 6 to 12 percent each time.",
)

# %% [markdown]
# Ours is a plain map. (All routes have the rate that the base and 3-9 chose. 3-9 with a half is C04's: 9 percent in its first three seeds, 8 in all five.) The longer the route, the more it costs, in all three seeds: a percent or two for three blocks, more than a fifth for eleven. Where the route lies hardly shows beside how long it is. Nor does the share: with a quarter of the tokens skipping the cost is about that of three quarters. No place and no dose gains anything.
#
# So step for step this is another picture than the paper's, and not a small copy of it. (A long route also saves more. Which place is best at equal FLOPs was not mapped; C08 asks it for one.) The two differ in nearly everything but the depth: width, data, batch, tokens, the length of the training, the yardstick. Which of these it is we cannot say.
#
# ## A live run
#
# Three short trainings of the trial's network: none, the route, stochastic depth. And a fourth that no card had asked for when this was first run (C26 does now): a network that never had the seven blocks of the route, with five blocks in all. The same seed, so the same images, times and noise for all. The first quarter of the trial's steps: the rate has not begun to fall by then, so errors are still large.

# %%
names = {"none": "base", "TREAD's route": "route=tread", "stochastic depth": "stochastic_depth=0.5"}
looks = {"none": INK, "TREAD's route": ACCENT, "stochastic depth": "#1d6fa5", "five blocks": "#1b7a43"}
ways["five blocks"] = {"model.depth": 5}


def learn(name, change=None, steps=until, seed=0):
    """Train one way: its averaged network, its losses, and seconds of processor a step."""
    change = ways[name] if change is None else change
    if teach.scale() == "cpu" and names.get(name) in chosen:  # the rate that the trial chose for this way
        change = change | {"training.lr": chosen[names[name]].training.lr}
    state, losses, seconds = TrainState.create(base.override(change), seed, device), [], []
    for record in teach.progress(minidit.train(state, data, until=steps), name, steps):
        losses.append(record.loss)
        seconds.append(record.cpu_seconds)
    return state.ema.module.eval(), losses, median(seconds)


# %%
runs = {"none": learn("none")}

# %%
runs |= {"TREAD's route": learn("TREAD's route")}

# %%
runs |= {"stochastic depth": learn("stochastic depth"), "five blocks": learn("five blocks")}

# %% [markdown]
# Then two errors of each network, on the same 128 held-out images at three times: with nothing skipped, and with the skipping of the training still on. For the network that never skipped, take TREAD's route.


# %%
held = some(data.held_out, 128).to(device)
begin = noise(128, held.x, "routing.noise")


@torch.no_grad()
def error_of(network, skipping=False, times=(0.1, 0.5, 0.9)):
    """Mean squared error of the velocity over the 128 images and some times."""
    found, nothing = [], torch.zeros(len(held.x), dtype=torch.bool, device=device)
    for place, t in enumerate(times):
        keys = draw_keys(network.config, len(held.x), Streams(7), place) if skipping else Keys()
        keys = Keys(*(None if key is None else key.to(device) for key in keys))
        draw = Draw(torch.full((len(held.x),), t, device=device), begin, nothing, keys)
        found.append(velocity_error(Flow(), network, held, draw))
    return torch.cat(found).mean().item()


# %%
off = {name: error_of(network) for name, (network, _, _) in runs.items()}
on = {name: error_of(runs[name][0], skipping=True) for name in ("TREAD's route", "stochastic depth")}
on["none"] = error_of(rerouted(runs["none"][0], "tread"), skipping=True)
last = {name: fmean(losses[-40:]) for name, (_, losses, _) in runs.items()}

# %% tags=["nbval-ignore-output"]
print(f"{'':>18}  last 40 training losses   held-out, nothing skipped   skipping left on")
for name in runs:
    left_on = f"{on[name]:.3f}" if name in on else "-"
    print(f"{name:>18}: {last[name]:15.3f} {off[name]:25.3f} {left_on:>22}")

# %%
print("left on, the error is higher:", all(on[name] > off[name] for name in on))
higher = {name: last[name] > 1.02 * last["none"] for name in ("TREAD's route", "stochastic depth")}
print("the training loss is higher than without, by more than 2 %:", higher)

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3.1))
for row, (name, (_, losses, _)) in enumerate(runs.items()):
    moving = torch.tensor(losses).unfold(0, 20, 1).mean(1)
    axes[0].plot(range(10, len(losses) - 9), moving, color=looks[name], label=name, linewidth=1.3)
    for run in recorded.runs if recorded else ():
        if run.role == "main" and run.arm == names.get(name):
            middle = [step - 25 for step in run.steps]
            axes[0].plot(middle, run.losses, ".", color=looks[name], markersize=4, alpha=0.6)
    axes[1].plot(off[name], row, "o", color=looks[name], markersize=8)
    if name in on:
        axes[1].plot(on[name], row, "o", color=looks[name], markersize=8, mfc="white")
axes[0].set(xlabel="step", ylabel="training loss", ylim=(0.2, 1.4), yscale="log", xlim=(0, until * 1.02))
axes[0].set_yticks([0.2, 0.4, 0.6, 1], ["0.2", "0.4", "0.6", "1"])
axes[0].minorticks_off()
axes[0].legend(frameon=False, fontsize=8, loc="upper right")
axes[1].set(yticks=range(len(runs)), ylim=(len(runs) - 0.5, -0.6), xlabel="squared error")
axes[1].set_yticklabels(runs, fontsize=8.5)
for face, words in ((INK, "nothing skipped"), ("white", "left on")):
    axes[1].plot([], [], "o", color=INK, mfc=face, label=words, linestyle="")
axes[1].legend(frameon=False, fontsize=8, loc="lower right")
for panel in axes:
    panel.spines[["top", "right"]].set_visible(False)
figure.tight_layout()
teach.show(
    figure,
    alt="Left, four training losses that fall over the steps, means of 20; dots, the trial's five seeds, means of 50, lie along them. Right, for each network its error with nothing skipped and with skipping left on. Left on, the network that never skipped errs far more; the others hardly.",
)

# %% [markdown]
# (Dots on the left: the trial's five seeds, means of 50 steps; the lines are means of 20.) Which way is best this picture does not say: that takes seeds. It says three other things.
#
# **A training loss belongs to its task.** The networks that skip have a harder one. They must predict the velocity of all tokens, though half of them skipped, or though a block is missing. So their loss is higher than it would be with everything running. Whoever compares training losses charges every kind of skipping with that. (TREAD's authors say the same, where a user asked why
# the loss is higher.) But see how small that part is. Left on, skipping costs the routed network a percent or two. With nothing skipped it errs 8 percent more than none all the same: after 150 steps it is also the weaker network. (The losses are of other images and times than the errors, and of the network itself, not of its average. Compare neither with the other.)

# %%
ratio = last["TREAD's route"] / last["none"]
letter = "a" if ratio < 0.98 else "b" if ratio <= 1.02 else "c"
teach.compare("ch11.loss", letter, "a little of it is the handicap; most is that it has learned less so far.")

# %% [markdown]
# **Off is off.** Left on, the error is that of another network, which is not the one that is used. Two mistakes are made here: an evaluation that forgets to turn the route off, and one that averages over fresh masks, as if chance were the fault.
#
# **The blocks of an ordinary network are not idle.** The network that never skipped is asked to do without blocks 3 to 9, for half of its tokens. If these blocks did nothing of use, it would not mind. It minds.

# %%
ratio = on["none"] / off["none"]
letter = "a" if ratio < 1.1 else "b" if ratio < 2 else "c"
teach.compare("ch11.identity", letter, "a network that was trained without a route works with these blocks.")

# %% [markdown]
# ## Who works in the routed network?
#
# Ask the routed network the same, and more sharply. One block at a time is made the identity, for *all* tokens. Then all seven at once.


# %%
@torch.no_grad()
def without(network, blocks, times=(0.5,)):
    """The error with some blocks the identity for all tokens."""
    layers = [network.blocks[block - 1] for block in blocks]
    hooks = [layer.register_forward_hook(lambda layer, inputs, out: inputs[0]) for layer in layers]
    error = error_of(network, times=times)
    for hook in hooks:
        hook.remove()
    return error


# %%
every = range(1, depth + 1)
deep = [name for name in runs if name != "five blocks"]
identity, seven = {}, {}
for name in deep:
    network, whole = runs[name][0], error_of(runs[name][0], times=(0.5,))
    identity[name] = [without(network, [block]) / whole for block in every]
    seven[name] = without(network, range(3, 10), (0.1, 0.5, 0.9)) / off[name]

# %%
figure, panel = plt.subplots(figsize=(6.5, 2.8))
panel.axvspan(2.5, 9.5, color="#eef2f6", zorder=0)
for name, found in identity.items():
    panel.plot(every, found, "o-", color=looks[name], markersize=4, label=name)
panel.axhline(1, color=MUTED, linewidth=0.8)
panel.text(6, 0.97, "the route", transform=panel.get_xaxis_transform(), ha="center", va="top", color=MUTED)
panel.set(
    xticks=every, xlabel="the block that is the identity, for all tokens", ylabel="times the error, t = 0.5"
)
panel.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=3)
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="By block, how the error grows when it is the identity. Without a route every block is worth a little. With the route blocks 1, 2 and 10 to 12 are worth more, and blocks 3 to 9 lie at 1: without any one of them it errs no more.",
)

# %% tags=["nbval-ignore-output"]
for name in deep:
    print(f"{name:>18}: blocks 3 to 9 the identity: {seven[name]:.2f} times the error")
print(
    f"       five blocks: {off['five blocks'] / off[deep[1]]:.2f} times the error of the routed network, whole"
)

# %%
print(
    "without the route, the error without the seven blocks is more than 1.5 times as large:",
    seven["none"] > 1.5,
)
print("with the route, less than 1.05 times:", seven["TREAD's route"] < 1.05)
five = ledger(experiments["none"].override({"model.depth": 5}).model).flops
with_route = ledger(experiments["TREAD's route"].model, training=True).flops
whole = ledger(base.model).flops
print(
    f"five blocks cost {five / whole:.2f} of the whole, in training; with the route, {with_route / whole:.2f}"
)

# %% [markdown]
# This we did not expect. In the routed network the seven blocks of the route are nearly *idle*: take all of them away, for all tokens, and the error hardly moves. Five blocks do the work: two before the route, three behind it. Is it a network of five blocks, then? The fourth training is one, at the same rate. At 150 steps the routed network lies about halfway between it and the one of twelve blocks.
#
# Read the other large number with care. Without its seven blocks the plain network errs some 80 percent more. A network that never had them is 15 percent behind, not 80: the rest is that the other blocks were trained to rely on them. And the routed network was trained to do without them for half of its tokens. So its small number says that they are not *needed* there; not quite that they do nothing.
#
# So in the routed network of this chapter the critic's word fits: these parts are replaced by the identity, and it does not matter. But see what it is that left them idle. The same blocks, with the same start, are at work in the network that had no route. They are not broken. They were not woken, or what they add is not used: we measured the error and not what they add. A likely reason, which we have not tested: adaLN-Zero starts every block as the identity. Behind block 9, tokens that ran and tokens
# that skipped stand side by side, and the same three blocks must read both kinds. They are read most easily if the route's blocks change little. (In TREAD's published code the zeros are overwritten by a later initialisation; whether it was so in the published runs is not known. If our reason is right, their blocks need not be idle.)
#
# And see how far it reaches: one seed, 64 tokens, width 64, a quarter of the trial's run. We tried one run to the trial's end, which is on no card, and the seven were nearly idle there too (its numbers are in the project's log, `book/LOG.md`). Whether it is so in a DiT-XL/2 with 256 tokens and four hundred thousand steps nobody can say without its weights, and the authors have released none. The paper's own table speaks against idle blocks there: if routed blocks did nothing, then a longer route would
# be a shallower network, and at equal steps it should not gain 22 points of FID over one that uses all its blocks. (Here, at equal steps, it lost 8 percent.) Experiment 2 below looks for the cause.
#
# ## Equal steps, equal FLOPs, equal time
#
# "Does it help?" is three questions, and an answer to one is none to the others.

# %%
print(f"{'':>22}  steps when equal in steps (C04)   in FLOPs (C08)")
by_flops = arms_of(cards.find("C08"), "cpu")
for arm, one in planned.items():
    longer = by_flops[arm].experiment.training.steps if arm in by_flops else "not asked"
    print(f"{arm:>22}: {one.experiment.training.steps:>24} {longer:>24}")

# %% tags=["nbval-ignore-output"]
for name, (_, _, seconds) in runs.items():
    print(
        f"{name:>18}: {seconds / runs['none'][2]:.2f} of the time of the step without skipping, in this run"
    )

# %% [markdown]
# - **Equal steps.** The paper's tables. An arm that skips has spent less; if it is level, it has won something. C04 asks this.
# - **Equal FLOPs.** What is saved is spent on more steps. Whoever pays for multiplications asks this. C08.
# - **Equal time.** Taking and putting tokens costs time and no multiplications, shorter sequences use a chip less well, and stochastic depth makes small batches of odd sizes. The line above is one core, at this moment: stochastic depth saves a quarter of the multiplications, and half of that in time or less. In TREAD's figure a step is faster by less than the multiplications say. C20 asks.
#
# And two things must be equal in all three: the evaluation, with nothing skipped; and the care. Each arm has its own learning rate, from the same grid.
#
# ## The verdicts
#
# Chapter 9 introduced the court. A card fixes before the run what is measured, which difference matters (its delta) and with which seeds. The *bar* is delta, or the scatter of A/A runs of the base where that is larger. The interval of the paired differences decides. Wholly beyond the bar: *supported*. Wholly short of delta: *refuted*. Otherwise *inconclusive*, and that is not "no difference". *Refuted* does not say that the opposite holds: look at the interval. It is Student's, at the level that Holm's correction asks, and the level is printed.
#
# First the fact. Does the score improve at all, at equal steps? a is the route, b the control, c the mask.


# %%
tell("C04", "ab", "c")


# %%
def table_of(name):
    """Held-out error by arm: mean over the seeds, and the rate that was chosen."""
    case = tried(name)
    for arm, one in case.trial.arms.items():
        held, train = (case.of(arm, f"velocity.{which}") for which in ("held_out", "train"))
        sums = f"held-out {fmean(held.values()):.4f}, on training images {fmean(train.values()):.4f}"
        steps = one.experiment["training"]["steps"]
        print(f"{arm:>22}: {sums}; rate {one.tuned:g}, {steps} steps")


table_of("C04")

# %% [markdown]
# Step for step skipping *costs* here, in all five seeds: the route 8 percent, stochastic depth 12. The mask costs most, and so unevenly that its interval reaches over zero: one seed of five ended at twice the error of the others. All five dots lie on one side, and the mean is badly known. (Student's interval takes five such numbers for normal ones. On a scale of logarithms it would lie above zero. The rule was fixed before, so the word stays.) And this mask is not the whole of MaskDiT, where hidden places count a tenth, are asked for the image, and training ends unmasked: the 67 percent are our variant's.
#
# (You may have seen that the error on training images is a percent *above* the held-out one. The two sets of images are not equally hard. A gap is read beside the base's, not beside zero.)
#
# So step for step there is no gain here that would need a reason. It does not follow that the paper is wrong. It has 256 tokens, 400 thousand steps of 256 images, and it measures FID.
#
# An arm that skips has also spent less. So the same is asked at equal FLOPs (C08.a and b), at equal time (C20), where images are few (C21), and in another block (C22).

# %%
tell("C08", "ab")
table_of("C08")

# %% [markdown]
# Spent on more steps, the saving *pays*: at equal FLOPs the route ends lower in all five seeds, by 4 to 8 percent. Stochastic depth, which saves nearly as much, leans the same way by a percent, and is not decided. A supported letter beside an undecided one does not show that the two differ. For that, compare them with each other, seed by seed. No hypothesis asks it, so it is *seen, not asked*:

# %%
for name in ("C04", "C08"):
    routed, control = (tried(name).of(arm).values() for arm in ("route=tread", "stochastic_depth=0.5"))
    apart = [100 * (a / b - 1) for a, b in zip(routed, control, strict=True)]
    words = ", ".join(f"{value:+.1f}" for value in apart)
    found = interval(apart, 0.95)
    ends = f"95 % interval {found.low:.1f} to {found.high:.1f}"
    print(f"{name}, the route beside stochastic depth, in %: {words}; {ends}")

# %% [markdown]
# So at equal FLOPs there is a gain, and it is not simply that of skipping anything. And minute for minute? A routed step takes 0.79 of the base's time on one core, where the multiplications would say 0.69.

# %%
tell("C20", "ab", "c")
table_of("C20")

# %% [markdown]
# (0.79 is the committed calibration's; the line further up is this machine now.) Of the gain a third is left, and it is not decided: four seeds of five lean that way. Stochastic depth, at equal time, is behind by 7 percent, and the mask by 35. Three exchange rates, three answers about one network: it loses by steps, wins by multiplications, and by the clock five seeds cannot tell. Whoever says "faster" must say which of them is meant, and on which machine.
#
# What else could it be? Look back at the idle blocks. If the route trains a network of five blocks, its gain may be that of a *shallow* network: cheaper a step, so trained for more steps, and good enough for such small images. The control for that is a plain network of five blocks at equal FLOPs. Card C26 was written after C08, and has it.

# %%
tell("C26", "ab")
table_of("C26")

# %% [markdown]
# For the same multiplications five plain blocks beat twelve routed ones by far: those err a fifth more, in every seed. Beside twelve blocks without a route the five are better still. So the 7 percent of C08 are less than a third of what simply leaving the blocks out would have brought. For this budget the network was too deep (step for step the twelve are ahead of five, as in the live run), and what makes its steps cheaper can win at equal FLOPs.
#
# That is a finding about our experiment as much as about the route. We took twelve blocks so that the published route fits in. TREAD's networks are as deep as DiT's, their data are ImageNet, and we know of no such result there. What it would take to carry our answer over is a size at which depth is needed. We have none on two cores.
#
# And it is the lesson of this chapter in its purest form. A gain was found, two readings of it stood ready, and a control that neither side had named brings more than the whole of it. (That does not show *why* the route gained. It shows that the gain needs no other reason.)
#
# Back to C08. c to f of it are the reply's explanation: a stronger representation. Before those can be read, one needs to know what a probe is.
#
# ## What can be read from the features
#
# A linear probe asks: could a linear map tell the shape (one of four) from what is behind block k? Take the trained network of four blocks, show it images at t = 0.5 *without* their labels, and average each image's tokens. Fit a linear classifier on training images, score it on held-out ones. Beside it a control that must fail: the same with shuffled colours.

# %%
read = probe_readout(Flow(), shapes, small, factors(trained.experiment.data))
blocks = range(1, shapes.config.depth + 1)
for name, chance in {"shape": "1/4", "colour": "1/6", "x": "0", "radius": "0", "control": "1/6"}.items():
    print(f"{name:>8} (chance {chance}): " + "  ".join(f"{read[f'{name}.block{k}']:.2f}" for k in blocks))

# %% [markdown]
# Shape, colour and control are shares of images read rightly; x and radius are the share of the variance that is explained. The last line is the control, and it stays at chance, as it must.
#
# Why so much care? Because a probe of 64 features can learn a few images by heart. Fit one on 100 training images with *shuffled* colours, classes that mean nothing, and score it on the same images.

# %%
places, known = torch.arange(100), factors(trained.experiment.data)[0]
few = small.train.at(places).x.to(device)
with torch.no_grad():
    now, fresh = torch.full((100,), 0.5, device=device), noise(100, few, "routing.probe")
    _, kept = shapes(Flow().interpolate(few, fresh, now), now, keep=(3,))
    _, other = shapes(x_t, midway, keep=(3,))
fit, test = standardised(kept[3].mean(1).double().cpu(), other[3].mean(1).double().cpu())
colours = known.at(places).colour[torch.randperm(100, generator=minidit.generator(0, "shuffled"))]
other_colours = torch.randint(0, 6, (128, 1), generator=minidit.generator(1, "shuffled"))

# %%
print(f"shuffled colours, scored on its own 100 images: {accuracy(fit, colours, fit, colours):.2f}")
print(f"on held-out images: {accuracy(fit, colours, test, other_colours):.2f}; chance is {1 / 6:.2f}")

# %% [markdown]
# Scored on its own images the probe reads what is not there. Held-out images take care of that. The control finds another fault: a score that leaks. Both are needed, and whether a difference between two networks is more than chance the seeds must say.
#
# Now the probes of C08, block by block. Each dot is a seed.


# %%
def by_block(panel, case, factor):
    """What probes read behind each block: a dot for every seed of every arm, a line for their mean."""
    for place, (way, arm) in enumerate(names.items()):
        found = [list(case.of(arm, f"probe.{factor}.block{k}").values()) for k in every]
        for block, values in zip(every, found, strict=True):
            spot = [block + 0.22 * (place - 1)] * len(values)
            panel.plot(spot, values, "o", color=looks[way], markersize=3, alpha=0.6)
        panel.plot(every, [fmean(values) for values in found], color=looks[way], linewidth=1.2, label=way)
    panel.set(xticks=every, xlabel="block")
    panel.spines[["top", "right"]].set_visible(False)


# %%
c08 = tried("C08")
figure, axes = plt.subplots(1, 2, figsize=(9, 2.9))
for panel, factor in zip(axes, ("shape", "x"), strict=True):
    by_block(panel, c08, factor)
axes[0].set(ylabel="shape, read rightly (chance 0.25)", ylim=(0.45, 0.75))
axes[1].set(ylabel="place x, variance explained (chance 0)", ylim=(0.3, 0.95))
figure.legend(*axes[0].get_legend_handles_labels(), fontsize=8, ncols=3, loc="lower center", frameon=False)
figure.tight_layout(rect=(0, 0.08, 1, 1))
teach.show(
    figure,
    alt="What a linear probe reads, by block, three networks, a dot a seed. Left, the shape: all read 0.5 to 0.65, the routed network's line is flat from block 2 to 9. Right, the place x: the routed network's line is flat at 0.8 from block 2 to 10, that of stochastic depth falls from there, the base's rises from 0.57.",
)
shuffled = [fmean(c08.of(arm, f"probe.control.block{k}").values()) for arm in names.values() for k in every]
print(f"the control with shuffled colours: {min(shuffled):.2f} to {max(shuffled):.2f}, chance 0.17")
show_seeds("C08", "cdef")

# %% [markdown]
# Nothing is decided: c to f, four times. It hardly could be. Differences scatter from seed to seed by 0.03, as the card expected; five seeds of that kind tell effects beyond about 0.06 from the bar, and the card asked for 0.02. At block 6 two trainings of the base from other starts scatter by 0.043, and that is the bar.
#
# Both skipping arms lie above the base in nearly every block. That would suit the reply. But they had 45 and 37 percent more steps, and where c and e ask the intervals reach zero.
#
# See the routed network's line, too. What a probe reads behind block 2 it reads behind block 9, to a hundredth or so. Idle blocks would look like that. It was seen, not asked, and one should not read too much from it: the line of stochastic depth is nearly as flat for shapes, and its blocks are not idle. For the place of the shape, on the right, the three differ: flat over the route, falling with
# stochastic depth, rising in the base. If the blocks of the route are idle, c asked at the wrong place: "the middle of the route" is then no more than the end of the second block.
#
# Read c and d beside a, and e and f beside b. The reply says: regularisation, *therefore* a stronger representation, *therefore* it converges faster. It is a chain, and each link can break alone. A representation may be stronger and the velocity no better; the velocity may be better and the probes not see it. And a probe reads what is easy to read from a mean of tokens, not all that is known.
#
# ## Does it regularise?
#
# Regularising means: what is learned fits the training images less closely, and new images better. With 4096 images, each seen once or twice, there is little to regularise in this sense. C21 takes 256 images, each seen some 25 times by the base, and about 35 times by the arms that skip, which take more steps; that works against a smaller gap. The gap is by how many percent the held-out error lies above that on training images.
# a and b ask for the gap, c and d for the held-out error.

# %%
tell("C21", "ab", "cd")
table_of("C21")

# %% [markdown]
# A smaller gap alone proves little: whatever learns less over-fits less, and a network that learned nothing has no gap at all. Only a smaller gap *with* a lower held-out error is regularisation that helps.
#
# What came out is the other half. With the route the held-out error is lower, by 7 percent (c), as it was with 4096 images. And the gap is not smaller by the point that the card asks for (a): in all five seeds it is a little larger, though the interval holds zero. So here the route helps, and does not regularise in the sense of this card. Stochastic depth does neither (b, d).
#
# Two things keep this from being the end of the reply's reason. The base over-fits by 3 percent only, so there was little to gain by not over-fitting. And the routed arm took 45 percent more steps over the same 256 images, which widens a gap: at equal *steps* it might have been smaller. The card asked at equal FLOPs, because there the gain was.
#
# ## A block with fewer of the accused parts
#
# If the route helps because DiT's block is broken, a block without the broken parts should behave otherwise. LightningDiT's has RMSNorm with a gain, SwiGLU and RoPE. It has adaLN-Zero still, so it is a control for some of the accusations, not for all. (TREAD's own table has LightningDiT too: FID 5.14 without, 3.71 with the route. The first looks like the published number again, so the doubt of above holds here as well.)

# %%
tell("C22", "ab")
table_of("C22")

# %% [markdown]
# The same as in DiT's block, both times: step for step the route costs 8 percent, multiplication for multiplication it gains 9 (in DiT's 8 and 7). So the gain at equal FLOPs does not need LayerNorm or GELU: they are gone here, and the gain is not. That weakens the inference for these two. RoPE stands beside the table of sines here, so absolute positions have not been taken away, and neither has adaLN-Zero. About those it says nothing.

# %% [markdown]
# ## From a gain to a fault: what is missing
#
# Put the inference into one line: *the score improves when parts are skipped in training, so the parts are broken.* For that to follow, four things must hold, and each was made a measurement.
#
# 1. **The gain exists**, by the error of the network as it is used, not by a training loss, and at an equal something that is named. Here: at equal FLOPs (C08.a), not at equal steps (C04.a), and at equal time not decided (C20.a).
# 2. **It is not had as well by skipping that accuses nothing.** Stochastic depth skips every block now and then, and helps networks that nobody calls broken: it was published for residual networks. C04.b, C08.b. And a plain network with fewer blocks accuses nothing either, and wins (C26).
# 3. **It is gone where the accused parts are gone.** It is not, as far as we have taken them away: C22.b, in part.
# 4. **The parts are idle where no route is**, if "broken" means *of no use*. The live run: in the network without a route they work. (In the routed one they hardly do. That is something a route did, here. And a part may work and yet be worse than another: chapters 9 and 10 ask that, no route can show it.)
#
# The fourth is the plainest. "Replaced by the identity" is said of half of the tokens, other ones in each step, in training. In use every token runs every block. Dropout sets half of a layer to zero, in training; nobody concludes that the layer should be zero.
#
# Is the reply right, then? It says "more like stochastic depth": a likeness, which C04 and C08 can support or weaken by putting both side by side. It says "i think". In these runs the two differ: at equal FLOPs the route ends 4 to 7 percent below stochastic depth in every seed (seen, not asked); at equal steps both cost. What the reply names as the mechanism is asked in C08.c to f, undecided, and in C21, where the route gained without a smaller gap. And at this size C26 leaves little that would need a mechanism.
#
# ## What would change our mind
#
# - The cards at the `a100` scale, with 256 tokens, and an interval for C04.a or C08.a on the other side of zero. Our networks have 64 tokens; a route shortens a short sequence here.
# - A run as long as the published ones, in which each image is seen a hundred times. If skipping works by regularising, that is where it would show; C21, with 25 times and a gap of 3 percent, is a small stand-in.
# - Weights of a routed network of full size. With them, `error_of` with and without blocks is a minute's work.
# - A network without adaLN, without DiT's norms, in which the route does nothing, at the same size where it helps DiT. That would speak for the critic.
# - A probe of another kind, fixed beforehand, that reads more from the routed network.
#
# And these we do not know: why outside reproductions of TREAD differ so; how much of its gain is objective and sampler; whether the dose curve of its ablation holds with seeds.
#
# ## Exercises
#
# Seven exercises ask for a function each: route and unroute, an evaluation with the route off, what a route saves, steps for equal FLOPs, a control for a gain, stochastic depth, and a probe with its control. In a terminal, in the folder of the
# project, `minidit exercises start ch11` writes a notebook to work in.
#
# Five more are experiments, for below the last cell of this notebook. Write down what you expect before you run them.
#
# 1. Do they wake up? `learn("TREAD's route", steps=600)`, about a minute, then `without(network, range(3, 10), (0.1, 0.5, 0.9)) / error_of(network)`. And the five blocks for 600 steps: how far apart are the two errors?
# 2. Is it the start? `learn("TREAD's route", {"model.route": "tread", "model.zero_init": "none"})`: no block begins as the identity. Are the seven idle still? And with a route of a quarter, `"3-9@0.25"`, at the old start?
# 3. The place: a route from block 1, `"1-9@0.5"`, and one through the last block, `"3-12@0.5"`. In the second no block sees all tokens again before the velocity is predicted.
# 4. Another seed: `learn("TREAD's route", seed=1)` beside `learn("none", seed=1)`. How far apart are two seeds of one way, beside two ways of one seed?
# 5. The same way, the other network: draw images from `runs["TREAD's route"][0]` as chapter 10 does. Then with `rerouted(network, "3-9@0.7")` and keys at each evaluation (`minidit.flow.guidance.routed` does it). (A routed pass is a weaker network; guidance away from it has been proposed: see the sources.)
#
# ## Sources
#
# - F. Krause et al., *TREAD: Token Routing for Efficient Architecture-agnostic Diffusion Training*, 2025, arXiv 2501.04765: the route, its ablations, and the figure. Hours and FID are read off the figure of its project page, all else from its tables.
# - The debate of August 2025, as the cards of C04 and C08 quote it, with what we have seen of it and what we have not.
# - G. Huang et al., *Deep Networks with Stochastic Depth*, 2016, arXiv 1603.09382: blocks that are skipped in training.
# - H. Zheng et al., *Fast Training of Diffusion Models with Masked Transformers*, 2023, arXiv 2306.09305: MaskDiT.
# - J. Yao et al., *Reconstruction vs. Generation*, 2025, arXiv 2501.01423: LightningDiT.
# - G. Alain and Y. Bengio, *Understanding Intermediate Layers Using Linear Classifier Probes*, 2016, arXiv 1610.01644.
# - *Guiding Token-Sparse Diffusion Models*, 2026, arXiv 2601.01608: guidance away from a routed pass.
# - N. Srivastava et al., *Dropout*, 2014: units that are absent in training and present in use.
