"""What the checks of chapter 20 hold for right is what PyTorch counts and does, and what a report implies."""

import pytest
import torch
from torch.optim import AdamW
from torch.utils.flop_counter import FlopCounterMode

from minidit import ModelConfig
from minidit.measure import ledger
from minidit.model.block import Block as RealBlock
from minidit.model.block import Given
from minidit.teach.checks.ch20 import Block, flops, numbers, weights
from minidit.teach.checks.ch20_accumulate import gradients
from minidit.teach.checks.ch20_checkpoint import AHEAD, advance, begin, continued, kept
from minidit.teach.checks.ch20_devices import local, stream
from minidit.teach.checks.ch20_memory import memory
from minidit.teach.checks.ch20_utilisation import Speed, hours, used

A100 = {"fp32": 19.5e12, "tf32": 156e12, "bf16": 312e12}


@pytest.mark.parametrize("case", [Block(3, 10, 32, 4, 4), Block(2, 7, 48, 3, 2)])
def test_a_block_costs_what_torch_counts(case):
    with torch.device("meta"):
        config = ModelConfig(dim=case.dim, depth=1, heads=4, mlp_ratio=case.ratio)
        block = RealBlock(config)
        x, c = torch.empty(case.batch, case.tokens, case.dim), torch.empty(case.batch, 1, case.dim)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        block(x, Given(c))
    assert counter.get_total_flops() == flops(case)
    products = [p.numel() for name, p in block.named_parameters() if name.endswith("weight")]
    assert sum(products) == weights(case)


def test_a_layer_moves_what_it_reads_its_weights_and_what_it_writes():
    """The MLP's second layer alone: the difference that its hidden units make."""
    one, two = Block(3, 10, 32, 2, 4), Block(3, 10, 32, 3, 4)
    more_hidden = 32 * one.batch * one.tokens  # one unit of width more in the middle: written, and read
    assert numbers(two) - numbers(one) == 2 * more_hidden + 2 * 32**2


def test_memory_is_what_adamw_holds_behind_a_step():
    layer = torch.nn.Linear(30, 50, bias=False)
    optimizer = AdamW(layer.parameters())
    layer(torch.ones(2, 30)).sum().backward()
    optimizer.step()
    moments = [x for x in optimizer.state[layer.weight].values() if x.shape == layer.weight.shape]
    found = memory(1500, False, 1)
    assert found["AdamW"] == sum(x.nbytes for x in moments)
    assert found["weights"] == layer.weight.nbytes and found["gradients"] == layer.weight.grad.nbytes
    assert sum(found.values()) == sum(memory(1500, True, 1).values()) == 20 * 1500


def test_parts_weighed_by_their_images_add_up_to_the_mean():
    weights, x = [torch.randn(3, 2).double(), torch.randn(2, 2).double()], torch.randn(7, 3).double()
    parts = [[g * len(part) / 7 for g in gradients(weights, part)] for part in x.split(3)]
    for whole, pieces in zip(gradients(weights, x), zip(*parts, strict=True), strict=True):
        torch.testing.assert_close(sum(pieces), whole)


@pytest.mark.parametrize("world", [1, 2, 4])
def test_processes_together_have_the_noise_of_one(world):
    shape = (8, 2, 3, 3)
    together = torch.cat([local(stream(3), 17, shape, rank, world) for rank in range(world)])
    assert torch.equal(together, torch.randn(shape, generator=stream(3)(17)))


def test_a_whole_checkpoint_continues_to_the_last_bit():
    images = torch.randn(9, 4).double()
    run = advance(begin(images, 5), 11)
    saved = kept(run)
    advance(run, AHEAD)
    for got, right in zip(continued(saved, images, 5), (run.weights, run.ema), strict=True):
        assert torch.equal(got, right)


def test_the_reported_speed_of_dit_xl_2_is_three_fifths_of_an_a100_s_fp32():
    gmacs = ledger("DiT-XL/2").macs / 1e9
    speed = Speed(gmacs, 256, 0.51, 8, 7_000_000, A100, "fp32")
    assert used(speed) == pytest.approx(59.5, abs=0.5)
    assert hours(speed) == pytest.approx(30_500, rel=0.01)
