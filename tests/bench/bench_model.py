"""How fast is a training step? Ours beside diffusers' DiT, with the same weights, in one process.

    python tests/bench/bench_model.py

A step is forward, backward and AdamW; it costs CPU seconds of one thread, which hardly depend on what else
runs. Things are compared by running them in turn, five times; the median of the ratios counts.
"""

import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from diffusers import DiTTransformer2DModel
from torch import Tensor, nn

import minidit
from minidit.model import draw_keys
from minidit.model.attention import Attention
from minidit.streams import Streams

ROUNDS = 5
Step, Call = Callable[[], object], Callable[[], Tensor]


class Bench:
    """Prints a line for each bound, and remembers whether all were kept."""

    failed = False

    def line(self, name: str, value: float, bound: float, at_most: bool, numbers: str) -> None:
        kept = value <= bound if at_most else value >= bound
        self.failed |= not kept
        verdict, sign = "ok  " if kept else "FAIL", "<=" if at_most else ">="
        print(f"{verdict} {name:<53} {value:5.3f} {sign} {bound:.2f}  {numbers}", flush=True)


def cpu_seconds(step: Step, repeat: int = 1) -> float:
    began = time.process_time()
    for _ in range(repeat):
        step()
    return (time.process_time() - began) / repeat


def in_turn(*steps: Step, least: float = 0.0) -> list[list[float]]:
    """CPU seconds of each step, ROUNDS times in turn; steps are repeated to fill `least` seconds a time."""
    first = [cpu_seconds(step) for step in steps]
    repeat = max(1, round(least / min(first)))
    # one that is not measured goes before: else a step pays for memory that the other gave back
    rounds = [[(step(), cpu_seconds(step, repeat))[1] for step in steps] for _ in range(ROUNDS)]
    return list(map(list, zip(*rounds, strict=True)))


def ratio(above: list[float], below: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def milliseconds(**times: list[float]) -> str:
    return ", ".join(f"{name} {1000 * statistics.median(values):.0f} ms" for name, values in times.items())


def ours(config: minidit.ModelConfig) -> nn.Module:
    """A network whose zeros are moved away, so that every product has something to do."""
    model, draw = minidit.build(config), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=draw))
    return model.eval()


def theirs(config: minidit.ModelConfig) -> nn.Module:
    """diffusers' DiT, with the two constants in which it departs from DiT set right."""
    model = DiTTransformer2DModel(
        num_attention_heads=config.heads,
        attention_head_dim=config.dim // config.heads,
        in_channels=config.in_channels,
        out_channels=config.out_channels,
        num_layers=config.depth,
        sample_size=config.input_size,
        patch_size=config.patch_size,
        num_embeds_ada_norm=config.num_classes,
        norm_eps=1e-6,
    )
    for block in model.transformer_blocks:
        block.norm1.emb.time_proj.downscale_freq_shift = 0
    return model.eval()  # in training it would draw labels to drop


# our layer, and diffusers' in a block, which has copies of the embeddings of time and label too
LAYERS = {
    "blocks.{}.attention.out": "attn1.to_out.0",
    "blocks.{}.mlp.up": "ff.net.0.proj",
    "blocks.{}.mlp.down": "ff.net.2",
    "blocks.{}.modulation.linear": "norm1.linear",
    "time.up": "norm1.emb.timestep_embedder.linear_1",
    "time.down": "norm1.emb.timestep_embedder.linear_2",
}


def copy_weights(model: nn.Module, to: nn.Module) -> None:
    """Give diffusers' network our weights."""
    config, weights = model.config, model.state_dict()
    shape = (config.dim, config.patch_size, config.patch_size, config.in_channels)
    named = {"pos_embed.proj.bias": weights["patch.bias"]}
    # (dim, row*column*channel) -> (dim, channel, row, column)
    named["pos_embed.proj.weight"] = weights["patch.weight"].view(shape).permute(0, 3, 1, 2)
    for end in ("weight", "bias"):
        named[f"proj_out_1.{end}"] = weights[f"final.modulation.linear.{end}"]
        named[f"proj_out_2.{end}"] = weights[f"final.linear.{end}"]
        for i in range(config.depth):
            block = f"transformer_blocks.{i}"
            qkv = zip("qkv", weights[f"blocks.{i}.attention.qkv.{end}"].chunk(3), strict=True)
            named |= {f"{block}.attn1.to_{name}.{end}": part for name, part in qkv}
            named |= {f"{block}.{b}.{end}": weights[f"{a.format(i)}.{end}"] for a, b in LAYERS.items()}
            named[f"{block}.norm1.emb.class_embedder.embedding_table.weight"] = weights["label.table.weight"]
    to.load_state_dict(named)


class Batch:
    """Fixed inputs, the same for both networks, and a step on them."""

    def __init__(self, config: minidit.ModelConfig, size: int):
        draw, image = torch.Generator().manual_seed(2), (config.input_size, config.input_size)
        self.x = torch.randn(size, config.in_channels, *image, generator=draw)
        self.target = torch.randn(size, config.out_channels, *image, generator=draw)
        self.t = torch.rand(size, generator=draw)
        self.labels = torch.randint(config.num_classes, (size,), generator=draw)

    def ours(self, model: nn.Module) -> Call:
        keys = draw_keys(model.config, len(self.x), Streams(0), 0)
        return lambda: model(self.x, self.t, self.labels, keys=keys)

    def theirs(self, model: nn.Module) -> Call:
        return lambda: model(self.x, 1000 * self.t, self.labels, return_dict=False)[0]

    def step(self, model: nn.Module, call: Call, dtype: torch.dtype | None = None) -> Step:
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

        def step() -> None:
            optimizer.zero_grad()
            with torch.autocast("cpu", dtype=dtype, enabled=dtype is not None):
                out = call()
            (out.float() - self.target).square().mean().backward()
            optimizer.step()

        return step


