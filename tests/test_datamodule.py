import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pytorch_lightning as pl
import simplejpeg
import torch
from torch import Tensor

from reid_cosam.data.datasets import ClipBatch, SnippetBatch
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.datamodule import ReidDataModule

HEIGHT, WIDTH, NUM_BATCHES, STOP = 16, 8, 8, 5

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings(
        "ignore:.*LeafSpec.* is deprecated:FutureWarning"
    ),  # Lightning's own use of torch
]


@pytest.fixture
def splits(tmp_path: Path) -> ReidSplits:
    rng = np.random.default_rng(0)

    def tracklet(pid: int, camid: int, length: int) -> Tracklet:
        paths = [tmp_path / f"{pid}-{camid}-{number}.jpg" for number in range(length)]
        for path in paths:
            path.write_bytes(simplejpeg.encode_jpeg(rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)))
        return Tracklet(tuple(map(str, paths)), pid, camid)

    return ReidSplits(
        train=(*(tracklet(pid, camid, 9) for pid in (30, 11, 25) for camid in (1, 2)), tracklet(8, 1, 9)),
        query=(tracklet(50, 1, 6), tracklet(51, 1, 2)),
        gallery=(tracklet(50, 2, 4), tracklet(51, 2, 9), tracklet(0, 2, 5)),
    )


@pytest.fixture
def make(splits: ReidSplits) -> Callable[[int], ReidDataModule]:
    def with_workers(num_workers: int) -> ReidDataModule:
        return ReidDataModule(
            splits,
            height=HEIGHT,
            width=WIDTH,
            num_frames=4,
            sampling="random",
            identities_per_batch=2,
            tracklets_per_identity=2,
            num_batches=NUM_BATCHES,
            eval_batch_size=3,
            num_workers=num_workers,
            seed=1,
        )

    return with_workers


class Recorder(pl.LightningModule):
    """Trains one weight on whatever it sees, and remembers that."""

    def __init__(self, fails_at: int | None = None) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(HEIGHT, WIDTH, dtype=torch.float64))
        self.seen: dict[int, ClipBatch] = {}
        self.evaluated: list[SnippetBatch] = []
        self.fails_at = fails_at

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=1e-4)

    def training_step(self, batch: ClipBatch, batch_idx: int) -> Tensor:
        if batch_idx == self.fails_at:
            raise RuntimeError("power cut")
        self.seen[batch_idx] = batch
        return (batch.clips.double() * self.weight).mean().square() * (1 + batch.pids.sum())

    def validation_step(self, batch: SnippetBatch, _batch_idx: int) -> None:
        self.evaluated.append(batch)


def _trainer(
    folder: Path, *callbacks: pl.Callback, max_steps: int = NUM_BATCHES, limit_val_batches: float = 0
) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cpu",
        callbacks=list(callbacks),
        default_root_dir=folder,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        limit_val_batches=limit_val_batches,
        logger=False,
        max_steps=max_steps,
        use_distributed_sampler=False,
    )


class Saver(pl.Callback):
    """Saves after the batch before `STOP` (while the loop still counts it) or when training breaks off."""

    def __init__(self, path: Path, moment: str) -> None:
        self.path, self.moment = path, moment

    def on_train_batch_end(self, trainer: pl.Trainer, *_: object) -> None:
        if self.moment == "on the way" and trainer.global_step == STOP:
            trainer.save_checkpoint(self.path)

    def on_exception(self, trainer: pl.Trainer, *_: object) -> None:
        trainer.save_checkpoint(self.path)


def _stop_after_fit(path: Path, module: ReidDataModule) -> None:
    trainer = _trainer(path.parent, max_steps=STOP)
    trainer.fit(Recorder(), module)
    trainer.save_checkpoint(path)


def _save_on_the_way(path: Path, module: ReidDataModule) -> None:
    _trainer(path.parent, Saver(path, "on the way")).fit(Recorder(), module)


def _break_off_within_a_step(path: Path, module: ReidDataModule) -> None:
    with pytest.raises(RuntimeError, match="power cut"):
        _trainer(path.parent, Saver(path, "on failure")).fit(Recorder(fails_at=STOP), module)


@pytest.mark.parametrize("interrupt", [_stop_after_fit, _save_on_the_way, _break_off_within_a_step])
def test_a_resumed_training_sees_the_rest_of_the_same_batches(
    make: Callable[[int], ReidDataModule], tmp_path: Path, interrupt: Callable[[Path, ReidDataModule], None]
) -> None:
    whole, resumed = Recorder(), Recorder()
    _trainer(tmp_path).fit(whole, make(0))
    checkpoint = tmp_path / "stopped.ckpt"
    interrupt(checkpoint, make(0))

    _trainer(tmp_path).fit(resumed, make(0), ckpt_path=checkpoint, weights_only=True)

    assert list(whole.seen) == list(range(NUM_BATCHES))
    assert list(resumed.seen) == list(range(STOP, NUM_BATCHES))
    for number, batch in resumed.seen.items():
        for ours, theirs in zip(batch, whole.seen[number], strict=True):
            assert torch.equal(ours, theirs)
    assert torch.equal(resumed.weight, whole.weight)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_batches_do_not_depend_on_the_workers(make: Callable[[int], ReidDataModule]) -> None:
    for alone, shared in zip(make(0).train_dataloader(), make(2).train_dataloader(), strict=True):
        assert torch.equal(alone.clips, shared.clips)
        assert torch.equal(alone.pids, shared.pids)
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


def test_the_trainer_hands_evaluation_batches_over(
    make: Callable[[int], ReidDataModule], tmp_path: Path
) -> None:
    recorder = Recorder()

    _trainer(tmp_path, limit_val_batches=1.0).validate(recorder, make(0), verbose=False)

    assert [batch.tracklets.tolist() for batch in recorder.evaluated] == [[0, 0, 1], [2, 3, 3], [3, 4, 4]]


def test_each_rank_gets_its_own_share(make: Callable[[int], ReidDataModule]) -> None:
    whole = make(0)
    shares = []
    for rank in range(2):
        module = make(0)
        module.trainer = _FakeTrainer(rank)  # type: ignore[assignment]
        shares.append((list(module.train_dataloader()), list(module.val_dataloader())))

    for batch, first, second in zip(whole.train_dataloader(), shares[0][0], shares[1][0], strict=True):
        assert torch.equal(batch.clips, torch.cat([first.clips, second.clips]))
    evaluated = [set(torch.cat([batch.tracklets for batch in share[1]]).tolist()) for share in shares]
    assert evaluated[0] | evaluated[1] == {0, 1, 2, 3, 4}
    assert not evaluated[0] & evaluated[1]


class _FakeTrainer:
    """The little that the data module asks of a trainer on two ranks."""

    def __init__(self, rank: int) -> None:
        self.global_rank, self.world_size, self.global_step = rank, 2, 0


def test_identities_with_too_few_tracklets_are_counted_in_the_log(
    make: Callable[[int], ReidDataModule], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="reid_cosam.datamodule"):
        make(0)

    assert caplog.messages == [
        "1 of 4 training identities have fewer than 2 tracklets: their batches repeat some"
    ]
