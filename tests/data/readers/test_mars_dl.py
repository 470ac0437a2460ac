"""MARS-DL and its cleaned list; `test_mars.py` has what it shares with MARS."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from reid_cosam.data.readers.mars import Mars
from reid_cosam.data.readers.mars_dl import MarsDl
from tests.support.layouts import write_mars_dl_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_mars_dl_tree(tmp_path)


def _clean(tree: Path, row: int, column: int, value: int) -> None:
    path = tree / "info/clean_tracks_test_info.mat"
    rows = loadmat(path)["track_test_info"]
    rows[row, column] = value
    savemat(path, {"track_test_info": rows})


def test_the_plain_list_is_read_as_that_of_mars(tree: Path) -> None:
    (tree / "info/clean_tracks_test_info.mat").unlink()

    assert MarsDl(cleaned=False).read(tree) == Mars().read(tree)


def test_the_cleaned_list_corrects_people(tree: Path) -> None:
    plain, cleaned = Mars().read(tree), MarsDl(cleaned=True).read(str(tree))

    assert [t.pid for t in plain.gallery] == [101, 101, 102, 102, 103, 103]
    assert [t.pid for t in cleaned.gallery] == [102, 101, 102, 102, 0, 103]
    assert [t.frames for t in cleaned.gallery] == [t.frames for t in plain.gallery]
    assert (cleaned.train, cleaned.query) == (plain.train, plain.query)


def test_a_corrected_tracklet_may_be_junk(tree: Path) -> None:
    _clean(tree, row=1, column=4, value=-1)

    splits = MarsDl(cleaned=True).read(tree)

    assert [t.frames for t in splits.junk] == [Mars().read(tree).gallery[0].frames]
    assert len(splits.gallery) == 5


def test_a_missing_cleaned_list_is_named(tree: Path) -> None:
    path = tree / "info/clean_tracks_test_info.mat"
    path.unlink()

    with pytest.raises(FileNotFoundError, match=rf"^{path} is missing"):
        MarsDl(cleaned=True).read(tree)


@pytest.mark.parametrize("pid", [0, -1])
def test_a_query_of_nobody_is_refused(tree: Path, pid: int) -> None:
    _clean(tree, row=0, column=4, value=pid)

    with pytest.raises(
        ValueError, match=rf"{tree}/info/.*\.mat.* {'junk' if pid else 'pid 0, which is nobody'}"
    ):
        MarsDl(cleaned=True).read(tree)


def test_names_go_with_the_person_before_the_correction(tree: Path) -> None:
    _clean(tree, row=1, column=2, value=102)

    with pytest.raises(ValueError, match=r"clean_tracks_test_info\.mat, row 2: pid 102, camera 1 .* 0102C1"):
        MarsDl(cleaned=True).read(tree)


def test_a_list_of_four_columns_is_not_the_cleaned_one(tree: Path) -> None:
    rows = np.array(loadmat(tree / "info/tracks_test_info.mat")["track_test_info"])
    savemat(tree / "info/clean_tracks_test_info.mat", {"track_test_info": rows})

    with pytest.raises(
        ValueError, match=r"clean_tracks_test_info\.mat: .* corrected pid, second pid, .* 4\)"
    ):
        MarsDl(cleaned=True).read(tree)
