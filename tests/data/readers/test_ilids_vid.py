import json
import shutil
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from reid_cosam.data.counts import check_counts
from reid_cosam.data.readers.ilids_vid import IlidsVid
from tests.support.tree import write_ilids_vid_tree

REAL_SPLITS = Path(__file__).parents[1] / "splits" / "ilids_vid.json"
MAT = "train-test people splits/train_test_splits_ilidsvid.mat"
HALVES: tuple[Literal["first", "last"], ...] = ("first", "last")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Six people, of whom the folders are numbered 1, 3, 5, 7, 9, 11."""
    return write_ilids_vid_tree(tmp_path, size=(2, 2))


def _write_split(tree: Path, *numbers: int) -> None:
    savemat(tree / MAT, {"ls_set": np.array([numbers], dtype=np.uint16)})


def test_a_split_numbers_the_sorted_folders_from_one(tree: Path) -> None:
    _write_split(tree, 6, 1, 3, 5, 2, 4)

    splits = IlidsVid(0, "first").read(str(tree))

    assert [(t.pid, t.camid) for t in splits.query] == [(1, 1), (5, 1), (11, 1)]
    assert [(t.pid, t.camid) for t in splits.gallery] == [(1, 2), (5, 2), (11, 2)]
    assert [(t.pid, t.camid) for t in splits.train] == [(3, 1), (3, 2), (7, 1), (7, 2), (9, 1), (9, 2)]
    assert splits.query[1].frames == tuple(
        f"{tree}/i-LIDS-VID/sequences/cam1/person005/cam1_person005_{number:05d}.png"
        for number in (90, 95, 100, 105, 110, 115)
    )


def test_the_last_half_is_tested_when_asked_for(tree: Path) -> None:
    first, last = (IlidsVid(4, half).read(tree) for half in HALVES)

    assert {t.pid for t in first.query} == {t.pid for t in last.train}
    assert {t.pid for t in last.query} == {t.pid for t in first.train}


@pytest.mark.parametrize("half", HALVES)
def test_mat_and_json_splits_agree(tree: Path, half: Literal["first", "last"]) -> None:
    from_mat = [IlidsVid(split, half).read(tree) for split in range(10)]
    people = np.array([f"person{number:03d}" for number in range(1, 12, 2)])
    order = people[loadmat(tree / MAT)["ls_set"].astype(int) - 1]
    splits = [{"train": sorted(row[3:]), "test": sorted(row[:3])} for row in order.tolist()]
    (tree / "splits.json").write_text(json.dumps(splits))
    (tree / MAT).unlink()

    assert [IlidsVid(split, half).read(tree) for split in range(10)] == from_mat
    assert len({tuple(t.pid for t in splits.query) for splits in from_mat}) > 1


def test_the_mat_comes_before_the_json_file(tree: Path) -> None:
    shutil.copy(REAL_SPLITS, tree / "splits.json")

    assert IlidsVid(0, "first").splits_file(tree) == tree / MAT


def test_sequences_and_splits_may_lie_in_the_root(tree: Path) -> None:
    expected = [t.pid for t in IlidsVid(3, "first").read(tree).query]
    inner = tree / "i-LIDS-VID"
    (tree / MAT).parent.rename(inner / "train-test people splits")

    assert [t.pid for t in IlidsVid(3, "first").read(inner).query] == expected
    assert [t.pid for t in IlidsVid(3, "first").read(tree).query] == expected
    assert IlidsVid(0, "first").splits_file(tree) == inner / MAT


def test_missing_splits_name_both_files(tree: Path) -> None:
    (tree / MAT).unlink()

    with pytest.raises(FileNotFoundError) as error:
        IlidsVid(0, "first").read(tree)

    for path in (tree / MAT, tree / "splits.json"):
        assert str(path) in str(error.value)


@pytest.mark.parametrize("camera", ["cam1", "cam2"])
def test_a_missing_camera_is_named_with_the_layout(tree: Path, camera: str) -> None:
    folder = tree / "i-LIDS-VID" / "sequences" / camera
    shutil.rmtree(folder)

    with pytest.raises(FileNotFoundError) as error:
        IlidsVid(0, "first").read(tree)

    assert str(error.value).startswith(f"{folder} is missing")
    assert "cam1/person001/cam1_person001_00317.png" in str(error.value)


@pytest.mark.parametrize("split", [-1, 10])
def test_a_split_that_is_not_there_is_refused(tree: Path, split: int) -> None:
    with pytest.raises(ValueError, match=rf"^split={split} is not in .*ilidsvid\.mat, which has 10 splits"):
        IlidsVid(split, "first").read(tree)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((1, 2, 3, 4, 5, 7), "number 6 0 times"),
        ((1, 2, 3, 4, 5, 6, 7), "number 7 1 times"),
        ((0, 1, 2, 3, 4, 5), "number 0 1 times"),
        ((1, 2, 3, 4, 5, 5, 6), "number 5 2 times"),
        ((1, 2, 3, 4), "number 5 0 times"),
    ],
)
def test_a_split_that_does_not_fit_the_folders_is_refused(
    tree: Path, numbers: tuple[int, ...], message: str
) -> None:
    _write_split(tree, *numbers)

    with pytest.raises(ValueError, match=message):
        IlidsVid(0, "first").read(tree)


def test_a_table_of_another_shape_is_refused(tree: Path) -> None:
    savemat(tree / MAT, {"ls_set": np.zeros((2, 3, 4))})

    with pytest.raises(ValueError, match=r"ls_set must have one row per split .*, got \(2, 3, 4\)"):
        IlidsVid(0, "first").read(tree)


@pytest.mark.parametrize("camera", ["cam1", "cam2"])
def test_a_person_whom_one_camera_lacks_is_named(tree: Path, camera: str) -> None:
    folder = tree / "i-LIDS-VID" / "sequences" / camera / "person005"
    shutil.rmtree(folder)

    with pytest.raises(ValueError, match=f"ilidsvid.mat, split 0, names person005, but {folder} is missing"):
        IlidsVid(0, "first").read(tree)


def test_an_unknown_person_of_a_json_file_is_named(tree: Path) -> None:
    (tree / MAT).unlink()
    (tree / "splits.json").write_text('[{"train": ["person001"], "test": ["person002"]}]')

    with pytest.raises(
        ValueError, match=r"splits\.json, split 0, names person002, but .*cam1/person002 is missing"
    ):
        IlidsVid(0, "first").read(tree)


def test_the_real_splits_give_the_counts(tmp_path: Path) -> None:
    shutil.copy(REAL_SPLITS, tmp_path / "splits.json")
    real = json.loads(REAL_SPLITS.read_text())
    people = {person for entry in real for person in (*entry["train"], *entry["test"])}
    for person in people:
        for camera in ("cam1", "cam2"):
            folder = tmp_path / "i-LIDS-VID" / "sequences" / camera / person
            folder.mkdir(parents=True)
            (folder / f"{camera}_{person}_00001.png").touch()

    splits = [IlidsVid(split, "first").read(tmp_path) for split in range(10)]

    # One frame stands for each tracklet, so nothing about frames is checked.
    expected = {
        name: number
        for name, number in IlidsVid.counts.items()
        if name not in ("frames", "shortest tracklet", "longest tracklet")
    }
    assert (len(people), len(real)) == (300, 10)
    for each, entry in zip(splits, real, strict=True):
        check_counts(each, expected, "iLIDS-VID")
        assert {f"person{t.pid:03d}" for t in each.query} == set(entry["test"])
