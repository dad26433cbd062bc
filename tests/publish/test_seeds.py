"""Recorded seeds: kept when interrupted, written whole."""

import json

import pytest

import minidit
from minidit.publish.seeds import record_seeds


def test_finished_seeds_are_kept_and_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ran = []

    def run(seed):
        ran.append(seed)
        if ran == [0, 1]:
            raise KeyboardInterrupt
        return {"error": seed + 0.123456789}

    base, out = minidit.experiment("digits"), tmp_path / "evidence"
    with pytest.raises(KeyboardInterrupt):
        record_seeds("toy", base, range(3), run, out)
    assert not out.exists()
    path = record_seeds("toy", base, range(3), run, out)
    assert ran == [0, 1, 1, 2]  # seed 0 was not run again
    written = json.loads(path.read_text())
    assert [one["readouts"]["error"] for one in written["runs"]] == [0.12346, 1.12346, 2.12346]
    assert written["experiment"] == base.to_dict() and written["environment"]["threads"] >= 1
