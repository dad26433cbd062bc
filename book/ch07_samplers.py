# %% [markdown]
# # Chapter 7: Where the steps go
#
# | | |
# |---|---|
# | **Question** | The network only says in which direction to go. How do we walk from noise to an image in few steps, and where should the steps lie? |
# | **You will be able to** | write Euler's and Heun's method and measure their order; say why the better method can lose; read DDIM as Euler's method in another clock; add noise on the way without changing what comes out; compare samplers at equal cost and know what the comparison cannot tell |
# | **Minutes** | 2 on two cores; about 4 on an A100 with the `a100` settings (an estimate: they have not been run) |
# | **Claims** | none is tried here. Every claim about sample quality in this book is measured through a sampler, and this chapter says what that adds |
#
# Chapter 1 followed the velocity in fifty straight steps and said that they will do. Training is paid once. Sampling is paid for every image,
# and the bill is simple: each step asks the network, and everything else is nearly free. One question to the network is one *evaluation*. So this
# chapter has one currency, evaluations per image, and asks what we can buy with few of them.

# %%
from itertools import pairwise

import matplotlib.pyplot as plt
import torch

import minidit
from minidit import Streams, teach
from minidit.data import load
from minidit.flow import (
    SDE,
    Diffusion,
    Flow,
    GaussianMixture,
    ddim,
    euler,
    euler_maruyama,
    gaussian,
    heun,
    last,
    solve,
    stochastic_heun,
    times,
)
from minidit.measure import Evidence, Judge, frechet_distance
from minidit.teach.figures import ACCENT, BAND, INK, MUTED
from minidit.training import read_artefact

_ = torch.set_num_threads(1)  # faster at this size than two, and repeatable to the last bit

# %% [markdown]
# We sample from the network that this book shares: 16 by 16 pixels, 24 classes, trained on the straight path. It is not trained any more here.
# `v(x, t, y)` is its velocity at the noisy images `x`, the time `t` and the labels `y`.

# %%
network, device = read_artefact("shapes", teach.device()), teach.device()
flow = network.experiment.objective.flow
v = flow.velocity(network.ema.module.eval())
each, spend = teach.settings(cpu=(10, (4, 8)), a100=(200, (4, 8, 16)))  # images of each class, evaluations
classes, shape = network.experiment.model.num_classes, (3, 16, 16)
print(f"{classes} classes; trained on the {flow.path} path to predict the {flow.prediction}")

# %%
z = torch.randn(classes, *shape, generator=minidit.generator(0, "sample")).to(device)
y = torch.arange(classes, device=device)
some, names = slice(0, 24, 3), load(network.experiment.data).train.class_names
few = {f"{n} evaluation{'s' * (n > 1)}": last(euler(v, z[some], times(n), y[some])) for n in (1, 2, 50)}
teach.show(
    teach.rows(few, columns=[names[label].replace(" ", "\n") for label in y[some].tolist()]),
    alt="Eight classes from the same noise. After one evaluation a grainy blur in the right colour, after two the shape with soft "
    "edges, after fifty it is crisp.",
)

# %% [markdown]
# The noise is the same in each column. One evaluation gives a blur, close to the mean image of the class: in pure noise the network knows little more than the label. The grain
# on it is noise that one step did not quite take away.
# Two already give a shape. What do the other 48 buy?
#
# ## Predict
#
# You may know Heun's method from a course on differential equations: it asks twice in a step and is of *second order*. Halve the step, and its error
# falls to a quarter, while Euler's falls to a half. The *exact* path is where infinitely many steps would lead.

# %%
teach.predict(
    "ch07.heun",
    "You may spend 8 evaluations on an image of our network. Which ends nearer to the exact path?",
    choices={"a": "8 steps of Euler's method", "b": "4 steps of Heun's method", "c": "both equally near"},
    guess=None,
)

# %%
teach.predict(
    "ch07.noise",
    "Another sampler adds fresh noise in every step, and the network removes it again. Compared with the ODE it gives",
    choices={"a": "noisier images", "b": "other images of the same kind", "c": "the same images"},
    guess=None,
)

# %%
teach.predict(
    "ch07.enough",
    "How many Euler steps until our images, as a crowd, are as near to real ones as real ones are to each other?",
    choices={"a": "fewer than 10", "b": "10 to 50", "c": "more than 50"},
    guess=None,
)

# %% [markdown]
# ## The idea
#
# A path of the sampler obeys $dx/dt = v(x, t)$, an ordinary differential equation (ODE). Where does it lead in a short time $h$? Write $a = dv/dt$ for
# the change of the velocity that a traveller on the path feels, its *acceleration*:
#
# $$ x(t + h) = x(t) + h\, v + \tfrac{h^2}{2}\, a + \dots $$
#
# **Euler's method** keeps the first two terms. Each step errs by about $\tfrac{h^2}{2} |a|$, and there are $1/h$ steps: the sum falls like $h$. It is
# of first order. Where the path is straight, $a = 0$, one step of any length is exact. So acceleration makes the errors. The rest of the way
# enlarges them, or forgets them; that we shall measure.
#
# **Heun's method** looks ahead. It takes an Euler step, asks for the velocity there, and walks with the mean of both:
#
# $$ \tfrac{1}{2}\bigl(v(x, t) + v(x + h v, t + h)\bigr) = v + \tfrac{h}{2}\, a + \dots $$
#
# So the acceleration is taken along, and what is left falls like $h^2$: second order, for two evaluations a step.


# %%
def at(t, x):
    return torch.full((len(x),), t, dtype=x.dtype, device=x.device)  # one time for each image


def my_euler(v, x, grid, y=None):
    for t, t_next in pairwise(grid.tolist()):
        x = x + (t_next - t) * v(x, at(t, x), y)
    return x


def my_heun(v, x, grid, y=None):
    for t, t_next in pairwise(grid.tolist()):
        start = v(x, at(t, x), y)
        end = v(x + (t_next - t) * start, at(t_next, x), y)  # at the next time, not at t
        x = x + (t_next - t) * (start + end) / 2
    return x


# %%
with torch.no_grad():
    torch.testing.assert_close(
        my_euler(v, z[some], times(5), y[some]), last(euler(v, z[some], times(5), y[some]))
    )
    torch.testing.assert_close(
        my_heun(v, z[some], times(5), y[some]), last(heun(v, z[some], times(5), y[some]))
    )
for sampler in (euler, heun):
    *_, end = sampler(v, z[:1], times(5), y[:1])
    print(f"{sampler.__name__:>5}: 5 steps, {end.evaluations} evaluations, the same as the library's")

# %% [markdown]
# ## A path that we know
#
# Is it true, "first order" and "second order"? To measure an error we need the exact solution. In one dimension there is one. Take data that are a mixture of
# two bell curves, and noise that is one. The velocity of a mixture is known in closed form, no network is needed (`GaussianMixture`; chapter 5 derives it).

