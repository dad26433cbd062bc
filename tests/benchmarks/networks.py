"""What is compared: our network, diffusers' DiT and a plain transcription, all with the same weights."""

from collections.abc import Callable
from copy import deepcopy
from functools import lru_cache
from typing import NamedTuple

import torch
from diffusers import DiTTransformer2DModel
from plain import plain
from torch import Tensor, nn

import minidit
from minidit import Keys, ModelConfig, Streams
from minidit.model import draw_keys, rerouted

Answer = Callable[[Tensor, Tensor, Tensor], Tensor]

# our layer, and diffusers' in a block, which has copies of the embeddings of time and label too
LAYERS = {
    "blocks.{}.attention.out": "attn1.to_out.0",
    "blocks.{}.mlp.up": "ff.net.0.proj",
    "blocks.{}.mlp.down": "ff.net.2",
    "blocks.{}.modulation.linear": "norm1.linear",
    "time.up": "norm1.emb.timestep_embedder.linear_1",
    "time.down": "norm1.emb.timestep_embedder.linear_2",
}


class Compared(NamedTuple):
    """A network; how it is asked for images x, times t in [0, 1] and labels; and its blocks."""

    module: nn.Module
    answer: Answer
    blocks: nn.ModuleList


@lru_cache(maxsize=1)
def weights(config: ModelConfig) -> nn.Module:
    """A network of minidit whose zeros are moved away, so that every product has something to do."""
    model, draw = minidit.build(config), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=draw))
    return model.eval()


def ours(config: ModelConfig, device: str = "cpu") -> Compared:
    """minidit's network."""
    model = deepcopy(weights(config)).to(device)
    return Compared(model, model, model.blocks)


def routed(config: ModelConfig, device: str = "cpu") -> Compared:
    """minidit's network in training with TREAD's route: half the tokens skip most blocks."""
    model = rerouted(deepcopy(weights(config)), "tread").to(device)
    keys: dict[int, Keys] = {}

    def answer(x: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        if len(x) not in keys:
            route = draw_keys(model.config, len(x), Streams(0), 0).route
            keys[len(x)] = Keys(route=route.to(device))
        return model(x, t, labels, keys=keys[len(x)])

    return Compared(model, answer, model.blocks)


def theirs(config: ModelConfig, device: str = "cpu") -> Compared:
    """diffusers' DiT, with the two constants in which it departs from DiT set right."""
    with torch.device(device):  # a GPU fills a network sooner than a processor does
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
    copy_weights(weights(config), model)
    model = model.eval().to(device)  # in training it would draw labels to drop
    return Compared(
        model,
        lambda x, t, labels: model(x, 1000 * t, labels, return_dict=False)[0],
        model.transformer_blocks,
    )


def transcribed(config: ModelConfig, device: str = "cpu") -> Compared:
    """The plain transcription."""
    with torch.device(device):
        model = plain(weights(config)).to(device)
    return Compared(model, model, model.blocks)


NETWORKS = {"minidit": ours, "diffusers": theirs, "plain": transcribed, "minidit, TREAD": routed}


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
    """Fixed inputs, the same for every network."""

    def __init__(self, config: ModelConfig, size: int, device: str = "cpu"):
        draw, image = torch.Generator().manual_seed(2), config.image_size
        self.x = torch.randn(size, config.in_channels, *image, generator=draw).to(device)
        self.target = torch.randn(size, config.out_channels, *image, generator=draw).to(device)
        self.t = torch.rand(size, generator=draw).to(device)
        self.labels = torch.randint(config.num_classes, (size,), generator=draw).to(device)

    def __len__(self) -> int:
        return len(self.x)


@torch.no_grad()
def apart(network: Compared, other: Compared, batch: Batch) -> float:
    """The largest difference of two answers, over the largest number in the first."""
    first, second = (one.answer(batch.x, batch.t, batch.labels) for one in (network, other))
    return ((first - second).abs().max() / first.abs().max()).item()
