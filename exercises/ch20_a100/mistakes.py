"""The wrong answers that people really give to chapter 20, and what the check must say about each.

MISTAKES[exercise] = {what the message must hold: the wrong answer}
"""

import torch


def _numbers(b, n, d, r):
    """What is moved by: the weights of the linear layers, adaLN's, the tokens, the condition."""
    return (4 + 2 * r) * d**2, 6 * d**2, b * n * d * (12 + 2 * r), 7 * b * d


def _block(
    macs=lambda b, n, d, r: b * (n * (4 + 2 * r) * d**2 + 2 * n**2 * d + 6 * d**2),
    moved=lambda b, n, d, r: sum(_numbers(b, n, d, r)),
    flops=2,
    size=lambda size: size,
):
    """An answer to 20.1 that counts one thing otherwise."""

    def answer(batch, tokens, dim, ratio, each):
        given = batch, tokens, dim, ratio
        return flops * macs(*given), size(each) * moved(*given)

    return answer


def _memory(find):
    """An answer to 20.2 from the bytes by parameter of the four; find(mixed) gives them."""
    return lambda parameters, mixed, devices: tuple(parameters // devices * k for k in find(mixed))


def _four(weights=6, gradients=2, adamw=8, ema=4):
    """The right bytes, or others where mixed precision is meant."""
    return _memory(lambda mixed: (weights, gradients, adamw, ema) if mixed else (4, 4, min(adamw, 8), ema))


def _on_each(loss, parameters, x, size, factor, clear=True, clear_inside=False, parts=None):
    if clear:
        for p in parameters:
            p.grad = None
    for part in parts or x.split(size):
        if clear_inside:
            for p in parameters:
                p.grad = None
        (loss(part) * factor(part)).backward()
    return [p.grad for p in parameters]


def _accumulate(factor, **options):
    """An answer to 20.3; factor(part, x, size) multiplies the loss of each part."""

    def answer(loss, parameters, x, size):
        return _on_each(loss, parameters, x, size, lambda part: factor(part, x, size), **options)

    return answer


def _share(part, x, size):
    return len(part) / len(x)


def _drop_last(loss, parameters, x, size):
    parts = [part for part in x.split(size) if len(part) == size]
    return _on_each(loss, parameters, x, size, lambda part: 1 / len(parts), parts=parts)


def _one_graph(loss, parameters, x, size):
    for p in parameters:
        p.grad = None
    sum(loss(part) * len(part) / len(x) for part in x.split(size)).backward()
    return [p.grad for p in parameters]


def _all_at_once(loss, parameters, x, size):
    return list(torch.autograd.grad(loss(x), parameters))


def _noise(cut=lambda noise, rank, size: noise[rank * size : (rank + 1) * size], at=lambda step: step):
    """An answer to 20.4 that draws the whole batch and takes another slice, or another step's."""

    def answer(stream, step, shape, rank, world):
        noise = torch.randn(shape, generator=stream(at(step)))
        return cut(noise, rank, shape[0] // world)

    return answer


def _small(at=lambda step, rank: step, draws=lambda rank: 1):
    """An answer to 20.4 that draws its own images alone."""

    def answer(stream, step, shape, rank, world):
        chance = stream(at(step, rank))
        for _ in range(draws(rank)):
            noise = torch.randn(shape[0] // world, *shape[1:], generator=chance)
        return noise

    return answer


def _freely(stream, step, shape, rank, world):
    return torch.randn(shape[0] // world, *shape[1:])


def _strided(stream, step, shape, rank, world):
    return torch.randn(shape, generator=stream(step))[rank::world]


def _of_channels(stream, step, shape, rank, world):
    return torch.randn(shape, generator=stream(step)).chunk(world, dim=1)[rank]


def _whole_of_its_own(stream, step, shape, rank, world):
    return torch.randn(shape, generator=stream(step + 100 * rank)).chunk(world)[rank]


def _by_processes(stream, step, shape, rank, world):
    return torch.randn(shape, generator=stream(step))[rank * world : (rank + 1) * world]


TENSORS = ("weights", "first", "second", "ema")


def _kept(*forgotten, copy=torch.clone, state=lambda generator: generator.get_state(), more=()):
    """An answer to 20.5 that forgets something, keeps it in another way, or keeps more."""

    def answer(run):
        saved = {name: copy(getattr(run, name)) for name in TENSORS}
        saved |= {"step": run.step, "averaged": run.averaged, "generator": state(run.generator)}
        saved |= {name: getattr(run, name) for name in more}
        return {name: value for name, value in saved.items() if name not in forgotten}

    return answer


def _usage(
    per_mac=6,
    of=lambda batch, devices: batch / devices,
    peak=lambda sheet, precision: sheet[precision],
    percent=100,
    hours=lambda steps, speed, devices: devices * steps / speed / 3600,
    giga=1e9,
    rate=lambda speed: speed,
):
    """An answer to 20.6 that counts one thing otherwise."""

    def answer(gmacs, batch, speed, devices, steps, sheet, precision):
        share = per_mac * gmacs * giga * of(batch, devices) * rate(speed) / peak(sheet, precision)
        return percent * share, hours(steps, speed, devices)

    return answer


MISTAKES = {
    "20.1": {
        "Those are MACs": _block(flops=1),
        "and not on every token": _block(
            lambda b, n, d, r: b * (n * (4 + 2 * r) * d**2 + 2 * n**2 * d + n * 6 * d**2)
        ),
        "adaLN is left out: six vectors": _block(
            lambda b, n, d, r: b * (n * (4 + 2 * r) * d**2 + 2 * n**2 * d)
        ),
        "Attention is left out: its two products": _block(
            lambda b, n, d, r: b * (n * (4 + 2 * r) * d**2 + 6 * d**2)
        ),
        "you counted one": _block(lambda b, n, d, r: b * (n * (4 + 2 * r) * d**2 + n**2 * d + 6 * d**2)),
        "The batch is left out.": _block(lambda b, n, d, r: n * (4 + 2 * r) * d**2 + 2 * n**2 * d + 6 * d**2),
        "a pass forwards was asked": _block(flops=6),
        "it need not be 4": _block(lambda b, n, d, r: b * (n * 12 * d**2 + 2 * n**2 * d + 6 * d**2)),
        "The MLP goes up and down": _block(
            lambda b, n, d, r: b * (n * (4 + r) * d**2 + 2 * n**2 * d + 6 * d**2)
        ),
        "The MLP is counted twice over": _block(
            lambda b, n, d, r: b * (n * (4 + 4 * r) * d**2 + 2 * n**2 * d + 6 * d**2)
        ),
        "Those are all from one token": _block(
            lambda b, n, d, r: b * ((4 + 2 * r) * d**2 + 2 * n**2 * d + 6 * d**2)
        ),
        "each has `size` bytes": _block(size=lambda size: 1),
        "A number has `size` bytes here": _block(size=lambda size: 4),
        "Weights are read once for the whole batch": _block(
            moved=lambda b, n, d, r: b * (10 + 2 * r) * d**2 + sum(_numbers(b, n, d, r)[2:])
        ),
        "The weights are left out": _block(moved=lambda b, n, d, r: sum(_numbers(b, n, d, r)[2:])),
        "The tokens are left out": _block(moved=lambda b, n, d, r: sum(_numbers(b, n, d, r)[:2])),
        "what it writes is not": _block(
            moved=lambda b, n, d, r: sum(_numbers(b, n, d, r)[:2]) + b * n * d * (6 + r) + b * d
        ),
        "it is never written": _block(moved=lambda b, n, d, r: sum(_numbers(b, n, d, r)) + 2 * b * n**2),
        "it reads q, k and v": _block(moved=lambda b, n, d, r: sum(_numbers(b, n, d, r)) - 4 * b * n * d),
        "adaLN is left out: it has weights": _block(
            moved=lambda b, n, d, r: sum(_numbers(b, n, d, r)[::2]),
        ),
        "each image has tokens of its own": _block(moved=lambda b, n, d, r: sum(_numbers(1, n, d, r))),
    },
    "20.2": {
        "The master weights are forgotten": _four(weights=2),
        "The float32 weights alone": _four(weights=4),
        "Both copies are counted as float32": _four(weights=8),
        "there is one copy, of 4 bytes": _memory(lambda mixed: (6, 2, 8, 4) if mixed else (6, 4, 8, 4)),
        "Gradients have the precision": _four(gradients=4),
        "a gradient has 4 bytes": _memory(lambda mixed: (6, 2, 8, 4) if mixed else (4, 2, 8, 4)),
        "yours is half of that": _four(adamw=4),
        "The master weights are counted with the weights": _four(adamw=12),
        "The EMA is forgotten": _four(ema=0),
        "in bfloat16 it would stand still": _memory(lambda mixed: (6, 2, 8, 2) if mixed else (4, 4, 8, 4)),
        "divide by the devices": lambda parameters, mixed, devices: tuple(
            k * parameters for k in ((6, 2, 8, 4) if mixed else (4, 4, 8, 4))
        ),
        "Each device keeps its own share of this alone": lambda parameters, mixed, devices: (
            (6 if mixed else 4) * parameters // devices,
            (2 if mixed else 4) * parameters // devices,
            8 * parameters // devices,
            4 * parameters,  # AdamW was shared out, and the EMA was not
        ),
        "Those are bits": _memory(lambda mixed: (48, 16, 64, 32) if mixed else (32, 32, 64, 32)),
        "bytes were asked": _memory(lambda mixed: (1, 1, 2, 1)),
    },
    "20.3": {
        "never divided": _accumulate(lambda part, x, size: 1),
        "its images then count more": _accumulate(lambda part, x, size: 1 / -(-len(x) // size)),
        "Only the last micro-batch is left": _accumulate(_share, clear_inside=True),
        "which is smaller, is missing": _drop_last,
        "The loss is a mean already": _accumulate(lambda part, x, size: 1 / len(x)),
        "by the size of a full micro-batch": _accumulate(lambda part, x, size: size / len(x)),
        "That is the sum over the images": _accumulate(lambda part, x, size: len(part)),
        "from the step before": _accumulate(_share, clear=False),
        "the graph of an earlier one was still held": _one_graph,
        "split the batch": _all_at_once,
    },
    "20.4": {
        "Every process draws the same noise": _small(),
        "the batch is smaller than it seems": _noise(lambda noise, rank, size: noise[:size]),
        "Each process draws from a stream of its own": _small(at=lambda step, rank: step + rank),
        "with another number of processes the run is another": _small(draws=lambda rank: rank + 1),
        "The slice is of the channels": _of_channels,
        "every world-th image": _strided,
        "Processes are counted from 0": _noise(
            lambda noise, rank, size: noise[(rank - 1) * size : rank * size]
        ),
        "the noise of all images": _noise(lambda noise, rank, size: noise),
        "right with one process, and wrong with several": _whole_of_its_own,
        "The step is forgotten": _noise(at=lambda step: 0),
        "as long as there are processes": _by_processes,
        "Two calls with the same arguments differ": _freely,
    },
    "20.5": {
        "The weights themselves": _kept("weights"),
        "AdamW's first moment": _kept("first"),
        "AdamW's second moment": _kept("second"),
        "AdamW's moments are missing, both": _kept("first", "second"),
        "All of AdamW is missing": _kept("first", "second", "step"),
        "The number of steps": _kept("step"),
        "The EMA is missing": _kept("ema"),
        "its decay warms up again": _kept("averaged"),
        "All of the EMA is missing": _kept("ema", "averaged"),
        "The generator's state is missing": _kept("generator"),
        "and the next step reads them: second, ema.": _kept("second", "ema"),
        "that is where it began": _kept(state=lambda generator: generator.initial_seed()),
        "save its state": _kept(state=lambda generator: generator),
        "Save copies": _kept(copy=lambda x: x),
        "no checkpoint": lambda run: {"weights": run.weights.clone()},
        "The data set is in it": _kept(more=("images",)),
        "A run has no": lambda run: {"model": run.weights.clone()},
        "A dictionary was asked for": lambda run: [run.weights.clone(), run.ema.clone()],
    },
    "20.6": {
        "Either MACs were taken for FLOPs": _usage(per_mac=3),
        "That is the pass forwards alone": _usage(per_mac=2),
        "Going back costs as much as two": _usage(per_mac=4),
        "The MACs were doubled twice": _usage(per_mac=12),
        "That is 8 FLOPs a MAC": _usage(per_mac=8),
        "Neither the way back": _usage(per_mac=1),
        "The peak of one device": _usage(of=lambda batch, devices: batch),
        "it was counted once for each": _usage(of=lambda batch, devices: batch * devices),
        "The batch is left out": _usage(of=lambda batch, devices: 1 / devices),
        "ours are dense": _usage(peak=lambda sheet, precision: 2 * sheet[precision]),
        "the peak of another precision": _usage(peak=lambda sheet, precision: sheet["fp32"]),
        "percent were asked": _usage(percent=1),
        "off by a power of ten": _usage(giga=1),
        "more of them is more work": _usage(rate=lambda speed: 1 / speed),
        "hours of devices, not of the clock": _usage(hours=lambda steps, speed, n: steps / speed / 3600),
        "Those are seconds": _usage(hours=lambda steps, speed, n: n * steps / speed),
        "divide by it": _usage(hours=lambda steps, speed, n: n * steps * speed / 3600),
        "each is paid for": _usage(hours=lambda steps, speed, n: steps / speed / 3600 / n),
    },
}
