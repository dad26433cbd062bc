# %% [markdown]
# # Chapter 6: Four answers and two clocks
#
# | | |
# |---|---|
# | **Question** | A network sees a noisy image and the time. Should it answer with the velocity, the noise, the clean image or the score? And how do we compare networks that answer differently? |
# | **You will be able to** | turn each answer into each other; say what a loss weighs, and at which times; tell which losses can be compared; read a paper or a library in its own time and signs |
# | **Minutes** | 2 on two cores, most of it six short training runs; about 8 on an A100 with the `a100` settings (an estimate: they have not been run, and have no evidence yet) |
# | **Claims** | none is tried here; what a network predicts returns as an arm in Part II |
#
# So far our networks answered with the velocity. DDPM and DiT answer with the noise, JiT with the clean image, older work with the score. Some papers
# let time run from noise to data, others from data to noise. Who moves between them loses days to a sign. This chapter is about what is the same, and what is not.

# %%
from statistics import median

import matplotlib.pyplot as plt
import torch
from IPython.display import Markdown, display
from torch.testing import assert_close

import minidit
from minidit import Flow, TrainState, teach
from minidit.data import load
from minidit.flow import PATHS, PREDICTIONS, Diffusion, Draw, GaussianMixture, convert, velocity_error
from minidit.flow.notation import DIALECTS, card
from minidit.flow.weighting import error_ratio
from minidit.measure import Evidence
from minidit.model.patch import patchify
from minidit.teach.figures import ACCENT, INK, MUTED, picture
from minidit.training import read_artefact

_ = torch.set_num_threads(1)  # faster at this size than two, and repeatable to the last bit

# %%
experiment, fine, coarse, wide_patch = teach.settings(
    cpu=(minidit.experiment("shapes", ("training.batch_size=8",)), 250, 400, 8),
    a100=(minidit.experiment("shapes-a100"), 2500, 4000, 16),
)
data, device = load(experiment.data), teach.device()
print(f"steps of {experiment.training.batch_size} images: {fine}, and {coarse} with patches of {wide_patch}")

# %% [markdown]
# To have something to look at, take the trained network of chapter 3. It answers with the velocity. Here is an image that it never saw, with more and more noise
# taken away, and what the network's answer says about the image, about the noise and about the velocity. How one gets three rows out of one answer comes next.

# %%
trained = read_artefact("shapes", device)
small = load(trained.experiment.data).held_out.at(torch.arange(24)).to(device)
v = Flow().velocity(trained.model.eval())
fixed = torch.randn(small.x.shape, generator=minidit.generator(0, "chapter 6, picture")).to(device)
straight = PATHS["linear"]


# %%
@torch.no_grad()
def guesses(image, t):
    """The noisy image, and the network's answer read as data, noise, velocity and score."""
    now = torch.full((1,), t, device=device)
    one, x_1, eps = slice(image, image + 1), small.x[image, None], fixed[image, None]
    x = Flow().interpolate(x_1, eps, now)
    said = v(x, now, small.condition.labels[one])
    read = {name: convert(straight, said, x, now, "velocity", name)[0] for name in PREDICTIONS}
    return x[0], read


moments = (0.05, 0.25, 0.5, 0.75, 0.95)
seen = [guesses(3, t) for t in moments]
shown = {"noisy image": [x for x, _ in seen], "data": [read["data"] for _, read in seen]}
shown |= {f"{name} / 3": [read[name] / 3 for _, read in seen] for name in ("noise", "velocity")}
teach.show(
    teach.rows(shown, columns=[f"t = {t:g}" for t in moments]),
    alt="One image at five times. The guess of the data is blurred at first and sharp later; the guess of the noise is like the input "
    "at first; the velocity shows the image itself under the negative of the noise.",
)

# %% [markdown]
# (Noise and velocity are divided by 3 to fit the range of an image.) The velocity is the image less the noise: in the last row you see the image itself, with its own colours, under the *negative* of the noise.
#
# ## Predict
#
# We will train four networks that differ only in what they answer. Commit yourself before you read on.

# %%
teach.predict(
    "ch06.printed",
    "One answers with the velocity, one with the noise. At the end of the training the second prints the far\n"
    "smaller loss. We then read both as velocities. Whose are nearer to the truth?",
    choices={"a": "those of the noise network", "b": "those of the velocity network", "c": "both alike"},
    guess=None,
)

# %%
teach.predict(
    "ch06.when",
    "A third network answers with the clean image. When are its velocities worst?",
    choices={"a": "near the noise", "b": "in the middle", "c": "near the data"},
    guess=None,
)

# %%
teach.predict(
    "ch06.wide",
    "In chapter 2 patches of 8 failed: 192 numbers must pass through a token of 64. Now let that network answer with\n"
    "the clean image, and descend the same loss, the velocity's. Its error will be",
    choices={
        "a": "as bad: the token is as narrow as before",
        "b": "lower at all times",
        "c": "far lower at most times, but not near the data",
    },
    guess=None,
)

# %% [markdown]
# ## The idea
#
# At time $t$ two things are hidden, the image $x_1$ and the noise $\varepsilon$. We see their mixture, with shares $\alpha$ and $\sigma$ that depend on $t$; on the straight
# path $\alpha = t$ and $\sigma = 1 - t$. A dot means the derivative in $t$.
#
# $$ x_t = \alpha\,x_1 + \sigma\,\varepsilon, \qquad v = \dot\alpha\,x_1 + \dot\sigma\,\varepsilon . $$
#
# The network is given $x_t$ and $t$. So the first equation is known, and *one* more word about $x_1$ and $\varepsilon$ is enough to solve for both. The word may be the image, the
# noise, the velocity, or the *score* $s = -\varepsilon / \sigma$. Given one of the four, the others follow. On the straight path, with the mixture in hand:
#
# $$ x_1 = x_t + (1 - t)\,v, \qquad x_1 = \frac{x_t - (1 - t)\,\varepsilon}{t}, \qquad x_1 = \frac{x_t + (1 - t)^2 s}{t}, \qquad \varepsilon = \frac{x_t - t\,x_1}{1 - t} . $$


# %%
def data_from(kind, answer, x, t):
    """The clean image that an answer about x implies, on the straight path."""
    if kind == "data":
        return answer
    if kind == "velocity":
        return x + (1 - t) * answer
    noise = answer if kind == "noise" else -(1 - t) * answer
    return (x - (1 - t) * noise) / t


