"""Boxes are cut out of the pictures that players show; those that cannot be are named."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from reid_cosam.footage.crops import Crop, Unusable
from reid_cosam.footage.layouts import read_footage
from tests.support.footage import Row, damage, noisy, turn, write_boxes, write_frames, write_video

CLOSE = 20.0  # levels, on average: MPEG-4 keeps colours at half the resolution


def crops(path: Path, skip_broken: bool = False, size: tuple[int, int] = (16, 8)) -> list[Crop | Unusable]:
    (camera,) = read_footage(path, skip_broken=skip_broken).cameras
    return list(camera.crops({one.name for one in camera.tracks}, *size))


def video(folder: Path, rows: Sequence[Row], frames: int = 6, **options: Sequence[int]) -> Path:
    write_boxes(folder / "cam1.txt", rows)
    write_video(folder / "cam1.mp4", noisy(frames), **options)
    return folder / "cam1.mp4"


def difference(one: Crop | Unusable, expected: np.ndarray) -> float:
    assert isinstance(one, Crop)
    return float(np.abs(one.image.astype(float) - expected).mean())


def test_boxes_are_cut_out_of_their_frames_and_have_the_times_of_these(tmp_path: Path) -> None:
    found = crops(video(tmp_path, [(2, 1, 8, 16, 8, 16), (5, 1, 16, 16, 8, 16), (5, 4, 0, 8, 8, 16)]))

    frames = noisy(6)
    assert [(one.track, one.frame) for one in found] == [("1", 2), ("1", 5), ("4", 5)]
    assert [one.time for one in found if isinstance(one, Crop)] == pytest.approx([0.04, 0.16, 0.16])
    places = [frames[1, 16:32, 8:16], frames[4, 16:32, 16:24], frames[4, 8:24, 0:8]]
    assert all(difference(one, place) < CLOSE for one, place in zip(found, places, strict=True))
    assert difference(found[0], places[1]) > 3 * CLOSE


def test_a_folder_of_frames_gives_the_same_crops(tmp_path: Path) -> None:
    rows = [(2, 1, 8, 16, 8, 16), (5, 1, 16, 16, 8, 16)]
    write_boxes(tmp_path / "seq" / "gt" / "gt.txt", [(*row, 1, 1, 1) for row in rows])
    write_frames(tmp_path / "seq" / "img1", noisy(6))
    (tmp_path / "seq" / "seqinfo.ini").write_text("[Sequence]\nname=seq\nframeRate=10\n")

    found = crops(tmp_path / "seq")

    assert difference(found[0], noisy(6)[1, 16:32, 8:16]) < CLOSE
    assert [one.time for one in found if isinstance(one, Crop)] == pytest.approx([0.1, 0.4])


def test_a_box_is_clipped_and_one_that_shows_nothing_is_named(tmp_path: Path) -> None:
    rows = [
        (1, 1, 56, 40, 40, 40),
        (1, 2, 64, 0, 8, 8),
        (1, 3, -9, 0, 8, 8),
        (1, 4, 8, 8, 0, 8),
        (1, 5, 8, 8, 8, -8),
    ]

    found = crops(video(tmp_path, rows))

    assert difference(found[0], np.broadcast_to(noisy(6)[0, 44, 60], (16, 8, 3))) < 2 * CLOSE
    unusable = [one for one in found if isinstance(one, Unusable)]
    assert [(one.track, one.kind) for one in unusable] == [
        ("2", "outside the frame"),
        ("3", "outside the frame"),
        ("4", "without area"),
        ("5", "without area"),
    ]
    assert f"{tmp_path}/cam1.mp4, frame 1, track 2: the box at x=64, y=0" in unusable[0].text


def test_boxes_beyond_the_end_are_named(tmp_path: Path) -> None:
    found = crops(video(tmp_path, [(6, 1, 0, 0, 8, 16), (7, 1, 0, 0, 8, 16), (90, 2, 0, 0, 8, 16)]))

    assert isinstance(found[0], Crop)
    assert found[1:] == [
        Unusable(
            track,
            frame,
            "in frames that are not there",
            f"frame {frame}, track {track}: {tmp_path}/cam1.mp4 ends with frame 6",
        )
        for track, frame in (("1", 7), ("2", 90))
    ]


def test_a_frame_that_is_not_there_or_damaged_costs_its_boxes_alone(tmp_path: Path) -> None:
    write_boxes(tmp_path / "seq.txt", [(number, 1, 0, 0, 8, 16) for number in (1, 2, 3, 4)])
    write_frames(tmp_path / "seq" / "img1", noisy(4))
    (tmp_path / "seq" / "img1" / "000002.jpg").unlink()
    (tmp_path / "seq" / "img1" / "000003.jpg").write_bytes(b"\xff\xd8 no more")

    found = crops(tmp_path / "seq")

    assert [one.frame for one in found if isinstance(one, Crop)] == [1, 4]
    missing, damaged = (one for one in found if isinstance(one, Unusable))
    assert missing.text == f"frame 2, track 1: {tmp_path}/seq has no frame 2"
    assert (damaged.kind, "000003.jpg" in damaged.text) == ("in a damaged frame", True)
    assert "verify" not in damaged.text  # which is for data sets


def test_the_first_frame_that_can_be_read_gives_the_size(tmp_path: Path) -> None:
    write_boxes(tmp_path / "seq.txt", [(number, 1, 0, 0, 8, 16) for number in (1, 2, 3)])
    write_frames(tmp_path / "seq" / "img1", noisy(3))
    frames = sorted((tmp_path / "seq" / "img1").iterdir())
    frames[0].write_bytes(b"no image")

    (camera,) = read_footage(tmp_path / "seq").cameras

    assert (camera.about["width"], camera.about["height"]) == (64, 48)
    assert [(one.frame, isinstance(one, Unusable)) for one in crops(tmp_path / "seq")] == [
        *((1, True), (2, False), (3, False)),
    ]
    for path in frames:
        path.write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"none of 3 frames can be read; .*000001\.jpg"):
        read_footage(tmp_path / "seq")


def test_times_are_those_of_the_timestamps_where_the_frame_rate_varies(tmp_path: Path) -> None:
    rows = [(number, 1, 0, 0, 8, 16) for number in (1, 2, 3, 4)]
    found = crops(video(tmp_path, rows, frames=4, milliseconds=[0, 40, 200, 1000]))

    assert [one.time for one in found if isinstance(one, Crop)] == pytest.approx([0, 0.04, 0.2, 1])


def test_a_turned_video_is_cut_as_players_show_it(tmp_path: Path) -> None:
    path = video(tmp_path, [(1, 1, 8, 16, 8, 16)])
    turn(path)

    (camera,) = read_footage(path).cameras
    assert (camera.about["width"], camera.about["height"]) == (48, 64)
    shown = np.rot90(noisy(6)[0], -1)  # clockwise
    assert difference(crops(path)[0], shown[16:32, 8:16]) < CLOSE


def test_a_broken_video_is_refused_with_the_frame_or_ends_there(tmp_path: Path) -> None:
    path = video(tmp_path, [(number, 1, 0, 0, 8, 16) for number in range(1, 31)], frames=30)
    damage(path, after=12)

    with pytest.raises(ValueError, match=f"{path} is broken after frame 12: .*broken=skip"):
        crops(path)
    found = crops(path, skip_broken=True)
    assert [one.frame for one in found if isinstance(one, Crop)] == list(range(1, 13))
    lost = [one for one in found if isinstance(one, Unusable)]
    assert [one.frame for one in lost] == list(range(13, 31))
    assert {one.kind for one in lost} == {f"lost as {path} is broken after frame 12"}


@pytest.mark.parametrize("length", [0, 500])
def test_what_is_no_video_is_refused(tmp_path: Path, length: int) -> None:
    path = video(tmp_path, [(1, 1, 0, 0, 8, 16)])
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(ValueError, match=f"{path} is not a video that can be decoded: .*; copy .* ffmpeg"):
        read_footage(path)


def test_without_pyav_a_video_is_refused_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = video(tmp_path, [(1, 1, 0, 0, 8, 16)])
    monkeypatch.setitem(sys.modules, "av", None)

    with pytest.raises(ImportError, match=r"pip install 'reid-cosam\[video\]'"):
        read_footage(path)


def test_pictures_to_look_at_are_spread_over_a_track(tmp_path: Path) -> None:
    found = crops(video(tmp_path, [(number, 1, 0, 0, 8, 16) for number in range(1, 17)], frames=16))

    pictures = {one.frame: one.picture for one in found if isinstance(one, Crop) and one.picture is not None}
    assert list(pictures) == [3, 7, 11, 15]
    assert {picture.shape for picture in pictures.values()} == {(160, 80, 3)}
