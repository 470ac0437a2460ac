"""Records and pictures are whole or absent."""

import errno
import json
import os
import re
import socket
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reid_cosam.results.store import (
    read_record,
    remove_strays,
    replacing,
    save_picture,
    write_json,
    write_record,
    write_text,
)


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


def test_the_file_before_is_kept_under_another_name(tmp_path: Path) -> None:
    path, previous = tmp_path / "last", tmp_path / "previous"
    for text in ("1", "2", "3"):
        with replacing(path, previous) as temporary:
            temporary.write_text(text)

    assert (path.read_text(), previous.read_text()) == ("3", "2")
    assert names(tmp_path) == ["last", "previous"]


def test_an_error_of_the_system_names_the_file_itself(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match=rf"No space left on device: '{tmp_path / 'a'}'"),
        replacing(tmp_path / "a"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OSError, match=str(tmp_path / "file")):
        write_text(tmp_path / "file" / "a.txt", "text")


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    host = re.sub(r"\W", "_", socket.gethostname())
    (tmp_path / "checkpoints").mkdir()
    left = tmp_path / "checkpoints" / f".last.ckpt.{host}-{ended.pid}-0a.tmp"
    at_work = tmp_path / f".a.json.{host}-{os.getpid()}-0b.tmp"
    elsewhere, long_ago = tmp_path / ".a.json.elsewhere-1-0c.tmp", tmp_path / ".a.json.elsewhere-2-0d.tmp"
    foreign = tmp_path / ".foreign.tmp"
    for path in (left, at_work, elsewhere, long_ago, foreign):
        path.touch()
    os.utime(long_ago, (0, 0))

    remove_strays(tmp_path)

    assert not left.exists()
    assert not long_ago.exists()
    assert at_work.exists()
    assert elsewhere.exists()
    assert foreign.exists()


def test_a_path_that_is_no_text_is_read_back_as_it_was(tmp_path: Path) -> None:
    path = os.fsdecode(b"/data/\xca\xfd")

    write_json(tmp_path / "a.json", {"folder": Path(path), "é": path})
    write_record(tmp_path / "b.json", {"folder": path})
    write_text(tmp_path / "a.csv", f"frame\n{path}\n")

    assert json.loads((tmp_path / "a.json").read_text()) == {"folder": path, "é": path}
    assert "é" in (tmp_path / "a.json").read_text()
    assert read_record(tmp_path / "b.json") == {"folder": path}
    assert (tmp_path / "a.csv").read_text() == "frame\n/data/\\udcca\\udcfd\n"


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"

    write_record(path, {"mAP": np.float64(1 / 3), "name": "é", "rows": [{"R1": 0.5}, None]})

    assert read_record(path) == {"mAP": 1 / 3, "name": "é", "rows": [{"R1": 0.5}, None]}


def test_a_record_whose_number_was_changed_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    write_record(path, {"mAP": 0.746})
    path.write_text(path.read_text().replace("0.746", "0.346"))

    with pytest.raises(ValueError, match=rf"{path} is damaged: .*SHA-256"):
        read_record(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_what_is_no_record_is_damaged(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_bytes(content)

    with pytest.raises(ValueError, match=r"metrics\.json is damaged"):
        read_record(tmp_path / "metrics.json")


def test_a_record_of_an_earlier_version_has_no_sum(tmp_path: Path) -> None:
    write_json(tmp_path / "metrics.json", {"mAP": 0.5})

    assert read_record(tmp_path / "metrics.json") == {"mAP": 0.5}


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
