"""A gallery on disk is what was written, or is refused."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from reid_cosam.galleries.gallery import COLUMNS, Gallery, read_gallery, write_gallery


def small_gallery() -> Gallery:
    rows = [
        ("cam1", "007", "", 1, 9, 0.0, 0.36, 9, 9, 0, "cam1.mp4", "thumbnails/00000.jpg"),
        ("cam2", "1", "anna", 4, 5, None, None, 2, 1, 1, "cam2.mp4", ""),
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(dict(COLUMNS))
    return Gallery(torch.tensor([[0.0, 1.5, 2.0], [3.0, 4.0, 5.0]]), table, "ab12", "model/")


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    written = replace(small_gallery(), distance="cosine")
    write_gallery(written, tmp_path)
    read = read_gallery(tmp_path)
    assert torch.equal(read.descriptors, written.descriptors)
    pd.testing.assert_frame_equal(read.tracklets, written.tracklets)
    assert (read.network, read.model, read.distance, len(read)) == ("ab12", "model/", "cosine", 2)


def test_equal_galleries_are_equal_files_that_the_library_reads(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    for name in ("one", "other"):
        write_gallery(small_gallery(), tmp_path / name)

    one, other = (tmp_path / name / "descriptors.safetensors" for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    assert torch.equal(load_file(one)["descriptors"], small_gallery().descriptors)


def test_a_folder_without_a_gallery_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        read_gallery(tmp_path)


def test_a_changed_file_of_descriptors_is_refused(tmp_path: Path) -> None:
    write_gallery(small_gallery(), tmp_path)
    path = tmp_path / "descriptors.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        read_gallery(tmp_path)


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("tested_frames", "tested", "tested_frames"),
        (",9,9,0,", ",9,many,0,", "tested_frames"),
        ("cam2,1,anna", "cam2,1,anna,more", "tracklets.csv"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(tmp_path: Path, before: str, after: str, named: str) -> None:
    write_gallery(small_gallery(), tmp_path)
    table = tmp_path / "tracklets.csv"
    table.write_text(table.read_text().replace(before, after))
    with pytest.raises(ValueError, match=named):
        read_gallery(tmp_path)


def test_a_table_with_a_line_less_is_refused(tmp_path: Path) -> None:
    write_gallery(small_gallery(), tmp_path)
    table = tmp_path / "tracklets.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(ValueError, match="lists 1 tracklet,"):
        read_gallery(tmp_path)


def test_descriptors_of_another_program_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"descriptors": torch.zeros(2, 3)}, tmp_path / "descriptors.safetensors")
    with pytest.raises(ValueError, match="network"):
        read_gallery(tmp_path)