def answer_as(kind, x_1, x, t):
    """What a network of this kind would say, had it this clean image in mind."""
    eps = (x - t * x_1) / (1 - t)
    return {"data": x_1, "noise": eps, "velocity": x_1 - eps, "score": -eps / (1 - t)}[kind]


# %%
x, said = torch.randn(2, 16, 3, 8, 8, generator=minidit.generator(0, "chapter 6"), dtype=torch.float64)
t = torch.linspace(0.05, 0.95, 16, dtype=torch.float64)
wide = t.view(-1, 1, 1, 1)
for source in PREDICTIONS:
    for target in PREDICTIONS:
        mine = answer_as(target, data_from(source, said, x, wide), x, wide)
        assert_close(mine, convert(straight, said, x, t, source, target))
print(f"all {len(PREDICTIONS) ** 2} readings agree with the library's")

# %% [markdown]
# ## The same for means
#
# A network cannot know the one image and the one noise: many pairs give the same $x_t$. Squared error makes it answer with the *mean* over all that are possible. Do
# the equations hold for means? Yes: $x_t$ is given, so it is a constant, and the rest is linear. **A perfect velocity network and a perfect noise network say the same
# thing in two ways.**
#
# The score has its name from another side: it is $\nabla \log p_t(x)$, the direction in which a noisy image becomes more probable most quickly. Why is that $-\varepsilon/\sigma$? With the
# clean image known, $x_t$ is normal with mean $\alpha x_1$ and variance $\sigma^2$, so
#
# $$ \nabla \log p(x_t \mid x_1) = -\frac{x_t - \alpha x_1}{\sigma^2} = -\frac{\varepsilon}{\sigma} . $$
#
# The mean over all clean images that are possible gives the gradient of the whole density (Vincent, 2011). Take the gradient of $p_t(x) = \int p(x_1)\,p(x \mid x_1)\,dx_1$ under the integral:
#
# $$ \nabla p_t(x) = \int p(x_1)\,p(x \mid x_1)\,\nabla \log p(x \mid x_1)\,dx_1 . $$
#
# Divide by $p_t(x)$. On the left stands $\nabla \log p_t(x)$; on the right $p(x_1)\,p(x \mid x_1) / p_t(x) = p(x_1 \mid x)$ has become the weight, and that is the mean. We can check this where the density is known. Take data from two normal
# distributions in the plane. With noise they are again two, with means $\alpha m$ and covariances $\alpha^2 C + \sigma^2$.

# %%
means = torch.tensor([[2.0, 0.0], [-1.0, 1.0]], dtype=torch.float64)
spreads = torch.tensor([[0.2, 0.9], [0.6, 0.1]], dtype=torch.float64).diag_embed()
mixture = GaussianMixture(torch.tensor([0.3, 0.7], dtype=torch.float64), means, spreads)
now = torch.full((5,), 0.6, dtype=torch.float64)
points = torch.randn(5, 2, 1, 1, generator=minidit.generator(0, "points"), dtype=torch.float64)

noisy = GaussianMixture(mixture.weights, 0.6 * means, 0.36 * spreads + 0.16 * torch.eye(2))
(gradient,) = torch.autograd.grad(noisy.log_density(points.requires_grad_()).sum(), points)
best = mixture.network(Flow(prediction="noise"))(points.detach(), now)  # the mean of the noise, exactly
assert_close(gradient, -best / 0.4)
print("the gradient of log p is minus the mean noise over sigma")

# %% [markdown]
# ## What an error weighs
#
# If perfect networks agree, why care? Because no network is perfect, and the readings do not treat errors alike. Let the noise be wrong by $e$. Then, on the straight path, the
# image read from it is wrong by $-e\,(1-t)/t$ and the velocity by $-e/t$. Near the noise, where $t$ is small, a tiny error of the noise is a huge one of the velocity. With the data
# it is the other way round:
#
# $$ e_v = -\frac{e_\varepsilon}{t} = \frac{e_{x_1}}{1 - t} . $$


# %%
def error_of(target, kind, e):
    """The size of the error of `target`, when the answer `kind` is wrong by e."""
    wrong, right = (data_from(kind, answer, x, wide) for answer in (said + e, said))
    return (answer_as(target, wrong, x, wide) - answer_as(target, right, x, wide)).abs()[:, 0, 0, 0]


assert_close(error_of("velocity", "noise", 1.0), 1 / t)
assert_close(error_of("velocity", "data", 1.0), 1 / (1 - t))
for kind in PREDICTIONS:
    assert_close(error_of("velocity", kind, 1.0), error_ratio(straight, kind, "velocity", t))
print("an error of the noise of 0.1 at t = 0.05 is one of the velocity of", round(0.1 / 0.05, 3))

# %% [markdown]
# So each plain squared error is a *weighted* squared error of the velocity:
#
# | answer | its loss, in squared velocity errors | looks away from |
# |---|---|---|
# | velocity | $1$ | nothing |
# | noise | $t^2$ | the noise end, $t$ near 0 |
# | data | $(1-t)^2$ | the data end, $t$ near 1 |
# | score, as it is | $t^2 / (1-t)^2$, without bound at the data end | the noise end, $t$ near 0 |
# | score, compared as the noise $-\sigma s$ | $t^2$ | the noise end, $t$ near 0 |
#
# The fourth line cannot be trained well. SiT uses the fifth, and so do we. Papers often write this with the *signal-to-noise ratio* $\mathrm{SNR} = \alpha^2 / \sigma^2$: the loss of
# the noise is SNR times that of the data.
#
# A second weight hides in how often a time is drawn. The left picture shows the first weight, on the velocity's squared error; the right one both together, for times that are drawn by our logit-normal law. There
# each curve has the area 1: it shows at which times the weight of a training lies. Where its *loss* comes from is the same only if the velocity is equally wrong at all times. (A score that is compared as the noise has the noise's curve.)

# %%
times = torch.linspace(0.005, 0.995, 199)
looks = {"velocity": (ACCENT, "-"), "noise": ("#1d6fa5", "-"), "data": (INK, "-"), "score": (MUTED, "--")}
weights = {"velocity": times**0, "noise": times**2, "data": (1 - times) ** 2}
logit = (times / (1 - times)).log()
often = torch.exp(-(logit**2) / 2) / (times * (1 - times))  # the density of sigmoid(n), not yet scaled

