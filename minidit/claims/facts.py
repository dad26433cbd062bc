"""Facts: what can be known about a network by counting or by algebra, without training it."""

from collections.abc import Callable

import torch
from torch import nn

from minidit.claims.card import Card
from minidit.measure.autoencoders import autoencoder_ledger
from minidit.measure.ledger import ledger
from minidit.measure.shares import shares
from minidit.model import PRESETS, build
from minidit.model.block import Given
from minidit.streams import generator


def modulation_share(preset: str) -> float:
    """The share of a network's parameters, in percent, that sits in the blocks' adaLN layers."""
    counted = ledger(preset)
    return 100 * counted["modulation"].parameters / counted.parameters


@torch.no_grad()
def merge_affine(model: nn.Module) -> None:
    """Give every norm of `model` gain 1 and bias 0, and its modulation what they did: the function stays.

    (1 + s)(g y + b) + h = (1 + s') y + h'  with  s' = g s + g - 1  and  h' = h + b + b s. Both are linear in
    (s, h), so adaLN's own linear layer can make s' and h'. For placement pre and modulation per block.
    """
    for block in model.blocks:
        linear, dim = block.modulation.linear, block.attention_norms[0].weight.numel()
        for slot, norm in ((0, block.attention_norms[0]), (3, block.mlp_norms[0])):
            _absorb(linear, norm, slot * dim, (slot + 1) * dim)
    dim = model.final.norm.weight.numel()
    _absorb(model.final.modulation.linear, model.final.norm, 0, dim)


def _absorb(linear: nn.Linear, norm: nn.LayerNorm, shift: int, scale: int) -> None:
    """Rows `shift` .. of the linear layer make h, rows `scale` .. make s."""
    gain, bias = norm.weight, norm.bias
    h, s = slice(shift, shift + len(gain)), slice(scale, scale + len(gain))
    linear.weight[h] += bias[:, None] * linear.weight[s]
    linear.bias[h] += bias * (1 + linear.bias[s])
    linear.weight[s] *= gain[:, None]
    linear.bias[s] = gain * linear.bias[s] + gain - 1
    gain.fill_(1)
    bias.fill_(0)


@torch.no_grad()
def merged_affine() -> float:
    """The largest change of any output, relative to the largest output, when the affine is merged away.

    In float64, on a network whose every parameter is random: float32 would show its own rounding.
    """
    settings = {"input_size": 8, "dim": 32, "depth": 3, "heads": 2, "num_classes": 10, "norm_affine": True}
    model = build("DiT-S/2", **settings).double()
    for name, parameter in model.named_parameters():
        parameter.copy_(
            torch.randn(parameter.shape, generator=generator(0, f"fact.{name}"), dtype=torch.double) / 4
        )
    x = torch.randn(4, 4, 8, 8, generator=generator(0, "fact.x"), dtype=torch.double)
    t, labels = torch.linspace(0, 1, 4, dtype=torch.double), torch.arange(4)
    before = model(x, t, labels)
    merge_affine(model)
    return ((model(x, t, labels) - before).abs().max() / before.abs().max()).item()


@torch.no_grad()
def doubled(placement: str) -> float:
    """How much larger a block's tokens come out when they come in twice as large: 2 or 1.

    Read at tokens so large that what the branches add does not count. A norm inside the branch leaves the
    sum of the residual stream as large as it is (2); a norm behind the sum makes all tokens of one size (1).
    """
    settings = {"input_size": 8, "dim": 32, "depth": 1, "heads": 2, "num_classes": 10}
    block = build("DiT-S/2", placement=placement, **settings).double().blocks[0]
    for name, parameter in block.named_parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=generator(0, f"fact.{name}")).double() / 4)
    x = 1e6 * torch.randn(4, 16, 32, generator=generator(0, "fact.tokens")).double()
    given = Given(torch.randn(4, 1, 32, generator=generator(0, "fact.c")).double())
    return (block(2 * x, given).norm() / block(x, given).norm()).item()


def sd_vae_share(use: str, size: str) -> float:
    """sd-vae's share, in percent, of the FLOPs of one use of DiT-SIZE/2 at 256 x 256 pixels."""
    (found,) = [row for row in shares("sd-vae", sizes=[size]).rows if row.use == use]
    return 100 * found.share


FACTS: dict[str, Callable[[], float]] = {
    "fact.merged_affine": merged_affine,
    "fact.doubled.DiT": lambda: doubled(PRESETS["DiT-S/2"].placement),
    "fact.modulation_share.DiT-XL/2": lambda: modulation_share("DiT-XL/2"),
    "fact.sd_vae.ptflops_gmac": lambda: autoencoder_ledger("sd-vae").both.ptflops / 1e9,
    "fact.sd_vae.gflop": lambda: 2 * autoencoder_ledger("sd-vae").both.macs / 1e9,
    "fact.sd_vae.step_share.S": lambda: sd_vae_share("training step", "S"),
    "fact.sd_vae.step_share.XL": lambda: sd_vae_share("training step", "XL"),
    "fact.sd_vae.draw_share.XL": lambda: sd_vae_share("sampling, 250 steps, guided", "XL"),
}


def facts_of(card: Card) -> dict[str, float]:
    """The facts that a card's hypotheses speak of, measured now."""
    return {h.metric: FACTS[h.metric]() for h in card.hypotheses if h.metric in FACTS}
