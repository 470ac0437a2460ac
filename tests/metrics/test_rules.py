"""Every protocol against a plain loop that is written from its definition."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from reid_cosam.data.tracklet import Tracklet
from reid_cosam.metrics.protocols import score
from reid_cosam.metrics.rules import PROTOCOLS, Labels

CLOTHES = np.array(["coat", "dress", "suit"])
VIEWS = np.array(["aerial", "ground"])


def _random(seed: int) -> dict[str, Any]:
    """Few distances, so that most are tied, and few clothes, so that strangers share their names."""
    rng = np.random.default_rng(seed)
    case: dict[str, Any] = {"distances": rng.integers(0, 5, (20, 70)).astype(np.float64)}
    for part, size in (("query", 20), ("gallery", 70)):
        case |= {
            f"{part}_pids": rng.integers(0, 5, size),
            f"{part}_camids": rng.integers(1, 4, size),
            f"{part}_clothes": CLOTHES[rng.integers(0, 3, size)],
            f"{part}_views": VIEWS[rng.integers(0, 2, size)],
        }
    return case


def _takes_no_rank(protocol: str, case: dict[str, Any], query: int, entry: int) -> bool:
    same_pid, same_camid, same_clothes, same_view = (
        case[f"query_{name}"][query] == case[f"gallery_{name}"][entry]
        for name in ("pids", "camids", "clothes", "views")
    )
    return bool(
        {
            "clothes_changing": same_pid and (same_camid or same_clothes),
            "same_clothes": same_pid and (same_camid or not same_clothes),
            "cross_view": same_view or (same_pid and same_camid),
        }.get(protocol, same_pid and same_camid)
    )


def _plain_score(protocol: str, case: dict[str, Any]) -> tuple[float, npt.NDArray[np.float64], int]:
    """Mean of the step or trapezoidal average precisions, CMC and number of valid queries."""
    precisions, curves = [], []
    for query, row in enumerate(case["distances"].tolist()):
        order = sorted(range(len(row)), key=lambda entry: (row[entry], entry))
        kept = [entry for entry in order if not _takes_no_rank(protocol, case, query, entry)]
        hits = np.array([case["gallery_pids"][entry] == case["query_pids"][query] for entry in kept])
        if not hits.any():
            continue
        at = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        before = np.concatenate([[1.0], at[:-1]])
        precision = (at + before) / 2 if protocol == "official" else at
        precisions.append(precision[hits].mean())
        first = int(np.argmax(hits))
        curves.append([float(rank >= first) for rank in range(50)])
    return float(np.mean(precisions)), np.mean(curves, axis=0), len(precisions)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_it_scores_as_a_loop_over_its_definition(protocol: str, seed: int) -> None:
    case = _random(seed)
    mean_ap, cmc, valid = _plain_score(protocol, case)

    scores = score(**case, protocol=protocol)

    assert scores.mean_ap == pytest.approx(mean_ap, abs=1e-12)
    np.testing.assert_allclose(scores.cmc, cmc, rtol=0, atol=1e-12)
    assert scores.valid_queries == valid


def test_clothes_protocols_worked_out_by_hand() -> None:
    """By distance: own clothes elsewhere, a stranger in the query's clothes, other clothes elsewhere."""
    case: dict[str, Any] = {
        "distances": np.array([[0.1, 0.2, 0.3]]),
        "query_pids": np.array([7]),
        "query_camids": np.array([1]),
        "gallery_pids": np.array([7, 5, 7]),
        "gallery_camids": np.array([2, 2, 3]),
        "query_clothes": np.array(["coat"]),
        "gallery_clothes": np.array(["coat", "coat", "suit"]),
    }

    assert score(**case).mean_ap == pytest.approx((1 + 2 / 3) / 2)
    assert score(**case, protocol="clothes_changing").mean_ap == 0.5  # behind the stranger
    assert score(**case, protocol="same_clothes").mean_ap == 1


def test_another_view_is_searched_without_anybody_of_ones_own() -> None:
    case: dict[str, Any] = {
        "distances": np.array([[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]]),
        "query_pids": np.array([7, 7]),
        "query_camids": np.array([1, 2]),
        "gallery_pids": np.array([5, 7, 5, 7]),
        "gallery_camids": np.array([3, 3, 4, 4]),
        "query_views": np.array(["ground", "aerial"]),
        "gallery_views": np.array(["ground", "ground", "aerial", "aerial"]),
    }

    scores = score(**case, protocol="cross_view")

    # Ground searches the air: a stranger, then a match; the air searches the ground: a match first.
    assert scores.first_ranks.tolist() == [2, 1]


def test_labels_may_be_of_any_type_that_compares() -> None:
    case = _random(0)
    expected = score(**case, protocol="same_clothes").mean_ap
    for make in (np.array, torch.tensor):
        numbers = {
            name: make(np.searchsorted(CLOTHES, case[name]).tolist())
            for name in ("query_clothes", "gallery_clothes")
        }
        assert score(**case | numbers, protocol="same_clothes").mean_ap == expected


@pytest.mark.parametrize(
    ("protocol", "missing", "message"),
    [
        ("clothes_changing", "query_clothes", "'clothes_changing' needs query_clothes, 20 to fit .*got none"),
        ("same_clothes", "gallery_clothes", "'same_clothes' needs gallery_clothes, 70 to fit .*got none"),
        ("cross_view", "gallery_views", "'cross_view' needs gallery_views, 70 to fit"),
    ],
)
def test_a_protocol_says_which_labels_it_needs(protocol: str, missing: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score(**_random(0) | {missing: None}, protocol=protocol)


def test_labels_must_fit_the_distances() -> None:
    case = _random(0) | {"query_views": VIEWS}

    assert score(**case).valid_queries > 0  # which looks at no view
    with pytest.raises(ValueError, match=r"needs query_views, 20 to fit the distances, got shape \[2\]"):
        score(**case, protocol="cross_view")


def test_a_query_without_a_match_in_other_clothes_is_named() -> None:
    case = _random(0) | {f"{part}_clothes": np.zeros(size) for part, size in (("query", 20), ("gallery", 70))}

    with pytest.raises(ValueError, match=r"none of the 20 queries has .* another camera in other clothes"):
        score(**case, protocol="clothes_changing")


def test_labels_of_tracklets_are_known_only_if_all_are() -> None:
    tracklets = [Tracklet(("1.jpg",), 1, 1, "coat", "ground"), Tracklet(("2.jpg",), 2, 1, "suit", None)]

    labels = Labels.of(tracklets)

    assert labels.clothes is not None
    assert labels.clothes.tolist() == ["coat", "suit"]
    assert labels.views is None
