"""What is compared on a machine of each kind, in the order in which it is wanted, and what must hold."""

from collections.abc import Iterator, Sequence

from bounds import Bound
from compare import Group
from rows import Row
from small import Small

WITH_ROUTE = ("minidit", "diffusers", "plain", "minidit, TREAD")
BATCHES = {"DiT-XL/2": 32, "DiT-L/2": 32, "DiT-B/2": 64, "DiT-S/2": 128}  # on a GPU

# seconds after which nothing more is begun, a core or a GPU
LIMITS = {"cpu": 230.0, "cuda": 400.0}


def on_a_processor() -> tuple[list[Group], list[Group]]:
    """What two cores do at the same time: DiT-S/2 as it is beside growth; compiled, and then DiT-B/2."""
    both = ("training step", "sampling")
    small = [Group(part, "DiT-S/2", p, "eager", 2, _names(part)) for part in both for p in ("fp32", "bf16")]
    other = [Group(part, "DiT-S/2", p, "compiled", 2) for p in ("fp32", "bf16") for part in both]
    other += [Group(part, "DiT-B/2", p, "eager", 1) for part in both for p in ("fp32", "bf16")]
    return small, other


def on_a_gpu() -> list[Group]:
    """The largest first, in bfloat16; compiled in float32 last."""
    ways = ("bf16", "compiled"), ("bf16", "eager"), ("fp32", "eager")
    groups = [
        Group(part, size, *way, batch, _names(part))
        for size, batch in BATCHES.items()
        for part in ("training step", "sampling")
        for way in ways
    ]
    return groups + [
        Group(part, size, "fp32", "compiled", batch)
        for size, batch in BATCHES.items()
        for part in ("training step", "sampling")
    ]


def _names(part: str) -> tuple[str, ...]:
    return WITH_ROUTE if part == "training step" else WITH_ROUTE[:3]


def find(rows: Sequence[Row], network: str, size: str, precision: str, mode: str) -> Row | None:
    """The training step of a network, if it was measured."""
    wanted = ("training step", network, size, precision, mode)
    for row in rows:
        if (row.part, row.network, row.size, row.precision, row.mode) == wanted and row.seconds:
            return row
    return None


def gain(rows: Sequence[Row], size: str, precision: str, mode: str) -> float | None:
    """How much sooner TREAD's step is done, over how much less it has to multiply; None if not measured."""
    whole, part = (find(rows, name, size, precision, mode) for name in (WITH_ROUTE[0], WITH_ROUTE[-1]))
    if whole is None or part is None:
        return None
    return (1 / part.over_minidit) / (whole.flops / part.flops)


def bounds(rows: Sequence[Row], small: Sequence[Small], device: str) -> Iterator[Bound]:
    """What must hold of what was measured."""
    where = ("DiT-S/2", "fp32", "eager") if device == "cpu" else ("DiT-XL/2", "bf16", "compiled")
    share, faster = (0.75, 1.0) if device == "cpu" else (0.55, 1.2)
    name = ", ".join(where)
    if mine := find(rows, "minidit", *where):
        yield Bound(f"{name}: share of a product's rate", mine.utilisation, share, at_most=False)
    if other := find(rows, "diffusers", *where):
        yield Bound(f"{name}: diffusers' time over minidit's", other.over_minidit, faster, at_most=False)
    if (more := gain(rows, *where)) is not None:
        yield Bound(f"{name}: TREAD's speed-up over its FLOP ratio", more, 0.9, at_most=False)
    for one in small:  # where seven other programs ran, 1.05 to 1.12 was found
        name = f"width {one.width}, {one.tokens} tokens, batch {one.batch}: diffusers' time over minidit's"
        yield Bound(name, one.over_diffusers, 1.0, at_most=False)