figure, axes = plt.subplots(1, 2, figsize=(8.5, 3))
for name, weight in weights.items():
    spent = weight * often
    axes[0].plot(times, weight, color=looks[name][0], linewidth=2, label=name)
    axes[1].plot(times, spent / torch.trapezoid(spent, times), color=looks[name][0], linewidth=2)
axes[0].plot(times, (times / (1 - times)) ** 2, "--", color=MUTED, label="score, as it is")
axes[0].set(ylim=(0, 2), xlabel="t (0 is noise, 1 is data)", ylabel="weight")
axes[1].set(ylim=(0, None), xlabel="t (0 is noise, 1 is data)", ylabel="share of the weight")
axes[0].legend(frameon=False, fontsize=8, loc="lower center", ncols=4, bbox_to_anchor=(0.5, 1))
for panel in axes:
    panel.spines[["top", "right"]].set_visible(False)
figure.tight_layout()
teach.show(
    figure,
    alt="Left: the velocity's weight is flat, the noise's grows from 0 to 1, the data's falls from 1 to 0, the bare score's runs off to "
    "infinity. Right, with the law of the times: three humps, the data's towards the noise, the noise's towards the data.",
)

# %% [markdown]
# ## Four trainings
#
# The same network, the same images in the same order, the same times and noise, the same number of steps. Only the answer differs.


# %%
def learn(prediction, more=None, steps=fine, seed=0):
    """Train one network; returns it, and the loss that it prints at the end, a mean of 50 steps."""
    arm = experiment.override(
        {"objective.flow.prediction": prediction, "training.steps": steps, **(more or {})}
    )
    state = TrainState.create(arm, seed, device)
    run = teach.progress(minidit.train(state, data), prediction, steps)
    losses = [record.loss for record in run]
    return state, sum(losses[-50:]) / 50


runs = {"velocity": learn("velocity")}

# %%
runs |= {"noise": learn("noise")}

# %%
runs |= {"data": learn("data")}

# %%
runs |= {"score": learn("score")}

# %% [markdown]
# Then the comparison: 512 held-out images, each with one noise and one time, times evenly from 0.05 to 0.95, the same for all networks. Each answer is read as a velocity first.
#
# A part of each error no network can avoid: $x_t$ does not tell which image and which noise it was made of. How large that part is we do not know. It is the same for all networks at each time, so it changes no order, but ratios of errors would be larger without it.

# %%
held_out = data.held_out.at(torch.arange(512)).to(device)
noise = torch.randn(held_out.x.shape, generator=minidit.generator(0, "chapter 6")).to(device)
when = torch.linspace(0.05, 0.95, 512, device=device)


@torch.no_grad()
def errors_of(state):
    """The velocity's squared error for each of the 512."""
    flow, network, found = state.experiment.objective.flow, state.ema.module.eval(), []
    for piece in torch.arange(512).chunk(8):
        draw = Draw(when[piece], noise[piece], torch.zeros(64, dtype=torch.bool, device=device))
        found.append(velocity_error(flow, network, data.held_out.at(piece).to(device), draw))
    return torch.cat(found).cpu()


printed = {name: loss for name, (_, loss) in runs.items()}
errors = {name: errors_of(state) for name, (state, _) in runs.items()}
error = {name: values.mean().item() for name, values in errors.items()}

# %% [markdown]
# The picture puts what was printed beside what was learned. Each grey dot is one of five recorded seeds, the diamond is your run. Look at the first line of both.

# %%
evidence = Evidence.read("predictions", teach.scale())


def dots(axes, named, live, xlabel):
    """A line for each name: recorded seeds as grey dots, this run as a diamond."""
    for place, (name, readout) in enumerate(named.items()):
        values = evidence.readout(readout)
        axes.plot(values, [place] * len(values), "o", color=MUTED, markersize=5, alpha=0.7)
        if name in live:
            axes.plot(live[name], place, "D", color=ACCENT, markersize=6)
    axes.set(yticks=range(len(named)), yticklabels=named, xlabel=xlabel, ylim=(len(named) - 0.5, -0.5))
    axes.set_xlim(left=0)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(axis="y", color="#d7dde3", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


figure, axes = plt.subplots(1, 2, figsize=(8.5, 2.4))
dots(axes[0], {name: f"{name}.printed" for name in runs}, printed, "printed loss")
dots(axes[1], {name: f"{name}.velocity" for name in runs}, error, "held-out velocity error")
figure.tight_layout()
teach.show(
    figure,
    alt="Two panels of dots. The velocity network prints by far the largest loss, and has by far the smallest velocity error.",
)

# %%
others = ("noise", "data", "score")
prints_most = printed["velocity"] > 2 * max(printed[k] for k in others)
knows_best = error["velocity"] < 0.8 * min(error[k] for k in others)
print("velocity prints more than twice what any other does:", prints_most)
print("and its velocity error is below 0.8 of any other's: ", knows_best)


def everywhere(holds):
    return f"{sum(holds(run.readouts) for run in evidence.runs)} of {len(evidence.runs)} recorded seeds"


first = everywhere(lambda r: all(r["velocity.printed"] > 2 * r[f"{k}.printed"] for k in others))
second = everywhere(lambda r: all(r["velocity.velocity"] < 0.8 * r[f"{k}.velocity"] for k in others))
print(f"the first holds in {first}, the second in {second}")

# %%
teach.compare("ch06.printed", "b", "it prints the largest loss and knows the velocity best.")

# %% [markdown]
# ## Where in time?
#
# A mean over all times hides the reason. Here is the velocity error in six parts of the time, on a logarithmic axis. Small dots are the recorded seeds.

# %%
middles = [part.mean().item() for part in when.cpu().chunk(6)]
parts = {name: [part.mean().item() for part in values.chunk(6)] for name, values in errors.items()}
figure, axes = plt.subplots(figsize=(6.5, 3.2))
for name, (colour, dash) in looks.items():
    for k, middle in enumerate(middles, start=1):
        values = evidence.readout(f"{name}.velocity.t{k}")
        axes.plot([middle] * len(values), values, ".", color=colour, markersize=4, alpha=0.5)
    axes.plot(middles, parts[name], dash, color=colour, linewidth=2, label=name)
axes.set(xlabel="t (0 is noise, 1 is data)", ylabel="velocity error", yscale="log", xlim=(0, 1))
axes.set_yticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
axes.minorticks_off()
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, fontsize=8, loc="upper center", ncols=4, bbox_to_anchor=(0.5, 1.12))
teach.show(
    figure,
    alt="Velocity error against t. The velocity network is low throughout. Noise and score rise steeply near the noise, data rises steeply near the data.",
)