# %%
f64 = torch.float64
share, centre, width = (torch.tensor(values, dtype=f64) for values in ((0.35, 0.65), (-1.5, 1.0), (0.3, 0.5)))
mixture = GaussianMixture(share, centre[:, None], width.square()[:, None, None])
field = Flow().velocity(mixture.network(Flow()))

# %% [markdown]
# And the solution: on a line, two paths can never cross, for at the crossing they would have one velocity and go on together. So paths keep their order. If three
# tenths of the noise lie to the left of a start, then three tenths of the data lie to the left of its end. Let $\Phi$ be the share of the noise to the left of a
# point and $F_t$ the share of the points at time $t$. Then, at every time,
#
# $$ F_t(x_t) = \Phi(x_0) . $$
#
# At time $t$ the noisy data are again two bell curves, with centres $t\,\mu$ and variances $t^2 b^2 + (1 - t)^2$, where $\mu$ and $b$ are the centre and the width of a
# bell in the data. So $F_t$ is known, and halving intervals finds
# $x_t$ to any accuracy.


# %%
def left_of(x, t):
    """The share of the points at time t that lie to the left of x."""
    spread = (t**2 * width**2 + (1 - t) ** 2).sqrt()
    return (share * torch.special.ndtr((x[..., None] - t * centre) / spread)).sum(-1)


def solution(start, t=1.0):
    low, high = torch.full_like(start, -9.0), torch.full_like(start, 9.0)
    for _ in range(60):
        middle = (low + high) / 2
        short = left_of(middle, t) < torch.special.ndtr(start)
        low, high = torch.where(short, middle, low), torch.where(short, high, middle)
    return low


# %%
starts = torch.linspace(-2.4, 2.4, 13, dtype=f64).view(-1, 1, 1, 1)
moments = torch.linspace(0, 1, 60, dtype=f64)
known = torch.stack([solution(starts, t).flatten() for t in moments])  # (times, paths)
fine = torch.stack([state.x.flatten() for state in solve(field, starts, moments, method="rk4")])
torch.testing.assert_close(fine, known, atol=1e-5, rtol=0)
print("a fine numerical solution runs where the formula says, at", len(moments), "times")

# %%
figure, both = plt.subplots(1, 2, figsize=(8.5, 3.2), sharey=True)
for panel, name, sampler, colour in (
    (both[0], "Euler, 8 steps", euler, ACCENT),
    (both[1], "Heun, 4 steps", heun, INK),
):
    states = list(sampler(field, starts, times(8 if sampler is euler else 4)))
    panel.plot(moments, known, color=MUTED, linewidth=1)
    panel.plot(
        [s.t for s in states],
        [s.x.flatten().tolist() for s in states],
        "o-",
        color=colour,
        markersize=2.5,
        linewidth=1,
    )
    panel.set(xlabel="t (0 noise, 1 data)", title=f"{name}: 8 evaluations")
    panel.title.set(fontsize=10, color=INK)
    panel.spines[["top", "right"]].set_visible(False)
both[0].set_ylabel("x")
figure.tight_layout()
teach.show(
    figure,
    alt="Paths of one number from noise to two clusters. Grey: the exact paths. Orange: eight Euler steps lag behind where paths bend; four "
    "Heun steps stay close.",
)

# %% [markdown]
# Grey is exact. Euler's method is late wherever a path bends. One path starts at -0.4, near the watershed between the clusters. There both fail: a small error decides the cluster in which the path ends.
#
# Now count: error against steps. `solve` hands the work to the solvers of torchdiffeq; we take the classical
# method of Runge and Kutta, `rk4`, which asks four times in a step and is of fourth order.

# %%
cost = {"Euler": 1, "Heun": 2, "rk4": 4}
methods = {"Euler": euler, "Heun": heun, "rk4": lambda v, x, grid: solve(v, x, grid, method="rk4")}


