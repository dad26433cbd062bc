"""The site of this repository, built once, over file:// and http, and a browser that walks through it."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from minidit.publish.site import build_site

ROOT = Path(__file__).parents[3]
WIDTHS, THEMES = {1280: 900, 390: 844}, ("light", "dark")
LOOK = (Path(__file__).with_name("look.js")).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The folder of the site; of several processes one builds it, and the others wait."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    out = base / "site" / "html"
    with (base / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            assert build_site(ROOT, out, base / "site" / "work") == 0
    return out


@pytest.fixture(scope="session")
def http(site) -> Iterator[str]:
    """The address of the site over http."""
    with served(site) as address:
        yield address


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """A function that serves a folder over http, and returns its address."""
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(served(folder))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder over http, for as long as the block runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Reader:
    """A window on the site, and whatever it complains about: console, failed requests, other hosts."""

    def __init__(self, context):
        self.page, self.complaints = context.new_page(), []
        self.page.on("console", lambda message: self._note("console", message.text))
        self.page.on("pageerror", lambda error: self._note("script", str(error)))
        self.page.on("requestfailed", lambda request: self._note("failed", request.url))
        self.page.on("response", lambda answer: answer.status >= 400 and self._note("status", answer.url))
        self.page.on("request", self._request)

    def _note(self, kind: str, words: str) -> None:
        self.complaints.append(f"{kind}: {words}")

    def _request(self, request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("file", "data", "blob", "about") and parts.hostname != "127.0.0.1":
            self._note("elsewhere", request.url)

    def open(self, address: str) -> None:
        """Go there, and wait until everything is drawn."""
        self.page.goto(address, wait_until="load")

    def faults(self) -> list[str]:
        """What there is to stumble over, in each theme and width, and in the frames of the page."""
        found = []
        for width, height in WIDTHS.items():
            self.page.set_viewport_size({"width": width, "height": height})
            for theme in THEMES:
                self.page.emulate_media(color_scheme=theme)
                for frame in self.page.frames:
                    found += [f"{width} px, {theme}: {fault}" for fault in frame.evaluate(LOOK, 4.5)]
        return found + self.complaints


@pytest.fixture
def reader(chromium) -> Iterator[Reader]:
    """A fresh window."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(20_000)
    yield Reader(context)
    context.close()
