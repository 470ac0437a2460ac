"""What a run prints where no terminal shows a bar."""

from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import RichProgressBar

from reid_cosam.training import progress
from reid_cosam.training.progress import PlainProgress, TerminalProgress

MODULE = Mock(spec=pl.LightningModule)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def trainer_at(step: int, max_steps: int) -> Mock:
    optimiser = SimpleNamespace(param_groups=[{"lr": 2e-4}])
    return Mock(spec=pl.Trainer, testing=False, global_step=step, max_steps=max_steps, optimizers=[optimiser])


def test_a_resumed_run_counts_its_own_pace(clock: SimpleNamespace, caplog: pytest.LogCaptureFixture) -> None:
    plain = PlainProgress(every=1)
    with caplog.at_level("INFO"):
        plain.on_train_start(trainer_at(10, 40), MODULE)
        for step, seconds in ((11, 90), (12, 1), (13, 3)):
            clock.now += seconds
            plain.on_train_batch_end(trainer_at(step, 40), MODULE, {"loss": torch.tensor(1.25)}, None, 0)

    # The first, which took 90 s to compile, does not count; 28 of 1 s are left, then 27 of 4 s / 2.
    assert caplog.messages == [
        "iteration 11/40  loss 1.250  learning rate 2.0e-04",
        "iteration 12/40  loss 1.250  learning rate 2.0e-04  1.00 s/iteration  28 s left",
        "iteration 13/40  loss 1.250  learning rate 2.0e-04  2.00 s/iteration  54 s left",
    ]


def test_a_second_training_has_a_pace_of_its_own(
    clock: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    plain = PlainProgress(every=1)
    with caplog.at_level("INFO"):
        for start in (0, 5):
            plain.on_train_start(trainer_at(start, 9), MODULE)
            clock.now += 100
            plain.on_train_batch_end(trainer_at(start + 1, 9), MODULE, torch.tensor(0.0), None, 0)

    assert [line.count("left") for line in caplog.messages] == [0, 0]


def test_what_the_device_still_computes_counts_for_the_iteration_that_asked_for_it(
    clock: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    class Queued(torch.Tensor):
        def item(self) -> float:
            clock.now += 50
            return 1.0

    plain = PlainProgress(every=1)
    with caplog.at_level("INFO"):
        plain.on_train_start(trainer_at(0, 3), MODULE)
        plain.on_train_batch_end(trainer_at(1, 3), MODULE, Queued(), None, 0)
        clock.now += 2
        plain.on_train_batch_end(trainer_at(2, 3), MODULE, torch.tensor(1.0), None, 1)

    assert caplog.messages[1].endswith("  2.00 s/iteration  2 s left")


def test_lines_come_every_few_iterations_and_at_the_end(
    clock: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    plain = PlainProgress(every=2)
    with caplog.at_level("INFO"):
        plain.on_train_start(trainer_at(0, 5), MODULE)
        for step in range(1, 6):
            clock.now += 1
            plain.on_train_batch_end(trainer_at(step, 5), MODULE, torch.tensor(0.0), None, step - 1)

    assert [line.split("  ")[0] for line in caplog.messages] == [
        "iteration 1/5",
        "iteration 2/5",
        "iteration 4/5",
        "iteration 5/5",
    ]


def test_an_evaluation_shows_its_scores_in_percent(caplog: pytest.LogCaptureFixture) -> None:
    trainer = trainer_at(5, 5)
    trainer.callback_metrics = {"train/total": torch.tensor(1.0), "eval/mAP": torch.tensor(0.4567)}

    with caplog.at_level("INFO"):
        PlainProgress(every=1).on_validation_end(trainer, MODULE)

    assert caplog.messages == ["evaluation  mAP 45.7"]


def test_a_long_evaluation_says_every_half_minute_how_far_it_is(
    clock: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    trainer, plain = trainer_at(5, 5), PlainProgress(every=1)
    trainer.num_val_batches = [6]

    with caplog.at_level("INFO"):
        plain.on_validation_start(trainer, MODULE)
        for batch in range(6):
            clock.now += 20
            plain.on_validation_batch_end(trainer, MODULE, None, None, batch)

    # Lines are due at 40, 80 and 120 s: 2, 4 and 6 of 6 batches, 20 s each.
    assert caplog.messages == [
        "evaluating  batch 2/6  80 s left",
        "evaluating  batch 4/6  40 s left",
        "evaluating  batch 6/6  0 s left",
    ]


def test_a_terminal_reads_the_loss_every_few_iterations_only(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def record(_: pl.Callback, trainer: pl.Trainer, __: pl.LightningModule) -> None:
        read.append(trainer.global_step)

    monkeypatch.setattr(RichProgressBar, "_update_metrics", record)
    bar = TerminalProgress(every=3)
    for step in range(1, 8):
        bar._update_metrics(Mock(spec=pl.Trainer, training=True, global_step=step), MODULE)
    bar._update_metrics(
        Mock(spec=pl.Trainer, training=False, global_step=7), MODULE
    )  # an evaluation's scores

    assert read == [3, 6, 7]


def test_a_terminal_shows_the_loss_of_training_and_the_scores_of_an_evaluation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RichProgressBar, "on_train_batch_end", Mock())  # which draws
    bar = TerminalProgress(every=1)
    common = {"max_steps": 9, "progress_bar_metrics": {"eval/mAP": torch.tensor(0.5)}, "loggers": []}
    training, evaluating = (Mock(spec=pl.Trainer, training=one, **common) for one in (True, False))
    bar.on_train_batch_end(training, MODULE, {"loss": torch.tensor(1.25)}, None, 0)

    assert TerminalProgress(every=1).get_metrics(evaluating, MODULE) == {"eval/mAP": 0.5}
    assert bar.get_metrics(training, MODULE) == {"eval/mAP": 0.5, "loss": 1.25}
    assert bar.get_metrics(evaluating, MODULE) == {"eval/mAP": 0.5, "loss": 1.25}
