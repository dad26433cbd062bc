"""Make `.venv` and install minidit into it, with exactly the packages that CI uses.

Run it as often as you like: it does nothing when nothing changed, and goes on after an interruption.
It needs the standard library only, and Python 3.8 can read it, so that it can tell the owner of an old
Python what to do.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from shutil import rmtree

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
OLDEST, NEWEST = (3, 11), (3, 13)
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 4.0


class Stop(Exception):
    """The installation cannot go on; the message is for the person who started it."""

    def __init__(self, message: str, code: int = 1):
        super().__init__(message)
        self.code = code


def say(text: str, end: str = "\n") -> None:
    print(text, end=end, flush=True)


def ask(command: list[str], seconds: float = 10.0) -> str:
    """What a program prints; nothing if it is missing, fails, or takes too long."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    try:
        done = subprocess.run(command, check=True, timeout=seconds, **pipes)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace").strip()


# ---- a Python that fits


def candidates():
    """Commands that may start a Python, the running one first (its base, if it lives in an environment)."""
    yield [getattr(sys, "_base_executable", None) or sys.executable]
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        yield [f"python3.{minor}"]
        if os.name == "nt":
            yield ["py", f"-3.{minor}"]


def version(command: list[str]) -> tuple[int, ...]:
    """(major, minor) of the Python that a command starts; () if it starts none."""
    answer = ask([*command, "-c", "import sys; print(*sys.version_info[:2])"])
    return tuple(map(int, answer.split()))


def fits(version: tuple[int, ...]) -> bool:
    return OLDEST <= version[:2] <= NEWEST


def find_python() -> list[str]:
    """The command of the first Python that fits and can make a virtual environment."""
    incomplete = None
    for command in candidates():
        if fits(version(command)):
            if ask([*command, "-c", "import ensurepip, venv; print('complete')"]):
                return command
            incomplete = incomplete or " ".join(command)
    if incomplete:
        raise Stop(
            f"{incomplete} cannot make virtual environments: its part `venv` is not installed. "
            "On Debian and Ubuntu: sudo apt install python3-venv. Then run this again.",
            code=2,
        )
    here = ".".join(map(str, sys.version_info[:2]))
    raise Stop(
        f"minidit needs Python 3.{OLDEST[1]} to 3.{NEWEST[1]}; this is Python {here}, and none of "
        f"python3.{NEWEST[1]} ... python3.{OLDEST[1]} works on PATH. On Debian 12, Ubuntu 24.04 and newer: "
        "sudo apt install python3 python3-venv. Elsewhere: https://www.python.org/downloads. "
        "Then run this again.",
        code=2,
    )


# ---- the environment


def venv_python() -> str:
    return str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def healthy() -> bool:
    """Whether `.venv` has a fitting Python and pip, and lies where it was made, as its scripts expect."""
    return (
        fits(version([venv_python()]))
        and ask([venv_python(), "-c", "import pip; print(pip.__version__)"]) != ""
        and installed().splitlines()[1:] in ([], [str(VENV)])
    )


def make_venv() -> None:
    """Make `.venv` from nothing, or leave nothing behind."""
    command = [*find_python(), "-m", "venv", "--clear", str(VENV)]
    if VENV.exists():
        say(".venv is unfinished, was moved, or has a Python that does not fit: making it again.")
    began = time.monotonic()
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    try:
        subprocess.run(command, check=True, **pipes)
    except BaseException as error:
        rmtree(VENV, ignore_errors=True)
        if isinstance(error, subprocess.CalledProcessError):
            words = error.output.decode(errors="replace").strip()
            raise Stop(f"{' '.join(command)} failed. It said:\n\n{words}") from error
        raise
    say(f"Virtual environment ... {time.monotonic() - began:.0f} s")


# ---- the stamp: what was installed here last


def stamp() -> str:
    """What decides whether an installation is still the right one: two files, and the place."""
    files = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    return f"{hashlib.sha256(bytes(1).join(files)).hexdigest()}\n{VENV}\n"


def installed() -> str:
    """The stamp of the last installation that came to its end; nothing if none did."""
    path = VENV / "installed"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def mark_installed() -> None:
    (VENV / "installed").write_text(stamp(), encoding="utf-8")


# ---- pip


