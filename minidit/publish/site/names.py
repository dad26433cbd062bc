"""Names of the library in a text, `minidit.flow.guide`, become links to where the site explains them."""

import re

from minidit.publish.site.rooms import place

# a name alone in a code span; fenced blocks and the words of links are taken first and left alone
NAME = re.compile(r"(?P<other>```.*?```|~~~.*?~~~|\[[^\]\n]*\]\()|`minidit\.(?P<name>\w+(?:\.\w+)*)`", re.S)


def named(text: str, depth: int = 0) -> str:
    """The Markdown `text` with its names as links, for a page `depth` folders down; unknown ones stay."""

    def led(found: re.Match) -> str:
        to = None if found["other"] else place(found["name"])
        return found[0] if to is None else link(f"minidit.{found['name']}", "../" * depth + to)

    return NAME.sub(led, text)


def link(name: str, to: str) -> str:
    """A name as code that leads somewhere, HTML."""
    plain = name.replace("__", "&#95;&#95;")  # else Markdown makes what stands between them bold
    return f'<a href="{to}"><code class="docutils literal">{plain}</code></a>'
