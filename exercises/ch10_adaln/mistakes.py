"""The wrong answers that people really give to chapter 10, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

import hashlib

import torch
from scipy import stats


def _size(x):
    return x.square().mean().sqrt()


def _share(one, other):
    return one / (one + other)


def _updates(g, y, h, z):
    return _size(g * y), _size(h * z)


def _middle(means, low=0.025, high=0.975):
    return means.quantile(low), means.quantile(high)


def _by(dims):
    """The share of 10.1 taken over some dimensions, and averaged over the others."""

    def answer(g, y, h, z):
        one, other = ((a * b).square().mean(dims).sqrt() for a, b in ((g, y), (h, z)))
        return _share(one, other).mean()

    return answer


def _student(a, b, picks):
    d = a - b
    half = float(stats.t.ppf(0.975, len(d) - 1)) * d.std() / len(d) ** 0.5
    return d.mean() - half, d.mean() + half


def _sorted(a, b, picks):
    means, few = (a - b)[picks].mean(1).sort().values, round(0.025 * len(picks))
    return means[few - 1], means[-few - 1]


def _own_draws(a, b, picks):
    return _middle((a - b)[torch.randint(len(a), picks.shape)].mean(1))


def _reflected(a, b, picks):
    d = a - b
    low, high = _middle(d[picks].mean(1))
    return 2 * d.mean() - high, 2 * d.mean() - low


def _apart(a, b, picks):
    return _middle(a[picks].mean(1) - b[picks.flip(0)].mean(1))


def _normal(a, b, picks):
    means = (a - b)[picks].mean(1)
    return means.mean() - 1.96 * means.std(), means.mean() + 1.96 * means.std()


def _reach(a, b, picks):
    means = (a - b)[picks].mean(1)
    return means.min(), means.max()


def _odds(one, other, tie=0.5):
    return ((one < other).double() + tie * (one == other).double()).mean().item()


def _order(a, b):
    return (a, b) if a.mean() < b.mean() else (b, a)


def _played(unpaired=True, paired=True, tie=0.5):
    """An answer to 10.3 that plays one game twice, or counts ties in another way."""

    def answer(a, b):
        good, bad = _order(a, b)
        odds = _odds(bad[None], good[:, None], tie), _odds(bad, good, tie)
        return odds[0 if unpaired else 1], odds[1 if paired else 0]

    return answer


def _better_by(law):
    """An answer to 10.3 that finds the better arm in another way than by the mean."""

    def answer(a, b):
        good, bad = (a, b) if law(a) < law(b) else (b, a)
        return _odds(bad[None], good[:, None]), _odds(bad, good)

    return answer


def _smaller(a, b):
    return tuple(min(odds, 1 - odds) for odds in _played()(a, b))


def _right_arm(a, b):
    good, bad = _order(a, b)
    return _odds(good[None], bad[:, None]), _odds(good, bad)


def _first_is_better(a, b):
    return _odds(b[None], a[:, None]), _odds(b, a)


def _never_the_same(a, b):
    good, bad = _order(a, b)
    pairs = [(one, other) for i, one in enumerate(bad) for j, other in enumerate(good) if i != j]
    return _odds(*map(torch.stack, zip(*pairs, strict=True))), _odds(bad, good)


def _of(make):
    """A stream whose number is made by `make`."""
    return lambda seed, name, step: torch.Generator().manual_seed(make(seed, name, step))


def _from_parts(join):
    """A stream whose number is joined from the hashes of seed, name and step."""
    return _of(lambda seed, name, step: join(*map(_digest, (f"{seed}", name, f"{step}"))))


def _digest(text):
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "little")


def _one_for_all():
    held = {}

    def stream(seed, name, step):
        return held.setdefault(seed, torch.Generator().manual_seed(seed))

    return stream


def _one_for_each_name():
    held = {}

    def stream(seed, name, step):
        number = _digest(f"{seed}/{name}/{step}")
        return held.setdefault((seed, name, step), torch.Generator().manual_seed(number))

    return stream


def _only(places=True, noise=True, seeds=(0, 1), steps=(0, 1, 2), others=True):
    """A test for 10.5 that looks at some of it alone."""
    parts = [0] * places + [1] * noise

    def test(see):
        for seed in seeds:
            for step in steps:
                for part in parts:
                    assert torch.equal(see("base", seed, step)[part], see("other", seed, step)[part])
        for part in parts if others else []:
            assert not torch.equal(see("base", 0, 0)[part], see("base", 1, 0)[part])
            assert not torch.equal(see("base", 0, 0)[part], see("base", 0, 1)[part])

    return test


def _sums(see):
    for seed in (0, 1):
        for step in (0, 1):
            for one, other in zip(see("base", seed, step), see("other", seed, step), strict=True):
                assert torch.isclose(one.double().sum(), other.double().sum())
    for one, other in zip(see("base", 0, 0), see("base", 1, 0), strict=True):
        assert not torch.equal(one, other)
    for one, other in zip(see("base", 0, 0), see("base", 0, 1), strict=True):
        assert not torch.equal(one, other)


def _too_strict(see):
    _only()(see)
    one, other = (set(see("base", 0, step)[0].tolist()) for step in (0, 1))
    assert not one & other


def _arms_must_differ(see):
    assert not torch.equal(see("base", 0, 0)[1], see("other", 0, 0)[1])


def _bare_equals(see):
    assert see("base", 0, 0)[1] == see("other", 0, 0)[1]


def _returned(see):
    return torch.equal(see("base", 0, 0)[1], see("other", 0, 0)[1])


def _parts(x, h, wq, wk, wv):
    """The right bias, the one of the shift in the keys, and the constant."""
    root = wk.shape[1] ** 0.5
    return (x @ wk) @ (h @ wq) / root, (x @ wq) @ (h @ wk) / root, h @ wv


def _seen(bias=lambda right, keys, x, d: right, constant=lambda c, n: c):
    """An answer to 10.6 with another bias or another constant."""

    def answer(x, h, wq, wk, wv):
        right, keys, c = _parts(x, h, wq, wk, wv)
        return bias(right, keys, x, wk.shape[1]), constant(c, len(x))

    return answer


def _table(x, h, wq, wk, wv):
    right, keys, c = _parts(x, h, wq, wk, wv)
    return right[None] + keys[:, None], c


def _ratio(block=6, vectors=4, last=1, unit=None, share=None):
    """An answer to 10.7 with another count: d^2 and d of a block's difference, last layers, a unit's price."""

    def answer(dim, depth, old):
        more = depth * (block * dim**2 + vectors * dim) + last * (2 * dim**2 + 2 * dim)
        price = 2 * dim**2 + dim if unit is None else unit(dim)
        return old + more / (price * (depth if share is None else share))

    return answer


MISTAKES = {
    "10.1": {
        "These are the gates alone": lambda g, y, h, z: _share(_size(g), _size(h)),
        "These are the branches alone": lambda g, y, h, z: _share(_size(y), _size(z)),
        "not the product of the sizes": lambda g, y, h, z: _share(_size(g) * _size(y), _size(h) * _size(z)),
        "The roots are missing": lambda g, y, h, z: _share((g * y).square().mean(), (h * z).square().mean()),
        "That is the MLP's share": lambda g, y, h, z: _share(*reversed(_updates(g, y, h, z))),
        "That is the ratio of the two": lambda g, y, h, z: _size(g * y) / _size(h * z),
        "Below stands the size of the sum": lambda g, y, h, z: _size(g * y) / _size(g * y + h * z),
        "These are mean absolute values": lambda g, y, h, z: _share(
            (g * y).abs().mean(), (h * z).abs().mean()
        ),
        "These are shares of each image": _by((1, 2)),
        "These are shares of each token": _by(2),
    },
    "10.2": {
        "The sign is turned": lambda a, b, picks: _middle((b - a)[picks].mean(1)),
        "The ends are exchanged": lambda a, b, picks: _middle((a - b)[picks].mean(1))[::-1],
        "Only one arm was resampled": lambda a, b, picks: _middle(a[picks].mean(1) - b.mean()),
        "The arms were resampled apart": _apart,
        "These are quantiles of single differences": lambda a, b, picks: _middle((a - b)[picks].flatten()),
        "You sorted each arm": lambda a, b, picks: _middle((a.sort()[0] - b.sort()[0])[picks].mean(1)),
        "That holds 90 %": lambda a, b, picks: _middle((a - b)[picks].mean(1), 0.05, 0.95),
        "That is the range of all means": _reach,
        "That is a normal interval": _normal,
        "That is Student's interval": _student,
        "One place off in the sorted means": _sorted,
        "The draws are handed in": _own_draws,
        "That is the reflected bootstrap": _reflected,
        "These are percent of b": lambda a, b, picks: _middle((100 * (a - b) / b)[picks].mean(1)),
    },
    "10.3": {
        "These are the odds of the right arm": _right_arm,
        "You took a for the better arm": _first_is_better,
        "The two are exchanged": lambda a, b: _played()(a, b)[::-1],
        "You compared at the same seed both times": _played(unpaired=False),
        "You compared all pairs both times": _played(paired=False),
        "it counts half, not whole": _played(tie=1.0),
        "it counts half, not nothing": _played(tie=0.0),
        "You left out the pairs of equal seeds": _never_the_same,
        "not with the lower median": _better_by(torch.median),
        "not the one that has the lowest single error": _better_by(torch.min),
        "You returned the smaller odds": _smaller,
    },
    "10.4": {
        "the stream remembers what was drawn before": _one_for_all(),
        "Asked again, it gave other numbers": _one_for_each_name(),
        "You seeded PyTorch's own generator": lambda seed, name, step: torch.manual_seed(
            _digest(f"{seed}/{name}/{step}")
        ),
        "Two names gave the same numbers": _of(lambda seed, name, step: _digest(f"{seed}/{step}")),
        "Two steps gave the same numbers": _of(lambda seed, name, step: _digest(f"{seed}/{name}")),
        "Two seeds gave the same numbers": _of(lambda seed, name, step: _digest(f"{name}/{step}")),
        "Seed and step are added": _of(lambda seed, name, step: _digest(f"{seed + step}/{name}")),
        "The parts run into each other": _of(lambda seed, name, step: _digest(f"{seed}{name}{step}")),
        "put a sign between them": _of(lambda seed, name, step: _digest(f"{name}{seed}{step}")),
        "Seed and step run into each other at a large step": _of(
            lambda seed, name, step: _digest(f"{1000 * seed + step}/{name}")
        ),
        "their order counts too": _of(
            lambda seed, name, step: _digest(f"{seed}/{sum(map(ord, name))}/{step}")
        ),
        "Seed and step exchanged gave the same numbers": _from_parts(lambda s, n, k: s ^ n ^ k),
        "which number stands where counts too": _from_parts(lambda s, n, k: (s + n + k) % 2**32),
        "exchanged gave the same": _of(
            lambda seed, name, step: _digest("/".join(sorted([f"{seed}", name, f"{step}"])))
        ),
        "Where seed and step are equal they cancel": _from_parts(lambda s, n, k: n ^ ((s - k) % 2**32)),
        "streams repeat another one": _of(lambda seed, name, step: _digest(f"{seed}/{name}/{step}") % 1000),
        "at least 32 bits": _of(lambda seed, name, step: _digest(f"{seed}/{name}/{step}") % 2**16),
        "64 bits at most": _of(
            lambda seed, name, step: int(hashlib.sha256(f"{seed}/{name}/{step}".encode()).hexdigest(), 16)
        ),
        "hash() of a text is another number in every process": _of(
            lambda seed, name, step: hash((seed, name, step)) % 2**32
        ),
        "arms run apart would differ": _of(lambda seed, name, step: hash(f"{seed}/{name}/{step}") % 2**32),
        "a torch.Generator was asked for": lambda seed, name, step: _digest(f"{seed}/{name}/{step}"),
    },
    "10.5": {
        "from step 1 on the other arm has images of its own": _only(steps=(0,)),
        "noise": _only(noise=False),
        "images": _only(places=False),
        "the arms agree in their noise at seed 0 alone": _only(seeds=(0,)),
        "the same noise in another order": _sums,
        "have the same": _only(others=False),
        "refuses the right function": _arms_must_differ,
        "by chance two steps may share an image": _too_strict,
        "your test raised RuntimeError": _bare_equals,
        "nobody looks at it": _returned,
    },
    "10.6": {
        "That is the shift in the keys": _seen(lambda right, keys, x, d: keys),
        "The shift in the keys does not count": _seen(lambda right, keys, x, d: right + keys),
        "divided by the root of d, and so is the bias": _seen(lambda right, keys, x, d: right * d**0.5),
        "Divided by d, not by its root": _seen(lambda right, keys, x, d: right / d**0.5),
        "Divided by the root of the tokens' width": _seen(
            lambda right, keys, x, d: right * (d / x.shape[1]) ** 0.5
        ),
        "The sign is turned: what h adds": _seen(lambda right, keys, x, d: -right),
        "The sign is turned: c is added": _seen(constant=lambda c, n: -c),
        "it goes through wv": lambda x, h, wq, wk, wv: (_parts(x, h, wq, wk, wv)[0], h),
        "No bias": _seen(lambda right, keys, x, d: 0 * right),
        "not once a token": _seen(constant=lambda c, n: n * c),
        "not divided by n": _seen(constant=lambda c, n: c / n),
        "No constant": _seen(constant=lambda c, n: 0 * c),
        "The bias has one number for each key": _table,
    },
    "10.7": {
        "That is what is added to the ratio": lambda dim, depth, old: _ratio()(dim, depth, 0.0),
        "The last layer's modulation is forgotten": _ratio(last=0),
        "they are not free to be spent": _ratio(vectors=6),
        "not as layers": _ratio(block=4),
        "The biases are missing": lambda dim, depth, old: old + 3 + 1 / depth,
        "Each hidden unit has a bias of its own": _ratio(unit=lambda dim: 2 * dim**2),
        "One gate is left out": _ratio(vectors=5),
        "A gate is a vector of dim numbers": lambda dim, depth, old: (
            _ratio(vectors=6)(dim, depth, old) - 2 / (2 * dim**2 + dim)
        ),
        "The MLP has two layers": _ratio(unit=lambda dim: dim**2),
        "The last layer's modulation is there once": lambda dim, depth, old: _ratio(last=depth)(
            dim, depth, old
        ),
        "every block gets the wider MLP": _ratio(share=1),
        "These are hidden units": lambda dim, depth, old: dim * _ratio()(dim, depth, old),
    },
}
