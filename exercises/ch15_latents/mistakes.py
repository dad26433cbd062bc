"""The wrong answers that people really give to chapter 15, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

import torch

PLACES = (0, 2, 3)


def _numbers(x, over=PLACES):
    return x.mean(over, keepdim=True), x.std(over, keepdim=True)


def _there(x, mean, std):
    return (x - mean) / std


def _back(x, mean, std):
    return x * std + mean


def _standardise(measure=None, there=_there, measure_back=None, back=_back):
    """An answer to 15.1 that measures other latents, or goes there or back in another way."""

    def own(training, fresh, sampled):
        return _numbers(training)

    def answer(*given):
        _, fresh, sampled = given
        return there(fresh, *(measure or own)(*given)), back(sampled, *(measure_back or own)(*given))

    return answer


def _places_apart(training, fresh, sampled):
    return training.mean(0), training.std(0)


def _mean_of_deviations(training, fresh, sampled):
    return training.mean(PLACES, keepdim=True), training.std((2, 3), keepdim=True).mean(0)


def _two_deviations(training, fresh, sampled):
    return training.mean(PLACES, keepdim=True), training.std(PLACES, correction=0, keepdim=True)


def _in_place(training, fresh, sampled):
    mean, std = _numbers(training)
    return fresh.sub_(mean).div_(std), sampled.mul_(std).add_(mean)


def _own_noise(mean, logvar, eps):
    return mean + (logvar / 2).exp() * torch.randn_like(mean)


def _own_seed(mean, logvar, eps):
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(0)).to(mean)
    return mean + (logvar / 2).exp() * noise


def _terms(mean, logvar):
    return (mean**2 + logvar.exp() - 1 - logvar) / 2


def _nats(terms):
    """An answer to 15.3 with other terms, added up as they should be."""
    return lambda mean, logvar: terms(mean, logvar).sum((1, 2, 3)).mean()


def _estimate(mean, logvar):
    eps = torch.randn_like(mean)
    z = mean + (logvar / 2).exp() * eps
    return ((z**2 - eps**2 - logvar) / 2).sum((1, 2, 3)).mean()


def _distances(rfd=None, gfd=None, floor=None, cut=True):
    """An answer to 15.4 that takes one of the three from other sets; each is given t, h, r, s, distance."""

    def answer(*given):
        *sets, distance = given
        n = min(map(len, sets)) if cut else max(map(len, sets))
        sets = [x[:n] for x in sets]
        _, h, r, s = sets
        return (
            rfd(*sets, distance) if rfd else distance(r, h),
            gfd(*sets, distance) if gfd else distance(s, h),
            floor(*sets, distance) if floor else distance(sets[0], h),
        )

    return answer


def _halves(t, h, r, s, d):
    return d(h[: len(h) // 2], h[len(h) // 2 :])


def _one_by_one(t, h, r, s, d):
    return torch.stack([d(r[i : i + 1], h[i : i + 1]) for i in range(len(h))]).mean()


def _share(one, other):
    return one / (one + other)


def _shares(train=(1, 0), passes=3, spread=1, sample=lambda e, d, steps: d, asks=None, of=_share):
    """An answer to 15.5 that counts one thing otherwise; `train` is how often it encodes and decodes."""

    def answer(encode, decode, forward, epochs, steps, guided):
        trained = train[0] * encode + train[1] * decode
        walk = forward * (asks(steps, guided) if asks else steps * (2 if guided else 1))
        kept = of(trained, passes * forward * (epochs if spread else 1))
        return of(trained, passes * forward), kept, of(sample(encode, decode, steps), walk)

    return answer


def _kept(find):
    """An answer to 15.5 whose second share alone is another."""

    def answer(encode, decode, forward, epochs, steps, guided):
        one, _, three = _shares()(encode, decode, forward, epochs, steps, guided)
        return one, find(encode, 3 * forward, epochs), three

    return answer


def _conv(
    places=lambda side, k, stride, p: (side + 2 * p - k) // stride + 1,
    weights=lambda channels, filters, k, groups: filters * (channels // groups) * k**2,
    said=lambda macs, places, filters: (macs, 2 * macs),
):
    """An answer to 15.6 that counts places or weights in another way, or calls them otherwise."""

    def answer(height, width, channels, filters, kernel, stride, padding, groups):
        at = places(height, kernel, stride, padding) * places(width, kernel, stride, padding)
        return said(at * weights(channels, filters, kernel, groups), at, filters)

    return answer


def _square(height, width, channels, filters, kernel, stride, padding, groups):
    return _conv()(height, height, channels, filters, kernel, stride, padding, groups)


def _ramp(n, ramp):
    i = torch.arange(n) + 0.5
    return torch.minimum(i, n - i).div(ramp).clamp(max=1)


def _moved_back(side, tile, step):
    last = max(side - tile, 0)
    return [*range(0, last, step), last]


def _tiled(
    starts=_moved_back,
    step=lambda tile, overlap: tile - overlap,
    ramp=lambda n, overlap, factor: _ramp(n, overlap * factor),
    join=lambda down, across: down[:, None] * across,
    divide=lambda total, sums: total / sums.where(sums > 0, 1),
    write=lambda old, new: old + new,
    place=lambda factor: factor,
):
    """An answer to 15.7 that lays its tiles, or blends them, in another way."""

    def answer(z, decode, tile, overlap, factor):
        b, _, h, w = z.shape
        total, sums = torch.zeros(b, 3, factor * h, factor * w), torch.zeros(factor * h, factor * w)
        for top in starts(h, tile, step(tile, overlap)):
            for left in starts(w, tile, step(tile, overlap)):
                image = decode(z[:, :, top : top + tile, left : left + tile])
                rows, columns = image.shape[2:]
                counts = join(ramp(rows, overlap, factor), ramp(columns, overlap, factor))
                y, x = place(factor) * top, place(factor) * left
                spot = (..., slice(y, y + rows), slice(x, x + columns))
                total[spot] = write(total[spot], counts * image)
                sums[spot] = write(sums[spot], counts)
        return divide(total, sums).to(z)

    return answer


def _flat(n, overlap, factor):
    return torch.ones(n)


def _every(side, tile, step):
    return list(range(0, side, step))


def _cut_short(side, tile, step):
    return [s for s in range(0, side, step) if s == 0 or s + tile - step < side]


def _whole_tiles(side, tile, step):
    return list(range(0, max(side - tile, 0) + 1, step))


def _added_alone(total, sums):
    return total


def _undefined(total, sums):
    return total / sums


MISTAKES = {
    "15.1": {
        "Each image got statistics of its own": _standardise(lambda t, f, s: _numbers(f, (2, 3))),
        "These are statistics of the batch in hand: the same image": _standardise(
            lambda t, f, s: _numbers(f), measure_back=lambda t, f, s: _numbers(s)
        ),
        "what was sampled knows nothing of the scale it left": _standardise(
            measure_back=lambda t, f, s: _numbers(s)
        ),
        "0.18215 is sd-vae's number": lambda t, f, s: (f * 0.18215, s / 0.18215),
        "one scale for all channels": _standardise(
            lambda t, f, s: (t.mean(), t.std()), measure_back=lambda t, f, s: (t.mean(), t.std())
        ),
        "Each place has statistics of its own": _standardise(_places_apart),
        "The mean is still in it": _standardise(there=lambda x, mean, std: x / std),
        "divided by the variance": _standardise(there=lambda x, mean, std: (x - mean) / std**2),
        "You multiplied by the deviation": _standardise(there=lambda x, mean, std: (x - mean) * std),
        "the mean of the images' deviations": _standardise(_mean_of_deviations),
        "The order is turned": _standardise(back=lambda x, mean, std: (x + mean) * std),
        "went to the decoder as it was": _standardise(back=lambda x, mean, std: x),
        "the way to the network once more": _standardise(back=_there),
        "The mean was not added": _standardise(back=lambda x, mean, std: x * std),
        "on the way back it is added": _standardise(back=lambda x, mean, std: x * std - mean),
        "then they are no inverse": _standardise(measure_back=_two_deviations),
        "what was handed in was changed": _in_place,
    },
    "15.2": {
        "You multiplied by the variance": lambda mean, logvar, eps: mean + logvar.exp() * eps,
        "logvar is a logarithm, no deviation": lambda mean, logvar, eps: mean + logvar * eps,
        "The square was taken": lambda mean, logvar, eps: mean + (2 * logvar).exp() * eps,
        "The sign of logvar is turned": lambda mean, logvar, eps: mean + (-logvar / 2).exp() * eps,
        "You drew noise of your own": _own_noise,
        "else nothing repeats": _own_seed,
        "eps is left out": lambda mean, logvar, eps: mean + (logvar / 2).exp(),
        "The mean is left out": lambda mean, logvar, eps: (logvar / 2).exp() * eps,
        "scales the noise alone": lambda mean, logvar, eps: (logvar / 2).exp() * (mean + eps),
        "Noise of deviation 1 was added": lambda mean, logvar, eps: mean + eps,
        "The noise was subtracted": lambda mean, logvar, eps: mean - (logvar / 2).exp() * eps,
        "z is detached": lambda mean, logvar, eps: (mean + (logvar / 2).exp() * eps).detach(),
        "logvar is detached": lambda mean, logvar, eps: mean + (logvar.detach() / 2).exp() * eps,
        "the mean is detached": lambda mean, logvar, eps: mean.detach() + (logvar / 2).exp() * eps,
    },
    "15.3": {
        "summed over the batch too": lambda mean, logvar: _terms(mean, logvar).sum(),
        "the mean over all numbers": lambda mean, logvar: _terms(mean, logvar).mean(),
        "summed over the channels alone": lambda mean, logvar: _terms(mean, logvar).sum(1).mean(),
        "one number an image": lambda mean, logvar: _terms(mean, logvar).sum((1, 2, 3)),
        "The sign is turned": _nats(lambda m, v: -_terms(m, v)),
        "The -1 is missing": _nats(lambda m, v: (m**2 + v.exp() - v) / 2),
        "The half is missing": _nats(lambda m, v: m**2 + v.exp() - 1 - v),
        "The half belongs to all": _nats(lambda m, v: m**2 + (v.exp() - 1 - v) / 2),
        "is not squared again": _nats(lambda m, v: (m**2 + v.exp() ** 2 - 1 - 2 * v) / 2),
        "The mean counts by its square": _nats(lambda m, v: (m + v.exp() - 1 - v) / 2),
        "exp(logvar) is missing": _nats(lambda m, v: (m**2 - 1 - v) / 2),
        "logvar itself is missing": _nats(lambda m, v: (m**2 + v.exp() - 1) / 2),
        "The sign of logvar's own term": _nats(lambda m, v: (m**2 + v.exp() - 1 + v) / 2),
        "of the standard normal from yours": _nats(lambda m, v: ((1 + m**2) / v.exp() - 1 + v) / 2),
        "The mean is left out": _nats(lambda m, v: (v.exp() - 1 - v) / 2),
        "an estimate by drawing": _estimate,
        "no gradient comes through it": lambda mean, logvar: _nats(_terms)(mean, logvar).item(),
    },
    "15.4": {
        "row by row": _distances(rfd=lambda t, h, r, s, d: (r - h).norm(dim=1).mean()),
        "One image is no crowd": _distances(rfd=_one_by_one),
        "reconstructions of held-out images with training images": _distances(
            rfd=lambda t, h, r, s, d: d(r, t)
        ),
        "Reconstructions were compared with samples": _distances(rfd=lambda t, h, r, s, d: d(r, s)),
        "Samples were compared with reconstructions": _distances(gfd=lambda t, h, r, s, d: d(s, r)),
        "Samples were compared with training images": _distances(gfd=lambda t, h, r, s, d: d(s, t)),
        "samples were not looked at": _distances(gfd=lambda t, h, r, s, d: d(r, h)),
        "the two do not add up": _distances(gfd=lambda t, h, r, s, d: d(s, h) - d(r, h)),
        "The same images compared with themselves": _distances(floor=lambda t, h, r, s, d: d(h, h)),
        "Two halves of one set": _distances(floor=_halves),
        "no network has a part in it": _distances(floor=lambda t, h, r, s, d: d(r, t)),
        "The numbers of images are not equal": _distances(cut=False),
    },
    "15.5": {
        "Training never decodes": _shares(train=(1, 1)),
        "The way back is forgotten": _shares(passes=1),
        "counted for the frozen encoder too": _shares(train=(3, 0)),
        "you counted one": _shares(passes=2),
        "That is a ratio": _shares(of=lambda one, other: one / other),
        "the transformer's share": _shares(of=lambda one, other: other / (one + other)),
        "Kept latents are not free": _kept(lambda encode, step, epochs: 0.0),
        "The epochs are forgotten": _shares(spread=0),
        "encoded once in all": _kept(lambda encode, step, epochs: _share(epochs * encode, epochs * step)),
        "The share was divided": _kept(lambda encode, step, epochs: _share(encode, step) / epochs),
        "Guidance is forgotten": _shares(asks=lambda steps, guided: steps),
        "There is no guidance here": _shares(asks=lambda steps, guided: 2 * steps),
        "Sampling never encodes": _shares(sample=lambda e, d, steps: e + d),
        "decoded once, after the last": _shares(sample=lambda e, d, steps: steps * d),
        "The network runs at every step": _shares(asks=lambda steps, guided: 2 if guided else 1),
        "Nothing is trained here": _shares(asks=lambda steps, guided: 3 * steps * (2 if guided else 1)),
    },
    "15.6": {
        "These MACs are called FLOPs": _conv(said=lambda macs, places, filters: (macs, macs)),
        "The order is MACs, FLOPs": _conv(said=lambda macs, places, filters: (2 * macs, macs)),
        "Those are FLOPs called MACs": _conv(said=lambda macs, places, filters: (2 * macs, 4 * macs)),
        "you counted those of the image": _conv(places=lambda side, k, stride, p: side),
        "The groups are forgotten": _conv(weights=lambda c, f, k, g: f * c * k**2),
        "The groups divide once": _conv(weights=lambda c, f, k, g: (f // g) * (c // g) * k**2),
        "The bias was counted": _conv(
            said=lambda macs, places, filters: (macs + places * filters, 2 * (macs + places * filters))
        ),
        "The padding is forgotten": _conv(places=lambda side, k, stride, p: (side - k) // stride + 1),
        "The padding is on both sides": _conv(places=lambda side, k, stride, p: (side + p - k) // stride + 1),
        "Places are whole": _conv(places=lambda side, k, stride, p: (side + 2 * p - k) / stride + 1),
        "The stride is forgotten": _conv(places=lambda side, k, stride, p: side + 2 * p - k + 1),
        "The last place is missing": _conv(places=lambda side, k, stride, p: (side + 2 * p - k) // stride),
        "A kernel has kernel * kernel places": _conv(weights=lambda c, f, k, g: f * (c // g) * k),
        "Every filter is counted": _conv(weights=lambda c, f, k, g: (c // g) * k**2),
        "A filter sees several channels": _conv(weights=lambda c, f, k, g: f * k**2),
        "Those are the weights": _conv(places=lambda side, k, stride, p: 1),
        "The image is not square": _square,
    },
    "15.7": {
        "There is no overlap": _tiled(step=lambda tile, overlap: tile),
        "The last tile is cut short": _tiled(starts=_cut_short),
        "the decoder sees less there": _tiled(starts=_every),
        "The last tile is missing": _tiled(starts=_whole_tiles),
        "The weights do not sum to 1": _tiled(divide=_added_alone),
        "All tiles count alike": _tiled(ramp=_flat),
        "A later tile was written over": _tiled(ramp=_flat, write=lambda old, new: new),
        "Places in the image are in pixels": _tiled(place=lambda factor: 1),
        "there the weights sum to 0": _tiled(place=lambda factor: 1, divide=_undefined),
        "The ramp is too short": _tiled(ramp=lambda n, overlap, factor: _ramp(n, overlap)),
        "read at a pixel's edge": _tiled(
            ramp=lambda n, overlap, factor: (
                torch.minimum(torch.arange(n) + 1, n - torch.arange(n)).div(overlap * factor).clamp(max=1)
            )
        ),
        "the product of both sides' weights": _tiled(
            join=lambda down, across: torch.minimum(down[:, None], across)
        ),
        "too far apart, or too near": _tiled(step=lambda tile, overlap: overlap),
        "nothing was tiled": lambda z, decode, tile, overlap, factor: decode(z),
    },
}
