"""The page of all errors with a box to find one; without scripts it is the whole list."""

from minidit.publish.errors import HEAD, errors_page
from minidit.publish.site.names import named

BOX = """
<div role="search" class="finder" data-finds="article li" data-what="messages" hidden>
<label for="finder">Your message as it is, or a few words of it</label>
<input id="finder" type="search" autocomplete="off" spellcheck="false" aria-describedby="found">
<output id="found" for="finder"></output>
</div>
"""


def page() -> str:
    """The page, Markdown."""
    return named(errors_page().replace(HEAD, HEAD + BOX, 1))
