"""Links of the book to files of the repository, and where those files are in the site.

A link to a chapter, an exercise or a text becomes a link to its page; one to any other file of the
repository takes the file along. A link to nothing is an error that names the page. A claim is a section of
one long text in the repository, and a page of its own in the site.
"""

import re
from pathlib import Path

from minidit.errors import MiniditError

# [words](target), not in code: code spans and fenced blocks are taken first and left alone
LINK = re.compile(
    r"(?P<code>```.*?```|~~~.*?~~~|`[^`\n]+`)|(?P<start>!?\[[^\]\n]*\]\()(?P<target>[^)\s]+)\)", re.S
)
OUTSIDE = re.compile(r"[a-z]+:|#")
ANCHOR = re.compile(r'<a id="([^"]+)"></a>\n')
CLAIMS, CLAIM = "claims.md", re.compile(r"(?:claims\.md)?#(c\d\d)")
TAKEN = "files"  # the folder of files that were taken along


class Links:
    """The links of a repository's texts, and the files that go with the pages.

    taken: files that pages link to, by their place in Sphinx's source folder. given: files that readers
    take home, by their place in the site. pictures: of the widgets, by name.
    """

    def __init__(self, root: Path):
        self.root = root.resolve()
        self.taken: dict[str, Path] = {}
        self.given: dict[str, bytes] = {}
        self.pictures: dict[str, bytes] = {}

    def rewritten(self, text: str, source: Path, depth: int = 0) -> str:
        """The Markdown of `source`, its links led to pages of the site.

        Args:
            text: Markdown.
            source: the file that the text is from; links are relative to it.
            depth: how many folders below the front page the new page is.

        Raises:
            MiniditError: a link to a file that is not there.
        """

        def led(found: re.Match) -> str:
            target = found["target"]
            own = source.name == CLAIMS and CLAIM.fullmatch(target or "")
            if found["code"] or (OUTSIDE.match(target) and not own):
                return found[0]
            path, _, anchor = target.partition("#")
            place = self.place(source, path or source.name) + (f"#{anchor}" if anchor else "")
            claim = CLAIM.fullmatch(place)
            place = f"claims/{claim[1]}.md" if claim else place
            return f"{found['start']}{'../' * depth}{place})"

        return LINK.sub(led, ANCHOR.sub(r"(\1)=\n", text))

    def place(self, source: Path, path: str) -> str:
        """Where in Sphinx's source folder the file stands that `source` calls `path`."""
        file = (source.parent / path).resolve()
        if not file.exists() or not file.is_relative_to(self.root):
            raise MiniditError(f"{source.name} links to {path}, which is not there; mend the link.")
        name = file.relative_to(self.root).as_posix()
        for pattern, place in _PAGES.items():
            if found := re.fullmatch(pattern, name):
                return found.expand(place)
        if file.is_dir():
            raise MiniditError(f"{source.name} links to the folder {path}; link to a file in it.")
        self.taken[f"{TAKEN}/{name}"] = file
        return f"{TAKEN}/{name}"


# file of the repository -> page of the site
_PAGES = {
    r"book/(ch\d\d_\w+)\.(?:py|ipynb)": r"\1.ipynb",
    r"book/(\w+)\.md": r"\1.md",
    r"exercises/(ch\d\d)_\w+(?:/exercises\.py)?": r"exercises/\1.md",
    r"exercises/(ch\d\d)_\w+/notes\.md": r"notes/\1.md",
    r"exercises": "notes/index.md",  # a folder a chapter: who has the repository finds the notes there
    r"minidit/(\w+)/\w+\.py": r"api/\1.md",
}
