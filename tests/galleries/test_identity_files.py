"""The files of linked galleries."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from reid_cosam.galleries.identity_files import check_folder, replaced, write_linked
from reid_cosam.galleries.linked import link_gallery
from tests.support.galleries import two_people


def test_files_of_identities_and_boxes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    boxes = tmp_path / "boxes"
    boxes.mkdir()
    (boxes / "cam2.txt").write_text("7,2,1.5,2,30,60,0.9,1,1\n8,1,5,6,7,8\n8,99,1,1,1,1\n")
    write_linked(link_gallery(two_people(), threshold=3.0), tmp_path / "out", boxes)
    assert (tmp_path / "out" / "cam2.txt").read_text() == "7,2,1.5,2,30,60,0.9,1,1\n8,1,5,6,7,8\n"
    assert "boxes of 1 track that the gallery lacks" in caplog.text
    assert not (tmp_path / "out" / "cam1.txt").exists()
    table = pd.read_csv(tmp_path / "out" / "identities.csv", dtype={"nearest_identity": "Int64"})
    assert table["identity"].tolist() == [1, 2, 3, 1, 2]
    assert json.loads((tmp_path / "out" / "link.json").read_text())["identities"] == 3
    (boxes / "cam1.txt").write_text("7 2 1.5 2 30 60\n")
    with pytest.raises(ValueError, match=r"cam1.txt, line 1: not MOT text"):
        write_linked(link_gallery(two_people(), threshold=3.0), tmp_path / "new", boxes)
    assert not (tmp_path / "new").exists()


def test_seconds_and_distances_have_the_digits_that_mean_something(tmp_path: Path) -> None:
    gallery = two_people()
    late = gallery.tracklets.assign(start=gallery.tracklets["start"] + 45.3 + 0.2 + 0.30000000000000004)
    write_linked(link_gallery(replace(gallery, tracklets=late), threshold=3.0), tmp_path, tmp_path / "none")
    lines = (tmp_path / "identities.csv").read_text().splitlines()
    third = dict(zip(lines[0].split(","), lines[3].split(","), strict=True))
    assert (third["start"], third["nearest_distance"]) == ("50.8", "4.061553")  # (4 + √17) / 2


def test_a_folder_is_written_if_it_is_new_or_empty_or_of_link(tmp_path: Path) -> None:
    check_folder(tmp_path / "out", tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".DS_Store").touch()
    check_folder(tmp_path / "out", tmp_path)
    write_linked(link_gallery(two_people(), threshold=3.0), tmp_path / "out", tmp_path / "none")
    check_folder(tmp_path / "out", tmp_path)


def test_a_folder_of_link_is_replaced_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    out, boxes = tmp_path / "out", tmp_path / "boxes"
    boxes.mkdir()
    (boxes / "cam1.txt").write_text("7,2,1.5,2,30,60,0.9,1,1\n")
    linked = link_gallery(two_people(), threshold=3.0)
    with replaced(out) as staged:
        write_linked(linked, staged, boxes)
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    assert sorted(first) == ["cam1.txt", "identities.csv", "link.json"]
    (boxes / "cam1.txt").unlink()

    def relink(stopped: bool) -> None:
        with replaced(out) as staged:
            write_linked(linked, staged, boxes)
            if stopped:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        relink(stopped=True)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first
    check_folder(out, tmp_path)
    relink(stopped=False)
    assert sorted(path.name for path in out.iterdir()) == ["identities.csv", "link.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["boxes", "out"]


def test_a_file_of_somebody_else_in_a_folder_of_link_is_not_lost(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_linked(link_gallery(two_people(), threshold=3.0), out, tmp_path / "none")
    (out / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"out=.*out holds files that link did not write, such as notes.txt"):
        check_folder(out, tmp_path)


@pytest.mark.parametrize("summary", [None, "", "{}", '{"identities": 3}', "[1]"])
def test_files_of_other_origin_are_not_overwritten(tmp_path: Path, summary: str | None) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "cam1.txt").write_text("mine")
    if summary is not None:
        (out / "link.json").write_text(summary)
    with pytest.raises(ValueError, match=r"out=.*out holds files that link did not write, such as cam1.txt"):
        check_folder(out, tmp_path)


def test_neither_the_gallery_nor_a_file_is_written_as_a_folder(tmp_path: Path) -> None:
    write_linked(link_gallery(two_people(), threshold=3.0), tmp_path, tmp_path / "none")
    with pytest.raises(ValueError, match="gallery itself"):
        check_folder(tmp_path / "x" / "..", tmp_path)
    with pytest.raises(ValueError, match=r"out=.*identities.csv is a file"):
        check_folder(tmp_path / "identities.csv", tmp_path / "gallery")
