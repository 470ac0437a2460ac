import os
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import simplejpeg

from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.data.verification import copied, split_hash, unmatched, unreadable


def _tracklet(pid: int, camid: int, *frames: str) -> Tracklet:
    return Tracklet(frames, pid, camid)


def _write_frames(folder: Path, count: int) -> list[str]:
    noise = np.random.default_rng(0).integers(0, 256, (16, 8, 3), dtype=np.uint8)
    paths = [folder / f"{number:04d}.jpg" for number in range(count)]
    for path in paths:
        path.write_bytes(simplejpeg.encode_jpeg(noise))
    return [str(path) for path in paths]


def test_a_query_needs_its_person_under_another_camera() -> None:
    matched, same_camera_only, unknown = _tracklet(1, 1), _tracklet(2, 1), _tracklet(3, 1)
    gallery = [_tracklet(1, 1), _tracklet(1, 2), _tracklet(2, 1), _tracklet(0, 2)]

    assert unmatched([matched, same_camera_only, unknown], gallery) == (same_camera_only, unknown)


def test_every_frame_is_listed_once() -> None:
    splits = ReidSplits(
        train=(_tracklet(1, 1, "a", "b"),),
        query=(_tracklet(2, 1, "c"),),
        gallery=(_tracklet(2, 1, "c"), _tracklet(2, 2, "d")),
        junk=(_tracklet(-1, 1, "e"),),
    )

    assert splits.frames() == ("a", "b", "c", "d", "e")


def test_a_query_is_copied_if_the_gallery_has_all_of_its_frames() -> None:
    splits = ReidSplits(
        train=(_tracklet(1, 1, "t"),),
        query=(_tracklet(2, 1, "a", "b"), _tracklet(3, 1, "c", "d"), _tracklet(4, 1, "lost")),
        gallery=(_tracklet(2, 2, "x", "y", "z"), _tracklet(4, 2, "broken")),
    )
    contents = {"t": 5, "a": 1, "b": 2, "c": 1, "d": 5, "x": 2, "y": 1, "z": 4}

    assert copied(splits, contents) == [
        "query from a: the gallery has copies of all its frames, of the first as y"
    ]


@pytest.mark.parametrize("workers", [1, 3])
def test_missing_and_broken_frames_are_named_in_their_order(tmp_path: Path, workers: int) -> None:
    frames = _write_frames(tmp_path, 600)
    Path(frames[2]).write_bytes(Path(frames[2]).read_bytes()[:-40])
    Path(frames[300]).unlink()
    Path(frames[599]).write_bytes(b"")
    advanced: list[int] = []

    faults = unreadable(frames, workers, advanced.append)

    assert len(faults) == 3
    assert faults[0].startswith(f"cannot decode {frames[2]} (")
    assert faults[1] == f"{frames[300]} is missing"
    assert faults[2].startswith(f"cannot decode {frames[599]} (0 bytes)")
    assert sum(advanced) == 600


def test_a_folder_in_a_frames_place_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "0001.jpg").mkdir()

    (fault,) = unreadable([str(tmp_path / "0001.jpg")], 1, lambda _: None)

    assert str(tmp_path / "0001.jpg") in fault


def _splits(root: str) -> ReidSplits:
    return ReidSplits(
        train=(_tracklet(1, 2, f"{root}train/1.jpg", f"{root}train/2.jpg"),),
        query=(_tracklet(3, 1, f"{root}test/3.jpg"),),
        gallery=(),
        junk=(_tracklet(-1, 1, f"{root}test/4.jpg"),),
    )


@pytest.mark.parametrize(
    ("root", "before"), [("/data/mars", "/data/mars/"), ("mars", "mars/"), (".", ""), ("/", "/")]
)
def test_the_hash_says_nothing_of_where_the_data_lie(root: str, before: str) -> None:
    lines = ("train\t1\t2\ttrain/1.jpg\ttrain/2.jpg", "query\t3\t1\ttest/3.jpg", "junk\t-1\t1\ttest/4.jpg")

    found = split_hash(_splits(before), Path(root))

    assert found == sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def test_the_hash_is_of_every_tracklet_and_its_part() -> None:
    one, other = _tracklet(1, 2, "a.jpg", "b.jpg"), _tracklet(1, 3, "c.jpg")
    variants = [
        ReidSplits((), (one, other), ()),
        ReidSplits((), (other, one), ()),
        ReidSplits((), (one,), (other,)),
        ReidSplits((), (one,), (), (other,)),
        ReidSplits((one,), (other,), ()),
        ReidSplits((), (one, _tracklet(2, 3, "c.jpg")), ()),
        ReidSplits((), (one, _tracklet(1, 4, "c.jpg")), ()),
        ReidSplits((), (_tracklet(1, 2, "a.jpg"), _tracklet(1, 3, "b.jpg", "c.jpg")), ()),
    ]

    assert len({split_hash(splits, Path()) for splits in variants}) == len(variants)


def test_a_frame_outside_the_folder_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"/data/duke/train/1\.jpg lies outside the data set's folder /data/mars"
    ):
        split_hash(_splits("/data/duke/"), Path("/data/mars"))


def test_the_hash_takes_names_that_are_no_text() -> None:
    splits = ReidSplits((_tracklet(1, 1, os.fsdecode(b"/data/\xca.jpg")),), (), (), ())

    assert split_hash(splits, Path("/data")) == sha256(b"train\t1\t1\t\xca.jpg\n").hexdigest()
