"""Kill it: SIGKILL at a random moment, Ctrl-C, a full disk. Nothing is lost, and the end is the same."""

import random
import signal
import subprocess
import sys
import time

import pytest

from minidit.training import TrainState, read_log

pytestmark = pytest.mark.slow
RUN = ["digits", "model.dim=32", "model.depth=2", "training.steps=300", "training.batch_size=8"]


def start(folder, *more, **options):
    command = [
        sys.executable,
        "-m",
        "minidit",
        "train",
        *RUN,
        *more,
        "--out",
        str(folder),
        "--save-every",
        "20",
    ]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, **pipes, **options)


def wait_for_steps(folder, process, least):
    deadline = time.monotonic() + 120
    while len(read_log(folder)) < least:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline, "training did not start in two minutes"
        time.sleep(0.01)


def run_to_the_last_step(folder):
    """Start, and stop once the last checkpoint is there: what follows, judging samples, is not at stake."""
    process = start(folder)
    wait_for_steps(folder, process, 300)
    while TrainState.load(folder).step < 300:
        time.sleep(0.05)
    process.kill()
    return process.communicate()[0]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    run_to_the_last_step(folder)
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_at_random_moments_it_ends_with_the_same_bits(undisturbed, tmp_path):
    for _ in range(2):
        process = start(tmp_path)
        done = len(read_log(tmp_path))
        wait_for_steps(tmp_path, process, min(done // 20 * 20 + random.randint(5, 100), 290))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    run_to_the_last_step(tmp_path)
    bits = [(folder / "checkpoint.safetensors").read_bytes() for folder in (undisturbed, tmp_path)]
    assert bits[0] == bits[1]
    assert [r.loss for r in read_log(undisturbed)] == [r.loss for r in read_log(tmp_path)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to another process")
def test_ctrl_c_finishes_the_step_saves_and_says_how_to_go_on(undisturbed, tmp_path):
    process = start(tmp_path)
    wait_for_steps(tmp_path, process, 30)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130 and "Traceback" not in said
    assert "Start the same command again to continue" in said
    state = TrainState.load(tmp_path)
    assert state.step == len(read_log(tmp_path)) and f"Stopped after step {state.step}" in said
    assert f"Continuing {tmp_path} after step {state.step}" in run_to_the_last_step(tmp_path)
    bits = [(folder / "checkpoint.safetensors").read_bytes() for folder in (undisturbed, tmp_path)]
    assert bits[0] == bits[1]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_disk_that_takes_no_more_is_told_and_destroys_nothing(tmp_path):
    """A limit on the size of files stands for the full disk: the checkpoint of step 20 cannot be written."""
    import resource

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    process = start(tmp_path, preexec_fn=limit)
    _, said = process.communicate()
    assert process.returncode == 2 and "Traceback" not in said
    assert "could not be written" in said.splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]
    run_to_the_last_step(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="a shell's pipe")
def test_a_pipe_that_closes_early_is_no_error():
    command = f"{sys.executable} -m minidit doctor | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stdout.count("\n") == 1 and "Traceback" not in done.stderr
