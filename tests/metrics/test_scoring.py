"""One function scores a test set: its results are those of the parts it is made of, worked out apart."""

import numpy as np
import pytest
import torch
from torch import Tensor

from reid_cosam.metrics.protocols import score
from reid_cosam.metrics.reranking import k_reciprocal
from reid_cosam.metrics.retrieval import cosine_distances, euclidean_distances, unit_length
from reid_cosam.metrics.scoring import Reranking, ScoringConfig, check, score_protocols
from reid_cosam.metrics.testset import TestSet

QUERIES, JUNK = 10, 3
RERANKING = Reranking(5, 3, 0.3, True)


def made_up() -> tuple[TestSet, Tensor]:
    """Six people under three cameras: 10 queries, 40 in the gallery, 3 junk."""
    random = np.random.default_rng(0)
    pids, camids = random.integers(0, 6, 53), random.integers(1, 4, 53)
    pids[50:] = -1
    descriptors = random.standard_normal((53, 8)) + pids[:, None]
    return TestSet(pids, camids, QUERIES, JUNK), torch.from_numpy(descriptors.astype(np.float32))


GALLERIES = {
    "released": [*range(10, 50)],
    "with_queries": [*range(10, 50), *range(10)],
    "official": [*range(10, 50), *range(10), *range(50, 53)],
}


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
@pytest.mark.parametrize("protocol", GALLERIES)
def test_a_result_is_that_of_distances_and_scores_made_by_hand(protocol: str, distance: str) -> None:
    test_set, descriptors = made_up()
    pids, camids, rows = test_set.pids, test_set.camids, GALLERIES[protocol]
    shaped = unit_length(descriptors) if distance == "cosine" else descriptors
    measure = cosine_distances if distance == "cosine" else euclidean_distances
    expected = [
        measure(descriptors[:QUERIES], descriptors[rows]),
        k_reciprocal(shaped[:QUERIES], shaped[rows], *RERANKING),
    ]

    config = ScoringConfig((protocol,), distance, (None, RERANKING))  # type: ignore[arg-type]
    results = list(score_protocols(descriptors, test_set, config))

    assert [one.reranked for one in results] == [False, True]
    for result, distances in zip(results, expected, strict=True):
        scores = score(distances, pids[:QUERIES], camids[:QUERIES], pids[rows], camids[rows], protocol)
        assert torch.equal(result.distances, distances)
        assert result.gallery.tolist() == rows
        assert result.scores.mean_ap == scores.mean_ap
        assert result.scores.cmc.tolist() == scores.cmc.tolist()


def test_some_of_the_queries_are_scored_as_if_there_were_no_others() -> None:
    test_set, descriptors = made_up()
    hat = np.arange(QUERIES) % 3 == 0
    attributes = {"hat": hat, "backpack": np.zeros(QUERIES, dtype=bool)}

    (result,) = score_protocols(descriptors, test_set, ScoringConfig(attributes=attributes))

    pids, camids, rows = test_set.pids, test_set.camids, result.gallery
    expected = score(
        result.distances[hat], pids[:QUERIES][hat], camids[:QUERIES][hat], pids[rows], camids[rows]
    )
    found = result.by_attribute["hat"]
    assert found is not None
    assert (found.mean_ap, found.mean_inp, found.valid_queries) == (
        expected.mean_ap,
        expected.mean_inp,
        expected.valid_queries,
    )
    assert found.cmc.tolist() == expected.cmc.tolist()
    assert found.match_ranks.tolist() == expected.match_ranks.tolist()
    assert result.by_attribute["backpack"] is None


def test_descriptors_must_be_those_of_the_test_set() -> None:
    test_set, descriptors = made_up()

    with pytest.raises(ValueError, match="52 descriptors do not fit a test set of 53"):
        next(score_protocols(descriptors[1:], test_set, ScoringConfig()))


def queried(*gallery: tuple[int, int]) -> TestSet:
    """Two people queried under camera 1."""
    pids, camids = np.array([(1, 1), (2, 1), *gallery]).T
    return TestSet(pids, camids, 2)


@pytest.mark.parametrize("gallery", [(), ((1, 1), (3, 2))])
def test_queries_without_any_match_are_refused(gallery: tuple[tuple[int, int], ...]) -> None:
    with pytest.raises(ValueError, match=r"^protocol with_queries: none of the 2 queries has a match"):
        check(queried(*gallery), ScoringConfig(("with_queries",)))


def test_one_match_is_enough() -> None:
    check(queried((2, 2)), ScoringConfig())


def test_re_ranking_must_fit_the_test_set() -> None:
    with pytest.raises(ValueError, match=r"^protocol released: reranking\.k1 must be 1 to 2, .*got 3"):
        check(queried((2, 2)), ScoringConfig(rerankings=(None, Reranking(k1=3, k2=1))))


def dressed() -> tuple[TestSet, Tensor]:
    """The people of `made_up` without junk, each in one of two coats, seen from two views."""
    test_set, descriptors = made_up()
    size = len(test_set) - JUNK
    pids, camids = test_set.pids[:size], test_set.camids[:size]
    clothes, views = np.arange(size) % 2, np.where(camids == 1, "aerial", "ground")
    return TestSet(pids, camids, QUERIES, 0, clothes, views), descriptors[:size]


@pytest.mark.parametrize("protocol", ["clothes_changing", "same_clothes", "cross_view"])
def test_clothes_and_views_of_the_test_set_are_used(protocol: str) -> None:
    test_set, descriptors = dressed()
    query, gallery = slice(QUERIES), slice(QUERIES, None)
    clothes, views = test_set.clothes, test_set.views
    assert clothes is not None
    assert views is not None

    (result,) = score_protocols(descriptors, test_set, ScoringConfig((protocol,)))

    expected = score(
        euclidean_distances(descriptors[query], descriptors[gallery]),
        *(test_set.pids[query], test_set.camids[query], test_set.pids[gallery], test_set.camids[gallery]),
        protocol,
        query_clothes=clothes[query],
        gallery_clothes=clothes[gallery],
        query_views=views[query],
        gallery_views=views[gallery],
    )
    assert result.scores.match_ranks.tolist() == expected.match_ranks.tolist()
    valid = test_set.valid_queries(protocol)
    assert valid.tolist() == (expected.first_ranks > 0).tolist()


def test_a_test_set_knows_which_protocols_apply() -> None:
    with_junk, _ = made_up()
    with_clothes, _ = dressed()

    assert with_junk.applicable() == ["released", "with_queries", "official"]
    assert with_junk.applicable(ranks_only=True) == ["cross_camera"]
    assert with_clothes.applicable() == [
        *("released", "clothes_changing", "same_clothes", "cross_view", "with_queries")
    ]
    assert queried((1, 1), (3, 2)).applicable() == []


@pytest.mark.parametrize(
    ("protocol", "label"),
    [("clothes_changing", "clothes"), ("same_clothes", "clothes"), ("cross_view", "views")],
)
def test_a_data_set_without_the_labels_is_named(protocol: str, label: str) -> None:
    with pytest.raises(ValueError, match=f"^protocol {protocol} needs the {label} of every tracklet"):
        check(queried((2, 2)), ScoringConfig((protocol,)))
