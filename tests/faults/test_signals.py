"""Runs that are asked to end: by which signal, at which moment, and what they leave."""

import json
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from tests.faults.commands import SMALL_RUN, TWO_RANKS, Started, finished, metrics, processes_in, started

pytestmark = pytest.mark.slow

LONG = (*SMALL_RUN, "trainer.max_steps=5000", "trainer.checkpoint_every=1000", "trainer.eval_every=5000")
WITH_WORKERS = ("data.workers=2",)
# Nearly all of the time.
EVALUATING = (*WITH_WORKERS, "trainer.eval_every=1", "data.eval_batch_size=1")
TERM, INT, HUP, USR1, XCPU = signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGXCPU
SENDERS = {"one process": Started.send, "the process and what it started": Started.send_to_all}


def checkpoint(folder: Path) -> dict[str, Any]:
    (path,) = folder.rglob("last.ckpt")
    content: dict[str, Any] = torch.load(path, weights_only=True)
    return content


@pytest.mark.parametrize("what", [WITH_WORKERS, EVALUATING], ids=["training", "evaluating"])
@pytest.mark.parametrize("ranks", [(), TWO_RANKS], ids=["one rank", "two ranks"])
@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("number", [TERM, INT])
def test_an_interrupted_run_leaves_a_checkpoint_and_says_how_to_go_on(
    number: int, sender: str, ranks: tuple[str, ...], what: tuple[str, ...], walkers: Path, tmp_path: Path
) -> None:
    with started("train", tmp_path, *LONG, *what, *ranks, f"data.root={walkers}") as run:
        run.until("iteration 3/")
        SENDERS[sender](run, number)
        status = run.end()

    assert status == 128 + number, run.errors
    assert checkpoint(tmp_path)["global_step"] >= 3
    assert run.output.count("add ckpt_path=") == 1
    assert "Traceback" not in run.errors


@pytest.mark.parametrize("number", [HUP, USR1, XCPU])
@pytest.mark.parametrize("ranks", [(), TWO_RANKS], ids=["one rank", "two ranks"])
def test_every_other_signal_that_announces_an_end_does_the_same(
    ranks: tuple[str, ...], number: int, walkers: Path, tmp_path: Path
) -> None:
    with started("train", tmp_path, *LONG, *WITH_WORKERS, *ranks, f"data.root={walkers}") as run:
        run.until("iteration 3/")
        run.send_to_all(number)
        status = run.end()

    assert status == 128 + number, run.errors
    assert checkpoint(tmp_path)["global_step"] >= 3
    assert "Traceback" not in run.errors


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.25, 0.5, 1.0])
def test_after_the_last_evaluation_nothing_is_lost(delay: float, walkers: Path, tmp_path: Path) -> None:
    short = (*LONG, "trainer.max_steps=4", f"data.root={walkers}")
    with started("train", tmp_path, *short) as run:
        run.until("evaluation  mAP")
        time.sleep(delay)
        run.send(TERM)
        status = run.end()

    assert status in (0, 143), run.errors
    assert checkpoint(tmp_path)["global_step"] == 4
    if status:
        (last,) = tmp_path.rglob("last.ckpt")
        rest = finished("train", tmp_path, *short, f"ckpt_path={last}")
        assert rest.end() == 0, rest.errors
    assert metrics(tmp_path)["step"] == 4


@pytest.mark.parametrize("milliseconds", [0, 12, 40])
def test_ctrl_c_twice_leaves_no_half_iteration(milliseconds: int, walkers: Path, tmp_path: Path) -> None:
    short = (*LONG, "trainer.max_steps=40", "trainer.checkpoint_every=5", f"data.root={walkers}")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    whole.mkdir()
    broken.mkdir()
    assert finished("train", whole, *short).end() == 0
    with started("train", broken, *short) as run:
        run.until("iteration 12/")
        run.send(INT)
        time.sleep(milliseconds / 1000)
        run.send(INT)
        assert run.end() == 130, run.errors
    (last,) = broken.rglob("last.ckpt")

    rest = finished("train", broken, *short, f"ckpt_path={last}", "hydra.run.dir=rest")

    assert rest.end() == 0, rest.errors
    ours, theirs = checkpoint(broken / "rest"), checkpoint(whole)
    assert all(torch.equal(ours["state_dict"][name], one) for name, one in theirs["state_dict"].items())


