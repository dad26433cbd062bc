"""A finished site looked over: dead links, pictures without words, what comes from elsewhere, heavy pages."""

import posixpath
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

HEAVIEST = 3 * 1024**2  # bytes of a page with all that it loads
# where an element says what it loads; an <a> says where it leads, which may be elsewhere
LOADS = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "audio": "src",
    "video": "src",
}
# a picture's own address is no words for it
FILE, WORDS = re.compile(r"\S*\.(png|svg|jpe?g|gif|webp)\b"), re.compile(r"\w")
URL = re.compile(r"""url\(["']?([^"')]+)""")


class Looked(HTMLParser):
    """What a page has: ids, links, what it loads, pictures without words."""

    def __init__(self, text: str):
        """Read the HTML `text`."""
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.dumb: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element has."""
        has = dict(attrs)
        self.ids |= {has[name] for name in ("id", "name") if has.get(name)}
        if tag == "a" and has.get("href"):
            self.links.append(has["href"])
        if has.get(LOADS.get(tag, "")) and has.get("rel") not in (
            "next",
            "prev",
            "index",
            "search",
            "canonical",
        ):
            self.loads.append(has[LOADS[tag]])
        if tag == "img" and not WORDS.search(FILE.sub("", has.get("alt") or "")):
            self.dumb.append(f"the picture {has.get('src', '')[:60]} has no alt text")
        if tag == "iframe" and not (has.get("title") or "").strip():
            self.dumb.append("a frame has no title")

    handle_startendtag = handle_starttag


def faults(site: Path) -> list[str]:
    """What is wrong with the pages in the folder `site`, one sentence each."""
    sizes = {
        path.relative_to(site).as_posix(): path.stat().st_size for path in site.rglob("*") if path.is_file()
    }
    pages = {
        name: Looked((site / name).read_text(encoding="utf-8")) for name in sorted(sizes) if _is_page(name)
    }
    styles = {
        name: URL.findall((site / name).read_text(encoding="utf-8"))
        for name in sizes
        if name.endswith(".css")
    }
    return [
        f"{name}: {fault}."
        for name, page in pages.items()
        for fault in [*page.dumb, *_dead(name, page, pages, sizes), *_loaded(name, page, styles, sizes)]
    ]


def _is_page(name: str) -> bool:
    return name.endswith(".html")


def _at(name: str, link: str) -> str:
    """The file that `link` means in the file `name`; both as paths in the site."""
    path = unquote(urlsplit(link).path)
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name


def _elsewhere(link: str) -> bool:
    parts = urlsplit(link)
    return bool(parts.scheme or parts.netloc)


def _dead(name: str, page: Looked, pages: dict[str, Looked], sizes: dict[str, int]) -> Iterator[str]:
    for link in dict.fromkeys(page.links):
        if _elsewhere(link):
            continue
        target, anchor = _at(name, link), unquote(urlsplit(link).fragment)
        if target not in sizes:
            yield f"the link {link} leads to nothing"
        elif anchor and target in pages and anchor not in pages[target].ids:
            yield f"the link {link} leads to a place that is not in the page"


def _loaded(name: str, page: Looked, styles: dict[str, list[str]], sizes: dict[str, int]) -> Iterator[str]:
    weighed, todo = {name}, [(name, load) for load in page.loads]
    while todo:
        source, load = todo.pop()
        if load.startswith("data:"):
            continue
        file = _at(source, load)
        if _elsewhere(load):
            yield f"it loads {load} from elsewhere"
        elif file not in sizes:
            yield f"it loads {load}, which is not there"
        elif file not in weighed:
            weighed.add(file)
            todo += [(file, url) for url in styles.get(file, ())]
    weight = sum(sizes[file] for file in weighed)
    if weight > HEAVIEST:
        yield f"it weighs {weight / 1024**2:.1f} MB, at most {HEAVIEST // 1024**2} are allowed"
