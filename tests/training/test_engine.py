"""However a step is computed, it is the same step."""

import shutil
import warnings

import pytest
import torch
from torch._dynamo.testing import CompileCounter
from torch.autograd.graph import saved_tensors_hooks

from minidit import MiniditError, Streams, TrainState, train, train_step
from minidit.training.engine import Engine
from minidit.training.loop import draw_step


def step_of(arm, digits, **how):
    """A state whose zeros are moved away, the loss of its first batch, and the gradient of each parameter."""
    state, streams = TrainState.create(arm), Streams(0)
    with torch.no_grad():
        for number, parameter in enumerate(state.model.parameters()):
            noise = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(number))
            parameter.add_(0.05 * noise)
    batch = digits.train.batch(streams, 0, arm.training.batch_size)
    loss = Engine(state, **how)(batch, draw_step(arm, batch, streams, 0))
    return loss, {name: p.grad for name, p in state.model.named_parameters()}


def assert_same(one, other):
    torch.testing.assert_close(one[0], other[0], rtol=1e-6, atol=1e-7)
    for name, gradient in one[1].items():
        torch.testing.assert_close(gradient, other[1][name], rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize("at_once", [1, 3, 4])
def test_pieces_of_a_batch_give_the_gradient_of_the_whole(tiny, digits, at_once):
    """Also where the last piece is smaller: a mean of means would weigh its image three times."""
    assert_same(step_of(tiny, digits, micro_batch=at_once), step_of(tiny, digits))


@pytest.mark.parametrize(
    "change", [{"model.route": "1-1@0.5"}, {"objective": "hybrid", "model.learn_sigma": True}]
)
def test_pieces_take_their_part_of_all_that_was_drawn(tiny, digits, change):
    arm = tiny.override(change)
    assert_same(step_of(arm, digits, micro_batch=2), step_of(arm, digits))


def test_computing_again_gives_the_same_gradient_and_keeps_less(tiny, digits):
    kept = {}

    def watched(**how):
        bytes_of = kept.setdefault(bool(how), {})
        with saved_tensors_hooks(lambda x: bytes_of.__setitem__(id(x), x) or x, lambda x: x):
            return step_of(tiny, digits, **how)

    assert_same(watched(recompute=True), watched())
    size = {again: sum(x.nbytes for x in held.values()) for again, held in kept.items()}
    assert size[True] < 0.5 * size[False]


def test_an_engine_leaves_the_numbers_of_a_run_as_they_are(tiny, digits):
    logs = []
    for how in ({}, {"engine": None}):
        state = TrainState.create(tiny)
        how = {name: Engine(state) for name in how}
        logs.append([record.loss for record in train(state, digits, until=3, **how)])
    assert logs[0] == logs[1]


def test_bfloat16_products_keep_everything_else_in_float32(tiny, digits):
    arm = tiny.override({"training.precision": "bf16"})
    full, half = step_of(tiny, digits), step_of(arm, digits)
    assert half[0].dtype == torch.float32 and all(g.dtype == torch.float32 for g in half[1].values())
    assert 0 < abs(float(full[0] - half[0])) < 0.02 * float(full[0])
    plain, streams = TrainState.create(arm), Streams(0)
    batch = digits.train.batch(streams, 0, 4)
    loss = train_step(plain, batch, draw_step(arm, batch, streams, 0)).loss
    engine = Engine(TrainState.create(arm))(batch, draw_step(arm, batch, streams, 0))
    assert torch.equal(loss, engine)
    with pytest.raises(MiniditError, match=r"training\.precision is 'fp16'; it must be fp32, or bf16"):
        tiny.override({"training.precision": "fp16"})


@pytest.fixture
def counted(monkeypatch):
    """The compiler's front half, which finds the graphs, and in place of the other half a count of them."""
    counter, compiler = CompileCounter(), torch.compile
    torch._dynamo.reset()
    monkeypatch.setattr(torch, "compile", lambda f, **how: compiler(f, backend=counter, **how))
    yield counter
    torch._dynamo.reset()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"model.route": "1-1@0.5", "model.norm": "rms", "model.mlp": "swiglu", "model.rope": "axial"},
        {"training.precision": "bf16"},
        {"objective.flow.prediction": "data", "objective.weighting": "min_snr"},
    ],
    ids=str,
)
def test_a_step_is_one_graph_and_stays_it(tiny, digits, counted, change):
    arm = tiny.override(change)
    losses = []
    for compiled in (True, False):
        state = TrainState.create(arm)
        engine = Engine(state, compiled=compiled)
        losses.append([record.loss for record in train(state, digits, until=4, engine=engine)])
    assert counted.frame_count == 1, "the first step makes one graph, and no later one makes another"
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_blocks_that_are_computed_again_compile_too(tiny, digits, counted):
    assert_same(step_of(tiny, digits, compiled=True, recompute=True), step_of(tiny, digits))
    assert counted.frame_count == 1


def test_what_cannot_be_one_graph_is_said_and_runs_as_it_is(tiny, digits, counted):
    arm = tiny.override({"model.stochastic_depth": 0.5})  # how many samples a block sees depends on values
    with pytest.warns(UserWarning, match="Steps are not compiled here, and run as they are: "):
        loss = step_of(arm, digits, compiled=True)
    assert_same(loss, step_of(arm, digits))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="PyTorch compiles for processors with g++")
def test_the_compiled_step_is_the_step(tiny, digits):
    torch._dynamo.reset()
    arm = tiny.override({"model.depth": 1})
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Steps are not compiled here")
        compiled = step_of(arm, digits, compiled=True)
    assert_same(compiled, step_of(arm, digits))


def test_a_loss_that_compares_images_is_not_divided(tiny, digits):
    state = TrainState.create(tiny.override({"objective.terms": "contrastive"}))
    Engine(state)
    with pytest.raises(MiniditError, match=r"compares the images of a batch .* leave out micro_batch"):
        Engine(state, micro_batch=2)
    with pytest.raises(MiniditError, match="micro_batch is -1; it must be at least 1"):
        Engine(state, micro_batch=-1)
