"""Records and pictures are whole or absent."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reid_cosam.results.store import replacing, save_picture, write_json, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def break_off(path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_text("ne")
        raise RuntimeError("disk full")


def test_json_is_sorted_indented_and_plain(tmp_path: Path) -> None:
    path = tmp_path / "run" / "metrics.json"

    write_json(
        path, {"mAP": np.float64(0.5), "R1": np.float32(0.25), "cmc": np.array([0, 1]), "at": Path("a")}
    )

    assert path.read_text() == (
        '{\n  "R1": 0.25,\n  "at": "a",\n  "cmc": [\n    0,\n    1\n  ],\n  "mAP": 0.5\n}\n'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("nan"), np.array([-np.inf])])
def test_json_refuses_what_it_cannot_hold(tmp_path: Path, value: object) -> None:
    with pytest.raises(
        ValueError, match=r"metrics\.json: scores: mAP.* is (nan|-?inf), which JSON cannot hold"
    ):
        write_json(tmp_path / "metrics.json", {"scores": {"mAP": value}})

    assert names(tmp_path) == []


def test_json_names_a_value_without_json_form(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"rows\[1\] is a set"):
        write_json(tmp_path / "metrics.json", {"rows": [1, {2}]})


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "note.txt"
    write_text(path, "old")

    with pytest.raises(RuntimeError, match="disk full"):
        break_off(path)

    assert path.read_text() == "old"
    assert names(tmp_path) == ["note.txt"]


def test_text_keeps_its_line_ends_and_letters(tmp_path: Path) -> None:
    write_text(tmp_path / "note.txt", "é\n")

    assert (tmp_path / "note.txt").read_bytes() == b"\xc3\xa9\n"


def test_a_picture_comes_back_as_it_was(tmp_path: Path) -> None:
    image = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(2, 4, 3))

    save_picture(image, tmp_path / "sheet.png")

    assert np.array_equal(np.asarray(Image.open(tmp_path / "sheet.png")), np.asarray(image))
    assert names(tmp_path) == ["sheet.png"]


def test_only_png_pictures_are_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sheet\.jpg must end in \.png"):
        save_picture(Image.new("RGB", (2, 2)), tmp_path / "sheet.jpg")
