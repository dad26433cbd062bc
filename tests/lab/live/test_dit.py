"""DiT in JavaScript, in a browser: from the same weights it computes what PyTorch computes."""

from contextlib import ExitStack

import pytest
import torch

from minidit.flow import Flow, euler, guide, times
from minidit.measure.ablation import silenced
from minidit.publish.live import page, write_live
from minidit.publish.live.page import NETWORK
from minidit.training.artefact import read_artefact
from minidit.types import Condition

pytestmark = pytest.mark.slow
# the page may differ by 1e-3; it computes in float64 and keeps float32, so it should do much better
CLOSE = {"rtol": 0, "atol": 1e-4}
NULL = 10
INPUTS = [(0, 0.0, 3), (1, 0.37, NULL), (2, 0.95, 8)]  # which noise, time, label
RUN = """([x, steps, w, label]) => {
  const v = minidit.guide((...all) => net.velocity(...all), w, net.none);
  return [...minidit.euler(v, Float32Array.from(x), steps, label)].map(state => [state.t, ...state.x]);
}"""


@pytest.fixture(scope="module")
def network():
    return read_artefact(NETWORK).model.eval()


@pytest.fixture(scope="module")
def window(chromium, tmp_path_factory):
    """A page from the disk, with the network as `net` and a function `ask(x, t, label, changes)`."""
    folder = tmp_path_factory.mktemp("live")
    write_live(folder)
    (folder / "index.html").write_text(page())
    window = chromium.new_page()
    window.goto((folder / "index.html").as_uri())
    window.evaluate(
        "() => { net = new minidit.DiT(minidit);"
        "ask = (x, t, label, changes) => [...net.velocity(Float32Array.from(x), t, label, changes)]; }"
    )
    yield window
    window.close()


def images(which):
    return torch.randn(1, 1, 8, 8, generator=torch.Generator().manual_seed(which))


def ours(network, which, t, label):
    with torch.no_grad():
        return network(images(which), torch.tensor([t]), torch.tensor([label])).flatten()


def theirs(window, which, t, label, changes="{}"):
    values = [images(which).flatten().tolist(), t, label]
    return torch.tensor(window.evaluate(f"([x, t, label]) => ask(x, t, label, {changes})", values))


@pytest.mark.parametrize("asked", INPUTS)
def test_the_velocity_is_that_of_pytorch(window, network, asked):
    right = ours(network, *asked)
    assert right.abs().max() > 1  # else nothing would be far from it
    torch.testing.assert_close(theirs(window, *asked), right, **CLOSE)


@pytest.mark.parametrize("off", [[2], [1, 4], [1, 2, 3, 4]])
def test_a_block_that_is_off_adds_nothing(window, network, off):
    with silenced(network, "attention", off), silenced(network, "mlp", off):
        right = ours(network, *INPUTS[0])
    torch.testing.assert_close(theirs(window, *INPUTS[0], f"{{ off: {off} }}"), right, **CLOSE)
    assert (right - ours(network, *INPUTS[0])).abs().max() > 0.1


# the three of attention stand before those of the MLP
@pytest.mark.parametrize(("branch", "first"), [("attention", 0), ("mlp", 3)])
def test_a_mix_multiplies_shift_scale_and_gate(window, network, branch, first):
    factors = torch.ones(6)
    factors[first : first + 3] = torch.tensor([3.0, -1.0, 0.5])

    def mix(_, __, parts):
        return tuple(factor * part for factor, part in zip(factors, parts, strict=True))

    with ExitStack() as stack:
        stack.callback(network.blocks[1].modulation.register_forward_hook(mix).remove)
        right = ours(network, *INPUTS[0])
    changes = (
        "{ mix: (number, branch, { shift, scale, gate }) => "
        f"number !== 2 || branch !== '{branch}' ? {{ shift, scale, gate }} : "
        "{ shift: shift.map(s => 3 * s), scale: scale.map(s => -s), gate: gate.map(g => g / 2) } }"
    )
    torch.testing.assert_close(theirs(window, *INPUTS[0], changes), right, **CLOSE)


