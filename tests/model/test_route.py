"""TREAD: who runs, who waits, and that waiting changes nothing."""

import pytest
import torch

import minidit
from minidit import Keys, Streams
from minidit.model import draw_keys
from minidit.model.route import Route, lowest, parse_routes, put, take

TWO = "2-3@0.5,5-5@0.25"


@pytest.fixture
def routed(config, general):
    return general(config, depth=6, route=TWO, rope="axial")


def watch(model):
    """What enters and leaves each block, in order."""
    seen = []
    for block in model.blocks:
        block.register_forward_hook(lambda _, args, out: seen.append((args[0].detach(), out.detach())))
    return seen


def keys_of(model, batch=3, seed=0):
    return draw_keys(model.config, batch, Streams(seed), step=0)


def test_the_published_rule_and_its_counts():
    # blocks 2 to L - 4 counted from 0: S and B 2..8, L 2..20, XL 2..24
    for depth, last in ((12, 8), (24, 20), (28, 24)):
        assert parse_routes("tread", depth) == (Route(2 + 1, last + 1, 0.5),)
    assert [Route(1, 2, skip).kept(256) for skip in (0.5, 0.3, 0.7)] == [128, 180, 77]
    assert parse_routes("none", 3) == ()
    assert parse_routes(" 3-9@.5, 11-12@0.25", 12) == (Route(3, 9, 0.5), Route(11, 12, 0.25))


def test_the_blocks_of_a_route_run_on_fewer_tokens(routed, inputs):
    seen = watch(routed)
    routed(*inputs(routed.config), keys=keys_of(routed))
    assert [x.shape[1] for x, _ in seen] == [16, 8, 8, 16, 12, 16]
    seen.clear()
    routed(*inputs(routed.config))
    assert [x.shape[1] for x, _ in seen] == [16] * 6


def test_tokens_that_skip_come_back_bit_identical(routed, inputs):
    keys, seen = keys_of(routed), watch(routed)
    routed(*inputs(routed.config), keys=keys)
    for which, (start, end, kept) in enumerate(((2, 3, 8), (5, 5, 12))):
        before, after = seen[start - 2][1], seen[end][0]
        for image in range(3):
            order = keys.route[image, which].argsort()
            ran, waited = order[:kept].sort().values, order[kept:]
            assert torch.equal(after[image, waited], before[image, waited])
            assert torch.equal(seen[start - 1][0][image], before[image, ran])
            assert torch.equal(seen[end - 1][1][image], after[image, ran])
            assert (after[image, ran] != before[image, ran]).any(dim=1).all()
    chosen = keys.route[:, 0].argsort()[:, :8].sort().values
    assert not torch.equal(chosen[0], chosen[1]), "each image has tokens of its own"


def test_without_keys_nothing_is_dropped(config, routed, general, inputs):
    plain = general(config, depth=6, rope="axial")
    given = inputs(config)
    assert torch.equal(routed(*given), plain(*given))
    assert torch.equal(routed(*given, keys=Keys()), plain(*given))
    assert not torch.allclose(routed(*given, keys=keys_of(routed)), plain(*given))


def test_tokens_that_run_do_not_see_those_that_wait(routed, inputs):
    given, keys, seen = inputs(routed.config), keys_of(routed), watch(routed)
    waits = int(keys.route[0, 0].argmax())
    routed(*given, keys=keys)
    first = [out[0] for _, out in seen]
    seen.clear()
    # another token waits in that place: block 1 hands it on
    routed.blocks[0].register_forward_hook(lambda _, args, out: out.index_fill(1, torch.tensor(waits), 7.0))
    routed(*given, keys=keys)
    assert torch.equal(seen[1][1][0], first[1]) and torch.equal(seen[2][1][0], first[2])
    others = [place for place in range(16) if place != waits]
    assert not torch.isclose(seen[3][1][0], first[3])[others].all(), "but the block behind the route sees it"


def test_the_loss_reaches_the_pixels_of_tokens_that_wait(routed, inputs):
    x, t, condition = inputs(routed.config)
    keys = keys_of(routed)
    waits = int(keys.route[0, 0].argmax())
    x.requires_grad_()
    row, column = divmod(waits, 4)
    out = routed(x, t, condition, keys=keys)
    out[0, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].sum().backward()
    own = x.grad[0, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
    assert own.all(), "each of its own pixels"
    assert x.grad[0].any(dim=0).all(), "and, through the blocks outside the route, all others"


def test_features_come_from_outside_the_route(routed, inputs):
    keys = keys_of(routed)
    _, features = routed(*inputs(routed.config), keys=keys, keep=(1, 4, 6))
    assert [features[n].shape for n in (1, 4, 6)] == [(3, 16, 16)] * 3
    _, features = routed(*inputs(routed.config), keep=range(1, 7))
    assert list(features) == [1, 2, 3, 4, 5, 6]


def test_tokens_in_context_never_wait(config, general, inputs):
    model = general(config, route="2-2@0.5", text_as="token", text_dim=6, label_as="token", qk_norm=True)
    seen = watch(model)
    model(*inputs(model.config), keys=keys_of(model))
    assert [x.shape[1] for x, _ in seen] == [5 + 16, 5 + 8, 5 + 16]
    assert torch.equal(seen[1][0][:, :5], seen[0][1][:, :5])


def test_lowest_chooses_all_subsets_equally_often():
    keys = torch.rand(6000, 4, generator=minidit.generator(0, "keys"))
    chosen = lowest(keys, 2)
    assert (chosen[:, 0] < chosen[:, 1]).all()
    counts = torch.bincount(chosen[:, 0] * 4 + chosen[:, 1], minlength=16)
    counts = counts[counts > 0]
    assert len(counts) == 6 and (counts - 1000).abs().max() < 5 * 30  # standard deviation 29
    assert lowest(torch.tensor([[0.3, 0.1, 0.2]]), 2).tolist() == [[1, 2]]


def test_take_and_put():
    x, places = torch.arange(12.0).view(2, 3, 2), torch.tensor([[0, 2], [1, 2]])
    few = take(x, places)
    assert few[0].tolist() == [[0, 1], [4, 5]] and few[1].tolist() == [[8, 9], [10, 11]]
    back = put(x, places, -few)
    assert back[0].tolist() == [[-0.0, -1], [2, 3], [-4, -5]] and back[1].tolist() == [
        [6, 7],
        [-8, -9],
        [-10, -11],
    ]
    assert x.min() >= 0, "x itself is left alone"


def test_keys_are_drawn_once_for_each_step_and_by_name(config):
    wanted = minidit.ModelConfig(
        **{"input_size": (4, 8), "depth": 6, "heads": 2, "dim": 16, "in_channels": 2},
        **{"route": TWO, "stochastic_depth": 0.2},
    )
    keys, again = (draw_keys(wanted, 3, Streams(1), step=5) for _ in range(2))
    assert keys.route.shape == (3, 2, 8) and keys.depth.shape == (3, 6) and keys.mask is None
    assert torch.equal(keys.route, again.route) and torch.equal(keys.depth, again.depth)
    other = draw_keys(wanted, 3, Streams(1), step=6)
    assert not torch.equal(keys.route, other.route) and not torch.equal(keys.depth, other.depth)
    assert not torch.equal(keys.route, draw_keys(wanted, 3, Streams(2), step=5).route)
    assert draw_keys(config, 3, Streams(0), step=0) == Keys()
