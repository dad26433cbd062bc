from collections.abc import Callable
from pathlib import Path
from shutil import copy

import pytest

from minidit.publish.builder import build

# obeys the form, runs in a second and needs no torch; a test breaks one line of it
CHAPTER = """\
# %% [markdown]
# # Chapter 1: A toy
#
# | | |
# |---|---|
# | Question | Does the pair agree? |
# | You will be able to | move a slider |
# | Minutes | 1 |
# | Claims | none |

# %%
import base64
import io
import os
import types
import warnings
from pathlib import Path

from IPython.display import display
from PIL import Image as Picture

# %%
teach = types.SimpleNamespace(predict=lambda question, options: print(question, *options))
teach.predict("Which is larger?", ["2 + 2", "2 * 2", "neither"])


# %%
def png(shift):
    picture = Picture.new("RGB", (32, 32))
    picture.putdata([(7 * x % 256, (x * shift) % 256, x // 4) for x in range(1024)])
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


# %%
alt = "A square of coloured stripes."
bundle = {"image/png": base64.b64encode(png(3)).decode(), "text/plain": alt}
display(bundle, raw=True, metadata={"image/png": {"alt": alt}})

# %% tags=["nbval-ignore-output"]
import time

print(time.strftime("the year %Y"))

# %%
2 + 2

# %%
{"shape": (2, 3), "hash": hash("a string") == hash("a string")}

# %%
print("tokens", 16)

# %%
print("tokens", 16)

# %%
print(object())
print(Path.home() / "secrets", os.__file__, base64.__file__, display.__globals__["__file__"])
print(os.environ["MINIDIT_HOME"], os.environ["MINIDIT_QUIET"], os.environ["OMP_NUM_THREADS"])
warnings.warn("take care", stacklevel=1)

# %% tags=["raises-exception"]
raise ValueError("the point of the lesson")

# %% [markdown]
# ## Look

# %%
from ipywidgets import HTML, Image, IntSlider, Stack, VBox, jslink

unused = HTML("nobody shows me")
frames = Stack([Image(value=png(shift), format="png") for shift in (1, 2)], selected_index=0)
slider = IntSlider(max=1)
_ = jslink((slider, "value"), (frames, "selected_index"))
VBox([slider, frames])

# %% [markdown]
# ## What would change our mind
#
# ## Exercises
#
# ## Sources
"""


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """The toy chapter, built once for all; do not change it, take a copy."""
    source = tmp_path_factory.mktemp("book") / "ch01_toy.py"
    source.write_text(CHAPTER)
    build(source)
    return source


@pytest.fixture
def toy(built, tmp_path) -> Path:
    """A copy of the built pair that a test may break."""
    copy(built.with_suffix(".ipynb"), tmp_path)
    return Path(copy(built, tmp_path))


@pytest.fixture
def chapter(tmp_path) -> Callable[[str], Path]:
    """Write a source into a fresh folder."""

    def write(text: str) -> Path:
        source = tmp_path / "ch02_small.py"
        source.write_text(text)
        return source

    return write