# %%
worst = {name: 1 + max(range(6), key=lambda k: values[k]) for name, values in parts.items()}
print("the worst sixth of the times:", {name: worst[name] for name in others})
print(
    "near the noise, the noise network is more than twice as far off:",
    parts["noise"][0] > 2 * parts["velocity"][0],
)
print(
    "near the data, the data network is more than twice as far off: ",
    parts["data"][5] > 2 * parts["velocity"][5],
)

# %%
teach.compare("ch06.when", "c", "near the data a small error of the image is a large one of the velocity.")

# %% [markdown]
# Each of these answers has an *easy end*. Near the noise the input is nearly the noise: to repeat the input is a good answer, and the loss is small before anything has been
# learned. But what the velocity needs there is the small difference between input and noise, and the loss hardly sees it. For the data the easy end is the other one. The velocity has no easy end: near
# the noise it asks for the image, near the data for the noise. That is why its loss is larger all the time. It asks more. EDM's *preconditioning* (Karras et al. 2022) was made to ask evenly too: its network answers with a mixture of image and noise, with
# shares for each noise level such that the answer always has the same size and its errors are enlarged least. For data of variance 1 that is the velocity of the quarter circle, up to a factor.
#
# At their *hard* ends these two answers ask the same as the velocity: near the data $v \approx x_t - \varepsilon$, near the noise $v \approx x_1 - x_t$, and $x_t$ is given. Their losses put their weight just there. One would
# expect noise and data to be level with the velocity there, or ahead. In nearly all recorded seeds they are ahead by a little:

# %%
print("noise ahead of velocity, near the data: ", end="")
print(everywhere(lambda r: r["noise.velocity.t6"] < r["velocity.velocity.t6"]))
print("data ahead of velocity, near the noise: ", end="")
print(everywhere(lambda r: r["data.velocity.t1"] < r["velocity.velocity.t1"]))

# %% [markdown]
# ## Which losses can be compared?
#
# We read all answers as velocities. Was that fair? We could as well have read them as images, or as noise. Then the errors at time $t$ are multiplied by $(1-t)^2$ or $t^2$. At *one* time nothing changes: all networks
# get the same factor, so their order stays. But in the mean over the times it may. Look at the order in each line.

# %%
print("median of five" + "".join(f"{name:>10}" for name in runs) + "   from best to worst")
for yard in ("printed", "velocity", "data", "noise"):
    medians = {name: median(evidence.readout(f"{name}.{yard}")) for name in runs}
    order = ", ".join(sorted(medians, key=medians.get))
    print(f"{yard:>14}" + "".join(f"{value:>10.3f}" for value in medians.values()) + f"   {order}")

# %%
later = when.cpu()
as_data = {name: (values * (1 - later) ** 2).mean().item() for name, values in errors.items()}
print("your run, in velocities: noise before data:", error["noise"] < error["data"])
print("your run, in images:     data before noise:", as_data["data"] < as_data["noise"])

# %% [markdown]
# So a mean over times has a unit, and the unit decides. Noise beats data or loses to it, as you like. And the velocity network? We can be generous, and measure it in the units of the others.

# %%
for kind in ("data", "noise"):
    ahead = everywhere(lambda r, kind=kind: r[f"velocity.{kind}"] < r[f"{kind}.{kind}"])
    print(f"in the unit of the {kind}, velocity is ahead of the {kind} network in {ahead}")

# %% [markdown]
# It beats the network that answers with images at images, and is level with the one that answers with noise at noise. That need not be so elsewhere.
#
# One column of the table is odd. The score is compared as the noise, with the noise's weight, and still it ends behind the noise network. Where?

# %%
for k in range(1, 7):
    score, eps = (evidence.readout(f"{name}.velocity.t{k}") for name in ("score", "noise"))
    behind = sum(a > b for a, b in zip(score, eps, strict=True))
    print(
        f"sixth {k}: score behind noise in {behind} of 5 seeds, medians {median(score):.2f} and {median(eps):.2f}"
    )
print(f"the farthest score network in sixth 1: {max(evidence.readout('score.velocity.t1')):.1f}")

# %% [markdown]
# By the medians everywhere, and in ratio most near the data. A likely part of the reason: the score is the noise divided by $\sigma$, so one last layer must
# give numbers of size 1 near the noise and of size 20 near the data. We have not tested it. One seed of the five is far off near the noise, and lifts each mean there; that is why the table shows medians.
#
# Even the loss of *one* network is not one number. Let the velocity network be asked at other times:

# %%
state = runs["velocity"][0]
values = errors["velocity"]
density = torch.exp(-((later / (1 - later)).log() ** 2) / 2) / (later * (1 - later))
means = {"uniform": values.mean(), "logit-normal": (values * density).sum() / density.sum()}
print(
    "the same network, its loss with uniform times is larger:", bool(means["uniform"] > means["logit-normal"])
)

# %% [markdown]
# The rules:
#
# - **Comparable**: losses of the same answer, with the same weights, the same law of times, the same path and the same data.
# - **Comparable at each time**: errors of any two answers, once both are read as the same thing. On another path: at the same noise level, and as image or noise, never as velocities, which are derivatives along their own path.
# - **Comparable in the mean**: the same, if you say in which unit and over which times. This book always says velocities, 0.05 to 0.95.
# - **Not comparable**: what two logs print, when anything of that differs. To divide each by the loss of a constant does not help: that is one number for the whole mean, and what differs is the weight of each time.
#
# ## Two things at once
#
# Our four networks differ in two things: in *what* they answer and, through the plain loss, in *where* they work. They can be taken apart. Multiply the loss of the noise by $1/t^2$, or that of the data by $1/(1-t)^2$, and it is the
# velocity's loss: exactly, but for the few times outside 0.05 to 0.95, where our library holds the weight. Then the loss is the same. What differs is the answer, and with it the start: the last layer begins at zero, so each network first answers 0, and 0 read as a velocity is
# another one each time.

