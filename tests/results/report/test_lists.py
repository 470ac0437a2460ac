"""Which ranked lists are shown, and what stands for a frame that is not there."""

from pathlib import Path

import numpy as np
import pytest
from jaxtyping import UInt8

from reid_cosam.results.report import lists
from reid_cosam.results.report.lists import representatives, shown_lists
from tests.results.report.made_up import run, write_run

RIGHT, WRONG = [True, False, False], [False, True, False]
HOPELESS = [False, False, False]


def grey(path: str) -> UInt8[np.ndarray, "h w 3"]:
    if path.endswith("-1.jpg"):
        raise FileNotFoundError(path)
    return np.full((80, 40, 3), 128, dtype=np.uint8)


def test_the_hardest_failures_and_others_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "FAILURES", 2)
    monkeypatch.setattr(lists, "OTHERS", 1)
    folder = write_run(tmp_path, 0.5, lists=[RIGHT, WRONG, HOPELESS, WRONG, [True, True, True], RIGHT])

    shown = shown_lists(run(folder), grey)

    assert (shown.total, shown.failures) == (6, 3)
    assert [query.query.label for query in shown.queries] == [
        "pid 2, camera 2",  # precision 0
        "pid 0, camera 2",  # a third, the first of those that are right at once
        "pid 1, camera 2",  # a third, and a failure
    ]
    assert [query.failed for query in shown.queries] == [True, False, True]
    assert [place.correct for place in shown.queries[2].places] == WRONG
    assert [place.distance for place in shown.queries[2].places] == [1.5, 3.0, 4.5]


def test_a_frame_that_is_not_at_hand_leaves_its_place_without_a_picture(tmp_path: Path) -> None:
    shown = shown_lists(run(write_run(tmp_path, 0.5, lists=[RIGHT])), grey)

    (query,) = shown.queries
    assert query.query.picture.startswith("data:image/webp;base64,")
    assert [bool(place.picture) for place in query.places] == [False, True, True]


@pytest.mark.parametrize("file", ["ranked.csv", "queries.csv"])
def test_lists_that_are_not_whole_are_not_shown(file: str, tmp_path: Path) -> None:
    folder = write_run(tmp_path, 0.5, lists=[RIGHT, WRONG])
    kept = (folder / file).read_text().splitlines()[:2]
    (folder / file).write_text("\n".join(kept) + "\n")

    with pytest.raises(ValueError, match=r"ranked\.csv holds lists of [12] queries, queries\.csv [12]"):
        shown_lists(run(folder), grey)


def test_the_best_run_of_each_backbone_that_kept_its_lists_is_shown(tmp_path: Path) -> None:
    made = [
        write_run(tmp_path, 0.5, "seed=0", lists=[RIGHT]),
        write_run(tmp_path, 0.7, "seed=1", lists=[RIGHT]),
        write_run(tmp_path, 0.6, "backbone=resnet_tiny", lists=[RIGHT]),
        write_run(tmp_path, 0.9, "seed=2"),
    ]

    assert [one.folder for one in representatives([run(folder) for folder in made])] == made[1:3]