def pip(what: str, *arguments: str) -> None:
    """Run `pip install`: its words go to the log, one line with the seconds to the screen."""
    quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    command = [venv_python(), "-m", "pip", "install", *quiet, *arguments]
    log = VENV / "install.log"
    with open(log, "wb") as file:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        )
    try:
        wait(process, what, log)
    except KeyboardInterrupt:
        end(process)
        raise
    if process.returncode:
        raise Stop(f"{what}: pip failed. Its last words:\n\n{last_words(log)}\n\nEverything it said: {log}")


def wait(process: subprocess.Popen, what: str, log: Path) -> None:
    """Wait for pip; on a terminal, show how far it is."""
    began, live = time.monotonic(), sys.stdout.isatty()
    say(f"{what} ... ", end="")
    while process.poll() is None:
        time.sleep(0.2)
        if live:
            line = f"{what} ... {time.monotonic() - began:.0f} s, {progress(log)}"
            say(f"\r{line:<79}", end="")
    seconds = f"{time.monotonic() - began:.0f} s"
    say(f"\r{what + ' ... ' + seconds:<79}" if live else seconds)


def progress(log: Path) -> str:
    """How far pip is: it names each package once when it takes it, and writes them all at the end."""
    words = log.read_text(encoding="utf-8", errors="replace")
    if "\nInstalling collected packages" in words:
        return "writing the files"
    return f"{len(re.findall('^(?:Collecting|Processing) ', words, re.M))} packages found"


def last_words(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join([line for line in lines if not line.startswith("WARNING: Location")][-12:])


def end(process: subprocess.Popen) -> None:
    """Ask pip to stop, so that it removes its temporary files; insist after a while."""
    process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


# ---- PyTorch


def torch_pin() -> str:
    words = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return re.search(r"^torch==([^\s;]+)", words, re.M).group(1)


def torch_version() -> str:
    """Which PyTorch `.venv` has, such as 2.6.0+cpu; nothing if it has none."""
    return ask([venv_python(), "-c", "from importlib.metadata import version; print(version('torch'))"])


def index_answers() -> bool:
    """Whether PyTorch's index of CPU builds can be reached.

    A process of its own asks: looking up a name can hang far longer than any timeout that Python can set.
    """
    question = "import sys; from urllib.request import Request, urlopen as ask; " + (
        "print(ask(Request(sys.argv[1], method='HEAD')).status)"
    )
    return ask([sys.executable, "-c", question, f"{CPU_INDEX}/torch/"], PROBE_SECONDS) == "200"


def install_cpu_torch() -> None:
    """Without an NVIDIA GPU, take PyTorch's CPU build: 200 MB where the usual one brings 3 GB of CUDA.

    Only on Linux: what PyPI has for macOS and Windows is the CPU build. And only if it can be had: with
    a mirror or a folder of its own, pip may know a CPU build too, so going on without is right.
    """
    pin = torch_pin()
    if not sys.platform.startswith("linux") or torch_version().split("+")[0] == pin or ask(["nvidia-smi"]):
        return
    if not index_answers():
        say(f"{CPU_INDEX} does not answer: pip takes PyTorch from where it takes the rest.")
        return
    try:
        pip(f"PyTorch {pin} for the CPU", "--no-deps", f"torch=={pin}", "--index-url", CPU_INDEX)
    except Stop:
        say(f"{CPU_INDEX} did not give PyTorch {pin}: pip takes it from where it takes the rest.")


# ---- all of it


def install() -> None:
    """Bring `.venv` to what pyproject.toml and constraints.txt ask for."""
    if healthy():
        if installed() == stamp():
            return
    else:
        make_venv()
    say("Installing into .venv (first time: 1 to 5 minutes, about 1.5 GB of disk; Ctrl-C is safe).")
    (VENV / "installed").unlink(missing_ok=True)
    install_cpu_torch()
    pip("minidit and its packages", "-c", "constraints.txt", "-e", ".[dev]")
    proof = [venv_python(), "-I", "-c", "import torch, minidit; print('works')"]
    if not ask(proof, 120):
        raise Stop(
            "Everything is installed, but it does not work. Remove the folder .venv and run this again. If "
            f'that does not help, see what this says: {venv_python()} -c "import torch, minidit"'
        )
    mark_installed()
    say(f"Ready: Python {'.'.join(map(str, version([venv_python()])))}, torch {torch_version()}.")


def main() -> int:
    try:
        install()
    except Stop as stop:
        print(f"\n{stop}", file=sys.stderr)
        return stop.code
    except KeyboardInterrupt:
        print("\nInterrupted. Start it again, and it goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
