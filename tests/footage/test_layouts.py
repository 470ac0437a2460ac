"""Footage is recognised by its layout; what has none, or could have two, is refused."""

import json
from pathlib import Path

import pytest

from reid_cosam.footage.crops import Crop
from reid_cosam.footage.layouts import LAYOUTS, read_footage
from tests.support.footage import noisy, write_boxes, write_frames, write_video


def tracks(path: Path, **options: str) -> list[tuple[str, str, str, int]]:
    footage = read_footage(path, options.get("layout"))
    return [
        (camera.name, track.name, track.person, track.length)
        for camera in footage.cameras
        for track in camera.tracks
    ]


def write_crops(folder: Path, frames: int = 2) -> None:
    write_frames(folder, noisy(frames, 16, 8))


@pytest.mark.parametrize(
    ("folders", "layout", "expected"),
    [
        (["1", "2"], "track", [("footage", "1", "", 2), ("footage", "2", "", 2)]),
        (["cam2/1", "cam1/9", "cam1/10"], "camera_track",
         [("cam1", "9", "", 2), ("cam1", "10", "", 2), ("cam2", "1", "", 2)]),
        (["anna/cam1/1", "ben/cam1/1", "anna/cam2/1"], "person_camera_track",
         [("cam1", "anna/1", "anna", 2), ("cam1", "ben/1", "ben", 2), ("cam2", "anna/1", "anna", 2)]),
    ],
)  # fmt: skip
def test_folders_of_crops_are_recognised_by_their_depth(
    tmp_path: Path, folders: list[str], layout: str, expected: list[tuple[str, str, str, int]]
) -> None:
    root = tmp_path / "footage"
    for folder in folders:
        write_crops(root / folder)

    assert tracks(root) == expected
    footage = read_footage(root)
    assert footage.layout == layout
    assert f"layout {layout}, " in footage.about
    assert footage.about.endswith("; no times: fps=... gives them")
    assert read_footage(root, fps=10.0).about.endswith("; all cameras start at 0 s")


def test_frames_have_the_numbers_that_they_are_named_after(tmp_path: Path) -> None:
    write_frames(tmp_path / "cam1" / "7", noisy(3, 16, 8), first=9)
    write_frames(tmp_path / "cam1" / "8", noisy(1, 16, 8))
    (tmp_path / "cam1" / "8" / "000001.jpg").rename(tmp_path / "cam1" / "8" / "F1.jpg")

    (camera,) = read_footage(tmp_path, fps=4.0).cameras

    found = [one for one in camera.crops(["7", "8"], 16, 8) if isinstance(one, Crop)]
    assert [(one.track, one.frame, one.time) for one in found] == [
        ("8", 1, 0),
        ("7", 9, 2),
        ("7", 10, 2.25),
        ("7", 11, 2.5),
    ]


def test_a_csv_file_lists_crops(tmp_path: Path) -> None:
    write_crops(tmp_path / "images", 4)
    names = [f"images/{number:06d}.jpg" for number in (1, 2, 3, 4)]
    table = tmp_path / "list.csv"
    table.write_text(
        f"path,track,camera,person\n{names[2]},007,c1,\n{names[0]},007,c1,\n{names[1]},1,c2,anna\n"
    )

    assert tracks(table) == [("c1", "007", "", 2), ("c2", "1", "anna", 1)]


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ("path,camera\na.jpg,1\n", "track"),
        ("path,person,camera,tracklet,part\na.jpg,x,1,1,test\n", "track.*; tracklet is called track here"),
        ("path,track,camera\n.,1,1\n", r"line 2: \. is a folder: name one image per line"),
        ("path,track,camera\n", "lists no images"),
        ("", "is empty: .*path,track,camera"),
        ("path;track;camera\na.jpg;1;1\n", "has semicolons between its columns: save it with commas"),
        ("path;track;camera\na,b.jpg;1;1\n", "has semicolons"),
        ("path,track,camera\nM\xfcller.jpg,1,1\n", "is not text in UTF-8 .*: save it in UTF-8"),
        ("path,track,camera\na.jpg,1,\n", "line 2"),
        ("path,track,camera\na.jpg,1,1\na.jpg,2,1\n", "line 3: a.jpg is listed already in line 2"),
        ("path,track,camera,person\na.jpg,1,1,x\nb.jpg,1,1,y\n", "line 3: track 1 of camera 1"),
    ],
)
def test_a_csv_file_that_does_not_fit_is_refused(tmp_path: Path, lines: str, named: str) -> None:
    table = tmp_path / "list.csv"
    table.write_text(lines, encoding="latin-1")

    with pytest.raises(ValueError, match=named) as error:
        read_footage(table)
    assert str(table) in str(error.value)