# %%
drawn = torch.randn(1_000_000, generator=minidit.generator(0, "times")).sigmoid().clamp(0.05, 0.95)
size = data.train.x.square().mean()
first_loss = {"velocity": 1 + size, "noise": (1 / drawn**2).mean(), "data": (size / (1 - drawn) ** 2).mean()}
words = ", ".join(f"{name} {loss:.1f}" for name, loss in first_loss.items())
print("with the velocity's loss, an answer of 0 costs:", words)

# %% [markdown]
# How much the start adds to what follows we have not measured. What came out in the end was recorded:

# %%
figure, axes = plt.subplots(figsize=(6.5, 2.8))
named = {"velocity": "velocity.velocity"}
for name in others:
    named |= {f"{name}, plain loss": f"{name}.velocity", f"{name}, velocity's loss": f"{name}.v.velocity"}
dots(axes, named, error | {f"{name}, plain loss": error[name] for name in others}, "held-out velocity error")
teach.show(
    figure,
    alt="Seven lines of dots. With the velocity's loss each of noise, data and score comes nearer to the velocity network; none reaches it.",
)

# %%
print("the velocity's loss lowers the velocity error")
for name in others:
    lower = everywhere(lambda r, name=name: r[f"{name}.v.velocity"] < r[f"{name}.velocity"])
    behind = everywhere(lambda r, name=name: r[f"{name}.v.velocity"] > 1.1 * r["velocity.velocity"])
    print(f"{name:>6}: in {lower}; still more than 10 % behind in {behind}")

# %% [markdown]
# So the weight explains a part, not all. The rest is the answer itself, or its start. To say the noise near the noise one must carry the input through the whole network, to a
# hundredth. We do not know why the rest is as large as it is.
#
# One caution. The learning rate of this book was found with velocities. It is a home game. For velocity, noise and data we recorded half and twice the rate too (not for the score); each takes its best of three.

# %%
rates = {"half our rate": ".half", "our rate": "", "twice our rate": ".double"}
for name in PREDICTIONS[:3]:
    tried = {word: evidence.readout(f"{name}{end}.velocity") for word, end in rates.items()}
    best = min(tried, key=lambda word: sum(tried[word]))
    print(f"{name:>8}: best at {best}, velocity error {sum(tried[best]) / len(tried[best]):.3f}")

# %% [markdown]
# The velocity stays first. But velocity and noise are best at the edge of what we tried, so their best may lie beyond it. And these are short runs of a small network. Whether the gaps close with more of both, these runs do not say.
#
# ## Patches of 8, again
#
# In chapter 2 four patches of 8 by 8 pixels could not learn. The last layer goes from 64 numbers to 192, so the answers lie in a space of 64 dimensions. Noise has 192. At
# least two thirds of the noise in a velocity cannot be said at all, whatever the training. Images need far fewer dimensions. Li and He (2025) drew the conclusion: let the network answer with the image, and
# *compute* the velocity. Both networks descend the same loss.

# %%
large = {"model.patch_size": wide_patch}
runs |= {"p8 velocity": learn("velocity", large, coarse)}

# %%
runs |= {"p8 data": learn("data", {**large, "objective.weighting": "velocity"}, coarse)}
errors |= {name: errors_of(runs[name][0]) for name in ("p8 velocity", "p8 data")}
parts |= {name: [part.mean().item() for part in errors[name].chunk(6)] for name in ("p8 velocity", "p8 data")}

# %%
figure, axes = plt.subplots(figsize=(6.5, 3.2))
lines = {
    "p8 velocity": ("p8.velocity", ACCENT),
    "p8 data": ("p8.data.v", INK),
    "velocity": ("velocity", MUTED),
}
words = ("patches of 8, velocity", "patches of 8, data", "patches of 2, velocity")
for (name, (recorded, colour)), label in zip(lines.items(), words, strict=True):
    for k, middle in enumerate(middles, start=1):
        values = evidence.readout(f"{recorded}.velocity.t{k}")
        axes.plot([middle] * len(values), values, ".", color=colour, markersize=4, alpha=0.5)
    axes.plot(middles, parts[name], color=colour, linewidth=2, label=label)
axes.set(xlabel="t (0 is noise, 1 is data)", ylabel="velocity error", yscale="log", xlim=(0, 1))
axes.set_yticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
axes.minorticks_off()
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, fontsize=8, loc="upper center", ncols=3, bbox_to_anchor=(0.5, 1.12))
teach.show(
    figure,
    alt="Velocity error against t with patches of 8. Answering with the velocity it is near 0.9 throughout. Answering with the data it is near 0.2 up to t = 0.6 and rises above 1 near the data.",
)

# %% [markdown]
# How low is the floor of chapter 2? It is the variance that 64 of the 192 directions leave out, and 1 for the noise in each. It holds at every time.

# %%
patches = patchify(data.train.x, wide_patch).flatten(0, 1)  # (images * n, p*p*c)
variances = torch.linalg.eigvalsh(patches.T.cov())  # from small to large
floor = (variances[: len(variances) - experiment.model.dim] + 1).sum() / len(variances)
print(f"no velocity network with this last layer gets below {floor:.2f}")
print("ours, in each sixth of the times, is above it:           ", min(parts["p8 velocity"]) > floor.item())
print(
    "up to t = 0.65 the data network is below half of it:     ", max(parts["p8 data"][:4]) < floor.item() / 2
)

# %%
ratio = [a / b for a, b in zip(parts["p8 data"], parts["p8 velocity"], strict=True)]
print("up to t = 0.65 the data network's error is below 0.4 of the other's:", max(ratio[:4]) < 0.4)
print("near the data it is the larger one:                                 ", ratio[5] > 1)
print("in the mean over all times it is lower:                             ", end=" ")
print(bool(errors["p8 data"].mean() < 0.9 * errors["p8 velocity"].mean()))

# %%
teach.compare("ch06.wide", "c", "the floor is gone, and what is left to learn near the data is hard.")

