import json
import re
from pathlib import Path
from typing import Any

import pytest

from reid_cosam.data.readers.listing import FrameNames
from reid_cosam.data.readers.two_cameras import People, json_split, read

FRAMES = FrameNames(re.compile(r"(?P<frame>\d+)\.png"), "1.png")


def _cameras(root: Path, first: list[str], second: list[str]) -> tuple[Path, Path]:
    """Two cameras; each person has frames 2 and 10."""
    for camera, people in (("one", first), ("two", second)):
        for person in people:
            folder = root / camera / person
            folder.mkdir(parents=True)
            for number in (10, 2):
                (folder / f"{number}.png").touch()
    return root / "one", root / "two"


def test_queries_are_the_tested_people_of_the_first_camera(tmp_path: Path) -> None:
    everyone = ["p03", "p20", "p111"]
    one, two = _cameras(tmp_path, everyone, everyone)

    splits = read((one, two), People(train=("p20",), test=("p111", "p03")), FRAMES, "split 0")

    assert [(t.pid, t.camid, t.frames) for t in splits.train] == [
        (20, 1, (f"{one}/p20/2.png", f"{one}/p20/10.png")),
        (20, 2, (f"{two}/p20/2.png", f"{two}/p20/10.png")),
    ]
    assert [(t.pid, t.camid) for t in splits.query] == [(3, 1), (111, 1)]
    assert [(t.pid, t.camid) for t in splits.gallery] == [(3, 2), (111, 2)]


def test_someone_without_a_folder_under_a_camera_is_named(tmp_path: Path) -> None:
    cameras = _cameras(tmp_path, ["p1", "p2"], ["p1"])

    with pytest.raises(ValueError, match=f"^split 0 names p2, but {tmp_path}/two/p2 is missing"):
        read(cameras, People(train=("p1",), test=("p2",)), FRAMES, "split 0")


def test_someone_without_a_number_is_named(tmp_path: Path) -> None:
    cameras = _cameras(tmp_path, ["anna"], ["anna"])

    with pytest.raises(ValueError, match=r"^split 0 names 'anna', which does not end in the person's number"):
        read(cameras, People(train=("anna",), test=()), FRAMES, "split 0")


def test_a_split_of_a_json_file(tmp_path: Path) -> None:
    path = tmp_path / "splits.json"
    path.write_text(json.dumps([{"train": ["p1"], "test": ["p2"]}, {"test": ["p1", "p3"], "train": ["p2"]}]))

    assert json_split(path, 1) == People(train=("p2",), test=("p1", "p3"))


@pytest.mark.parametrize("split", [-1, 1])
def test_a_split_that_is_not_there_is_refused(tmp_path: Path, split: int) -> None:
    path = tmp_path / "splits.json"
    path.write_text('[{"train": ["p1"], "test": ["p2"]}]')

    with pytest.raises(ValueError, match=rf"^split={split} is not in .*splits\.json, which has 1 splits"):
        json_split(path, split)


@pytest.mark.parametrize("people", [(["p1", "p1"], ["p2"]), (["p1"], ["p2", "p1"])])
def test_a_person_twice_in_a_split_is_named(tmp_path: Path, people: tuple[list[str], list[str]]) -> None:
    path = tmp_path / "splits.json"
    path.write_text(json.dumps([{"train": people[0], "test": people[1]}]))

    with pytest.raises(ValueError, match=r"splits\.json, split 0: p1 occurs twice"):
        json_split(path, 0)


WHOLE: Any = {"train": ["p1"], "test": ["p2"]}


@pytest.mark.parametrize(
    ("content", "place", "value"),
    [
        ({"train": 1}, "", "{'train': 1}"),
        (["p" * 50], "[0]", "'pppp"),
        ([WHOLE, [["p1"], ["p2"]]], "[1]", "[['p1'], ['p2']]"),
        ([WHOLE, {"train": ["p1"]}, {}], "[1]['test']", "{'train': ['p1']}"),
        ([{"train": "p1", "test": []}], "[0]['train']", "'p1'"),
        ([{"train": [], "test": ["p1", 2]}], "[0]['test'][1]", "2"),
    ],
)
def test_what_does_not_belong_in_a_json_file_is_named_in_one_line(
    tmp_path: Path, content: Any, place: str, value: str
) -> None:
    path = tmp_path / "splits.json"
    path.write_text(json.dumps(content))

    with pytest.raises(ValueError, match=rf"^{re.escape(f'{path}{place}: ')}") as error:
        json_split(path, 0)

    message = str(error.value)
    assert f"got {value}" in message
    assert message.endswith('expected a list of {"train": [names], "test": [names]}')
    assert "\n" not in message
    assert "p" * 40 not in message


@pytest.mark.parametrize(
    ("content", "place"),
    [(b"", "1 column 0"), (b'[{"train": ["p1"\xff', "1 column 17"), (b'[{"train": []},\n]', "2 column 1")],
)
def test_a_file_that_is_no_json_is_named_in_one_line(tmp_path: Path, content: bytes, place: str) -> None:
    path = tmp_path / "splits.json"
    path.write_bytes(content)

    message = rf"^{path}: Invalid JSON: .+ at line {place}, .*; expected a list of "
    with pytest.raises(ValueError, match=message):
        json_split(path, 0)