@pytest.mark.parametrize(
    "fault",
    [
        "{ mix: (number, branch, { shift, scale, gate }) => ({ shift: scale, scale: shift, gate }) }",
        "{ mix: (n, b, { shift, scale, gate }) => ({ shift, scale: scale.map(s => 1.01 * s), gate }) }",
    ],
    ids=["shift and scale exchanged", "scale one hundredth too large"],
)
def test_a_planted_fault_is_seen(window, network, fault):
    gap = (theirs(window, *INPUTS[0], fault) - ours(network, *INPUTS[0])).abs().max()
    assert gap > 1e-3


def test_what_is_watched_is_what_the_network_passes(window, network):
    seen, handles = {}, []
    block = network.blocks[2]
    for name, layer in {"normed": block.mlp_norms[0], "modulated": block.mlp}.items():

        def keep(_, inputs, output, name=name):
            seen[name] = (output if name == "normed" else inputs[0]).flatten()

        handles.append(layer.register_forward_hook(keep))
    right = ours(network, *INPUTS[2])
    for handle in handles:
        handle.remove()
    script = """([x, t, label]) => {
      const found = {};
      const watch = (number, branch, values) => {
        if (number === 3 && branch === "mlp") Object.assign(found, values);
      };
      ask(x, t, label, { watch });
      return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, [...value]]));
    }"""
    found = window.evaluate(script, [images(2).flatten().tolist(), *INPUTS[2][1:]])
    for name, value in seen.items():
        torch.testing.assert_close(torch.tensor(found[name]), value, **CLOSE)
    with silenced(network, "mlp", [3]):  # what it adds is what is missing without it
        assert (ours(network, *INPUTS[2]) - right).abs().max() > 1e-2
    assert max(map(abs, found["added"])) > 1e-2


@pytest.mark.parametrize(("w", "label"), [(2.5, 3), (1.0, 5), (0.0, 5), (4.0, NULL)])
def test_four_steps_of_euler_with_guidance_are_minidits(window, network, w, label):
    noise = images(7)
    walk = euler(guide(Flow().velocity(network), w), noise, times(4), Condition(torch.tensor([label])))
    right = [(state.t, state.x.flatten()) for state in walk]
    found = window.evaluate(RUN, [noise.flatten().tolist(), 4, w, label])
    assert len(found) == len(right) == 5
    for (t, *x), (t_right, x_right) in zip(found, right, strict=True):
        assert t == t_right
        torch.testing.assert_close(torch.tensor(x), x_right, **CLOSE)


def test_noise_is_normal_and_named_by_its_seed(window):
    draw = "seed => [...minidit.noise(seed, 4096)]"
    one, again, other = (torch.tensor(window.evaluate(draw, seed)) for seed in (5, 5, 6))
    assert torch.equal(one, again) and not torch.equal(one, other)
    many = torch.tensor(window.evaluate("Array.from({ length: 400 }, (_, k) => [...minidit.noise(k, 64)])"))
    assert many.mean().abs() < 0.02 and abs(many.std() - 1) < 0.02 and 3.5 < many.abs().max() < 6
    assert abs((many**4).mean() - 3) < 0.15  # of a normal number
    closeness = torch.corrcoef(many[:, :64])  # of seeds that follow each other
    assert closeness.fill_diagonal_(0).abs().max() < 0.6
    assert closeness.diagonal(1).mean().abs() < 0.02


def test_digits_from_the_page_look_like_their_class(window, network):
    """By the nearest mean of the real ones: a check of the whole way, weak but independent."""
    from minidit.data import load

    data = load(read_artefact(NETWORK).experiment.data).train
    means = torch.stack([data.x[data.labels == label].mean(0).flatten() for label in range(10)])
    script = f"label => ({RUN})([minidit.noise(label, 64), 10, 3, label]).at(-1).slice(1)"
    made = torch.tensor([window.evaluate(script, label) for label in range(10)])
    assert (torch.cdist(made, means).argmin(1) == torch.arange(10)).sum() >= 8


def test_it_is_quick(window):
    """One evaluation, at the first few of which the browser still translates the script."""
    script = """() => Array.from({ length: 30 }, (_, k) => {
      const from = performance.now();
      net.velocity(minidit.noise(k, 64), 0.5, 3);
      return performance.now() - from;
    })"""
    assert min(window.evaluate(script)) < 30
