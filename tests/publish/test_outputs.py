import base64
import io

import pytest
from nbformat.v4 import new_output
from PIL import Image

from minidit.publish.outputs import scrub, small_png, tidy, tidy_output


def noise(mode: str) -> str:
    picture = Image.effect_noise((64, 64), 90).convert(mode)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def decode(encoded: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(encoded)))


def test_png_gets_a_palette():
    before = noise("RGB")
    after = small_png(before)
    assert len(after) < len(before)
    assert decode(after).mode == "P" and len(decode(after).getcolors()) <= 256
    assert decode(after).size == (64, 64)
    assert small_png(after) == after


def test_a_rare_colour_is_kept_beside_many_of_another():
    """Ink of a few words beside reds of every shade: merged with them, it would turn brown."""
    red, green, blue = (Image.effect_noise((256, 256), 90) for _ in range(3))
    picture = Image.merge("RGB", (red, green.point(lambda v: v // 2), blue.point(lambda v: v // 2)))
    picture.paste((31, 41, 51), (0, 0, 5, 5))
    out = io.BytesIO()
    picture.save(out, "PNG")
    after = decode(small_png(base64.b64encode(out.getvalue()).decode())).convert("RGB")
    assert max(abs(a - b) for a, b in zip(after.getpixel((2, 2)), (31, 41, 51), strict=True)) <= 8


def test_transparent_png_comes_on_white():
    out = io.BytesIO()
    clear = Image.effect_noise((64, 64), 90).convert("RGBA")
    clear.putalpha(0)
    clear.save(out, "PNG")
    after = decode(small_png(base64.b64encode(out.getvalue()).decode()))
    assert after.convert("RGB").getpixel((5, 5)) == (255, 255, 255)


def test_pictures_inside_a_tree_are_made_small():
    tree = {"outputs": [{"data": {"image/png": noise("RGB")}, "metadata": {"image/png": {"alt": "noise"}}}]}
    (output,) = tidy(tree)["outputs"]
    assert decode(output["data"]["image/png"]).mode == "P"
    assert output["metadata"] == {"image/png": {"alt": "noise"}}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<object at 0x7f00dead>", "<object at 0x...>"),
        ("0xff is 255", "0xff is 255"),
        ("/home/ada/x.py and /Users/ada/x.py", "~/x.py and ~/x.py"),
        (r"C:\Users\ada\x.py", r"~\x.py"),
        ("'/root/runs'", "'~/runs'"),
        ("the /rooted tree, a/root", "the /rooted tree, a/root"),
        ("/home/ada/minidit/minidit/flow/euler.py:3: UserWarning", "minidit/flow/euler.py:3: UserWarning"),
        ("https://example.org/minidit/minidit/a.py", "https://example.org/minidit/minidit/a.py"),
        ("/opt/lib/python3.11/site-packages/torch/nn.py", "site-packages/torch/nn.py"),
        ("/tmp/ipykernel_77/123.py:1: UserWarning", "cell.py:1: UserWarning"),
        ("/var/folders/minidit-book-abc_1/data", "MINIDIT_HOME/data"),
        (r"Image(value=b'\x89PNG\r\n', width=3)", "Image(value=b'...', width=3)"),
    ],
)
def test_scrub(text, clean):
    assert scrub(text) == clean
    assert scrub(clean) == clean  # nbval scrubs the stored text again


def test_error_loses_colours():
    error = new_output("error", ename="OSError", evalue="\x1b[31mno\x1b[0m", traceback=["a", "b"])
    assert tidy_output(error, 1).traceback == ["OSError: no"]
