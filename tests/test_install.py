"""The installation: pins, conda's file, the Makefile and the workflows agree; install.py keeps its word."""

import importlib.util
import re
import socket
import subprocess
import threading
import time
import tomllib
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINS = [Requirement(line) for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture
def installer(tmp_path, monkeypatch):
    """.ci/install.py as a module whose repository is an almost empty folder."""
    spec = importlib.util.spec_from_file_location("install", ROOT / ".ci" / "install.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    return module


@pytest.fixture
def dry(installer, monkeypatch):
    """The installer with everything slow replaced: `dry.calls` lists what pip was asked for."""
    installer.calls = []
    installer.VENV.mkdir()
    monkeypatch.setattr(installer, "healthy", lambda: True)
    monkeypatch.setattr(installer, "install_cpu_torch", lambda: None)
    monkeypatch.setattr(installer, "ask", lambda command, seconds=0: "3 11")
    monkeypatch.setattr(installer, "pip", lambda what, *arguments: installer.calls.append(arguments))
    return installer


# ---- pins


def wanted():
    extras = PROJECT["optional-dependencies"].values()
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]
    return [requirement for line in lines if (requirement := Requirement(line)).name != PROJECT["name"]]


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_every_requirement_is_pinned_once_inside_its_range(python, platform):
    environment = {"python_version": python, "python_full_version": python + ".9", "sys_platform": platform}
    for requirement in wanted():
        if requirement.marker and not requirement.marker.evaluate(environment):
            continue
        versions = [
            str(pin.specifier).removeprefix("==")
            for pin in PINS
            if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
            and (pin.marker is None or pin.marker.evaluate(environment))
        ]
        assert len(versions) == 1, f"{requirement.name} has the pins {versions}: run `make pins`"
        assert requirement.specifier.contains(versions[0]), (
            f"{requirement}, but pinned {versions[0]}: `make pins`"
        )


def test_pins_are_exact_and_portable():
    for pin in PINS:
        assert re.fullmatch(r"==[0-9][0-9a-z.]*", str(pin.specifier)), f"{pin} is no plain exact pin"
        assert pin.url is None, f"{pin} names a place"
        assert not re.match("nvidia-|cuda-|triton", pin.name), f"{pin} would bind pip to one build of PyTorch"


def test_torch_is_pinned_by_hand_in_one_place(installer):
    by_hand = (ROOT / ".ci" / "pins.in").read_text(encoding="utf-8").strip()
    assert by_hand == "torch==" + installer.torch_pin()
    assert [str(pin) for pin in PINS if pin.name == "torch"] == [by_hand]


def test_conda_installs_what_ci_installs():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert conda.keys() == {"name", "channels", "dependencies"}
    assert conda["name"] == PROJECT["name"]
    assert conda["channels"] == ["conda-forge", "nodefaults"]
    python, pip, by_pip = conda["dependencies"]
    assert pip == "pip"
    assert by_pip == {"pip": ["-c constraints.txt", "-e .[dev]"]}
    version = re.fullmatch(r"python=(3\.\d+)", python).group(1)
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)


def test_installer_accepts_the_pythons_of_the_project(installer):
    allowed = SpecifierSet(PROJECT["requires-python"])
    for minor in range(8, 20):
        assert installer.fits((3, minor)) == allowed.contains(f"3.{minor}"), f"Python 3.{minor}"


# ---- the commands that people and machines type


def targets():
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


def test_makefile_lists_all_its_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets() == set(re.search(r"^\.PHONY: (.*)", makefile, re.M).group(1).split())
    assert targets() == set(re.findall(r"^([a-z-]+):.* ## \S", makefile, re.M))


