import pytest

from reid_cosam.data.counts import check_counts, count, sizes, too_small_for
from reid_cosam.data.tracklet import ReidSplits, Tracklet


def _tracklet(pid: int, camid: int, length: int) -> Tracklet:
    return Tracklet(tuple(f"{pid}-{camid}-{number}.jpg" for number in range(length)), pid, camid)


SPLITS = ReidSplits(
    train=(_tracklet(1, 1, 4), _tracklet(1, 2, 5), _tracklet(3, 1, 6)),
    query=(_tracklet(7, 1, 3), _tracklet(7, 2, 9)),
    gallery=(_tracklet(7, 4, 7), _tracklet(0, 1, 2), _tracklet(0, 2, 8), _tracklet(8, 2, 10)),
    junk=(_tracklet(-1, 5, 1),),
)


def test_what_is_counted() -> None:
    assert count(SPLITS) == {
        "train tracklets": 3,
        "train identities": 2,
        "train frames": 15,
        "test tracklets": 7,
        "test identities": 2,
        "test frames": 40,
        "queries": 2,
        "query identities": 1,
        "gallery tracklets": 4,
        "distractor tracklets": 2,
        "identities without a query": 1,
        "junk tracklets": 1,
        "train outfits": 0,
        "test outfits": 0,
        "tracklets": 10,
        "identities": 4,
        "cameras": 4,
        "frames": 55,
        "shortest tracklet": 1,
        "longest tracklet": 10,
    }


def test_outfits_are_those_of_a_person() -> None:
    worn = [
        Tracklet(("1.jpg",), pid, 1, clothes) for pid, clothes in ((1, "a"), (1, "b"), (2, "a"), (2, "a"))
    ]
    found = count(ReidSplits(train=tuple(worn), query=(worn[0], _tracklet(3, 1, 1)), gallery=(worn[1],)))

    assert (found["train outfits"], found["test outfits"]) == (3, 2)


def test_nobody_is_no_identity_but_a_person_numbered_0_is() -> None:
    distractor, person = _tracklet(0, 1, 1), _tracklet(7, 1, 1)

    assert count(ReidSplits((), (person,), (distractor,)))["identities"] == 1
    assert count(ReidSplits((distractor,), (person,), (distractor,)))["identities"] == 2


def test_empty_splits_are_counted_too() -> None:
    assert set(count(ReidSplits((), (), ())).values()) == {0}


def test_the_expected_counts_pass() -> None:
    check_counts(SPLITS, {"queries": 2, "frames": 55}, "the data set")


def test_every_count_that_is_off_is_named() -> None:
    expected = {"train frames": 15, "queries": 3, "cameras": 6}

    with pytest.raises(ValueError) as error:  # noqa: PT011, the whole message follows
        check_counts(SPLITS, expected, "MARS")

    assert str(error.value) == (
        "this is not a complete copy of MARS: queries: expected 3, found 2; cameras: expected 6, found 4"
    )


def test_the_sizes_of_each_part() -> None:
    gallery = (_tracklet(7, 1, 3), _tracklet(7, 2, 4), _tracklet(0, 2, 9), _tracklet(8, 5, 8))

    found = sizes(ReidSplits((_tracklet(1, 1, 5),), (), gallery))

    assert found.index.tolist() == ["train", "gallery"]
    assert found.loc["gallery"].to_dict() == {
        "ids": 2, "tracklets": 4, "frames": 24, "cams": 3, "min": 3, "median": 6, "max": 9, "<4": 1, "<8": 2
    }  # fmt: skip


def test_empty_splits_have_no_sizes() -> None:
    assert sizes(ReidSplits((), (), ())).empty


def _walkers(people: int, pids_from: int, camid: int) -> tuple[Tracklet, ...]:
    return tuple(_tracklet(pid, camid, 4) for pid in range(pids_from, pids_from + people))


def test_a_small_data_set_is_too_small_for_defaults() -> None:
    batch, queries, ranks, reranking = too_small_for(
        ReidSplits(_walkers(5, 1, 1), _walkers(8, 101, 1), _walkers(8, 101, 2))
    )

    assert batch == "small: 5 training identities cannot fill a batch of 8; recipe.sampling.identities=5 fits"
    assert "8 queries" in queries
    assert "12.5 points" in queries
    assert ranks == "small: with 8 tracklets in the gallery, every network reaches 100% at R10, R20"
    assert "R5" not in ranks
    assert "reranking.k1=5 " in reranking


def test_a_large_data_set_is_too_small_for_nothing() -> None:
    assert too_small_for(ReidSplits(_walkers(8, 1, 1), _walkers(100, 101, 1), _walkers(100, 101, 2))) == ()


def test_one_person_cannot_be_trained_on() -> None:
    (batch,) = too_small_for(ReidSplits(_walkers(1, 1, 1), _walkers(100, 101, 1), _walkers(100, 101, 2)))

    assert batch == "small: 1 training identity cannot fill a batch of 8; it takes two"


def test_one_of_a_kind_is_said_in_the_singular() -> None:
    queries, ranks, reranking = too_small_for(
        ReidSplits(_walkers(8, 1, 1), _walkers(1, 101, 1), _walkers(1, 101, 2))
    )

    assert "of 1 query, each counts 100.0 points" in queries
    assert "with 1 tracklet in the gallery" in ranks
    assert "2 tested tracklets" in reranking