def pair(config: minidit.ModelConfig, batch: Batch) -> tuple[Step, Step]:
    """A step of ours and a step of diffusers', which begin at the same weights and agree."""
    mine, other = ours(config), theirs(config)
    copy_weights(mine, other)
    call, other_call = batch.ours(mine), batch.theirs(other)
    with torch.no_grad():
        expected = other_call()
        error = ((call() - expected).abs().max() / expected.abs().max()).item()
    if not error < 1e-5:
        sys.exit(f"The two networks disagree by {error:.1e} of the largest output: nothing to compare.")
    return batch.step(mine, call), batch.step(other, other_call)


def products_of(config: minidit.ModelConfig, batch: Batch) -> list[tuple[int, Step]]:
    """The products of one step, each shape once with how often it occurs, outputs allocated beforehand.

    A linear layer has one product forward and two backward; attention has two and four.
    """
    model = ours(config)
    counts: Counter[tuple[tuple[int, ...], tuple[int, ...]]] = Counter()

    def see(layer: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        n, rows = output.shape[-2], output.numel() // output.shape[-1]
        if isinstance(layer, nn.Linear):
            i, o = layer.in_features, layer.out_features
            counts.update([((rows, i), (i, o)), ((rows, o), (o, i)), ((o, rows), (rows, i))])
        else:
            many, d = len(output) * layer.heads, output.shape[-1] // layer.heads
            to_map, from_map = ((many, n, d), (many, d, n)), ((many, n, n), (many, n, d))
            counts.update([to_map] * 2 + [from_map] * 4)

    for layer in model.modules():
        if isinstance(layer, nn.Linear | Attention):
            layer.register_forward_hook(see)
    with torch.no_grad():
        batch.ours(model)()
    return [(count, product(*shapes)) for shapes, count in counts.items()]


def product(left: tuple[int, ...], right: tuple[int, ...]) -> Step:
    a, b = torch.randn(left), torch.randn(right)
    out = a @ b
    return lambda: torch.matmul(a, b, out=out)


def seconds_of(products: list[tuple[int, Step]]) -> float:
    return sum(count * statistics.median(cpu_seconds(step) for _ in range(3)) for count, step in products)


def large(bench: Bench) -> None:
    """DiT-S/2 at 32 x 32 x 4, batch 8: where the products rule."""
    config = minidit.PRESETS["DiT-S/2"]
    batch, routed = Batch(config, 8), ours(replace(config, route="tread"))
    mine, other = pair(config, batch)
    products, timed = products_of(config, batch), []
    steps = mine, other, batch.step(routed, batch.ours(routed)), lambda: timed.append(seconds_of(products))
    whole, diffusers, skipping, _ = in_turn(*steps)
    plain, name = timed[2::2], "DiT-S/2, batch 8, fp32:"
    numbers = milliseconds(ours=whole, diffusers=diffusers, products=plain, routed=skipping)
    bench.line(f"{name} ours / diffusers", ratio(whole, diffusers), 0.97, True, numbers)
    bench.line(f"{name} plain products / ours", ratio(plain, whole), 0.85, False, "")
    bench.line(f"{name} TREAD's route, speed-up", ratio(whole, skipping), 1.40, False, "")


def half(bench: Bench) -> None:
    """bf16 autocast against fp32, where the processor multiplies bf16 by itself."""
    name, about = "DiT-S/2, batch 8: bf16, speed-up over fp32", Path("/proc/cpuinfo")
    if not about.is_file() or not {"avx512_bf16", "amx_bf16"} & set(about.read_text().split()):
        print(f"--   {name:<53} not measured: this processor has neither avx512_bf16 nor amx_bf16")
        return
    batch, model = Batch(minidit.PRESETS["DiT-S/2"], 8), ours(minidit.PRESETS["DiT-S/2"])
    fp32, bf16 = in_turn(*(batch.step(model, batch.ours(model), dtype) for dtype in (None, torch.bfloat16)))
    bench.line(name, ratio(fp32, bf16), 1.5, False, milliseconds(fp32=fp32, bf16=bf16))


def small(bench: Bench) -> None:
    """The sizes that the book trains, where what stands between the products rules."""
    for width in (64, 96, 128):
        for tokens, size in ((16, 64), (16, 128), (64, 64), (64, 128)):
            side = {16: 8, 64: 16}[tokens]
            config = minidit.ModelConfig(
                in_channels=3, input_size=side, dim=width, depth=4, heads=4, num_classes=10, learn_sigma=False
            )
            mine, other = in_turn(*pair(config, Batch(config, size)), least=0.3)
            name = f"width {width}, {tokens} tokens, batch {size}: speed-up"
            bench.line(name, ratio(other, mine), 1.30, False, milliseconds(ours=mine, diffusers=other))


def main() -> int:
    torch.set_num_threads(1)
    bench = Bench()
    for part in (large, half, small):
        part(bench)
    return int(bench.failed)


if __name__ == "__main__":
    sys.exit(main())
