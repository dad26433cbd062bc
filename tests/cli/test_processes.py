"""Several processes give the losses of one: also killed, restarted, and continued on another number."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from minidit.training import TrainState, read_log

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform == "win32", reason="Windows has no SIGKILL, and PyTorch's torchrun no libuv"
    ),
]
STEPS = 150
RUN = ["digits", "model.dim=32", "model.depth=2", f"training.steps={STEPS}", "training.batch_size=8"]


def start(folder, processes, *more, restarts=0):
    alone = [sys.executable]
    together = [*alone, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    begin = alone if processes == 1 else [*together, f"--max-restarts={restarts}"]
    command = [*begin, "-m", "minidit", "train", *RUN, *more, "--out", str(folder), "--save-every", "10"]
    # a group of its own: what is left of it can be ended at once
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_for_steps(folder, process, least):
    deadline = time.monotonic() + 180
    while len(read_log(folder)) < least:
        if process.poll() is not None:
            pytest.fail("training ended early: " + process.communicate()[1][-5000:])
        if time.monotonic() > deadline:
            os.killpg(process.pid, signal.SIGKILL)
            pytest.fail(f"training did not come so far in three minutes: {process.communicate()}")
        time.sleep(0.01)


def to_the_last_step(process, folder):
    """Until the last checkpoint is there; judging the samples is not at stake."""
    wait_for_steps(folder, process, STEPS)
    deadline = time.monotonic() + 60
    while TrainState.load(folder).step < STEPS:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def losses(folder):
    records = read_log(folder)
    assert [record.step for record in records] == list(range(1, STEPS + 1))
    return [record.loss for record in records]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The losses of one process that nobody disturbed."""
    folder = tmp_path_factory.mktemp("alone")
    to_the_last_step(start(folder, 1), folder)
    return losses(folder)


def workers(process):
    return [child for child in psutil.Process(process.pid).children() if "train" in child.cmdline()]


def test_a_worker_dies_and_the_run_restarts_by_itself(alone, tmp_path):
    process = start(tmp_path, 2, restarts=1)
    wait_for_steps(tmp_path, process, 25)
    victim = workers(process)[1]
    victim.kill()
    to_the_last_step(process, tmp_path)
    assert losses(tmp_path) == pytest.approx(alone, abs=1e-5)


def test_divided_weights_stop_at_sigterm_and_go_on_in_one_process(alone, tmp_path):
    process = start(tmp_path, 2, "--shard", "--keep", "2", "--samples-every", "10")
    wait_for_steps(tmp_path, process, 25)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    stopped = len(read_log(tmp_path))
    assert stopped < STEPS and TrainState.load(tmp_path).step == stopped, "the last step was saved first"
    assert (tmp_path / "samples" / "00000010.png").is_file()
    names = sorted(path.name for path in tmp_path.iterdir())
    steps = {int(found[1]) for found in re.finditer(r"checkpoint-(\d+)", " ".join(names))}
    assert len(steps) == 2 and max(steps) == stopped
    parts = {
        (int(found[1]), int(found[2])) for found in re.finditer(r"part-(\d+)-(\d)-of-2", " ".join(names))
    }
    assert parts == {(step, rank) for step in steps for rank in (0, 1)}
    assert TrainState.load(tmp_path, step=min(steps)).step == min(steps)
    to_the_last_step(start(tmp_path, 1), tmp_path)
    assert losses(tmp_path) == pytest.approx(alone, abs=1e-5)
    assert not [name for name in Path(tmp_path).glob("part-*") if f"{STEPS:08d}" in name.name]


def test_one_process_stops_and_two_with_divided_weights_go_on(alone, tmp_path):
    process = start(tmp_path, 1)
    wait_for_steps(tmp_path, process, 15)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "it is saved in" in said and "Traceback" not in said
    to_the_last_step(start(tmp_path, 2, "--shard", "--micro-batch", "3"), tmp_path)
    assert losses(tmp_path) == pytest.approx(alone, abs=1e-5)
    assert len(list(tmp_path.glob(f"part-{STEPS:08d}-*-of-2.safetensors"))) == 2


def test_a_batch_that_processes_cannot_share_is_told(tmp_path):
    process = start(tmp_path, 3)
    _, said = process.communicate(timeout=120)
    assert process.returncode and "A batch of 8 cannot be divided evenly among 3 processes" in said
    assert list(tmp_path.iterdir()) == []
