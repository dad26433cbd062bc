"""JupyterLab as `make lab` starts it, on a copy of the book, and a browser that looks at it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
START_SECONDS, STOP_SECONDS, PAGE_MILLISECONDS = 60, 10, 60_000
TOKEN = "of-the-test"
# should the test be killed so hard that it cannot clean up, kernels and server end by themselves
OPTIONS = (
    f"--allow-root --no-browser --ServerApp.ip=127.0.0.1 --IdentityProvider.token={TOKEN} "
    "--ServerApp.port=0 --LabApp.expose_app_in_browser=True --ServerApp.shutdown_no_activity_timeout=60 "
    "--MappingKernelManager.cull_idle_timeout=60 --MappingKernelManager.cull_interval=20 "
    "--MappingKernelManager.cull_connected=True"
)


def environment(home: Path) -> dict[str, str]:
    """No setting of the tester's reaches the server: neither Jupyter's, nor make's, nor minidit's."""
    foreign = ("JUPYTER", "MAKE", "MFLAGS", "MINIDIT_", "MPLBACKEND", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MINIDIT_HOME")
    return kept | {name: str(home / name.lower()) for name in names} | {"OMP_WAIT_POLICY": "PASSIVE"}


def address(runtime: Path, server: subprocess.Popen, log: Path) -> str:
    """Where the server listens; it writes that into a file once it does."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            with suppress(json.JSONDecodeError):  # half written
                return f"http://127.0.0.1:{json.loads(file.read_text())['port']}"
        time.sleep(0.1)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


def stop(server: subprocess.Popen) -> None:
    """End make, the server and its kernels: first politely, so that the server ends its kernels itself."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + STOP_SECONDS
        with suppress(ProcessLookupError):
            os.killpg(server.pid, sign)
            while time.monotonic() < until:
                server.poll()
                os.killpg(server.pid, 0)
                time.sleep(0.05)


@contextmanager
def served(repository: Path, home: Path) -> Iterator[str]:
    """`make lab` in a repository, without installing anything; yields its address."""
    home.mkdir()
    log, variables = home / "log", environment(home)
    command = ["make", "-o", "setup", "lab", f"BIN={Path(sys.executable).parent}", f"ARGS={OPTIONS}"]
    with log.open("w") as out:
        server = subprocess.Popen(
            command, cwd=repository, env=variables, stdout=out, stderr=out, start_new_session=True
        )
        try:
            yield address(Path(variables["JUPYTER_RUNTIME_DIR"]), server, log)
        finally:
            stop(server)


class Lab:
    """A page with JupyterLab in it, used as a person would where that matters, else through its own API."""

    def __init__(self, page, url: str):
        self.page, self.foreign, self.news = page, [], []
        page.on("request", self._note)
        page.goto(f"{url}/lab?reset&token={TOKEN}")  # reset: nothing is open but the launcher
        page.wait_for_selector(".jp-DirListing-item")

    def _note(self, request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.hostname != "127.0.0.1":
            self.foreign.append(request.url)
        if "/lab/api/news" in parts.path or "/lab/api/update" in parts.path:
            self.news.append(request.url)

    def widget(self, script: str, *arguments):
        """What an async JavaScript function of (widget in front, argument) returns, within a limit."""
        call = f"({script})(window.jupyterapp.shell.currentWidget, a)"
        late = f"new Promise((_, no) => setTimeout(() => no(Error('too slow')), {PAGE_MILLISECONDS}))"
        return self.page.evaluate(f"a => Promise.race([{call}, {late}])", *arguments)

    def double_click(self, name: str) -> None:
        """Open a file of the file browser, and wait until its kernel is there."""
        self.page.dblclick(f".jp-DirListing-item:has-text('{name}')")
        self.page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-MarkdownOutput h1")
        self.widget("async w => { await w.context.ready; await w.sessionContext.ready }")

    def run_all(self) -> list[list[dict]]:
        """Run every cell; the outputs of each code cell, in order."""
        self.widget("w => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        cells = self.widget("w => w.content.widgets.map(c => c.model.toJSON())")
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
        return [cell["outputs"] for cell in code]

    def picture(self) -> str:
        """The picture of the widget on show, in base64."""
        (only,) = self.pictures()
        return only

    def pictures(self) -> list[str]:
        """All pictures of widgets on show, from top to bottom, in base64."""
        self.page.wait_for_selector(".jupyter-widgets img:visible")
        found = self.page.locator(".jupyter-widgets img:visible").all()
        read = "async url => (await (await fetch(url)).blob()).arrayBuffer()"
        encode = f"async u => btoa(String.fromCharCode(...new Uint8Array(await ({read})(u))))"
        return [self.page.evaluate(encode, image.get_attribute("src")) for image in found]

    def choose(self, words: str) -> None:
        """Press the button of a widget that says this."""
        self.page.locator(".widget-toggle-button:visible", has_text=words).click()

    def press(self, key: str, slider: int = 0) -> None:
        """Move a slider of the notebook with the keyboard."""
        self.page.locator(".noUi-handle").nth(slider).press(key)

    def see(self, words: str) -> None:
        """Wait until a label of a widget says this."""
        self.page.locator(".widget-label:visible", has_text=words).first.wait_for()

    def end_kernels(self) -> None:
        """What one test started does not slow the next."""
        self.page.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    """What `make lab` needs, and an empty book with the real book's settings: nothing is written to ours."""
    folder = tmp_path_factory.mktemp("repository")
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "book" / ".jupyter", folder / "book" / ".jupyter")
    shutil.copy(ROOT / "book" / "jupytext.toml", folder / "book")
    return folder


@pytest.fixture(scope="module")
def url(chromium, repository, tmp_path_factory) -> Iterator[str]:
    """The address of a running JupyterLab, which is ended in every case."""
    if shutil.which("make") is None:
        pytest.skip("No make here, so `make lab` was NOT tested.")
    with served(repository, tmp_path_factory.mktemp("home") / "lab") as address:
        yield address


@pytest.fixture
def lab(chromium, url) -> Iterator[Lab]:
    """A fresh window on the JupyterLab; whatever a test does in it, nothing is asked of the network."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PAGE_MILLISECONDS)
    lab = Lab(context.new_page(), url)
    yield lab
    lab.end_kernels()
    offered = lab.page.locator(".Toastify__toast").count()
    context.close()
    assert (lab.foreign, lab.news, offered) == ([], [], 0)


@pytest.fixture
def shown(chromium):
    """show(page, ready, size) -> frame: a page as a notebook would show it; no complaints, no loads.

    ready: what stands in the frame once the page is drawn. size: of the window, in pixels.
    """
    context, complaints = chromium.new_context(), []
    context.set_default_timeout(20_000)

    def show(page, ready, size, settings=None):
        window = context.new_page()
        window.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        window.emulate_media(**(settings or {}))
        window.on("console", lambda message: complaints.append(message.text))
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.on("request", lambda request: complaints.append(request.url))
        window.set_content(page.html)
        frame = window.frames[1]
        frame.wait_for_selector(ready)
        return frame

    yield show
    context.close()
    assert complaints == []
