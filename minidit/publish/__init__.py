"""From the sources of the chapters to what people read: a chapter `chNN_topic.py` is executed into the
notebook beside it (`build`), the pair is looked over without executing (`check_book`), and replayed to
see that it still says what it says (`test_book`). The site and the classroom are made of the same files.
"""

from minidit.publish.book import build_book, chapters, check_book, test_book
from minidit.publish.builder import build

__all__ = ["build", "build_book", "chapters", "check_book", "test_book"]
