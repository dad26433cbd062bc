"""The claims page says what cards and evidence give, and the committed page is the fresh one."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "claims"))  # the made-up claims

from synthetic import BASE, METRIC, SAME, Case, hypothesis, moved

from minidit.errors import MiniditError
from minidit.publish.claims import PICTURES, faults, page, write
from minidit.publish.pictures import sources

BOOK = Path(__file__).parents[2] / "book"
AFFINE = "norm_affine=true"


def case(**changes):
    values = {AFFINE: {METRIC: moved([-1, -2, -3, -4, -5])}}
    return Case(**{"values": values} | changes)


def test_the_committed_page_and_its_pictures_are_fresh():
    assert faults(BOOK) == []


def cells(text, first):
    """The cells of the table rows whose first cell is `first`, without the marks of bold."""
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if "|" in line
    ]
    return [[cell.replace("**", "") for cell in row] for row in rows if row[0] == first]


def test_a_section_says_everything(tmp_path):
    case().write(tmp_path)
    text = page(tmp_path)
    ((_, question, counted, cpu),) = cells(text, "[C90](#c90)")
    assert (question, counted, cpu) == (
        "Do a gain and a bias in LayerNorm help or hurt?",
        "a supported",
        "not run yet",
    )
    (result,) = cells(text, "C90.a")
    # effects as they were measured: minus is lower. 95 %: 3 +- 1.963
    assert result == ["C90.a", "supported", "-3.0 %", "[-5.0, -1.0] at 95 %", "below -0.5 %", "0.36 %", "5"]
    assert cells(text, f"`{AFFINE}`") == [[f"`{AFFINE}`", "53,840", "1.23e+09", "0.002", "97.03"]]
    for words in (
        "> 层归一化的增益和偏置会过拟合",
        "Language: Chinese. Source: an article of August 2025. Seen: article.",
        "Our translation: LayerNorm's gain and bias over-fit",
        "the difference of `norm_affine=true` from `base` must be below -0.5 %",
        "times the base's",
        # (2 arms x 3 rates x 2 seeds + 2 arms x 5 seeds + 5 A/A) x 39 s
        "Cost: 17.6 core minutes for 27 runs; planned were 40.",
        "a processor, 1 thread a run; Python 3.11.7, PyTorch 2.13.0+cpu. Date: 2026-11-24. Commit: abc1234.",
        "`minidit claims run C90 --scale cpu`",
        "Not run yet. To run it: `minidit claims run C90 --scale a100`",
        "- The networks are small.",
        "**What would change our mind**\n\n- A gap between training and held-out error",
        f"]({PICTURES}/C90.cpu.png)",
        f"]({PICTURES}/C90.cpu.rates.png)",
        "](evidence/C90.cpu.json)",
    ):
        assert words in text, words
    assert "FLOPs" in text and '<a id="c90"></a>' in text


def test_the_rule_is_told_once_in_twelve_lines_or_less(tmp_path):
    case().write(tmp_path)
    case(id="C91").write(tmp_path)
    text = page(tmp_path)
    assert text.count("## How a verdict is made") == 1
    rule = text.split("## How a verdict is made\n\n")[1].split("\n\n")[0].splitlines()
    assert len(rule) <= 12 and max(map(len, rule)) <= 120
    assert all(f"**{word}**" in "\n".join(rule) for word in ("supported", "refuted", "inconclusive", "stale"))


def test_an_inconclusive_verdict_says_what_could_have_been_seen(tmp_path):
    case(hypotheses=[hypothesis("a", delta=1.1)]).write(tmp_path)
    (result,) = cells(page(tmp_path), "C90.a")
    # the bar and the half width: 1.1 + 1.963
    assert result[1] == "inconclusive" and result[-1] == "beyond 3.06 % would be seen"


def test_samples_that_cannot_be_read_are_named(tmp_path):
    unread = {"quality.frechet": BASE, "quality.accuracy": [0.5] * 5}
    better = {"quality.frechet": moved([-9, -9.1, -9.2, -9.3, -9.4]), "quality.accuracy": [0.5] * 5}
    one = hypothesis("a", metric="quality.frechet")
    case(hypotheses=[one], values={"base": unread, AFFINE: better}, same={"quality.frechet": SAME}).write(
        tmp_path
    )
    (result,) = cells(page(tmp_path), "C90.a")
    assert result[1] == "inconclusive" and "judge reads 0.50" in result[-1]


def test_what_is_counted_stands_beside_what_is_run(tmp_path):
    fact = hypothesis("b", metric="fact.merged_affine", arm="", delta=1e-9, unit="absolute")
    case(hypotheses=[hypothesis("a"), fact]).write(tmp_path, evidence=False)
    text = page(tmp_path)
    assert cells(text, "[C90](#c90)")[0][2:] == ["b supported", "not run yet", "not run yet"]
    # rounding differs between machines, and the page must not
    assert cells(text, "C90.b") == [["C90.b", "supported", "under 1e-11", "below 1e-09"]]
    case(hypotheses=[hypothesis("a"), fact]).write(tmp_path)
    assert len(cells(page(tmp_path), "C90.b")) == 1 and len(cells(page(tmp_path), "C90.a")) == 1


def test_a_stale_verdict_says_why_and_has_no_picture(tmp_path):
    case().write(tmp_path)
    write(tmp_path)
    card = next((tmp_path / "claims").glob("*.toml"))
    card.write_text(card.read_text(encoding="utf-8").replace("delta = 0.5", "delta = 5.1"), encoding="utf-8")
    text = page(tmp_path)
    assert cells(text, "[C90](#c90)")[0][2] == "a stale"
    assert "**Stale.** The card was changed" in text and "2026-11-24, commit abc1234" in text
    assert (
        not {"supported", "refuted"} & {word for row in cells(text, "C90.a") for word in row}
        and "![" not in text
    )
    assert any("belongs to no verdict" in fault for fault in faults(tmp_path))


def test_evidence_that_carries_no_verdict_stops_the_page(tmp_path):
    case(same={METRIC: SAME[:4]}).write(tmp_path)
    with pytest.raises(MiniditError):
        page(tmp_path)


@pytest.mark.slow  # draws ten pictures
def test_writing_makes_it_fresh_and_every_change_is_seen(tmp_path):
    path = case().write(tmp_path)
    other = case(id="C91").write(tmp_path)
    assert len(faults(tmp_path)) == 5  # the page and four pictures
    written = write(tmp_path)
    assert faults(tmp_path) == [] and len(written) == 5
    for name in written[1:]:
        assert f"({name.relative_to(tmp_path).as_posix()})" in page(tmp_path)
        assert set(sources(name)) == {"card", "evidence"}
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert [fault.split(" Run")[0] for fault in faults(tmp_path)] == [
        f"{PICTURES}/C90.cpu.png was made from another card or from other evidence.",
        f"{PICTURES}/C90.cpu.rates.png was made from another card or from other evidence.",
    ]
    write(tmp_path)
    (tmp_path / PICTURES / "C90.cpu.png").unlink()
    assert [fault.split(" Run")[0] for fault in faults(tmp_path)] == [f"{PICTURES}/C90.cpu.png is missing."]
    other.unlink()
    write(tmp_path)
    assert faults(tmp_path) == [] and len(list((tmp_path / PICTURES).glob("*"))) == 2
    (tmp_path / "claims.md").write_text(page(tmp_path).replace("supported", "refuted"), encoding="utf-8")
    assert [fault.split(" is")[0] for fault in faults(tmp_path)] == ["claims.md"]


def test_a_run_on_a_gpu_names_it(tmp_path):
    path = case(scale="a100").write(tmp_path)
    text = path.read_text(encoding="utf-8").replace('"gpu": null', '"gpu": "NVIDIA H200"')
    path.write_text(text, encoding="utf-8")
    # wall clock on a GPU: 27 x 40 s
    assert "Cost: 18.0 GPU minutes" in page(tmp_path)
    assert "a100 settings, run on one NVIDIA H200, with a processor" in page(tmp_path)
