import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest
import pytorch_lightning as pl
import torch

from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.training.datamodule import ReidDataModule, SnippetSize, TrainSampling
from tests.support.noisy_frames import make_datamodule, write_splits


@pytest.fixture
def splits(tmp_path: Path) -> ReidSplits:
    return write_splits(tmp_path)


@pytest.fixture
def make(splits: ReidSplits) -> Callable[[int], ReidDataModule]:
    return partial(make_datamodule, splits)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_batches_do_not_depend_on_the_workers(make: Callable[[int], ReidDataModule]) -> None:
    for alone, shared in zip(make(0).train_dataloader(), make(2).train_dataloader(), strict=True):
        assert torch.equal(alone.clips, shared.clips)
        assert torch.equal(alone.labels, shared.labels)
        assert shared.clips.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)


def test_training_labels_count_the_sorted_identities(make: Callable[[int], ReidDataModule]) -> None:
    module = make(0)

    assert module.labels == {8: 0, 11: 1, 25: 2, 30: 3}
    assert module.num_identities == 4


def test_evaluation_shows_every_snippet_of_queries_then_gallery(
    make: Callable[[int], ReidDataModule], splits: ReidSplits
) -> None:
    module = make(0)

    batches = list(module.val_dataloader())

    assert module.evaluated == splits.query + splits.gallery
    assert module.num_queries == 2
    assert torch.cat([batch.tracklets for batch in batches]).tolist() == [0, 0, 1, 2, 3, 3, 3, 4, 4]
    assert [len(batch.clips) for batch in batches] == [3, 3, 3]


def test_each_rank_gets_its_own_share(make: Callable[[int], ReidDataModule]) -> None:
    whole = make(0)
    shares = []
    for rank in range(2):
        module = make(0)
        module.trainer = Mock(pl.Trainer, global_rank=rank, world_size=2, global_step=0)
        shares.append((list(module.train_dataloader()), list(module.val_dataloader())))

    for batch, first, second in zip(whole.train_dataloader(), shares[0][0], shares[1][0], strict=True):
        assert torch.equal(batch.clips, torch.cat([first.clips, second.clips]))
    evaluated = [set(torch.cat([batch.tracklets for batch in share[1]]).tolist()) for share in shares]
    assert evaluated[0] | evaluated[1] == {0, 1, 2, 3, 4}
    assert not evaluated[0] & evaluated[1]


def test_identities_with_too_few_tracklets_are_counted_in_the_log(
    make: Callable[[int], ReidDataModule], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="reid_cosam.training.datamodule"):
        make(0)

    assert caplog.messages == [
        "1 of 4 training identities have fewer than 2 tracklets: their batches repeat some"
    ]


@pytest.mark.parametrize(
    ("start", "named"),
    [("own/train/", "door/1/8.jpg"), ("", "door/1/8.jpg"), ("/own/", "red/door/ground/1/8.jpg")],
)
def test_tracklets_of_an_iteration_are_named_with_their_people(
    splits: ReidSplits, start: str, named: str
) -> None:
    people = ("anna", "ben")
    train = tuple(Tracklet((f"{start}{who}/{named}",), pid, 1) for pid, who in enumerate(people))
    data = ReidDataModule(
        ReidSplits(train, splits.query, splits.gallery),
        SnippetSize(4, 32, 32),
        TrainSampling("random", identities=2, tracklets=1, num_batches=1, seed=0),
        8,
        0,
    )

    assert data.tracklets_of(1) == [f"{who}/{named}" for who in people]