@pytest.mark.parametrize("moment", ["training identities", "network:"])
def test_before_training_a_run_ends_at_once(moment: str, walkers: Path, tmp_path: Path) -> None:
    with started("train", tmp_path, *LONG, f"data.root={walkers}") as run:
        run.until(moment)
        run.send(TERM)
        status = run.end()

    assert status == 143, run.errors
    assert "the same command starts from the beginning" in run.output or list(tmp_path.rglob("last.ckpt"))
    assert "Traceback" not in run.errors


@pytest.mark.parametrize("what", ["bbox_train/0002", "bbox_test/0009"], ids=["training", "evaluating"])
@pytest.mark.parametrize("ranks", [(), TWO_RANKS], ids=["one rank", "two ranks"])
def test_a_broken_frame_ends_the_run(
    ranks: tuple[str, ...], what: str, walkers: Path, tmp_path: Path
) -> None:
    root = shutil.copytree(walkers, tmp_path / "broken")
    arguments = (*LONG, *WITH_WORKERS, *ranks, "trainer.eval_every=20", f"data.root={root}")
    with started("train", tmp_path, *arguments) as run:
        run.until("iteration 1/")
        for frame in root.glob(f"*/{what}/*.jpg"):
            frame.write_bytes(frame.read_bytes()[:200])
        run.end()

    assert run.end() == 1
    assert "iteration 1/" in run.output
    assert "error: cannot decode " in run.errors
    # Several ranks would have to write it together.
    assert len(list(tmp_path.rglob("last.ckpt"))) == (1 if not ranks else 0)


def ranks_of(folder: Path) -> list[psutil.Process]:
    """The processes that train, without what watches over them."""
    found = [one for one in processes_in(folder) if "reid_cosam.train" in one.cmdline()]
    return [
        one
        for one in found
        if "hydra.output_subdir=null" in one.cmdline()
        and "reid_cosam.distributed.launch" not in one.cmdline()
    ]


KEPT = (*LONG, *TWO_RANKS, "trainer.max_steps=60", "trainer.checkpoint_every=5", "registry=kept")


def test_a_killed_rank_is_no_failure_for_ever(walkers: Path, tmp_path: Path) -> None:
    with started("train", tmp_path, *KEPT, f"data.root={walkers}") as run:
        run.until("iteration 12/")
        ranks_of(tmp_path)[1].kill()
        status = run.end()
    (failure,) = tmp_path.rglob("failure.json")
    recorded = json.loads(failure.read_text())

    again = finished("train", tmp_path, *KEPT, f"data.root={walkers}")

    assert (status, recorded["of_the_machine"], recorded["attempts"]) == (1, True, 1)
    assert again.end() == 0, again.errors
    assert "failed before, attempt 2 of 3: " in again.output
    assert not list(tmp_path.rglob("failure*.json"))


def test_a_killed_command_is_taken_over_at_once(walkers: Path, tmp_path: Path) -> None:
    with started("train", tmp_path, *KEPT, f"data.root={walkers}") as run:
        run.until("iteration 12/")
        run.send(signal.SIGKILL)
        run.end()

        again = finished("train", tmp_path, *KEPT, f"data.root={walkers}")

    assert again.end() == 0, again.errors
    assert metrics(tmp_path)["step"] == 60
    assert "resuming from" in again.output


def test_a_diverged_run_keeps_its_last_good_checkpoint(walkers: Path, tmp_path: Path) -> None:
    diverging = ("recipe.optimiser.learning_rate=1e30", "trainer.checkpoint_every=1")

    run = finished("train", tmp_path, *LONG, *diverging, f"data.root={walkers}")

    assert run.end() == 1
    assert run.errors.startswith("error: training diverged: the loss is nan in iteration 2; lower ")
    kept = checkpoint(tmp_path)
    assert kept["global_step"] == 1
    assert all(torch.isfinite(one).all() for one in kept["state_dict"].values())
