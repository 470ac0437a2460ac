"""`reid-cosam render`: what it writes, what it says, and which settings it refuses."""

import os
import re
from pathlib import Path

import pytest

from reid_cosam import render
from tests.support.in_process import call

TINY = ("people=2", "cameras=2", "visits=1", "minutes=0", "height=96", "width=160", "fps=4")


def test_what_was_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)

    code, out, err = call(render.main, tmp_path, "out=footage/one", *TINY)

    folder = tmp_path / "footage" / "one"
    boxes = sum(len(path.read_text().splitlines()) for path in folder.glob("*.txt"))
    assert code == 0
    line = rf"written: {folder} \(cameras: 2, people: 2, tracks: 2, boxes: {boxes}, \d\.\d MB\)\n"
    assert re.fullmatch(line, out)
    assert re.match(r"rendering \d+ frames of 160x96\n(rendered .*\n)+", err)
    assert {path.name for path in folder.iterdir()} == {
        *("camera1.mp4", "camera1.txt", "camera2.mp4", "camera2.txt"),
        *("footage.json", "identities.csv", "travel_times.csv"),
    }


@pytest.mark.parametrize(
    ("argument", "named"), [("part=query", "part"), ("cameras=0", "cameras"), ("width=641", "width")]
)
def test_a_wrong_setting_is_named(argument: str, named: str, tmp_path: Path) -> None:
    code, _, err = call(render.main, tmp_path, "out=footage", *TINY, argument)

    assert code == 1
    assert f"error: {named}" in err or f" {named}=" in err
    assert not (tmp_path / "footage").exists()
