from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from reid_cosam.data import attributes
from reid_cosam.data.attributes import ATTRIBUTES
from reid_cosam.data.synthetic.listing import identities, plan_tracklets, write_lists
from reid_cosam.data.synthetic.randomness import TEST
from reid_cosam.data.synthetic.tracklets import identity_look
from reid_cosam.data.tracklet import Tracklet
from tests.support.commands import TINY

FILES = Path(__file__).parent / "attributes"
DUKE_TRACKLETS = Path(__file__).parent / "splits" / "duke_tracklets.csv"


def _queries(pids: Sequence[int]) -> list[Tracklet]:
    return [Tracklet((), pid, 1) for pid in pids]


def _having(path: Path, pids: Sequence[int]) -> dict[str, list[int]]:
    """Those of `pids` who have each attribute."""
    known = attributes.read(path)
    return {name: np.array(pids)[known.having(name, _queries(pids))].tolist() for name in ATTRIBUTES}


def test_a_person_of_mars_has_what_any_tracklet_shows() -> None:
    # 395: a handbag and a hat in 2 of 4 tracklets. 972: a handbag in 2 of 4, a backpack in 1.
    assert _having(FILES / "mars.csv", [10, 37, 395, 972]) == {
        "handbag": [395, 972],
        "hat": [37, 395],
        "backpack": [37, 972],
    }


def test_a_person_of_duke_has_what_any_tracklet_shows() -> None:
    # 371: a handbag in 3 of 4 tracklets. 396: a hat in 1 of 4, a backpack in all.
    assert _having(FILES / "duke_tracklets.csv", [3, 9, 371, 396]) == {
        "handbag": [371],
        "hat": [9, 396],
        "backpack": [396],
    }


def test_both_parts_of_dukes_file_of_people_are_read() -> None:
    # 13 and 14 are trained on; of these two the file says no with 1 and yes with 2.
    assert _having(FILES / "duke_attribute.mat", [2, 3, 7, 9, 13, 14]) == {
        "handbag": [2, 14],
        "hat": [9, 13],
        "backpack": [7],
    }


def test_counts_of_dukes_file_of_people() -> None:
    rows = pd.read_csv(DUKE_TRACKLETS)
    test = rows[rows["split"] == "test"].groupby("person_id")["camera_id"].nunique()

    everyone = _having(FILES / "duke_attribute.mat", test.index.tolist())
    queried = _having(FILES / "duke_attribute.mat", test[test > 1].index.tolist())

    assert (len(test), sum(test > 1)) == (1110, 702)
    assert {name: len(pids) for name, pids in everyone.items()} == {
        "handbag": 36,
        "hat": 205,
        "backpack": 739,
    }
    assert {name: len(pids) for name, pids in queried.items()} == {"handbag": 25, "hat": 120, "backpack": 443}


def test_the_synthetic_file_agrees_with_what_is_drawn(tmp_path: Path) -> None:
    write_lists(tmp_path, TINY, plan_tracklets(TINY))
    people = list(identities(TINY, TEST))

    having = _having(tmp_path / "attributes.csv", people)

    looks = {pid: identity_look(TINY, TEST, pid) for pid in people}
    assert any(having.values())
    for name in ATTRIBUTES:
        assert having[name] == [pid for pid in people if getattr(looks[pid], name) is not None]


def test_queries_of_one_person_share_its_attributes() -> None:
    known = attributes.read(FILES / "mars.csv")

    found = known.having("hat", _queries([37, 10, 37]))

    assert found.tolist() == [True, False, True]


def test_no_queries_have_no_attributes() -> None:
    assert attributes.read(FILES / "mars.csv").having("hat", []).shape == (0,)


def test_an_unknown_attribute_lists_the_known_ones() -> None:
    known = attributes.read(FILES / "mars.csv")

    with pytest.raises(ValueError, match="unknown attribute 'hand bag'; choose from handbag, hat, backpack"):
        known.having("hand bag", _queries([10]))


def test_a_person_who_is_not_in_the_file_is_named() -> None:
    known = attributes.read(FILES / "mars.csv")

    with pytest.raises(
        ValueError, match=r"mars\.csv lacks 2 of the people queried, first pid 4: name the file"
    ):
        known.having("hat", _queries([10, 12, 4, 4]))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"attributes\.csv is missing: name the file"):
        attributes.read(tmp_path / "attributes.csv")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"attributes\.txt: attributes are read from \.csv and \.mat files"):
        attributes.read(tmp_path / "attributes.txt")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,hat,backpack\n1,0,0\n", "not the columns of an attribute file: id, hat, backpack; expected"),
        ("pid,handbag,hat,backpack\n7,0,2,0\n", r"hat of pid 7 is '2', expected 0 \(no\) or 1 \(yes\)"),
        ("pid,handbag,hat,backpack\n7,,1,0\n", "handbag of pid 7 is ''"),
        ("person_id,hand bag,hat,backpack\nx7,0,1,0\n", "person_id must be a number, got 'x7'"),
        ("", "cannot be read as a file of attributes: EmptyDataError"),
    ],
)
def test_what_is_wrong_with_a_table_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "attributes.csv"
    path.write_text(text)

    with pytest.raises(ValueError, match=message) as error:
        attributes.read(path)

    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"market_attribute": {"train": 1}},
            "cannot be read as a file of attributes: KeyError.'duke_attribute'",
        ),
        (
            {"duke_attribute": {"train": {"hat": [1, 2]}}},
            "cannot be read as a file of attributes: KeyError.'test'",
        ),
    ],
)
def test_what_is_wrong_with_a_matlab_file_is_named(
    tmp_path: Path, content: dict[str, Any], message: str
) -> None:
    savemat(tmp_path / "duke_attribute.mat", content)

    with pytest.raises(ValueError, match=message):
        attributes.read(tmp_path / "duke_attribute.mat")
