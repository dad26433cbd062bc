"""The book as a site: pages that need no kernel, no network and no other host.

| you look for | it is in |
|---|---|
| which pages there are, in which order | pages.py |
| Sphinx, its settings, the folder that comes out | build.py, settings.py |
| a chapter: its card, its widgets alive | chapters.py, frames.py |
| exercises with folded hints, and their solutions apart | sheets.py |
| a page for each claim; every claim with its verdicts | claims.py, verdicts.py |
| the front page; errors with a box to find one | front.py, errors.py |
| the library's pages, and its names in texts | reference.py, docstrings.py; rooms.py, names.py |
| what is written otherwise than by Sphinx | mathematics.py, stills.py, tables.py, neighbours.py |
| links to files of the repository | links.py |
| how it looks, what moves | static/ |
"""

from minidit.publish.site.build import build_site

__all__ = ["build_site"]
