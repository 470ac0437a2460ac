"""MOT text is read as trackers and ground truths write it, or refused with its file and line."""

from pathlib import Path

import pytest

from reid_cosam.footage.boxes import Box, read_boxes


def written(folder: Path, text: str, name: str = "cam1.txt") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("tail", ["", ",0.5", ",0.5,1,1", ",0.5,-1,-1,-1"])
def test_six_to_ten_columns_give_tracks_and_boxes_by_frame(tmp_path: Path, tail: str) -> None:
    rows = ["3,7,10,20,30.5,40", "1,7,1,2,3,4", "3,12,-5,0,9,9", "2.0,7,1,1,2,2"]
    boxes = read_boxes(written(tmp_path, "".join(f"{row}{tail}\n" for row in rows)))

    assert [(one.name, one.length, one.first, one.last) for one in boxes.tracks("cam1", "here")] == [
        ("7", 3, 1, 3),
        ("12", 1, 3, 3),
    ]
    assert dict(boxes.by_frame(["7", "12"])) == {
        1: [Box("7", 1, 2, 3, 4)],
        2: [Box("7", 1, 1, 2, 2)],
        3: [Box("7", 10, 20, 30.5, 40), Box("12", -5, 0, 9, 9)],
    }
    assert dict(boxes.by_frame(["12"])) == {3: [Box("12", -5, 0, 9, 9)]}
    confidence = "0.5" if tail else "1"
    assert boxes.text().splitlines()[2] == f"3,7,10,20,30.5,40,{confidence},1,1"


def test_what_a_ground_truth_marks_to_be_ignored_is_left_out(tmp_path: Path) -> None:
    text = "1,1,0,0,5,5,1,1,1\n1,2,0,0,5,5,0,8,1\n"

    truth, tracked = read_boxes(written(tmp_path, text, "gt.txt")), read_boxes(written(tmp_path, text))

    assert ([one.name for one in truth.tracks("", "")], truth.ignored) == (["1"], 1)
    assert ([one.name for one in tracked.tracks("", "")], tracked.ignored) == (["1", "2"], 0)


def test_a_ground_truth_whose_boxes_are_all_ignored_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, "1,1,0,0,5,5,0,8,1\n2,1,0,0,5,5,0,8,1\n", "gt.txt")

    with pytest.raises(ValueError, match=f"{path} has 2 boxes, and marks them all to be ignored"):
        read_boxes(path)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("1,1,0,0,5,5\n1,2,0,0,5\n", "line 2 has 5 columns"),
        ("1 1 0 0 5 5\n", "line 1 has 1 columns"),
        (",".join("1" * 11), "line 1 has 11 columns"),
        ("1,1,0,0,5,5\n\n2,1,0,0,5,5,1\n", "line 3 has 7 columns, but earlier lines have 6"),
        ("1,1,0,0,5,wide\n", "line 1 holds something else than numbers: 1,1,0,0,5,wide"),
        ("frame,id,x,y,w,h\n1,1,0,0,5,5\n", "line 1 holds something else"),
        ("1,1,0,0,nan,5\n", "line 1 holds a number that is not finite"),
        ("0,1,0,0,5,5\n", "line 1: frames are counted from 1"),
        ("1.5,1,0,0,5,5\n", "line 1: frames"),
        ("1,1,0,0,5,5\n1e30,1,0,0,5,5\n", "line 2: frames and ids must be below 9007199254740992: 1e30"),
        ("1,1e19,0,0,5,5\n", "line 1: frames and ids"),
        ("1,9007199254740993,0,0,5,5\n", "line 1: frames and ids"),
        ("1,-1,0,0,5,5\n", "line 1: a box with id -1 belongs to no track"),
        (
            "1,1,0,0,5,5\n2,1,0,0,5,5\n1,1,9,9,5,5\n",
            "line 3: track 1 already has a box in frame 1, in line 1",
        ),
        ("\n", " has no boxes"),
    ],
)
def test_other_text_is_refused(tmp_path: Path, text: str, named: str) -> None:
    path = written(tmp_path, text)

    with pytest.raises(ValueError, match=named) as error:
        read_boxes(path)

    assert str(path) in str(error.value)