def test_readme_names_only_targets_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^(?:\$ )?make ([a-z-]+)", readme, re.M)
    named += re.findall(r"`make ([a-z-]+)[^`]*`", readme)
    assert set(named) <= targets()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_call_only_targets_that_exist(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    runs = [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step]
    named = {target for run in runs for target in re.findall(r"\bmake ([a-z]+)", run)}
    assert named, f"{path.name} calls no target at all"
    assert named <= targets()


def test_oldest_torch_of_the_workflow_is_the_oldest_allowed():
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    oldest = Requirement(workflow["jobs"]["torch"]["strategy"]["matrix"]["torch"][0])
    allowed = next(requirement for requirement in wanted() if requirement.name == "torch")
    assert str(oldest.specifier).removeprefix("==").removesuffix(".0") == str(allowed.specifier).removeprefix(
        ">="
    )


# ---- is PyTorch's CPU index there?


class Index(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_response(200 if self.path == "/whl/cpu/torch/" else 404)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def serving():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_probe_sees_an_index_that_answers(installer, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with serving() as address:
        monkeypatch.setattr(installer, "CPU_INDEX", address + "/whl/cpu")
        assert installer.index_answers()
        monkeypatch.setattr(installer, "CPU_INDEX", address + "/elsewhere")
        assert not installer.index_answers()


def test_probe_gives_up_on_an_index_that_hangs(installer, monkeypatch):
    assert installer.PROBE_SECONDS <= 4
    monkeypatch.setattr(installer, "PROBE_SECONDS", 1.0)
    monkeypatch.setenv("no_proxy", "*")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it listens and never says a word
        monkeypatch.setattr(installer, "CPU_INDEX", f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        assert not installer.index_answers()
        assert time.monotonic() - began < 2


def on_linux_without_gpu(installer, monkeypatch):
    monkeypatch.setattr(installer.sys, "platform", "linux")
    monkeypatch.setattr(installer, "ask", lambda command, seconds=0: "")


def test_no_index_means_no_word_to_pip(installer, monkeypatch, capsys):
    on_linux_without_gpu(installer, monkeypatch)
    monkeypatch.setattr(installer, "pip", lambda *_: pytest.fail("pip was called"))
    installer.install_cpu_torch()
    assert "does not answer" in capsys.readouterr().out


def test_index_that_fails_does_not_stop_the_installation(installer, monkeypatch, capsys):
    on_linux_without_gpu(installer, monkeypatch)
    monkeypatch.setattr(installer, "index_answers", lambda: True)

    def pip(what, *arguments):
        assert arguments[:2] == ("--no-deps", "torch==" + installer.torch_pin())
        raise installer.Stop("no such file")

    monkeypatch.setattr(installer, "pip", pip)
    installer.install_cpu_torch()
    assert "did not give PyTorch" in capsys.readouterr().out


# ---- which Python


def test_old_python_gets_a_sentence(installer, monkeypatch, capsys):
    monkeypatch.setattr(installer, "ask", lambda command, seconds=0: "3 8")
    assert installer.main() == 2
    message = capsys.readouterr().err
    assert "needs Python 3.11 to 3.13" in message
    assert "sudo apt install" in message
    assert not installer.VENV.exists()


def test_python_without_venv_gets_a_sentence(installer, monkeypatch, capsys):
    monkeypatch.setattr(
        installer, "ask", lambda command, seconds=0: "" if "ensurepip" in command[-1] else "3 12"
    )
    monkeypatch.setattr(installer, "healthy", lambda: False)
    assert installer.main() == 2
    assert "sudo apt install python3-venv" in capsys.readouterr().err
    assert not installer.VENV.exists()


def test_environment_that_cannot_be_made_leaves_nothing_behind(installer, monkeypatch, capsys):
    def half(command, **_):
        installer.VENV.mkdir()
        raise subprocess.CalledProcessError(1, command, output=b"no room")

    monkeypatch.setattr(installer.subprocess, "run", half)
    monkeypatch.setattr(installer, "find_python", lambda: ["python3.12"])
    monkeypatch.setattr(installer, "healthy", lambda: False)
    assert installer.main() == 1
    assert "no room" in capsys.readouterr().err
    assert not installer.VENV.exists()


def test_environment_without_interpreter_is_not_healthy(installer):
    installer.VENV.mkdir()
    assert not installer.healthy()


def test_environment_that_was_moved_is_not_healthy(installer, monkeypatch):
    monkeypatch.setattr(installer, "ask", lambda command, seconds=0: "3 11")
    installer.VENV.mkdir()
    assert installer.healthy()
    installer.mark_installed()
    assert installer.healthy()
    monkeypatch.setattr(installer, "installed", lambda: "0123\n/where/it/was/.venv\n")
    assert not installer.healthy()


# ---- when to install


def test_second_start_does_nothing(dry):
    assert dry.main() == 0
    assert dry.calls == [("-c", "constraints.txt", "-e", ".[dev]")]
    assert dry.main() == 0
    assert len(dry.calls) == 1


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml"])
def test_changed_file_asks_for_an_installation(dry, name):
    assert dry.main() == 0
    with open(dry.ROOT / name, "a") as file:
        file.write("# changed\n")
    assert dry.main() == 0
    assert len(dry.calls) == 2


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), ("pip failed", 1)])
def test_unfinished_installation_is_taken_up_again(dry, monkeypatch, capsys, error, code):
    pip = dry.pip

    def broken(*_):
        raise error if isinstance(error, BaseException) else dry.Stop(error)

    assert dry.main() == 0
    (dry.ROOT / "constraints.txt").write_text("torch==2.13.0\n")
    monkeypatch.setattr(dry, "pip", broken)
    assert dry.main() == code
    assert capsys.readouterr().err.strip()
    monkeypatch.setattr(dry, "pip", pip)
    assert dry.main() == 0
    assert len(dry.calls) == 2


def test_failure_shows_the_last_words_without_noise(installer, tmp_path):
    log = tmp_path / "log"
    log.write_text("Collecting torch\nWARNING: Location 'file://x' is ignored\nERROR: no torch\n")
    assert installer.last_words(log) == "Collecting torch\nERROR: no torch"
    assert installer.progress(log) == "1 packages found"
