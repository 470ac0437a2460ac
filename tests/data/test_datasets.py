from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from PIL import Image

from reid_cosam.data.datasets import (
    DenseSnippets,
    Draw,
    TrainSnippets,
    collate_dense,
    collate_train,
)
from reid_cosam.data.tracklet import Tracklet

HEIGHT, WIDTH = 8, 4


def _tracklet(folder: Path, pid: int, camid: int, length: int) -> Tracklet:
    """Frame i of the tracklet is filled with the colour (pid, camid, i)."""
    paths = [folder / f"{pid}-{camid}-{number}.png" for number in range(length)]
    for number, path in enumerate(paths):
        Image.new("RGB", (WIDTH, HEIGHT), (pid, camid, number)).save(path)
    return Tracklet(tuple(map(str, paths)), pid, camid)


@pytest.fixture
def tracklets(tmp_path: Path) -> list[Tracklet]:
    return [
        _tracklet(tmp_path, 7, 1, length=9),
        _tracklet(tmp_path, 3, 2, length=4),
        _tracklet(tmp_path, 7, 3, length=2),
    ]


@pytest.fixture
def training(tracklets: list[Tracklet]) -> TrainSnippets:
    return TrainSnippets(tracklets, {3: 0, 7: 1}, 4, HEIGHT, WIDTH, "consecutive")


def test_a_training_sample_is_a_snippet_of_the_drawn_tracklet(training: TrainSnippets) -> None:
    clip, label, camid = training[Draw(tracklet=2, seed=5)]

    assert (label, camid) == (1, 3)
    np.testing.assert_array_equal(clip[:, 0, 0], [[7, 3, 0], [7, 3, 1], [7, 3, 0], [7, 3, 1]])


def test_a_training_sample_depends_on_its_draw_alone(training: TrainSnippets) -> None:
    first = training[Draw(0, seed=1)].clip
    others = [int(training[Draw(0, seed)].clip[0, 0, 0, 2]) for seed in range(50)]
    again = training[Draw(0, seed=1)].clip

    np.testing.assert_array_equal(first, again)
    assert set(others) == {0, 1, 2, 3, 4, 5}


def test_a_training_batch_holds_labels_cameras_and_channels_last_clips(training: TrainSnippets) -> None:
    samples = [training[Draw(0, 4)], training[Draw(1, 4)], training[Draw(2, 4)]]

    clips, pids, camids = collate_train(samples)

    assert pids.tolist() == [1, 0, 1]
    assert camids.tolist() == [1, 2, 3]
    assert clips.shape == (3, 4, 3, HEIGHT, WIDTH)
    assert clips.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)
    for clip, sample in zip(clips, samples, strict=True):
        np.testing.assert_array_equal(clip.permute(0, 2, 3, 1), sample.clip)


def test_dense_snippets_run_through_all_frames_of_all_tracklets(tracklets: list[Tracklet]) -> None:
    data = DenseSnippets(tracklets, 4, HEIGHT, WIDTH, "cycle")

    snippets = [
        (sample.tracklet, sample.clip[:, 0, 0, 2].tolist()) for sample in map(data.__getitem__, range(5))
    ]

    assert data.counts.tolist() == [3, 1, 1]
    assert len(data) == 5
    assert snippets == [
        (0, [0, 1, 2, 3]),
        (0, [4, 5, 6, 7]),
        (0, [8, 8, 8, 8]),
        (1, [0, 1, 2, 3]),
        (2, [0, 1, 0, 1]),
    ]


@pytest.mark.parametrize(
    ("tail", "weights"), [("cycle", [1, 1, 1, 1, 1]), ("weighted", [1, 1, 0.25, 1, 0.5])]
)
def test_a_filled_snippet_counts_wholly_or_by_its_own_frames(
    tracklets: list[Tracklet], tail: Literal["cycle", "weighted"], weights: list[float]
) -> None:
    data = DenseSnippets(tracklets, 4, HEIGHT, WIDTH, tail)

    batch = collate_dense([data[number] for number in range(5)])

    assert batch.weights.tolist() == weights  # tracklets of 9, 4 and 2 frames


def test_a_dense_batch_says_whose_snippets_it_holds(tracklets: list[Tracklet]) -> None:
    data = DenseSnippets(tracklets, 4, HEIGHT, WIDTH, "cycle")

    batch = collate_dense([data[2], data[3]])

    assert batch.tracklets.tolist() == [0, 1]
    assert batch.clips[:, 0, :, 0, 0].tolist() == [[7, 1, 8], [3, 2, 0]]
    assert batch.clips.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)


def test_an_unknown_sampling_is_refused_with_the_choices(tracklets: list[Tracklet]) -> None:
    with pytest.raises(ValueError, match=r"'consecutive_released'.*got 'sometimes'"):
        TrainSnippets(tracklets, {}, 4, HEIGHT, WIDTH, "sometimes")


def test_an_empty_tracklet_is_refused_by_name(tracklets: list[Tracklet]) -> None:
    empty = [*tracklets, Tracklet((), pid=12, camid=6)]

    with pytest.raises(ValueError, match=r"tracklet 3 \(pid 12, camid 6\) has no frames"):
        DenseSnippets(empty, 4, HEIGHT, WIDTH, "cycle")
    with pytest.raises(ValueError, match=r"tracklet 3 \(pid 12, camid 6\) has no frames"):
        TrainSnippets(empty, {}, 4, HEIGHT, WIDTH, "random")
