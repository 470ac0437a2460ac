"""Scores of identities and searches on footage, against trackeval and by hand."""

import numpy as np
import pandas as pd
import pytest
from experiments.footage.score import Searches, evaluate, hota, idf1, search_all, share, verdict_rows


def _boxes(seed: int) -> pd.DataFrame:
    """Tracks of random lengths in two cameras, some of which were given no identity."""
    rng = np.random.default_rng(seed)
    rows = []
    for track in range(24):
        person, identity = int(rng.integers(6)), int(rng.integers(7))
        start = 10 * track
        for frame in range(start, start + int(rng.integers(1, 9))):
            rows.append(
                (f"camera{track % 2}", str(track), frame, person, None if track % 6 == 5 else identity)
            )
    return pd.DataFrame(rows, columns=["camera", "track", "frame", "person", "identity"])


@pytest.mark.parametrize("seed", range(5))
def test_idf1_is_that_of_trackeval(seed: int) -> None:
    boxes = _boxes(seed)
    tracks = boxes.groupby("track").agg(
        person=("person", "first"), identity=("identity", "first"), boxes=("frame", "count")
    )
    given = [None if pd.isna(one) else one for one in tracks["identity"]]

    ours = idf1(tracks["person"].tolist(), given, tracks["boxes"].tolist())

    assert ours == pytest.approx(evaluate(boxes, "Identity")["IDF1"])
    assert 0.2 < ours < 0.9


def test_right_identities_score_one_whatever_their_names() -> None:
    boxes = _boxes(0).assign(identity=lambda table: "p" + table["person"].astype(str))

    assert idf1([1, 1, 2], ["b", "b", "a"], [3, 4, 5]) == 1
    assert hota(boxes) == pytest.approx(1)


def test_an_identity_too_many_costs_the_boxes_of_its_track() -> None:
    assert idf1(["x", "x", "y"], ["a", "b", "c"], [6, 4, 10]) == pytest.approx(16 / 20)


def test_queries_meet_people_under_other_cameras_only() -> None:
    distances = np.array([[0, 1, 5, 7], [1, 0, 6, 2], [5, 6, 0, 3], [7, 2, 3, 0]], dtype=np.float64)

    found = search_all(distances, np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]))

    assert found.match.tolist() == [5, 6, 5]
    assert found.stranger[:2].tolist() == [7, 2]
    assert np.isinf(found.stranger[2])
    assert found.sizes.tolist() == [2, 2, 2]


def test_a_share_has_an_interval_over_people() -> None:
    value, low, high = share(np.array([True, True, False, False]), np.array([0, 0, 1, 1]))

    assert (value, low, high) == (0.5, 0.0, 1.0)


def test_wrong_verdicts_stand_beside_the_promise() -> None:
    class Fixed:
        def verdicts(self, nearest: np.ndarray, size: int, far: float, miss: float) -> list[str]:
            assert (size, far, miss) == (9, 0.1, 0.05) or far == 0.01
            return ["same" if one <= 1 else "uncertain" if one <= 2 else "not here" for one in nearest]

    searches = Searches(
        np.array([0.5, 3.0, 1.5, 4.0]), np.array([2.5, 1.0, 1.2, 3.0]), np.arange(4), np.full(4, 9)
    )

    rows = [row.split(" | ") for row in verdict_rows(searches, Fixed())[:6]]

    assert [row[3] for row in rows] == ["25.0%", "25.0%", "25.0%", "25.0%", "25.0%", "25.0%"]
    assert [row[2] for row in rows] == ["at most 10.0%", "", "at most 5.0%", "", "", ""]
