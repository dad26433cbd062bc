"""The live widgets in a window, from the disk or from a server of this machine."""

import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from minidit.publish.live import page, write_live

WIDE = (1280, 900)
PATIENCE = 60_000  # milliseconds: the widgets compute, and other tests use the cores too
expect.set_options(timeout=PATIENCE)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("live")
    write_live(folder)
    (folder / "index.html").write_text(page())
    (folder / "nested").mkdir()
    (folder / "nested" / "other.html").write_text(page(("mixer",), "../"))
    return folder


@pytest.fixture(scope="module")
def server(folder):
    """The address of the folder on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def opened(chromium, folder):
    """show(size, scheme) -> a window on the page; nothing complains, nothing comes from elsewhere."""
    contexts, complaints = [], []

    def show(size=WIDE, scheme="light", at=None, **settings):
        at = at or (folder / "index.html").as_uri()
        context = chromium.new_context(
            viewport=dict(zip(("width", "height"), size, strict=True)), color_scheme=scheme, **settings
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        window = context.new_page()
        window.on("console", lambda message: complaints.append(message.text))
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.on("requestfailed", lambda request: complaints.append(request.url))
        near = at.rsplit("/", 2 if "nested" in at else 1)[0]
        foreign = re.compile(f"(?!{re.escape(near)}/)")
        window.on(
            "request", lambda request: complaints.append(request.url) if foreign.match(request.url) else None
        )
        window.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
        window.goto(at)
        return window

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


class Widget:
    """One of the widgets in a window."""

    def __init__(self, window, name):
        self.window, self.root = window, window.locator(f'[data-widget="{name}"]')
        self.told = self.root.locator(".told")
        self.root.locator(".stage").scroll_into_view_if_needed()
        expect(self.root.locator(".strip button").first).to_be_enabled(timeout=PATIENCE)

    def ready(self):
        """Wait until all is computed, and return what is said of it."""
        expect(self.told).not_to_be_empty(timeout=PATIENCE)
        return self.told.inner_text()

    def after(self, act):
        """Do something, wait until it is computed, and return what is said of it."""
        self.told.evaluate("element => { element.textContent = ''; }")
        act()
        return self.ready()

    def picture(self, selector):
        """The pixels of a canvas, from 0 (black) to 255."""
        script = """canvas => {
          const pen = new OffscreenCanvas(8, 8).getContext("2d", { willReadFrequently: true });
          pen.drawImage(canvas, 0, 0);
          return [...pen.getImageData(0, 0, 8, 8).data].filter((_, k) => k % 4 === 0);
        }"""
        return self.root.locator(selector).first.evaluate(script)

    def slide(self, name, value):
        return self.after(lambda: self.root.get_by_label(name, exact=True).fill(str(value)))


@pytest.fixture
def widget(opened):
    """show(name) -> that widget in a window of its own, computed; show(name, window) -> just begun."""

    def show(name, window=None, **settings):
        shown = Widget(window or opened(**settings), name)
        if window is None:
            shown.ready()
        return shown

    return show