def error(name, evaluations):
    end = last(methods[name](field, starts, times(evaluations // cost[name])))
    return (end.flatten() - known[-1]).abs().mean().item()


counts = (4, 8, 16, 32, 64, 128, 256)
errors = {name: torch.tensor([error(name, n) for n in counts]) for name in methods}
for name, found in errors.items():
    ratio = found[-2] / found[-1]
    print(f"{name:>5}: twice the steps divide the error by {ratio:4.1f}, order {ratio.log2():.1f}")

# %% [markdown]
# About two, four, sixteen: first, second and fourth order, as promised. But a step of `rk4` costs four evaluations. What counts is the error for the same
# money. Read this table by rows.

# %%
print("evaluations " + "".join(f"{name:>10}" for name in errors))
for i, n in enumerate(counts):
    print(f"{n:>11} " + "".join(f"{found[i]:>10.1e}" for found in errors.values()))

# %% [markdown]
# On this field Heun's method pays from the first row on, and `rk4` from the second. Many textbooks end here. We go on, to the field that we really have.
#
# ## The same on our network
#
# Nobody knows the exact path of the network. As a stand-in we take `rk4` with many steps, most of them near the data (why there, you will see), and check that half as many
# give nearly the same images. The error is the root mean square difference of the pixels, which range from -1 to 1.


# %%
def away(x):
    return (x - exact).square().mean().sqrt().item()


exact = last(solve(v, z, times(64, shift=0.3), y, method="rk4"))
check = away(last(solve(v, z, times(32, shift=0.3), y, method="rk4")))
print(f"half as many steps end within 0.002 of it: {check < 0.002}")

# %%
budgets = (2, 4, 8, 16, 32, 64)
live = {"euler": {n: away(last(euler(v, z, times(n), y))) for n in budgets}}
live["heun"] = {n: away(last(heun(v, z, times(n // 2), y))) for n in budgets}

# %% [markdown]
# Your run repeats the noise of seed 0. Beside it stand five recorded seeds, each a pale dot. The reference is sure to 0.002 only: do not read differences smaller than that.

# %%
evidence = Evidence.read("samplers", teach.scale())
look = {
    "euler": (ACCENT, "o-", "Euler"),
    "heun": (INK, "s-", "Heun"),
    "heun, last step euler": ("#2b6cb0", "^-", "mended Heun"),
}


def against_budget(names):
    figure, panel = plt.subplots(figsize=(6, 3.4))
    for name in names:
        colour, mark, label = look[name]
        for n in live[name]:
            panel.plot([n] * 5, evidence.readout(f"away.{name}.{n}"), ".", color=colour, alpha=0.4)
        panel.plot(*zip(*live[name].items(), strict=True), mark, color=colour, label=label, markersize=4)
    panel.set(xscale="log", yscale="log", xlabel="evaluations of the network", ylabel="error")
    panel.set_xticks(budgets, budgets)
    panel.minorticks_off()
    panel.legend(frameon=False, fontsize=8)
    panel.spines[["top", "right"]].set_visible(False)
    return figure


teach.show(
    against_budget(["euler", "heun"]),
    alt="Error against evaluations, both axes logarithmic. Heun starts far above Euler, crosses it at about 32 evaluations, and is below at 64.",
)


# %%
def ahead(one, other, n, m=None):
    pairs = zip(evidence.readout(f"away.{one}.{n}"), evidence.readout(f"away.{other}.{m or n}"), strict=True)
    return sum(a < b for a, b in pairs)


print(
    f"at 8 evaluations, live: Heun's error is more than 1.5 times Euler's: {live['heun'][8] > 1.5 * live['euler'][8]}"
)
for n in budgets:
    print(f"{n:>2} evaluations: Heun is nearer in {ahead('heun', 'euler', n)} of 5 recorded seeds")

# %%
teach.compare("ch07.heun", "a", "eight plain steps end nearer than four clever ones.")

# %% [markdown]
# The better method loses, and not by a little. Its order is no lie: at the right end Heun's line is steeper. But order speaks of steps that are short enough. Ours are not. What on
# this field changes too fast for them?
#
# ## Who is to blame
#
# Acceleration is. Take the 64 steps of Euler's method and see how much the velocity changes from one step to the next.

# %%
states = list(euler(v, z, times(64), y))
speeds = torch.stack([(b.x - a.x) * 64 for a, b in pairwise(states)])  # (steps, batch, c, h, w)
acceleration = ((speeds[1:] - speeds[:-1]) * 64).square().flatten(1).mean(1).sqrt().cpu()
moment = torch.arange(1, 64) / 64
middle = acceleration[(moment > 0.2) & (moment < 0.8)].mean()
print(f"the last change is more than 8 times that of the middle:  {bool(acceleration[-1] > 8 * middle)}")
print(f"the first change is more than 3 times that of the middle: {bool(acceleration[0] > 3 * middle)}")

# %% [markdown]
# There is a reason for the end. A little before it the noise can still be seen, and the velocity is $x_1 - \varepsilon$, with $\varepsilon$ the noise that the network hears then.
# At $t = 1$ the image is clean. No noise is left that could be seen, so the best guess of the noise is its mean, zero, and the best velocity is $x_1$ itself. In between it must
# turn. So much for the best network. Ours never saw $t = 1$ in training; that it behaves so too is what the next cell tests. For the start we give no reason.
#
# Now look at Heun's last step, of length $h$. At its beginning it hears $x_1 - \varepsilon$, at its end it asks at $t = 1$ and hears $x_1$. It walks with the mean, and
# comes out at
#
# $$ x + \tfrac{h}{2}(x_1 - \varepsilon) + \tfrac{h}{2}\, x_1 \;=\; \bigl[x + h\,(x_1 - \varepsilon)\bigr] + \tfrac{h}{2}\,\varepsilon . $$
#
# The bracket is Euler's step. So Heun leaves half a step of the noise in the image! That is a prediction with a number in it. We take the last step by both methods from the same state, and ask which multiple of the
# noise that the network hears there, $\varepsilon = x - t\,v$, is left in the difference.

# %%
for n in (2, 4, 8):
    *_, before, end = heun(v, z, times(n), y)
    h, velocity = 1 / n, v(before.x, at(before.t, z), y).detach()
    noise = before.x - before.t * velocity
    difference = end.x - (before.x + h * velocity)  # Heun's step less Euler's
    left = ((difference * noise).sum() / noise.square().sum()).item()
    print(f"{n} steps: predicted {h / 2:.4f}; found within a tenth of it: {abs(left - h / 2) < 0.05 * h}")

# %% [markdown]
# The formula holds. Is it the whole story? With 4 steps an eighth of the noise stays in, by which the pixels are off by about an eighth. Compare that with Heun's error at 8 evaluations, and ask how
# much of that error, as a picture, is a multiple of the starting noise.

# %%
wrong = last(heun(v, z, times(4), y)) - exact
explained = (wrong * z).sum().square() / (wrong.square().sum() * z.square().sum())
print(f"Heun's error with 4 steps is 0.8 to 1 times an eighth:    {0.8 < 8 * live['heun'][8] < 1}")
print(f"more than two thirds of its square is the starting noise: {bool(explained > 2 / 3)}")

# %% [markdown]
# Most of it. So we know the mend: let the *last* step be Euler's, which never asks at $t = 1$. It even saves an evaluation: $n$ steps cost $2n - 1$. Karras and others (2022) walk in just this
# way. We call it *mended Heun*. A sampler of the library goes on from any state, so we can put one behind the other.


# %%
def heun_then_euler(v, x, grid, y):
    return last(euler(v, last(heun(v, x, grid[:-1], y)), grid[-2:], y))


mended = "heun, last step euler"
live[mended] = {2 * n - 1: away(heun_then_euler(v, z, times(n), y)) for n in (2, 4, 8, 16, 32)}
teach.show(
    against_budget(["euler", "heun", mended]),
    alt="The same picture with a third line: mended Heun lies on Euler's at 3 evaluations, below it from 7 to 31, and on it again at 63.",
)

# %%
pictures = {
    "Heun, 8 evaluations": last(heun(v, z[some], times(4), y[some])),
    "mended Heun, 7": heun_then_euler(v, z[some], times(4), y[some]),
    "exact": exact[some],
}
teach.show(
    teach.rows(pictures),
    alt="The same eight images three times. By Heun's method they are grainy all over; by mended Heun they are as clean as the exact ones.",
)

# %%
for n in (4, 8, 16, 32, 64):
    print(
        f"{n - 1:>2} evaluations: mended Heun is nearer than Euler with {n:>2} in {ahead(mended, 'euler', n - 1, n)} of 5 seeds, "
        f"than plain Heun with {n:>2} in {ahead(mended, 'heun', n - 1, n)}"
    )

# %% [markdown]
# Read it as it stands. The mend helps in every seed up to 31 evaluations; with 64 the steps of the plain form have become short enough for the end, and it wins. Against Euler the mended form is ahead in most seeds from
# 7 to 31 evaluations, not in all; with 63 in two of five, with 3 in none. So who is best at equal cost depends on the field and on the budget.
#
# The mixture would have told you something else. Why does the turn at $t = 1$ spare it? Its clusters are 0.3 and 0.5 wide. Noise that has become smaller than that can no longer be told from the width of a cluster, so the best guess of the noise
# fades slowly, over the last third of the way. In the images the network can see far smaller noise, and turns at the very end. If that is the reason, narrow clusters must bring the trouble back. We make them ten times as narrow.

# %%
narrow = GaussianMixture(share, centre[:, None], (width / 10).square()[:, None, None])
narrow_field = Flow().velocity(narrow.network(Flow()))
fine = last(solve(narrow_field, starts, times(400, shift=0.3), method="rk4"))
by_eight = {"Euler": euler(narrow_field, starts, times(8)), "Heun": heun(narrow_field, starts, times(4))}
off = {name: (last(states) - fine).abs().median().item() for name, states in by_eight.items()}
print(f"8 evaluations, narrow clusters: Heun is farther off than Euler: {off['Heun'] > off['Euler']}")
print(f"the path in the middle ends off by: Euler {off['Euler']:.3f}, Heun {off['Heun']:.3f}")

# %% [markdown]
# The trouble is back. That fits the reason, and does not prove it.
#
# One more idea, for half of the money. Heun pays for a second question to learn how the velocity changes. The step before knew it already. *Multistep* methods remember: that of Adams and Bashforth walks with $\tfrac{3}{2} v - \tfrac{1}{2} v_{\text{before}}$ (on an even
# grid; the first step is Euler's). It is of second order, for one evaluation a step, and never asks at $t = 1$. DPM-Solver++(2M), which is widely used, remembers too: the guessed image, in the clock $\log(\alpha / \sigma)$.
# Experiment 6 is about this.
#
# ## Where the steps go
#
# Nothing says that the steps must be equal. The usual knob is the *time shift*: put the grid through
#
# $$ t \;\mapsto\; \frac{t}{t + \text{shift}\,(1 - t)} . $$
#
# With shift 1 nothing changes. With more than 1 the times move towards 0: short steps in noise, long ones at the end. SD3 uses 3 for large images. The argument (Esser et al. 2024): with more pixels
# to average, the same noise hides less, so the large image is decided at higher noise, and the grid must go there.

# %%
even = torch.linspace(0, 1, 9, dtype=torch.float64)
torch.testing.assert_close(even / (even + 3 * (1 - even)), times(8, shift=3))
early = int((times(8, shift=3)[1:] < 0.51).sum())
print(f"of 8 steps shifted by 3, {early} are over by t = 0.5; of 8 even ones, 4")

# %% [markdown]
# Our images are small. Which shift do they want? Acceleration is largest at the very end. That speaks for short steps there, so for a shift below 1. Or does it?

# %%
teach.predict(
    "ch07.shift",
    "Eight steps of Euler on our network. Which shift ends nearest to the exact path?",
    choices={
        "a": "0.35, short steps near the data",
        "b": "about 1, even steps",
        "c": "3, short steps in noise",
    },
    guess=None,
)

# %% [markdown]
# First a question that can be asked step by step: what becomes of an error? We walk the path of six images in fine steps, except for *one* of eight parts, which we take in a single step of Euler. Then we look
# twice: how far off are we just after that step, and how far off at the end, when all the rest was walked finely?

# %%
six = slice(0, 24, 4)
fine = times(32)  # four fine steps in each of eight parts
path = [state.x for state in solve(v, z[six], fine, y[six], method="rk4")][::4]


def one_by_euler(k):
    """The error of part k taken by Euler: just after it, and at the end."""
    x = last(euler(v, path[k], times(8)[k : k + 2], y[six]))
    end = x if k == 7 else last(solve(v, x, fine[4 * k + 4 :], y[six], method="rk4"))
    return [(a - b).square().mean().sqrt().item() for a, b in ((x, path[k + 1]), (end, path[-1]))]


# %%
just_after, at_end = zip(*(one_by_euler(k) for k in range(8)), strict=True)
figure, panel = plt.subplots(figsize=(6, 2.8))
panel.plot(times(8)[:-1], just_after, "o-", color=MUTED, label="just after the step", markersize=4)
panel.plot(times(8)[:-1], at_end, "s-", color=ACCENT, label="at the end of the path", markersize=4)
panel.set(xlabel="t at which the Euler step begins", ylabel="error")
panel.set_ylim(bottom=0)
panel.legend(frameon=False, fontsize=8)
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Grey: the error that each of eight Euler steps makes, large at the first and at the last, small between. Orange: what it has become at the end. The "
    "errors of the second, third and fourth step have grown to about three times their size; those of the first and the last have not grown.",
)
print(f"the error of the second step grows more than 2.5 times: {at_end[1] > 2.5 * just_after[1]}")
print(f"in the end it is larger than that of the last step:     {at_end[1] > at_end[7]}")

# %% [markdown]
# The last step makes the largest error, but nothing comes after it. The second makes less than half of that, and the way enlarges it to more. So acceleration makes the errors; the rest of the way enlarges or
# forgets them. Short steps at the end are paid for with long ones early on, where an error still has time to grow. You may
# change your mind; then try it, with eight steps of Euler and with four of mended Heun.

# %%
shifts = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0)
walks = {
    "euler": lambda shift: last(euler(v, z, times(8, shift), y)),
    mended: lambda shift: heun_then_euler(v, z, times(4, shift), y),
}
shifted = {name: {shift: away(walk(shift)) for shift in shifts} for name, walk in walks.items()}

# %%
figure, panel = plt.subplots(figsize=(6, 3.2))
for name, found in shifted.items():
    colour, mark, label = look[name]
    for shift in shifts:
        panel.plot([shift] * 5, evidence.readout(f"shifted.{name}.{shift:g}"), ".", color=colour, alpha=0.4)
    panel.plot(*zip(*found.items(), strict=True), mark, color=colour, label=label, markersize=4)
panel.set(xscale="log", xlabel="shift", ylabel="error")
for place, side, words in ((0, "left", "short steps at the data"), (1, "right", "short steps in noise")):
    panel.text(place, -0.17, words, transform=panel.transAxes, ha=side, fontsize=8, color=MUTED)
panel.set_xticks(shifts, [f"{shift:g}" for shift in shifts])
panel.minorticks_off()
panel.set_ylim(bottom=0)
panel.legend(frameon=False, fontsize=8)
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Error against the time shift: flat around 1 to 2 for Euler, lowest near 1 for mended Heun, clearly higher at 0.35.",
)


# %%
def as_good(name):
    """In how many recorded seeds no shift is more than a tenth better than an even grid."""
    even = evidence.readout(f"shifted.{name}.1")
    lowest = [min(run.readouts[f"shifted.{name}.{shift:g}"] for shift in shifts) for run in evidence.runs]
    return sum(low > 0.9 * e for low, e in zip(lowest, even, strict=True))


for name in shifted:
    three, even = (evidence.readout(f"shifted.{name}.{shift}") for shift in (3, 1))
    print(
        f"{look[name][2]}: no shift is more than 10 % better than an even grid in {as_good(name)} of 5 seeds,"
    )
    print(
        f"    and SD3's 3 is worse than an even grid in {sum(a > b for a, b in zip(three, even, strict=True))}"
    )

# %%
teach.compare("ch07.shift", "b", "in no seed is another shift more than a tenth better than even steps.")

# %% [markdown]
# So here the even grid is about as good as any. Copying SD3's number would cost Euler a little, about 7 % in the mean, and one seed gains; it would cost mended Heun more, from a fifth to two thirds. The shift belongs to the images, the network and the sampler; look for it each time.
#
# ## DDIM is Euler in another clock
#
# What does Euler's step do on the straight path? There $x = t\,d + (1 - t)\,\varepsilon$ and $v = d - \varepsilon$, where $d$ and $\varepsilon$ are the network's present guesses of image and noise. Two equations, so both can
# be read off: $d = x + (1 - t)\,v$ and $\varepsilon = x - t\,v$. Put them into the step from $t$ to $t'$:
#
# $$ x + (t' - t)\,v \;=\; t'\,d + (1 - t')\,\varepsilon . $$
#
# Euler's step takes the guesses of image and noise, and mixes them anew in the proportions of the next time. Those who know diffusion know this sentence: it is DDIM (Song et al. 2021). Only
# the proportions differ. DDPM mixes $\alpha\, d + \sigma\, \varepsilon$ with $\alpha^2 + \sigma^2 = 1$, in a thousand steps whose $\alpha^2$ is called $\bar\alpha$. Divide by $\alpha + \sigma$, and you stand on our
# straight path, at
#
# $$ t = \frac{\alpha}{\alpha + \sigma} . $$
#
# So DDIM is Euler's method on another grid, and our network can sample by it without being told. We only have to translate.

# %%
ddpm = Diffusion.linear()  # DDPM's thousand steps


def in_their_words(x, t, y):
    """Our network for DDPM's image and time: it answers with the noise."""
    # the library gives every network a time from 0 (noise) to 1; this is their step, 1 to 1000, at that time
    abar = ddpm.abar[(1000 * (1 - t)).round().long().cpu() - 1].to(x)
    size = abar.sqrt() + (1 - abar).sqrt()  # (batch,): alpha + sigma
    t, x = abar.sqrt() / size, x / size.view(-1, 1, 1, 1)
    return x - t.view(-1, 1, 1, 1) * v(x, t, y)  # the noise, x - t v


# %%
ten = ddpm.respace("10")  # ten of the thousand
alpha, sigma = ten.abar.sqrt(), (1 - ten.abar).sqrt()
clock = torch.cat([(alpha / (alpha + sigma)).flip(0), torch.ones(1)])  # noise first, and t = 1 at the end
theirs = last(ddim(in_their_words, z[some], ten, y[some]))
# DDPM's noisiest level is not quite noise: its clock begins at t = 0.006, and its first image is z, rescaled
ours = last(euler(v, z[some] / (alpha + sigma)[-1], clock, y[some]))
torch.testing.assert_close(theirs, ours, atol=2e-3, rtol=0)
print(f"DDIM is Euler on another grid; after 5 of 10 steps it is at t = {clock[5]:.2f}")

# %%
figure, panel = plt.subplots(figsize=(7, 3.2))
panel.plot(moment, acceleration, color=INK)
grids = {"even": times(10), "shift 3": times(10, 3), "DDIM": clock}
for row, (name, grid) in enumerate(grids.items()):
    panel.plot(grid, torch.full_like(grid, -2.5 - 2.4 * row), "|-", color=ACCENT, linewidth=0.6, markersize=9)
    panel.text(1.02, -2.5 - 2.4 * row, name, va="center", fontsize=9, color=ACCENT)
panel.set(
    xlabel="t (0 noise, 1 data)", ylabel="acceleration", yticks=[0, 10, 20], xlim=(-0.01, 1.01), ylim=(-9, 24)
)
panel.spines[["top", "right"]].set_visible(False)
teach.show(
    figure,
    alt="Acceleration on the network's paths: some at the start, little in the middle, a steep rise at the very end. Below, three grids "
    "of ten steps: even; shifted to noise; and DDIM's, which is closest together in noise.",
)

# %% [markdown]
# The curve is where errors are made; below it, three grids of ten steps. DDIM's steps lie close together in noise, wide apart in the middle, where paths are nearly straight, and its last one is tiny. Its grid was not
# made for our path. It came with the thousand noise levels that DDPM happens to use. And the curve does not show what becomes of an error on the
# rest of the way; that you saw above.
#
# ## Noise on the way
#
# So far chance entered once, at the start. Now add some in every step. In a time $dt$, each number of the image gets noise of variance $2w\,dt$, with any $w(t) \ge 0$ (an amount of noise; not
# chapter 1's $w$, which is the strength of guidance). That alone blurs the crowd. So something must pull
# back: the *score* $s = \nabla \log p_t$, the direction in which images become more probable at time $t$. It needs no new network. What made the image improbable is its noise, and on the straight path
#
# $$ s = -\frac{\varepsilon}{\sigma} = -\frac{x - t\,v}{1 - t} . $$
#
# How strong must the pull be? Noise changes the density $p$ of the crowd by $w \nabla^2 p$ (it diffuses). A walk with velocity $w\,s$ changes it by
# $-\nabla \cdot (w\,p\,\nabla \log p) = -w \nabla^2 p$. The two cancel exactly, at every time. (If these two formulas are new to you, take the result on trust; an experiment follows.) So the stochastic differential equation (SDE)
#
# $$ dX = [\,v + w\,s\,]\,dt + \sqrt{2w}\; dW $$
#
# moves the same *crowd* as the ODE, though every single image goes another way. ($dW$ is noise of variance $dt$. Variances add up over the steps, standard deviations do not. Hence the root.) We take $w = 1 - t$, the
# choice of SiT's scripts. Then $w\,s = -\varepsilon$. The last step goes to the guessed image, without noise.


# %%
def drift(v, x, t, y):
    velocity = v(x, at(t, x), y)
    return velocity - (x - t * velocity)  # v + w s, and w s = -noise


def my_euler_maruyama(v, x, grid, draws, y=None):
    *before, end = grid.tolist()
    for k, (t, t_next) in enumerate(pairwise(before)):
        dt, left = t_next - t, len(before) - k  # a step's draw is named by the steps that are left
        x = x + dt * drift(v, x, t, y) + (2 * (1 - t) * dt) ** 0.5 * draws(left)
    return x + (end - before[-1]) * v(x, at(before[-1], x), y)


# %% [markdown]
# Heun's idea works here too: throw in the noise first, then take the mean of two drifts.


# %%
def my_stochastic_heun(v, x, grid, draws, y=None):
    *before, end = grid.tolist()
    for k, (t, t_next) in enumerate(pairwise(before)):
        dt, left = t_next - t, len(before) - k  # a step's draw is named by the steps that are left
        x = x + (2 * (1 - t) * dt) ** 0.5 * draws(left)
        start = drift(v, x, t, y)
        x = x + dt / 2 * (start + drift(v, x + dt * start, t_next, y))
    return x + (end - before[-1]) * v(x, at(before[-1], x), y)


# %%
settings = {"sde": SDE("linear"), "last_step": "tweedie"}  # w = 1 - t; tweedie: to the guessed image
draws = gaussian(z[some], Streams(0))  # draws(left) is the noise of a step
with torch.no_grad():
    for mine, theirs in ((my_euler_maruyama, euler_maruyama), (my_stochastic_heun, stochastic_heun)):
        expected = last(theirs(v, z[some], times(5), draws, y[some], **settings))
        torch.testing.assert_close(mine(v, z[some], times(5), draws, y[some]), expected)
print("both are the library's")

# %% [markdown]
# EDM's sampler with *churn* (Karras et al. 2022) does much the same in two halves. It adds noise and sets the clock back to the noise level that the image now has; then a step of the ODE, by Heun's method, leads on from there. No pull is
# needed: the clock pays for the noise. We have not tried it.
#
# Does the crowd stay the same? In one dimension we can be strict. We send 4,000 points through, and compare their law with the true one: the largest gap between the two shares to the left of a point.
# Chance makes a gap too, so first we draw 1,000 such crowds from the true law itself. (The share to the left of a point is then uniform.) As a control we leave the pull out.

# %%
crowd = torch.randn(4000, 1, 1, 1, dtype=f64, generator=minidit.generator(0, "crowd"))
chance = gaussian(crowd, Streams(0))


def largest(shares):
    return (shares - torch.arange(4000) / 4000).abs().amax(-1)


def gap(x):
    return largest(left_of(x.flatten().sort().values, torch.ones(1, dtype=f64))).item()


def no_pull(x, steps):
    for k in range(steps):
        x = x + field(x, at(k / steps, x)) / steps + (2 * (1 - k / steps) / steps) ** 0.5 * chance(steps - k)
    return x


# %%
by_chance = largest(torch.rand(1000, 4000, generator=minidit.generator(0, "by chance")).sort().values)
for limit in (0.02, 0.025, 0.03):
    print(f"of 1000 crowds of the true law, {(by_chance > limit).sum()} have a gap above {limit}")

# %%
ends = {
    "ODE, Euler": last(euler(field, crowd, times(50))),
    "SDE, Euler-Maruyama": last(euler_maruyama(field, crowd, times(50), chance, **settings)),
    "SDE, stochastic Heun": last(stochastic_heun(field, crowd, times(25), chance, **settings)),
    "noise without pull": no_pull(crowd, 50),
}
for name, x in ends.items():
    print(f"{name:>20}: the gap is below 0.03: {gap(x) < 0.03}")

# %%
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), sharey=True, width_ratios=(1, 1, 0.6))
ways = {
    "ODE": euler(field, starts, times(100)),
    "SDE": euler_maruyama(field, starts, times(100), gaussian(starts, Streams(1)), **settings),
}
for panel, (name, states) in zip(axes, ways.items(), strict=False):
    states = list(states)
    panel.plot(
        [s.t for s in states],
        [s.x.flatten().tolist() for s in states],
        color=INK if name == "ODE" else ACCENT,
        linewidth=0.7,
    )
    panel.set(xlabel="t", title=f"{name}, the same starts")
places = torch.linspace(-3, 3, 200, dtype=f64)
axes[2].plot(mixture.log_density(places.view(-1, 1, 1, 1)).exp(), places, color=MUTED, linewidth=4)
for name, colour in (("ODE, Euler", INK), ("SDE, Euler-Maruyama", ACCENT)):
    sideways = {"density": True, "orientation": "horizontal", "histtype": "step"}
    axes[2].hist(ends[name].flatten(), bins=40, range=(-3, 3), color=colour, **sideways)
axes[2].set(title="4,000 ends", xticks=[])
axes[0].set(ylabel="x", ylim=(-3, 3))
for panel in axes:
    panel.title.set(fontsize=10, color=INK)
    panel.spines[["top", "right"]].set_visible(False)
figure.tight_layout()
teach.show(
    figure,
    alt="Left: smooth paths that never cross. Middle: from the same starts, ragged paths that cross freely. Right: the histograms of both ends lie on the true density.",
)

# %% [markdown]
# On the right, grey is the true density; the histograms of both samplers lie on it. Paths of the SDE cross freely, so a start no longer fixes the end. Now with images: one noise, one label, eight times.

# %%
same = z[2:3].expand(8, -1, -1, -1), y[2:3].expand(8)
by_ode = last(euler(v, same[0], times(50), same[1]))
by_sde = last(euler_maruyama(v, same[0], times(50), gaussian(same[0], Streams(0)), same[1], **settings))
teach.show(
    teach.rows({"ODE": by_ode, "SDE": by_sde}),
    alt="Top: eight times the same image. Bottom: eight images of the same class, at other places and in other sizes, as clean as the one above.",
)

# %%
print(f"the ODE gives one image: {bool((by_ode - by_ode[:1]).abs().max() < 1e-3)}")
print(f"the SDE gives others:    {bool((by_sde - by_sde.mean(0)).square().mean().sqrt() > 0.1)}")
teach.compare(
    "ch07.noise",
    "b",
    "the crowd is the same, the images are others. Clean, because the last step adds no noise.",
)

# %% [markdown]
# ## Six samplers and a judge
#
# Nearness to the exact path is not what we want. We want good images, and the network errs too: its exact path may end at a bad image. So we judge as in chapter 1: the share of the images that a
# judge reads as the class asked for, and the Frechet distance of the crowd from held-out real images, in what the judge sees. First the judge.

# %%
data = load(network.experiment.data)
judge = Judge.train(data.train)
print(
    f"the judge reads at least 98 % of held-out real images: {judge.accuracy(data.held_out.x, data.held_out.labels) >= 0.98}"
)

# %%
count = each * classes
# the records judged twice as many images; yours are the first half of seed 0
noise = torch.randn(2 * count, *shape, generator=minidit.generator(0, "sample"))
shake = gaussian(noise, Streams(0))
noise, labels = noise[:count].to(device), (torch.arange(count) % classes).to(device)
samplers = {
    "euler": lambda n: last(euler(v, noise, times(n), labels)),
    "heun": lambda n: last(heun(v, noise, times(n // 2), labels)),
    mended: lambda n: heun_then_euler(v, noise, times(n // 2), labels),  # n - 1 evaluations
    "rk4": lambda n: last(solve(v, noise, times(n // 4), labels, method="rk4")),
    "ddim": lambda n: last(ddim(in_their_words, noise, ddpm.respace(str(n)), labels)),
    "euler-maruyama": lambda n: last(
        euler_maruyama(v, noise, times(n), lambda left: shake(left)[:count].to(device), labels, **settings)
    ),
}

# %%
real = judge.features(data.held_out.x)
measured = {}
for name in teach.progress(samplers, "sampling"):
    for n in spend:
        x = samplers[name](n).clamp(-1, 1).cpu()
        paid = n - 1 if name == mended else n
        measured[name, paid] = judge.accuracy(x, labels.cpu()), frechet_distance(judge.features(x), real)

# %% [markdown]
# Grey: five recorded seeds of noise, for more budgets than your run has time for. Orange: your run, which repeats seed 0. Lower is better. The blue band is the floor: 200 recorded crowds of *real* training images, as many of each
# class as we draw, against the same held-out images. The band holds the middle 90 % of them. No sampler can be asked for more than that.

# %%
titles = {key: label for key, (_, _, label) in look.items()}
titles |= {"rk4": "rk4", "ddim": "DDIM", "euler-maruyama": "Euler-Maruyama (SDE)"}


def recorded(word, name):
    """{evaluations: five values} of one sampler."""
    known = [key.rsplit(".", 1) for key in evidence.runs[0].readouts]
    return {int(n): evidence.readout(f"{head}.{n}") for head, n in known if head == f"{word}.{name}"}


crowds = Evidence.read("crowds", teach.scale())


def floor(size, *parts):
    """Distances of so many real images: those that `parts` of the 200 crowds lie below."""
    known = torch.tensor(crowds.readout(f"floor.{size}"), dtype=f64)
    return known.quantile(torch.tensor(parts, dtype=f64)).tolist()


# %%
figure, axes = plt.subplots(2, 3, figsize=(8.5, 4.6), sharex=True, sharey=True)
for panel, name in zip(axes.flat, samplers, strict=True):
    panel.axhspan(*floor(count, 0.05, 0.95), color=BAND)
    for n, values in recorded(f"frechet{count}", name).items():
        panel.plot([n] * 5, values, ".", color=MUTED, markersize=5)
    own = {n: distance for (other, n), (_, distance) in measured.items() if other == name}
    panel.plot(*zip(*own.items(), strict=True), "o", color=ACCENT, markersize=8, fillstyle="none")
    panel.set(xscale="log", yscale="log", yticks=[10, 100, 1000])
    panel.set_xticks([1, 2, 4, 8, 16, 32], ["1", "2", "4", "8", "16", "32"])
    panel.minorticks_off()
    panel.set_title(titles[name], fontsize=10, color=INK)
    panel.spines[["top", "right"]].set_visible(False)
axes[1, 1].set_xlabel("evaluations of the network", fontsize=10)
figure.supylabel("Frechet distance", fontsize=10)
figure.tight_layout()
teach.show(
    figure,
    alt="Frechet distance against evaluations for six samplers, with the band of real images. Of Euler four seeds in five lie in the band with 4 evaluations; all "
    "lie in it with 8, as do those of mended Heun with 7 and of DDIM with 8. Those of rk4 and the SDE need 16. Heun starts in the thousands; with 16 two seeds "
    "in five lie in the band.",
)

# %%
near = [
    abs(distance - evidence.readout(f"frechet{count}.{name}.{n}")[0]) < 0.05 * distance
    for (name, n), (_, distance) in measured.items()
]
print(f"{sum(near)} of your {len(near)} distances lie within 5 % of the recorded seed 0")

# %% [markdown]
# And in numbers, for twice as many images. With twice as many the band sinks, and some of what you read off the picture changes: Euler with 4 evaluations, for one. Look at two things: from which budget on do the distances of a sampler lie among those of real images? And does the share that is read correctly tell the same story?

# %%
print("five seeds, lowest to highest        read correctly   Frechet distance")
for name in samplers:
    accuracies = recorded("accuracy", name)
    for n, values in recorded("frechet", name).items():
        share_read = f"{min(accuracies[n]):.3f} to {max(accuracies[n]):.3f}"
        print(
            f"{titles[name]:>22} {n:>3} evaluations {share_read} {min(values):>8.1f} to {max(values):>6.1f}"
        )
low, high = floor(2 * count, 0.05, 0.95)
print(f"{'real images, 90 % of 200 crowds':>38} {'':>15} {low:>7.1f} to {high:>6.1f}")


# %%
def enters(name):
    """The smallest budget with which, as with every larger one, most seeds are not beyond the band."""
    inside = {n: sum(d <= high for d in values) >= 3 for n, values in recorded("frechet", name).items()}
    return min((n for n in inside if all(inside[m] for m in inside if m >= n)), default=None)


print("most seeds among the real crowds, from this many evaluations on:")
for name in samplers:
    print(f"{titles[name]:>22} {enters(name) or 'not with 16'}")

# %%
teach.compare(
    "ch07.enough", "a", "eight steps of Euler lie among the real crowds. On these images, by this judge."
)

# %% [markdown]
# Of the budgets that we tried, Euler, mended Heun and DDIM need 7 or 8; the SDE, whose noise has its own price, and rk4, which asks at $t = 1$, need 16; plain Heun needs more than we tried. But be careful with what these numbers can tell.
#
# **The share read correctly is no help.** For Euler it falls while the images get better (it does not see blur); for Heun and rk4 it rises. So it cannot order the budgets.


# %%
def wins(word, one, n, other, m):
    """In how many seeds sampler `one` has the lower number."""
    return sum(a < b for a, b in zip(recorded(word, one)[n], recorded(word, other)[m], strict=True))


print(
    f"Euler with 16 evaluations is read correctly less often than with 1 in {wins('accuracy', 'euler', 16, 'euler', 1)} of 5 seeds"
)

# %% [markdown]
# A blur that is the mean of its class is easy to read. Walking the path exactly also walks into the mistakes of the network.
#
# **A distance of a few hundred images is coarse.** It falls when there are more images, and it depends on which ones: even real crowds differ.

# %%
for size in (count, 2 * count):
    low, middle, high, farthest = floor(size, 0.05, 0.5, 0.95, 1.0)
    print(
        f"{size} real images: half below {middle:.1f}, 90 % in {low:.1f} to {high:.1f}, the farthest {farthest:.1f}"
    )
far = {(name, n): d.index(max(d)) for name in samplers for n, d in recorded("frechet", name).items() if n > 6}
print(
    f"seed 2 is the farthest of five in {list(far.values()).count(2)} of {len(far)} rows with 7 evaluations or more"
)
print(f"Euler, 16 evaluations: smaller than with 8 in {wins('frechet', 'euler', 16, 'euler', 8)} of 5 seeds")
print(
    f"SDE, 16 evaluations: larger than Euler's in {wins('frechet', 'euler', 16, 'euler-maruyama', 16)} of 5 seeds,",
    end=" ",
)
print(f"and more is read correctly in {wins('accuracy', 'euler', 16, 'euler-maruyama', 16)}")

# %% [markdown]
# So no single distance can tell 8 steps from 16: both lie among the real crowds. Pairs can. All samplers start from the same noise, so most of the luck is shared, and the difference keeps its sign. That one seed is the farthest with every sampler shows it: its crowd
# stays at the upper edge of the band or beyond, however it is sampled. What the pairs say is
# small, and holds for this network: more steps still bring the crowd nearer; and at 16 evaluations the SDE's images are read a little better, while its crowd is a little farther off. That network errors are partly washed out by
# noise on the way is a common reading. We have not tested it.
#
# And five seeds of *noise* are not five networks. All of this is about one.

# %% [markdown]
# ## A slider for the budget
#
# Two dimensions, four clusters, no network: here the exact paths (grey) are known to many digits. Drag the number of evaluations. Below each picture stand the times at which the method asks: that is what
# you pay. Heun's method asks twice in a step: at its beginning, and again at its end, where the next step begins with another question, for it stands at another point by then.

# %%
corners = torch.tensor([[-1.6, 1.0], [1.5, 1.4], [-0.6, -1.5], [1.7, -0.9]], dtype=f64)
clusters = GaussianMixture(
    torch.full((4,), 0.25, dtype=f64), corners, torch.eye(2, dtype=f64).expand(4, 2, 2) * 0.02
)
plane = Flow().velocity(clusters.network(Flow()))
angles = torch.arange(9, dtype=f64) * 2 * torch.pi / 9 + 0.2
ring = 1.2 * torch.stack([angles.cos(), angles.sin()], 1)[:, :, None, None]  # (starts, 2, 1, 1)
true = torch.stack(
    [s.x.flatten(1) for s in solve(plane, ring, times(100, 0.5), method="rk4")]
)  # (times, starts, 2)


# %%
def frame(n):
    figure, axes = plt.subplot_mosaic("AB;ab", figsize=(5.8, 3.4), height_ratios=(1, 0.07))
    for big, small, name, sampler, steps, colour in (
        ("A", "a", "Euler", euler, n, ACCENT),
        ("B", "b", "Heun", heun, n // 2, INK),
    ):
        walked = [s.x.flatten(1) for s in sampler(plane, ring, times(steps))]
        wrong = (walked[-1] - true[-1]).norm(dim=1).mean()
        axes[big].plot(true[..., 0], true[..., 1], color=MUTED, linewidth=2, alpha=0.6)
        axes[big].plot(*torch.stack(walked).unbind(-1), ".-", color=colour, linewidth=0.8, markersize=3)
        axes[big].plot(*corners.T, "o", color=BAND, markersize=16, zorder=0)
        words = f"{name}: {steps} step{'s' * (steps > 1)}, mean error {wrong:.2f}"
        axes[big].set(xlim=(-2.4, 2.4), ylim=(-2.2, 2.2), xticks=[], yticks=[], aspect="equal")
        axes[big].set_title(words, fontsize=9, color=INK)
        asked = times(steps)[:-1] if sampler is euler else times(steps).repeat_interleave(2)[1:-1]
        axes[small].plot(
            asked + 0.012 * (torch.arange(n) % 2 - 1) * (sampler is heun),
            0 * asked,
            "|",
            color=colour,
            markersize=12,
        )
        axes[small].set(xlim=(-0.02, 1.02), yticks=[], xticks=[0, 1], xlabel=f"t: asked {len(asked)} times")
        axes[small].spines[["top", "right", "left"]].set_visible(False)
    figure.tight_layout()
    return figure


budgets = (2, 4, 8, 16, 32, 64)
teach.Frames(
    [frame(n) for n in budgets],
    [f"{n} evaluations" for n in budgets],
    label="budget",
    alt="Nine paths from a ring of noise to four clusters; exact in grey, Euler's in orange on the left, Heun's in dark on the right, for the same number of "
    "evaluations. With few, both miss; with more, both settle on the grey paths.",
    still=2,
)

# %% [markdown]
# ## What would change our mind
#
# We said: with eight evaluations plain Heun ends farther from the exact path than Euler on this network, because it asks where the image is clean; a last step of Euler mends it;
# noise on the way leaves the crowd as it is; and judged by images, eight of Euler's steps are enough here. This would overturn it:
#
# - a network on which Heun's last step does not leave half a step of the noise (experiment 1);
# - a judge that looks closer than ours, and finds a clear difference between 8 and 16 evaluations. Ours was trained to tell 24 classes apart, not to see soft edges;
# - thousands of images instead of hundreds: then the band of real images shrinks, and samplers inside it may come out of it;
# - large images, many objects, text: wherever paths bend more. Published networks are sampled with 20 to 250 evaluations, and not for fun.
#
# And this we do not know: whether any of this order survives guidance, which chapter 8 adds, or a network trained ten times longer, whose last turn would be sharper still.
#
# ## Exercises
#
# Seven exercises ask for a function each, and check it: Heun, the order of a method, a shifted grid, DDIM's step, noise on the way, a bug, and a test. In a terminal, in the
# folder of the project, `minidit exercises start ch07` writes a notebook to work in.
#
# Six more are experiments, most of them a line in this notebook. Write down what you expect before you run it.
#
# 1. Train a network for digits, a minute: `minidit train digits --out runs/digits`. Load it with `minidit.TrainState.load("runs/digits")`, make `v`, `z` (1 by 8 by 8 pixels), `y` and `exact` from
#    it as above, and run the cell that compares the last step of both methods. Is half a step of the noise left again?
# 2. The last step of an SDE has a rule of its own: `last_step`. Try "mean", which SiT's scripts use, and "none" in place of "tweedie" in `settings`, with 8 steps, and look at the images. Read the
#    docstring of `euler_maruyama` for what you see.
# 3. More noise: `SDE("linear", norm=4)` with 8, 16 and 50 evaluations, then `norm=0.25`. Which budget wants which?
# 4. Let the solver choose: `solve(v, z, times(1), y, rtol=1e-3)` takes as many steps as its tolerance asks for (`state.evaluations`). How much does it spend? Is it nearer than Heun with as many?
# 5. Find a grid for Euler with 4 evaluations by hand: three times between 0 and 1, for instance `torch.tensor([0, 0.1, 0.4, 0.8, 1.0])`. Tune it on `z`, then try it on noise of another seed, and on the
#    judge. How much of your gain is left?
# 6. Write the method of Adams and Bashforth: `my_euler`, with one line for the velocity of the step before. Eight evaluations: is it nearer to the exact path than Euler? Than mended Heun with 7? Then try seeds 1 to 4 in `z`, each with its own `exact`.
#
# ## Sources
#
# - J. Song, C. Meng and S. Ermon, *Denoising Diffusion Implicit Models*, 2021, arXiv 2010.02502: DDIM, equation 12, and its ODE in section 4.3.
# - Y. Song et al., *Score-Based Generative Modeling through Stochastic Differential Equations*, 2021, arXiv 2011.13456: an ODE and an SDE with the same marginals.
# - T. Karras, M. Aittala, T. Aila and S. Laine, *Elucidating the Design Space of Diffusion-Based Generative Models*, 2022, arXiv 2206.00364: Heun's method with a last step of Euler, and a grid by design.
# - C. Lu et al., *DPM-Solver*, 2022, arXiv 2206.00927: methods of higher order in the clock log(alpha / sigma). And *DPM-Solver++*, 2022, arXiv 2211.01095: 2M, which remembers one step. We have tried neither.
# - M. Albergo, N. Boffi and E. Vanden-Eijnden, *Stochastic Interpolants*, 2023, arXiv 2303.08797: any amount of noise on the way.
# - N. Ma et al., *SiT*, 2024, arXiv 2401.08740: ODE against SDE on one network; at its scale the SDE gave the better images, at many evaluations.
# - P. Esser et al., *Scaling Rectified Flow Transformers for High-Resolution Image Synthesis*, 2024, arXiv 2403.03206, equation 23: the time shift.
# - J. Ho, A. Jain and P. Abbeel, *Denoising Diffusion Probabilistic Models*, 2020, arXiv 2006.11239.
# - R. Chen, *torchdiffeq*, 2018: the solvers behind `solve`.
