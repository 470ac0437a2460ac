import csv
from pathlib import Path

import pytest

from reid_cosam.data.counts import check_counts
from reid_cosam.data.readers.duke import Duke
from reid_cosam.data.tracklet import Tracklet
from tests.support.tree import write_duke_tree

TRACKLETS = Path(__file__).parents[1] / "splits" / "duke_tracklets.csv"


def _write(root: Path, *frames: str) -> Path:
    """Write empty frames, and the three folders."""
    for part in ("train", "query", "gallery"):
        (root / part).mkdir(parents=True, exist_ok=True)
    for frame in frames:
        (root / frame).parent.mkdir(parents=True, exist_ok=True)
        (root / frame).touch()
    return root


def test_splits_of_a_small_tree(tmp_path: Path) -> None:
    splits = Duke().read(str(write_duke_tree(tmp_path)))

    assert [(t.pid, t.camid) for t in splits.train] == [(pid, cam) for pid in (1, 2, 3, 4) for cam in (1, 2)]
    assert [(t.pid, t.camid) for t in splits.query] == [(5, 1), (6, 1), (7, 1)]
    assert [(t.pid, t.camid) for t in splits.gallery] == [(5, 2), (6, 2), (7, 2), (7140, 1)]
    assert splits.junk == ()
    assert all(
        Path(frame).is_file() for t in splits.train + splits.query + splits.gallery for frame in t.frames
    )


@pytest.mark.parametrize("between", ["", "_"], ids=["old names", "new names"])
def test_frames_come_by_number_and_gaps_stay(tmp_path: Path, between: str) -> None:
    names = [
        between.join(parts) + ".jpg"
        for parts in (
            ("0012", "C8", "F0002", "X99976"),
            ("0012", "C8", "F0099", "X100000"),
            ("0012", "C8", "F10000", "X100024"),
        )
    ]
    root = _write(tmp_path, *(f"train/0012/0031/{name}" for name in reversed(names)))

    splits = Duke().read(root)

    assert splits.train == (Tracklet(tuple(f"{root}/train/0012/0031/{name}" for name in names), 12, 8),)


def test_the_three_folders_may_lie_in_one_named_after_the_data_set(tmp_path: Path) -> None:
    inner = write_duke_tree(tmp_path / "DukeMTMC-VideoReID")

    assert Duke().read(tmp_path) == Duke().read(inner)


def test_a_gallery_without_the_queries_reads_the_same(tmp_path: Path) -> None:
    with_queries = Duke().read(write_duke_tree(tmp_path))
    for query in with_queries.query:
        folder = Path(query.frames[0]).parent
        (tmp_path / "gallery" / folder.parent.name / folder.name).rename(tmp_path / f"moved{folder.name}")

    assert Duke().read(tmp_path) == with_queries


def test_a_copy_of_a_query_in_another_folder_is_still_the_query(tmp_path: Path) -> None:
    root = _write(
        tmp_path,
        "query/0002/0001/0002_C1_F0001_X1.jpg",
        "gallery/0002/0009/0002_C1_F0001_X1.jpg",
        "gallery/0002/0001/0002_C1_F0001_X2.jpg",
    )

    assert [t.frames for t in Duke().read(root).gallery] == [
        (f"{root}/gallery/0002/0001/0002_C1_F0001_X2.jpg",)
    ]


def test_an_incomplete_copy_of_a_query_is_refused(tmp_path: Path) -> None:
    root = write_duke_tree(tmp_path)
    (root / "gallery/0005/0009/0005_C1_F0001_X30000.jpg").unlink()

    with pytest.raises(
        ValueError, match=r"gallery/0005/0009 and .*/query/0005/0009 share some frames but not all"
    ):
        Duke().read(root)


@pytest.mark.parametrize("part", ["train", "query", "gallery"])
def test_a_missing_folder_is_named_with_the_layout(tmp_path: Path, part: str) -> None:
    root = _write(tmp_path)
    (root / part).rmdir()

    with pytest.raises(FileNotFoundError) as error:
        Duke().read(root)

    assert str(error.value).startswith(f"{root / part} is missing")
    assert "0001/0001/0001_C6_F0001_X30721.jpg" in str(error.value)
    assert "offline over privacy" in str(error.value)


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (
            ["train/0001/0001/0002_C6_F0001_X1.jpg"],
            "0002_C6_F0001_X1.jpg is named after pid 0002, .* pid 0001",
        ),
        (
            ["query/0001/0001/0001_C6_F0001_X1.jpg", "query/0001/0001/0001_C5_F0002_X2.jpg"],
            "0001_C5_F0002_X2.jpg is named after pid 0001, camera 5, .* among frames of camera 6",
        ),
        (
            ["train/0001/0001/0001_F0001.jpg"],
            "0001_F0001.jpg is not named as a frame .* 0001_C6_F0099_X30823",
        ),
        (["train/0001/0001/frames.txt"], "train/0001/0001 has no frames"),
        (["train/people/0001/0001_C6_F0001_X1.jpg"], "train/people is no person's folder"),
    ],
)
def test_contradictions_name_file_or_folder(tmp_path: Path, frames: list[str], message: str) -> None:
    root = _write(tmp_path, *frames)

    with pytest.raises(ValueError, match=message):
        Duke().read(root)


def test_a_small_tree_is_no_whole_copy(tmp_path: Path) -> None:
    splits = Duke().read(write_duke_tree(tmp_path))

    with pytest.raises(
        ValueError, match=r"train tracklets: expected 2196, found 8; .* cameras: expected 8, found 2"
    ):
        check_counts(splits, Duke.counts, "DukeMTMC-VideoReID")


def test_the_real_tracklets_give_the_counts(tmp_path: Path) -> None:
    """A frame for each; the list does not say who is queried: here, whom a second camera sees too."""
    rows = list(csv.DictReader(TRACKLETS.read_text().splitlines()))
    tested = [row["person_id"] for row in rows if row["split"] == "test"]
    frames, queried = [], set()
    for row in rows:
        pid = row["person_id"]
        name = f"{int(pid):04d}/{row['tracklet_id']}/{int(pid):04d}_C{row['camera_id']}_F0001_X1.jpg"
        frames.append(f"{'train' if row['split'] == 'train' else 'gallery'}/{name}")
        if row["split"] == "test" and tested.count(pid) > 1 and pid not in queried:
            queried.add(pid)
            frames.append(f"query/{name}")

    splits = Duke().read(_write(tmp_path, *frames))

    expected = {name: number for name, number in Duke.counts.items() if "frames" not in name}
    check_counts(splits, expected, "DukeMTMC-VideoReID")
    assert len(splits.query + splits.gallery) == 2636
