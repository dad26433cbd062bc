"""The same thing done by each network in turn, and what came out as rows."""

import gc
from dataclasses import dataclass, replace

import torch
from networks import NETWORKS, Batch, apart, weights
from product import product
from rows import Row, flops
from steps import CALLS, prepare
from timing import Clock, Step, in_turn, ratio

import minidit

# in float32, of the largest number of the answer; a GPU's attention kernel may round its products to TF32
AGREE = {"cpu": 1e-5, "cuda": 1e-3}
TIME_IS_UP = "not measured: the time for all benchmarks was used up"


@dataclass(frozen=True)
class Group:
    """What is compared: one part at one size, precision, mode and batch, by several networks."""

    part: str
    size: str
    precision: str
    mode: str
    batch: int
    networks: tuple[str, ...] = ("minidit", "diffusers", "plain")

    def row(self, network: str, **found: object) -> Row:
        """A row of this group."""
        return Row(self.part, network, self.size, self.precision, self.mode, self.batch, **found)


def must_agree(size: str, device: str) -> None:
    """End where the networks of one size do not give one answer: then there is nothing to compare."""
    config = minidit.PRESETS[size]
    batch, mine = Batch(config, 1, device), NETWORKS["minidit"](config, device)
    for name in ("diffusers", "plain"):
        far = apart(mine, NETWORKS[name](config, device), batch)
        if not far < AGREE[device]:
            raise minidit.MiniditError(
                f"{name} answers {far:.1e} of the largest number away from minidit at {size}; at most "
                f"{AGREE[device]:g} is allowed. Mend networks.py or plain.py, which hand the weights on."
            )


def measure(groups: list[Group], device: str, clock: Clock) -> list[Row]:
    """All rows of all groups, in order; a line is printed for each."""
    rows, seen = [], set()
    for group in groups:
        if clock.over():
            rows += [group.row(name, why=TIME_IS_UP) for name in group.networks]
            continue
        if group.size not in seen:
            must_agree(group.size, device)
            seen.add(group.size)
        rows += compare(group, device)
        for row in rows[-len(group.networks) :]:
            print(line(row), flush=True)
    weights.cache_clear()
    return rows


def on_one_core(groups: list[Group], limit: float) -> list[Row]:
    """The same in a process that does nothing else, with a thread; `limit` are its CPU seconds."""
    torch.set_num_threads(1)
    return measure(groups, "cpu", Clock("cpu", limit))


def line(row: Row) -> str:
    """A row in words."""
    name = f"{row.part}, {row.size}, {row.precision}, {row.mode}, batch {row.batch}: {row.network}"
    if row.why:
        return f"{name:<72} {row.why}"
    beside = f", {row.over_minidit:.2f} of minidit's time" if row.over_minidit else ""
    return f"{name:<72} {1000 * row.median:8.1f} ms, {row.utilisation:.2f} of a product's rate{beside}"


def compare(group: Group, device: str) -> list[Row]:
    """The rows of one group.

    On a processor all networks are there and run in turn. A GPU's memory holds one at a time, and nothing
    else runs there.
    """
    together = [group.networks] if device == "cpu" else [(name,) for name in group.networks]
    rows = {row.network: row for names in together for row in _alive(group, names, device)}
    first = rows["minidit"]
    for name, row in rows.items():
        if row.seconds and first.seconds:
            rows[name] = replace(row, over_minidit=ratio(row.seconds, first.seconds))
    return [rows[name] for name in group.networks]


def _alive(group: Group, names: tuple[str, ...], device: str) -> list[Row]:
    """Rows of networks that are in memory at once, beside the product that they are measured against."""
    config = minidit.PRESETS[group.size]
    multiply, multiplications = product(group.precision, device)
    batch, steps, found, missing = Batch(config, group.batch, device), {"": multiply}, {}, []
    if group.mode == "compiled":
        torch.compiler.reset()  # code of other networks, and of these in another precision
    gc.collect()  # networks of the group before, or they would count as ours
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated() if device == "cuda" else 0
    for name in names:
        try:
            steps[name], first = prepare(name, group.part, config, group.precision, group.mode, batch)
            found[name] = {"compiling": first if group.mode == "compiled" else None}
            if device == "cuda":
                found[name]["memory"] = peak(steps[name]) - before
        except torch.OutOfMemoryError:
            missing.append(group.row(name, why="not measured: the GPU has too little memory"))
        except Exception as error:
            if group.mode == "eager":
                raise
            missing.append(group.row(name, why=f"torch.compile failed here: {type(error).__name__}"))
    times = in_turn(steps, device)
    rows = list(missing)
    for name, more in found.items():
        work = flops(group.part, name, config, group.batch, CALLS[group.part])
        more["utilisation"] = work / multiplications * ratio(times[""], times[name])
        rows.append(group.row(name, flops=work, seconds=tuple(times[name]), **more))
    return rows


def peak(step: Step) -> int:
    """The most bytes that are allocated on the GPU while `step` runs."""
    torch.cuda.reset_peak_memory_stats()
    step()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated()