# %% [markdown]
# The velocity network with patches of 8 sits well above its floor, at every time. The floor is what no training can pass, not what this one should reach; why it stays so far above we have not looked.
#
# The network that answers with the image is at most times far below what was the floor. The same narrow token, the same loss; what differs is the answer (and where it starts). The velocity is read as $(\hat x_1 - x_t)/(1 - t)$, and $x_t$ is taken from the input, outside of the network: the noise need
# not pass through the token at all. Near the data, what is missing from $\hat x_1$ is divided by a small number. There a velocity network is better, floor or not.
#
# With patches of 2 the same answer was *worse* than the velocity. So "predict the data" is no law. It is a remedy for tokens that are too narrow. The rule of chapter 2 becomes: a network that answers with noise or velocity
# needs tokens as wide as its patches; one that answers with the image needs only as many numbers as images really use.

# %% [markdown]
# ## Two clocks
#
# So much for *what* is answered. Now *when*. Of a strange program's time ask two things.
#
# **Which way does it run?** For us $t = 0$ is noise and $t = 1$ is data, as in SiT's code. In SiT's paper, in SD3 and in DDPM it is the reverse. Turn time round, and a velocity changes its sign: it is a derivative *by time*. The
# image, the noise and the score do not change.
#
# **What does it count?** A place on the path, from 0 to 1. Or the same place in thousandths. Or one of DDPM's 1000 steps. Or, in EDM, the noise level itself, $\sigma/\alpha$: how much noise there is for one part of image.
#
# The last one is what all have in common. Divide $x_t$ by $\alpha$: what is left is $x_1 + (\sigma/\alpha)\,\varepsilon$. So **two noisy images with the same $\sigma/\alpha$ of the same image and noise are the same up to a factor**, on
# whatever path. Its logarithm is used most, as $\log \mathrm{SNR} = 2 \log(\alpha/\sigma)$. Here it is along the three paths of chapter 5, and along DDPM's steps.

# %%
names = {"linear": ("straight", ACCENT), "gvp": ("a quarter circle (GVP)", "#1d6fa5"), "vp": ("VP", INK)}
figure, axes = plt.subplots(figsize=(6.5, 3.2))
for name, (label, colour) in names.items():
    alpha, sigma = PATHS[name].alpha(times), PATHS[name].sigma(times)
    axes.plot(times, 2 * (alpha / sigma).log(), color=colour, linewidth=2, label=label)
abar = Diffusion.linear().abar  # DDPM's share of the image's variance at each step
steps = torch.arange(40, 1000, 60)
log_snr = (abar / (1 - abar)).log()[steps]
axes.plot(1 - (steps + 1) / 1000, log_snr, "o", color=MUTED, markersize=5, label="DDPM's steps")
axes.axhline(0, color=MUTED, linewidth=0.8, linestyle=":")
axes.set(xlabel="t (0 is noise, 1 is data)", ylabel="log SNR", ylim=(-12, 12))
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, fontsize=8, loc="upper left")
teach.show(
    figure,
    alt="Log SNR rises with t on three paths. The straight path and the quarter circle pass 0 at one half; VP, on which DDPM's steps lie, passes it much later.",
)

# %%
print(f"DDPM's steps on which noise has the larger share: {(abar < 0.5).double().mean():.0%}")

# %% [markdown]
# At the dotted line image and noise have equal shares. The straight path is there half way, VP much later: DDPM spends three quarters of its steps where noise has the larger share. So "half of the time" means nothing between two paths.
# The noise level does. Take DDPM's step 500, find our time with the same noise level, and rescale the image:

# %%
step = 500
one_image, one_noise = small.x[:1], fixed[:1]
theirs = abar[step].sqrt().float() * one_image + (1 - abar[step]).sqrt().float() * one_noise
level = ((1 - abar[step]) / abar[step]).sqrt().float()
ours = 1 / (1 + level)  # where (1 - t) / t is the same level
now = ours.reshape(1).to(device)
assert_close(theirs * ours / abar[step].sqrt().float(), Flow().interpolate(one_image, one_noise, now))
print(f"DDPM's step {step}: t = {1 - (step + 1) / 1000:.3f} on its own path, {ours:.3f} on the straight one")

# %% [markdown]
# ## Dialects
#
# Now we have all that is needed to read most people. The *notation card* of this book, `book/notation.md`, puts the dialects side by side. Every formula on it is evaluated by a test. This is a part of it. Here `s` is the number that their
# network is told (not the score), `image` is what it looks at, and `output` is what it answers. `x` is the noisy image on the path. `t` is our time. In DDPM's line `alpha` and `sigma` are the shares on its own path, the roots of `abar` and `1 - abar`, and `alpha_dot` and `sigma_dot` are their derivatives by our `t`.

# %%
rows = ["| who | told s | our t | its image | its answer | our v |", "| --- " * 6 + "|"]
for d in DIALECTS:
    formulas = "".join(f" `{f}` |" for f in (d.told, d.back, d.image, d.answer, d.velocity))
    if d.path == "linear":  # the shares are ours: write them out
        formulas = formulas.replace("sigma / alpha", "(1 - t) / t").replace("alpha * image", "t * image")
        formulas = formulas.replace("/ sigma", "/ (1 - t)")
    rows.append(f"| {d.who} |{formulas}")
    assert f"| {d.who} |" in card()
display(Markdown("\n".join(rows)))

# %% [markdown]
# Does it work? Let one trained network speak all of them. Each function below behaves like a published network of its kind: it wants *their* number and *their* image, and gives *their* answer. Inside is our own network.


# %%
def sit_paper(x, s, y):  # noise at s = 1
    return -v(x, 1 - s, y)


def sd3(x, s, y):  # noise at s = 1000
    return -v(x, 1 - s / 1000, y)


def edm(x, s, y):  # x = data + s noise; answers with the data
    t = 1 / (1 + s)
    a = t.view(-1, 1, 1, 1)
    return data_from("velocity", v(a * x, t, y), a * x, a)


def ddpm(x, s, y):  # step s, on DDPM's path; answers with the noise
    alpha, sigma = PATHS["vp"].alpha(1 - (s + 1) / 1000), PATHS["vp"].sigma(1 - (s + 1) / 1000)
    t = 1 / (1 + sigma / alpha)
    a, rescaled = t.view(-1, 1, 1, 1), x * (t / alpha).view(-1, 1, 1, 1)
    return rescaled - a * v(rescaled, t, y)


