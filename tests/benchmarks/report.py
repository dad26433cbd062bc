"""What was measured, written down: JSON for programs, Markdown for people, each with its machine."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from bounds import Bound
from growth import Point, Scale
from plan import gain
from rows import Row
from small import Small

from minidit.measure.evidence import environment

FORMAT = "minidit benchmarks 1"
RESULTS = Path(__file__).parent / "results"
BF16 = ("avx512_bf16", "amx_bf16")


@dataclass(frozen=True)
class Results:
    """All that one run of the benchmarks found."""

    machine: dict[str, Any]
    commit: str
    seconds: float
    rows: Sequence[Row]
    small: Sequence[Small]
    growth: Sequence[Point]
    scale: Scale
    bounds: Sequence[Bound]


def machine(device: str) -> dict[str, Any]:
    """The machine, by what it can do, never by its name in a network."""
    found = environment()
    about = Path("/proc/cpuinfo")
    flags = set(about.read_text(encoding="utf-8").split()) if about.is_file() else set()
    found["instructions"] = torch.backends.cpu.get_cpu_capability()
    found["multiplies bf16 by"] = [flag for flag in BF16 if flag in flags]
    if device == "cuda":
        found["memory of the GPU"] = torch.cuda.get_device_properties(0).total_memory
    return found


def name(machine: dict[str, Any]) -> str:
    """What the files are called: "cpu", or the GPU's name in small letters."""
    return re.sub(r"[^a-z0-9]+", "-", (machine["gpu"] or "cpu").lower()).strip("-")


def write(results: Results, folder: Path = RESULTS) -> Path:
    """NAME.json and NAME.md beside growth.NAME.png; returns the Markdown's path."""
    folder.mkdir(parents=True, exist_ok=True)
    called = name(results.machine)
    page = folder / f"{called}.md"
    page.write_text(markdown(results, called), encoding="utf-8")
    (folder / f"{called}.json").write_text(to_json(results), encoding="utf-8")
    return page


def to_json(results: Results) -> str:
    """One line a measurement, so that a difference can be read."""
    values = {"format": FORMAT, **asdict(results)}
    values["bounds"] = [asdict(bound) | {"kept": bound.kept} for bound in results.bounds]
    parts = []
    for key, value in values.items():
        if isinstance(value, list | tuple):
            lines = ",\n  ".join(json.dumps(_short(one)) for one in value)
            parts.append(f' "{key}": [\n  {lines}\n ]')
        else:
            parts.append(f' "{key}": {json.dumps(_short(value))}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _short(value: Any) -> Any:
    """Numbers with five digits: the rest is noise."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {key: _short(one) for key, one in value.items()}
    return [_short(one) for one in value] if isinstance(value, list | tuple) else value


def read(path: Path) -> dict[str, Any]:
    """What `write` wrote, as dictionaries."""
    found = json.loads(path.read_text(encoding="utf-8"))
    if found["format"] != FORMAT:
        raise ValueError(f"{path.name} has the format {found['format']!r}, not {FORMAT!r}: run make bench.")
    return found


def markdown(results: Results, called: str) -> str:
    """The page: machine, training steps, sampling, small networks, growth, bounds."""
    about, cuda = results.machine, results.machine["gpu"] is not None
    clock = "Seconds by the clock." if cuda else "CPU seconds of one thread."
    lines = [
        f"# Speed on {about['gpu'] or 'a processor'}",
        "",
        *_about(results),
        "",
        f"{clock} {COLUMNS}",
        "",
    ]
    for part, words in (
        ("training step", "A training step: forward, backward, AdamW"),
        ("sampling", "Sampling: two steps of Euler's method, without guidance"),
    ):
        rows = [row for row in results.rows if row.part == part]
        lines += [f"## {words}", "", *_table(rows, cuda), ""]
    lines += ["## What TREAD's route gains", "", *_gains(results.rows), ""]
    if results.small:
        lines += ["## Networks of the book's size", "", *_small(results.small), ""]
    lines += ["## How the cost of a training step grows", "", *_growth(results, called), ""]
    return "\n".join([*lines, "## Bounds", "", *_bounds(results.bounds), ""])


COLUMNS = (
    "bf16 is autocast, with weights in float32; fp32 is without TF32. Compiled: each block by torch.compile, "
    "what stands around the blocks eager. Share: model FLOPs a second, over those of one large matrix "
    "product in the same turn and precision. Beside minidit: the time over that of minidit, the median of "
    "ratios turn by turn."
)


def _about(results: Results) -> list[str]:
    about = results.machine
    said = f"{about['processor']}, {about['cores']} cores, {about['threads']} thread"
    said += "s" if about["threads"] != 1 else ""
    if about["gpu"]:
        said = f"{about['gpu']}, {about['memory of the GPU'] / 2**30:.0f} GiB. Beside it: {said}"
    own = ", ".join(about["multiplies bf16 by"])
    return [
        f"{said}, {about['instructions']}; bf16: {own or 'no instructions of its own'}. {about['system']}, "
        f"Python {about['python']}, PyTorch {about['torch']}. Version {results.commit} of minidit.",
        "",
        f"Written by `make bench`, which took {results.seconds / 60:.1f} minutes by the clock; where other "
        "work runs beside it, that is longer than on a quiet machine.",
    ]


def _table(rows: Sequence[Row], cuda: bool) -> list[str]:
    heads = ["network", "by", "precision", "mode", "batch", "ms", "images/s", "share", "beside minidit"]
    heads += ["peak GiB"] if cuda else []
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = [row.size, row.network, row.precision, row.mode, str(row.batch)]
        if row.why:
            cells += [row.why] + [""] * (len(heads) - 6)
        else:
            cells += [f"{1000 * row.median:.1f}", f"{row.batch / row.median:.3g}", f"{row.utilisation:.2f}"]
            cells += [f"{row.over_minidit:.2f}" if row.over_minidit else ""]
            cells += [f"{row.memory / 2**30:.1f}"] if cuda and row.memory else []
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _gains(rows: Sequence[Row]) -> list[str]:
    lines = ["| network | precision | mode | speed-up over FLOP ratio |", "|---|---|---|---|"]
    for key in dict.fromkeys((row.size, row.precision, row.mode) for row in rows):
        more = gain(rows, *key)
        lines += [] if more is None else [f"| {' | '.join(key)} | {more:.2f} |"]
    return lines


def _small(small: Sequence[Small]) -> list[str]:
    lines = ["Four blocks, a training step, float32, eager: how much longer it takes elsewhere.", ""]
    lines += ["| width | tokens | batch | ms | diffusers | plain |", "|---|---|---|---|---|---|"]
    for one in small:
        found = f"{1000 * one.seconds:.3g} | {one.over_diffusers:.2f} | {one.over_plain:.2f}"
        lines.append(f"| {one.width} | {one.tokens} | {one.batch} | {found} |")
    return lines


def _growth(results: Results, called: str) -> list[str]:
    config, precision = results.scale.config, results.scale.precision
    return [
        "![Time of a training step against tokens, blocks and batch: dots, and the line of what the "
        f"products alone must cost.](growth.{called}.png)",
        "",
        f"Blocks of width {config.dim} with {config.heads} heads, {precision}, eager. What lies above the "
        "line is everything that is not a product, and products too small to be fast.",
    ]


def _bounds(bounds: Sequence[Bound]) -> list[str]:
    lines = ["| what | found | bound | kept |", "|---|---|---|---|"]
    for bound in bounds:
        kept = "yes" if bound.kept else "**no**"
        lines.append(f"| {bound.what} | {bound.found:.3g} | {bound.asked} | {kept} |")
    return lines
