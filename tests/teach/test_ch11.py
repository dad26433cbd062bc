"""What the checks of chapter 11 hold for right is what the library does."""

import pytest
import torch

from minidit.claims import cards
from minidit.claims.arms import arms as arms_of
from minidit.measure.ledger import ledger
from minidit.model import ModelConfig, build, draw_keys
from minidit.model.route import lowest, put, take
from minidit.streams import Streams
from minidit.teach.checks import ch11, ch11_costs, ch11_judge, ch11_regular


def test_a_route_is_the_library_s():
    draw = torch.Generator().manual_seed(0)
    x, keys = torch.randn(3, 7, 4, generator=draw), torch.rand(3, 7, generator=draw)
    places = lowest(keys, 3)
    by_hand = put(x, places, ch11.span(take(x, places)))
    torch.testing.assert_close(ch11.routed(x, keys, 3), by_hand)


@pytest.mark.parametrize(("route", "text"), [((3, 9, 0.5), "3-9@0.5"), ((2, 4, 0.3), "2-4@0.3")])
def test_the_share_that_a_route_leaves_is_the_ledger_s(route, text):
    config = ModelConfig(3, 16, 2, dim=32, depth=12, heads=2, num_classes=24, route=text)
    whole, routed = (ledger(config, training=training) for training in (False, True))
    left = sum(routed[part].macs for part in ("attention", "mlp"))
    left /= sum(whole[part].macs for part in ("attention", "mlp"))
    assert ch11_costs.share(config.tokens, 32, 12, route) == pytest.approx(left, rel=1e-6)


def test_the_steps_of_equal_flops_are_the_card_s():
    arms = arms_of(cards.find("C08"), "cpu")
    base, routed = arms["base"].experiment, arms["route=tread"].experiment
    whole, short = (ledger(one.model, training=True) for one in (base, routed))
    blocks = [sum(one[part].macs for part in ("attention", "mlp")) for one in (whole, short)]
    outside, left = whole.macs - blocks[0], blocks[1] / blocks[0]
    depth = base.model.depth
    steps = ch11_costs.more_steps(base.training.steps, outside, blocks[0] / depth, depth, left)
    assert round(steps) == routed.training.steps


def test_stochastic_depth_is_the_library_s():
    config = ModelConfig(3, 8, 2, dim=16, depth=1, heads=2, num_classes=4, stochastic_depth=0.4)
    network = build(config)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2, generator=torch.Generator().manual_seed(parameter.numel()))
    seen = []
    hook = network.blocks[0].register_forward_hook(lambda block, inputs, out: seen.append((inputs, out)))
    x, t = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(1)), torch.full((6,), 0.5)
    keys = draw_keys(config, 6, Streams(0), 0)
    with torch.no_grad():
        network(x, t)
        hook.remove()
        _, kept = network(x, t, keys=keys, keep=(1,))
    ((tokens, _), out), key = seen[0], keys.depth[:, 0]
    assert 0 < int((key < 0.4).sum()) < 6
    torch.testing.assert_close(kept[1], ch11_regular.skipped(tokens, key, 0.4, lambda _: out))


def test_cases_part_every_wrong_rule_from_the_right_one():
    cases = next(ch11_judge._cases(torch.Generator().manual_seed(3)))
    right = [ch11_judge.ruling(*case) for case in cases]
    assert set(right) == set(ch11_judge.WORDS)
    for rule in ch11_judge.WRONG.values():
        assert [rule(*case) for case in cases] != right
