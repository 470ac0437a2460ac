import numpy as np
import pytest

from reid_cosam.data.snippets import (
    SAMPLING,
    FrameSampler,
    consecutive,
    consecutive_released,
    dense,
    dense_count,
    evenly,
    random,
    spread,
)


def _starts(sampler_name: str, length: int, num_frames: int) -> set[int]:
    rng = np.random.default_rng(0)
    return {int(SAMPLING[sampler_name](length, num_frames, rng)[0]) for _ in range(300)}


def test_consecutive_reaches_every_start_and_no_other() -> None:
    assert _starts("consecutive", length=7, num_frames=4) == {0, 1, 2, 3}


def test_consecutive_starts_are_equally_likely() -> None:
    rng = np.random.default_rng(0)

    starts = np.array([consecutive(7, 4, rng)[0] for _ in range(4000)])

    # 4000 draws with p = 1/4: the standard deviation of each count is 27.
    assert np.abs(np.bincount(starts) - 1000).max() < 4 * 27


def test_released_sampling_never_reaches_the_last_start() -> None:
    assert _starts("consecutive_released", length=7, num_frames=4) == {0, 1, 2}


@pytest.mark.parametrize("length", [4, 5])
def test_released_sampling_starts_at_zero_when_one_frame_or_none_is_to_spare(length: int) -> None:
    assert _starts("consecutive_released", length, num_frames=4) == {0}


@pytest.mark.parametrize("sampler", [consecutive, consecutive_released])
def test_consecutive_frames_follow_one_another(sampler: FrameSampler) -> None:
    frames = sampler(50, 4, np.random.default_rng(3))

    np.testing.assert_array_equal(np.diff(frames), [1, 1, 1])


def test_random_takes_different_frames_in_time_order_from_the_whole_tracklet() -> None:
    rng = np.random.default_rng(0)

    snippets = np.stack([random(6, 4, rng) for _ in range(300)])

    assert (np.diff(snippets, axis=1) > 0).all()
    assert len(np.unique(snippets, axis=0)) == 15  # 6 choose 4


def test_evenly_steps_by_the_whole_quotient() -> None:
    np.testing.assert_array_equal(evenly(11, 4, np.random.default_rng(0)), [0, 2, 4, 6])


def test_spread_takes_one_frame_of_each_part() -> None:
    rng = np.random.default_rng(0)

    snippets = np.stack([spread(11, 4, rng) for _ in range(300)])

    parts = [[0, 1], [2, 3, 4], [5, 6, 7], [8, 9, 10]]  # 11 // 4, 22 // 4 and 33 // 4 begin the last three
    assert [sorted(set(frames)) for frames in snippets.T.tolist()] == parts
    assert len(np.unique(snippets, axis=0)) > 40  # of 54: parts are drawn from by themselves


@pytest.mark.parametrize("name", SAMPLING)
def test_a_tracklet_as_long_as_a_snippet_is_taken_whole(name: str) -> None:
    np.testing.assert_array_equal(SAMPLING[name](4, 4, np.random.default_rng(0)), [0, 1, 2, 3])


@pytest.mark.parametrize("name", SAMPLING)
def test_a_short_tracklet_repeats_its_frames_in_a_cycle(name: str) -> None:
    np.testing.assert_array_equal(SAMPLING[name](3, 8, np.random.default_rng(0)), [0, 1, 2, 0, 1, 2, 0, 1])


@pytest.mark.parametrize("name", SAMPLING)
def test_the_same_generator_state_gives_the_same_frames(name: str) -> None:
    draws = [SAMPLING[name](100, 4, np.random.default_rng(7)).tolist() for _ in range(2)]

    assert draws[0] == draws[1]


@pytest.mark.parametrize(
    ("length", "snippets"),
    [
        (1, [[0, 0, 0, 0]]),
        (3, [[0, 1, 2, 0]]),
        (4, [[0, 1, 2, 3]]),
        (6, [[0, 1, 2, 3], [4, 5, 4, 5]]),
        (8, [[0, 1, 2, 3], [4, 5, 6, 7]]),
        (9, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 8, 8, 8]]),
    ],
)
def test_dense_covers_the_tracklet_and_fills_the_last_snippet_with_its_own_frames(
    length: int, snippets: list[list[int]]
) -> None:
    np.testing.assert_array_equal(dense(length, 4), snippets)
    assert dense_count(length, 4) == len(snippets)