# %% [markdown]
# And the way back: `Flow(path, prediction, clock)` reads a strange network as a velocity in our time. Three of them must give our own network's velocity again.

# %%
y = small.condition.labels
t = torch.linspace(0.1, 0.95, len(y), device=device)
x = Flow().interpolate(small.x, fixed, t)
strangers = {"reversed": sit_paper, "timestep": sd3, "sigma": edm}
with torch.no_grad():
    for dialect in DIALECTS:
        if dialect.clock in strangers:
            flow = Flow(dialect.path, dialect.prediction, dialect.clock)
            assert_close(flow.velocity(strangers[dialect.clock])(x, t, y), v(x, t, y), rtol=1e-3, atol=1e-3)
            print(f"{dialect.who}: understood")

# %% [markdown]
# DDPM stands on another path. Its velocity is another one, along that path, and only the image and the noise that it has in mind can be compared. So compare those, at the same noise level.

# %%
t_vp = PATHS["vp"].time((1 - t) / t)  # the same level on DDPM's path
x_vp = Flow("vp").interpolate(small.x, fixed, t_vp)
with torch.no_grad():
    along_vp = Flow("vp", "noise", "step").velocity(ddpm)(x_vp, t_vp, y)
    theirs = convert(PATHS["vp"], along_vp, x_vp, t_vp, "velocity", "data")
    ours = convert(straight, v(x, t, y), x, t, "velocity", "data")
assert_close(theirs, ours, rtol=1e-3, atol=1e-3)
print("DDPM, DiT: understood, with the same image in mind")

# %% [markdown]
# **One more v.** Stable Diffusion 2, and others that say `prediction_type="v_prediction"` in diffusers, answer with the v of Salimans and Ho (2022):
#
# $$ v_{\text{theirs}} = \alpha\,\varepsilon - \sigma\,x_1 , \qquad \alpha^2 + \sigma^2 = 1 . $$
#
# It has our letter, but another sign and another scale: it is the derivative by the *angle*, towards the noise. On the quarter circle it is our velocity divided by $-\pi/2$. On DDPM's path, where SD 2 uses it, the factor depends on the time. Read the image from it, $x_1 = \alpha\,x_t - \sigma\,v_{\text{theirs}}$, and go on from there. It has a line on the card.

# %%
for name in ("gvp", "vp"):
    alpha, sigma = (share(t).view(-1, 1, 1, 1) for share in (PATHS[name].alpha, PATHS[name].sigma))
    mixed, v_theirs = alpha * small.x + sigma * fixed, alpha * fixed - sigma * small.x
    assert_close(alpha * mixed - sigma * v_theirs, small.x, rtol=1e-4, atol=1e-4)
    v_ours = convert(PATHS[name], small.x, mixed, t, "data", "velocity")
    alike = torch.allclose(v_theirs, v_ours / (-torch.pi / 2), rtol=1e-3, atol=1e-3)
    print(f"{name:>3}: the image is read; theirs is ours divided by -pi / 2: {alike}")
    assert alike == (name == "gvp")

# %% [markdown]
# Now two faults. The first turns the time and forgets the sign. The second takes DDPM's step for a place on our path: the image is the right one, the sign is right, but the network is told `1 - (step + 1) / 1000`, and believes
# in another noise level.

# %%
with torch.no_grad():
    told = {"all is right": v(x, t, y), "the sign forgotten": sit_paper(x, 1 - t, y)}
    told |= {"the noise level wrong": v(x, t_vp, y)}
for words, said in told.items():
    off = (said - (small.x - fixed)).square().mean()
    cosine = torch.cosine_similarity(said.flatten(), (small.x - fixed).flatten(), dim=0)
    print(f"{words:>21}: velocity error {off:.2f}, cosine with the true velocity {cosine:.2f}")

# %% [markdown]
# The sign is loud: every arrow points the wrong way. The noise level is *quiet*, and it is the fault that costs days. The arrows still point nearly where they should, nothing complains, and the error is many times what it was. The samples may still look like samples, only worse ones.
#
# ## A dial for dialects
#
# Drag $t$. Above is what is true for one image and one noise, below what the network says, all four readings of its one answer. Then press a button: the picture stays, and the slider and the ruler below are read in another's words. Look for three
# things. Where on the ruler is most of the room? At which end is the large number? And watch the score near the data: it leaves every scale.

# %%
example = 3
x_1, eps = small.x[example].cpu(), fixed[example].cpu()


def canvas(height):
    """A figure of fixed width: an invisible frame keeps its margins, so that ruler and picture line up."""
    figure = plt.figure(figsize=(6.8, height))
    figure.add_artist(plt.Rectangle((0, 0), 1, 1, alpha=0, transform=figure.transFigure))
    return figure


def axis(figure, box):
    """The line of time, noise on the left."""
    line = figure.add_axes(box)
    line.set(xlim=(0, 1), yticks=[], xticks=[])
    line.spines[["left", "right", "top"]].set_visible(False)
    return line


# %%
def frame(t):
    figure, (x, read) = canvas(2.9), guesses(example, t)
    true = {"data": x_1, "noise": eps, "velocity": x_1 - eps, "score": -eps / (1 - t)}
    for column, name in enumerate(("data", "noise", "velocity", "score")):
        for row, values in enumerate((true[name], read[name])):
            panel = figure.add_axes([0.27 + 0.185 * column, 0.55 - 0.43 * row, 0.16, 0.36])
            picture(panel, values if name == "data" else values / 3)
            panel.set_title(
                name if name == "data" else f"{name} / 3", fontsize=8, color=INK
            ) if not row else 0
            panel.set_ylabel(("true", "network")[row] if not column else "", fontsize=8, color=INK)
    panel = figure.add_axes([0.02, 0.32, 0.16, 0.36])
    picture(panel, x)
    panel.set_title("noisy image", fontsize=8, color=INK)
    line = axis(figure, [0.03, 0.05, 0.94, 0.04])
    line.plot(t, 0, "v", color=ACCENT, markersize=9, clip_on=False)
    for place, end, side in ((0, "noise", "left"), (1, "data", "right")):
        look = {"fontsize": 8, "color": INK, "ha": side, "va": "top", "textcoords": "offset points"}
        line.annotate(end, (place, 0), (0, -5), xycoords="axes fraction", **look)
    return figure


