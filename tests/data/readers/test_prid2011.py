import json
import shutil
from pathlib import Path

import pytest

from reid_cosam.data.counts import check_counts
from reid_cosam.data.readers.prid2011 import Prid2011
from tests.support.tree import write_prid2011_tree

REAL_SPLITS = Path(__file__).parents[1] / "splits" / "prid2011.json"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Persons 1 to 6 in both cameras, 7 in camera a and 8 in camera b."""
    return write_prid2011_tree(tmp_path, size=(2, 2))


def _write_split(tree: Path, train: list[str], test: list[str]) -> None:
    (tree / "splits_prid2011.json").write_text(json.dumps([{"train": train, "test": test}]))


def test_queries_are_of_camera_a_and_the_gallery_of_camera_b(tree: Path) -> None:
    _write_split(tree, ["person_0004"], ["person_0006", "person_0002"])

    splits = Prid2011(0).read(str(tree))

    assert [(t.pid, t.camid) for t in splits.train] == [(4, 1), (4, 2)]
    assert [(t.pid, t.camid) for t in splits.query] == [(2, 1), (6, 1)]
    assert [(t.pid, t.camid) for t in splits.gallery] == [(2, 2), (6, 2)]
    assert splits.gallery[0].frames == tuple(
        f"{tree}/prid_2011/multi_shot/cam_b/person_0002/{number:04d}.png" for number in range(1, 22)
    )


def test_multi_shot_may_lie_in_the_root(tree: Path) -> None:
    expected = [t.pid for t in Prid2011(9).read(tree).query]
    (tree / "prid_2011" / "multi_shot").rename(tree / "multi_shot")

    assert [t.pid for t in Prid2011(9).read(tree).query] == expected


def test_the_file_of_the_splits_is_told(tree: Path) -> None:
    named, plain = tree / "splits_prid2011.json", tree / "splits.json"

    shutil.copy(named, plain)
    assert Prid2011(0).splits_file(tree) == named

    named.unlink()
    assert Prid2011(0).splits_file(tree) == plain


def test_missing_splits_name_both_files(tree: Path) -> None:
    (tree / "splits_prid2011.json").unlink()

    with pytest.raises(FileNotFoundError) as error:
        Prid2011(0).read(tree)

    assert f"neither {tree / 'splits_prid2011.json'} nor {tree / 'splits.json'}" in str(error.value)


@pytest.mark.parametrize("camera", ["cam_a", "cam_b"])
def test_a_missing_camera_is_named_with_the_layout(tree: Path, camera: str) -> None:
    folder = tree / "prid_2011" / "multi_shot" / camera
    shutil.rmtree(folder)

    with pytest.raises(FileNotFoundError) as error:
        Prid2011(0).read(tree)

    assert str(error.value).startswith(f"{folder} is missing")
    assert "cam_a/person_0001/0001.png" in str(error.value)


@pytest.mark.parametrize("split", [-1, 10])
def test_a_split_that_is_not_there_is_refused(tree: Path, split: int) -> None:
    with pytest.raises(ValueError, match=rf"^split={split} is not in .*prid2011\.json, which has 10 splits"):
        Prid2011(split).read(tree)


@pytest.mark.parametrize(
    ("person", "missing"), [("person_0007", "cam_b"), ("person_0008", "cam_a"), ("person_0100", "cam_a")]
)
def test_someone_whom_a_camera_lacks_is_named(tree: Path, person: str, missing: str) -> None:
    _write_split(tree, ["person_0001"], [person])

    with pytest.raises(ValueError, match=f"split 0, names {person}, but .*/{missing}/{person} is missing"):
        Prid2011(0).read(tree)


def test_someone_with_too_few_frames_is_named(tree: Path) -> None:
    (tree / "prid_2011/multi_shot/cam_b/person_0003/0001.png").unlink()

    with pytest.raises(ValueError, match=r"cam_b/person_0003 has 20 frames, .* at least 21"):
        Prid2011(0).read(tree)


def test_a_tracklet_that_lacks_frames_by_their_numbers_is_named(tmp_path: Path) -> None:
    tree = write_prid2011_tree(tmp_path, frames=40, size=(2, 2))
    _write_split(tree, ["person_0001"], ["person_0002"])
    folder = tree / "prid_2011/multi_shot/cam_b/person_0002"
    for number in [3, *range(10, 24)]:
        (folder / f"{number:04d}.png").unlink()

    assert Prid2011(0).gaps(Prid2011(0).read(tree)) == (
        f"{folder} lacks 15 of 40 frames, the first of them 0003.png",
    )


def test_frames_may_be_numbered_from_0_and_lost_at_the_end_unseen(tree: Path) -> None:
    _write_split(tree, ["person_0001"], ["person_0002"])
    shots = tree / "prid_2011/multi_shot"
    (shots / "cam_a/person_0001/0021.png").rename(shots / "cam_a/person_0001/0000.png")

    assert Prid2011(0).gaps(Prid2011(0).read(tree)) == ()


def test_the_real_splits_give_the_counts(tmp_path: Path) -> None:
    shutil.copy(REAL_SPLITS, tmp_path / "splits_prid2011.json")
    real = json.loads(REAL_SPLITS.read_text())
    people = {person for entry in real for person in (*entry["train"], *entry["test"])}
    for person in people:
        for camera in ("cam_a", "cam_b"):
            folder = tmp_path / "prid_2011" / "multi_shot" / camera / person
            folder.mkdir(parents=True)
            for number in range(1, 22):
                (folder / f"{number:04d}.png").touch()

    splits = [Prid2011(split).read(tmp_path) for split in range(10)]

    assert (len(people), len(real)) == (178, 10)
    for each, entry in zip(splits, real, strict=True):
        check_counts(each, Prid2011.counts, "PRID2011")
        assert {f"person_{t.pid:04d}" for t in each.query} == set(entry["test"])