def test_a_folder_of_videos_and_of_sequences(tmp_path: Path) -> None:
    for name in ("cam1", "cam2"):
        write_video(tmp_path / "videos" / f"{name}.mp4", noisy(2))
        write_boxes(tmp_path / "videos" / f"{name}.txt", [(1, 3, 0, 0, 8, 8), (2, 3, 0, 0, 8, 8)])
        write_frames(tmp_path / "mot" / name / "img1", noisy(2), first=0)
        write_boxes(tmp_path / "mot" / name / "gt" / "gt.txt", [(1, 3, 0, 0, 8, 8), (2, 3, 0, 0, 8, 8)])

    expected = [("cam1", "3", "", 2), ("cam2", "3", "", 2)]
    assert tracks(tmp_path / "videos") == tracks(tmp_path / "mot") == expected
    assert tracks(tmp_path / "videos" / "cam2.mp4") == expected[1:]
    assert tracks(tmp_path / "mot" / "cam1") == expected[:1]
    (camera, _) = read_footage(tmp_path / "mot").cameras
    assert all(isinstance(one, Crop) for one in camera.crops(["3"], 16, 8))  # frames named from 0


def test_cameras_start_when_the_footage_says(tmp_path: Path) -> None:
    for name in ("cam1", "cam2"):
        write_crops(tmp_path / name / "1")
    (tmp_path / "footage.json").write_text(json.dumps({"start": {"cam1": 0, "cam2": 12.5}}))

    _, camera = read_footage(tmp_path, fps=10.0).cameras
    assert [one.time for one in camera.crops(["1"], 16, 8) if isinstance(one, Crop)] == [12.5, 12.6]

    (tmp_path / "footage.json").write_text(json.dumps({"start": {"cam1": 0}}))
    with pytest.raises(ValueError, match=r"footage\.json gives no start of camera cam2"):
        read_footage(tmp_path)
    for wrong in ('"noon"', "NaN", "-Infinity", "1e999", "9" * 400):
        (tmp_path / "footage.json").write_text(f'{{"start": {{"cam1": 0, "cam2": {wrong}}}}}')
        with pytest.raises(ValueError, match=r"footage\.json must say when cameras start"):
            read_footage(tmp_path)


def test_what_has_no_layout_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    write_crops(tmp_path / "flat")
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.doc").touch()
    for name in ("flat", "empty", "notes.doc"):
        with pytest.raises(ValueError, match=f"footage={tmp_path / name} ") as error:
            read_footage(tmp_path / name)
        assert all(layout in str(error.value) for layout in LAYOUTS)
    with pytest.raises(ValueError, match="empty is an empty folder"):
        read_footage(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_footage(tmp_path / "nowhere")


def test_what_could_have_two_layouts_is_refused_until_one_is_chosen(tmp_path: Path) -> None:
    write_crops(tmp_path / "cam1" / "1")
    write_video(tmp_path / "cam1.mp4", noisy(2))
    write_boxes(tmp_path / "cam1.txt", [(1, 3, 0, 0, 8, 8)])

    with pytest.raises(ValueError, match="could be video or camera_track"):
        read_footage(tmp_path)
    assert tracks(tmp_path, layout="video") == [("cam1", "3", "", 1)]
    assert tracks(tmp_path, layout="camera_track") == [("cam1", "1", "", 2)]
    with pytest.raises(ValueError, match="img1"):
        tracks(tmp_path, layout="mot")


def test_folders_of_different_depths_are_refused(tmp_path: Path) -> None:
    write_crops(tmp_path / "cam1" / "1")
    write_crops(tmp_path / "cam2")

    with pytest.raises(ValueError, match="could be track or camera_track"):
        read_footage(tmp_path)
    with pytest.raises(ValueError, match=f"{tmp_path}/cam2 has images"):
        read_footage(tmp_path, "camera_track")


def test_two_cameras_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("cam1.mp4", "cam1.avi"):
        write_video(tmp_path / "videos" / name, noisy(1))
    with pytest.raises(ValueError, match=r"cam1.avi and .*cam1.mp4 are both camera cam1"):
        read_footage(tmp_path / "videos")


def test_frames_without_boxes_are_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "videos" / "cam1.mp4", noisy(1))
    with pytest.raises(FileNotFoundError, match=f"{path} has no boxes: .*cam1.txt is missing"):
        read_footage(tmp_path / "videos")
    write_frames(tmp_path / "seq" / "img1", noisy(1))
    with pytest.raises(FileNotFoundError, match=f"{tmp_path}/seq has no boxes: .*gt/gt.txt"):
        read_footage(tmp_path / "seq")


def test_boxes_that_are_two_corners_are_hinted_at(tmp_path: Path) -> None:
    corners = [(1, 1, 40, 0, 56, 32), (2, 1, 8, 24, 24, 40), (3, 1, 0, 0, 16, 32)]
    for name, take in (("corners", 0), ("sizes", 1)):
        write_frames(tmp_path / name / "img1", noisy(3))
        write_boxes(
            tmp_path / f"{name}.txt",
            [(*row[:4], row[4] - take * row[2], row[5] - take * row[3]) for row in corners],
        )

    about = {name: read_footage(tmp_path / name).about for name in ("corners", "sizes")}

    assert "hint" not in about["sizes"]
    *_, hint = about["corners"].splitlines()
    assert hint.startswith("hint: most boxes of camera corners leave the frame")


def test_a_frame_rate_is_not_for_videos(tmp_path: Path) -> None:
    path = write_video(tmp_path / "cam1.mp4", noisy(1))
    write_boxes(tmp_path / "cam1.txt", [(1, 3, 0, 0, 8, 8)])

    with pytest.raises(ValueError, match="fps=10"):
        read_footage(path, fps=10.0)