def ruler(ticks, label):
    """Ticks {what is written: our t} on the line of time."""
    figure = canvas(0.75)
    line = axis(figure, [0.03, 0.75, 0.94, 0.04])
    line.set_xticks(list(ticks.values()), list(ticks), fontsize=8, color=INK)
    line.set_xlabel(label, fontsize=8, color=INK)
    return figure


# %%
stops = (0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97)
tenths = [k / 10 for k in range(11)]


def ddpm_words(t):
    t_vp = PATHS["vp"].time(torch.tensor((1 - t) / t))
    step, factor = max(0, 1000 * (1 - t_vp.item()) - 1), PATHS["vp"].alpha(t_vp).item() / t
    return f"step {step:.0f} of 999, image x {factor:.2f}, answers noise"


words = {
    "minidit, SiT's code": [f"t = {t:g}, answers data - noise" for t in stops],
    "SiT's paper": [f"t = {1 - t:.2g}, answers noise - data" for t in stops],
    "SD3": [f"{1000 * (1 - t):.0f} of 1000, answers noise - data" for t in stops],
    "DDPM, DiT": [ddpm_words(t) for t in stops],
    "EDM": [f"sigma = {(1 - t) / t:.2g}, image x {1 / t:.2f}, answers data" for t in stops],
}
steps, levels = (999, 600, 400, 300, 200, 100, 50, 0), (80, 10, 4, 2, 1, 0.5, 0.2, 0.1, 0.02)
ticks = {
    "minidit, SiT's code": {f"{t:g}": t for t in tenths},
    "SiT's paper": {f"{1 - t:.1f}": t for t in tenths},
    "SD3": {f"{1000 * (1 - t):.0f}": t for t in tenths},
    "DDPM, DiT": {f"{i}": 1 / (1 + ((1 - abar[i]) / abar[i]).sqrt().item()) for i in steps},
    "EDM": {f"{level:g}": 1 / (1 + level) for level in levels},
}

# %%
told = dict(zip(words, ("t", "t", "timestep", "step, at the same noise level", "sigma"), strict=True))
teach.RuledFrames(
    [frame(t) for t in stops],
    {name: teach.Ruler(words[name], ruler(ticks[name], told[name])) for name in words},
    label="time",
    alt="A noisy image, and data, noise, velocity and score: true ones above, the network's below. The guess of the data is blurred in noise; the "
    "score becomes too large to show near the data. A ruler below reads the time in the words of five dialects.",
    still=4,
)

# %% [markdown]
# ## What would change our mind
#
# We said: printed losses of different answers cannot be compared; read as velocities the velocity network is best here with patches of 2; with patches of 8 the answer should be the image. This would overturn it:
#
# - a longer run, or another learning rate for each, in which another answer passes the velocity in the same unit (experiments 1 and 2);
# - samples. We measured errors. A network that is worse near the data may draw as well, if what happens there cannot be seen;
# - tokens of 256 numbers for the patches of 8. If answering with the image is still far better, the width was not the reason;
# - images that do not fit through few dimensions. Our shapes are simple; a photograph's patch of 192 numbers is not.
#
# And no run can overturn the equations: if two readings of one answer disagree, there is a fault in the code.
#
# ## Exercises
#
# Seven exercises ask for a function each: read the data from any answer, weigh, compare fairly, shift the times, find our time for DDPM's step, port a network whose time runs the other way, and
# write a test. In a terminal, in the folder of the project, `minidit exercises start ch06` writes a notebook to work in.
#
# Six more are experiments. Write down what you expect before you run them; each is a `learn(...)` in this notebook, and `errors_of` of its first result.
#
# 1. Give the noise network twice the rate, `learn("noise", {"training.lr": 0.012})`, then four times. Where does it end?
# 2. Train noise and velocity four times as long, `steps=1000`. Does the gap close?
# 3. Draw the times uniformly for the noise network: `learn("noise", {"objective.time_sampling": "uniform"})`. Which parts of the time gain?
# 4. Spend more of the times near the noise: `learn("noise", {"objective.time_shift": 3.0})`. What happens to the printed loss, and what to the velocity error? Which would a log have shown you?
# 5. Let the data network descend the *min-SNR* loss, `{"objective.weighting": "min_snr"}`: SNR times its squared error, but never more than 5 times. On which times does it put its weight?
# 6. Patches of 8 that answer with the noise: `learn("noise", large, coarse)`. Its printed loss is near two thirds. Why just that? And what is its velocity error in the first sixth of the times?
#
# ## Sources
#
# - J. Ho, A. Jain and P. Abbeel, *Denoising Diffusion Probabilistic Models*, 2020, arXiv 2006.11239: the noise as the answer, and its plain loss.
# - P. Vincent, *A Connection Between Score Matching and Denoising Autoencoders*, 2011: the score as a mean of noise.
# - Y. Song et al., *Score-Based Generative Modeling through Stochastic Differential Equations*, 2020, arXiv 2011.13456: scores, and DDPM in continuous time.
# - T. Salimans and J. Ho, *Progressive Distillation for Fast Sampling of Diffusion Models*, 2022, arXiv 2202.00512: a v as an answer, which is not our velocity (see Dialects: other sign, other scale); losses as weights.
# - D. Kingma et al., *Variational Diffusion Models*, 2021, arXiv 2107.00630: the noise level is what counts.
# - T. Karras et al., *Elucidating the Design Space of Diffusion-Based Generative Models*, 2022, arXiv 2206.00364: EDM. Its network answers with a mixture of data and noise that depends on the noise level; wrapped, it is the denoiser of our card.
# - T. Hang et al., *Efficient Diffusion Training via Min-SNR Weighting Strategy*, 2023, arXiv 2303.09556.
# - N. Ma et al., *SiT: Exploring Flow and Diffusion-based Generative Models with Scalable Interpolant Transformers*, 2024, arXiv 2401.08740: three answers on three paths.
# - P. Esser et al., *Scaling Rectified Flow Transformers for High-Resolution Image Synthesis*, 2024, arXiv 2403.03206: SD3, its times and its shift.
# - T. Li and K. He, *Back to Basics: Let Denoising Generative Models Denoise*, 2025, arXiv 2511.13720: JiT, wide patches and the image as the answer.
