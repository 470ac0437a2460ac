"""From a table of frames to splits: numbers, order, parts, and what is refused."""

from typing import Any

import pandas as pd
import pytest

from reid_cosam.data.readers.own import check_parts, splits_of
from reid_cosam.data.tracklet import ReidSplits, Tracklet

Row = tuple[str, str, str, str]  # part, person, camera, tracklet


def read(*rows: Row, split: int | None = None, **columns: Any) -> ReidSplits:
    """One frame per row, named after its number."""
    table = pd.DataFrame(rows, columns=["part", "person", "camera", "tracklet"])
    table = table.assign(path=[f"{number}.jpg" for number in range(len(rows))], clothes="", view="")
    return splits_of(table.assign(**columns), split, "mine")


TESTED: list[Row] = [("query", "5", "1", "1"), ("gallery", "5", "2", "1")]


def test_whole_numbers_stay_and_rows_are_in_time_order() -> None:
    splits = read(
        ("train", "0012", "6", "x"), ("train", "0003", "2", "x"), ("train", "0012", "6", "x"), *TESTED
    )

    assert splits == ReidSplits(
        train=(Tracklet(("0.jpg", "2.jpg"), 12, 6), Tracklet(("1.jpg",), 3, 2)),
        query=(Tracklet(("3.jpg",), 5, 1),),
        gallery=(Tracklet(("4.jpg",), 5, 2),),
    )


def test_other_names_are_numbered_in_natural_order_and_listed() -> None:
    rows: list[Row] = [("train", "p10", "b", "1"), ("query", "p9", "a", "1"), ("gallery", "p9", "b", "1")]

    splits = read(*rows)

    assert [(one.pid, one.camid) for one in splits.tracklets()] == [(2, 2), (1, 1), (1, 2)]
    assert splits.remarks == (
        "people, by their numbers here: 1 p9, 2 p10",
        "cameras, by their numbers here: 1 a, 2 b",
    )


def test_more_cameras_than_people_are_asked_about() -> None:
    few = read(("train", "1", "3", "1"), *TESTED)
    many = read(("train", "1", "3", "1"), ("train", "2", "3", "1"), *TESTED)

    assert few.remarks == ("more cameras (3) than people (2): are person and camera swapped?",)
    assert many.remarks == ()


@pytest.mark.parametrize("long", ["20240131123456789012", "-9223372036854775809"])
def test_numbers_that_do_not_fit_64_bits_are_names(long: str) -> None:
    splits = read(("train", long, long, "1"), *TESTED)

    assert {(one.pid, one.camid) for one in splits.gallery} < {(1, 2), (1, 3), (2, 2), (2, 3)}
    assert {one.pid for one in splits.tracklets()} == {1, 2}
    assert {one.camid for one in splits.tracklets()} == {1, 2, 3}
    assert [long in remark for remark in splits.remarks] == [True, True, False]


@pytest.mark.parametrize("people", ["12", "anna"])
def test_distractors_and_junk_are_those_of_mars(people: str) -> None:
    strangers: list[Row] = [
        ("gallery", "0", "1", "1"),
        ("gallery", "-1", "1", "1"),
        ("junk", people, "1", "1"),
    ]

    splits = read(("train", "anna" if people == "anna" else "3", "1", "2"), *TESTED, *strangers)

    assert [one.pid for one in splits.gallery][1:] == [0]
    assert [(one.frames, one.pid) for one in splits.junk] == [(("4.jpg",), -1), (("5.jpg",), -1)]


def test_clothes_and_views_make_tracklets_of_their_own() -> None:
    rows: list[Row] = [("train", "1", "1", "1"), ("train", "1", "1", "1"), *TESTED]

    splits = read(*rows, clothes=["red", "blue", "", ""], view=["", "", "ground", "aerial"])

    assert [one.clothes for one in splits.tracklets()] == ["red", "blue", None, None]
    assert [one.view for one in splits.tracklets()] == [None, None, "ground", "aerial"]


def test_a_seeded_split_divides_people() -> None:
    rows: list[Row] = [("", str(person), str(camera), "1") for person in range(1, 7) for camera in (1, 2)]

    found = [read(*rows, split=split) for split in range(10)]

    for splits in found:
        trained, tested = {one.pid for one in splits.train}, {one.pid for one in splits.gallery}
        assert trained | tested == {1, 2, 3, 4, 5, 6}
        assert len(trained) == len(tested) == len(splits.query) == 3
        assert len(list(splits.tracklets())) == 12
    assert len({splits.train for splits in found}) > 5


def test_queries_are_drawn_from_a_part_called_test() -> None:
    rows: list[Row] = [("test", "5", str(camera), tracklet) for camera in (1, 2) for tracklet in ("1", "2")]

    splits = read(("train", "1", "1", "1"), *rows)

    assert len(splits.query) == 1
    assert len(splits.gallery) == 3


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([("train", "5", "1", "1"), *TESTED], "person 5 is both in train"),
        (
            [("train", "5", "1", "1"), ("train", "6", "1", "1"), *TESTED, ("gallery", "6", "2", "1")],
            "5 and 1 more are",
        ),
        ([("train", "07", "1", "1"), ("train", "7", "2", "1"), *TESTED], "person 07 and person 7"),
        ([("train", "1", "01", "1"), ("train", "1", "1", "2"), *TESTED], "camera 01 and camera 1"),
        ([("train", "0", "1", "1"), *TESTED], "person 0"),
        ([("train", "1", "1", "1"), *TESTED, ("query", "-1", "1", "1")], "person -1"),
        ([("train", "1", "1", "1"), *TESTED, ("gallery", "-2", "1", "1")], "person -2"),
        ([("train", "1", "2", "1"), ("query", "5", "1", "1"), ("gallery", "5", "1", "2")], "one camera"),
        ([("train", "1", "1", "1"), ("test", "5", "1", "1"), ("test", "6", "2", "1")], "two cameras"),
    ],
)
def test_contradictions_are_refused(rows: list[Row], named: str) -> None:
    with pytest.raises(ValueError, match=r"^mine: ") as error:
        read(*rows)

    assert named in str(error.value)


def test_a_frame_of_a_query_in_the_gallery_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^mine: b\.jpg is in a query and in the gallery"):
        read(("train", "1", "1", "1"), *TESTED, *TESTED, path=["a.jpg", "b.jpg", "c.jpg", "d.jpg", "b.jpg"])


@pytest.mark.parametrize(
    ("parts", "split", "named"),
    [
        (["train", "query"], None, "train, query"),
        (["train", "query", "gallery", "test"], None, "train, query, gallery, test"),
        (["train", "junk"], None, "train, junk"),
        (["gallery"], None, "gallery"),
        (["train", "test"], 0, "split=0"),
        ([], None, "split=0 to 9"),
        ([], 10, "split=10 does not exist: mine has the seeded splits 0 to 9"),
        ([], -1, "split=-1 does not exist"),
    ],
)
def test_parts_that_make_no_split_are_refused(parts: list[str], split: int | None, named: str) -> None:
    with pytest.raises(ValueError, match="mine") as error:
        check_parts(parts, split, "mine")

    assert named in str(error.value)


@pytest.mark.parametrize(
    ("parts", "split"),
    [
        (["train", "query", "gallery"], None),
        (["junk", "gallery", "query", "train"], None),
        (["query", "gallery"], None),
        (["train", "test"], None),
        ([], 9),
    ],
)
def test_parts_that_make_a_split_pass(parts: list[str], split: int | None) -> None:
    check_parts(parts, split, "mine")
