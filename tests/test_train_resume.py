"""Runs that are resumed, registered or prolonged, and checkpoints that do not fit."""

import json
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch

from reid_cosam import train
from reid_cosam.data.readers.mars import Mars
from tests.support.tree import write_mars_tree
from tests.test_settings import settings
from tests.test_train import small, weights

STRONG = ("recipe=strong", "recipe/without=schedule")  # its schedule would depend on the length


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mars_tree(tmp_path_factory.mktemp("data") / "mars")


@pytest.fixture(autouse=True)
def tiny_mars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mars, "counts", {})


@pytest.mark.parametrize("recipe", [("recipe=paper",), STRONG], ids=["paper", "strong"])
def test_a_resumed_run_ends_where_an_unbroken_one_does(
    tree: Path, tmp_path: Path, recipe: tuple[str, ...]
) -> None:
    schedule = (*recipe, "trainer.checkpoint_every=2", "recipe.schedule.step_every=2")
    train.run(small(tree, *schedule), tmp_path / "whole")
    train.run(small(tree, *schedule, "trainer.max_steps=2"), tmp_path / "first")
    begun = tmp_path / "first" / "checkpoints" / "last.ckpt"

    train.run(small(tree, *schedule, f"ckpt_path={begun}"), tmp_path / "rest")

    whole, rest = weights(tmp_path / "whole"), weights(tmp_path / "rest")
    assert all(torch.equal(whole[name], rest[name]) for name in whole)
    assert (tmp_path / "whole" / "queries.csv").read_text() == (tmp_path / "rest" / "queries.csv").read_text()


def test_a_registered_run_is_not_repeated(
    tree: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = small(tree, f"registry={tmp_path / 'kept'}")
    train.run(kept, tmp_path / "first")
    (folder,) = (tmp_path / "kept").iterdir()
    written = (folder / "metrics.json").stat().st_mtime_ns

    with caplog.at_level("INFO"):
        train.run(kept, tmp_path / "second")

    assert f"finished before, not repeated: {folder}" in caplog.text
    assert (folder / "metrics.json").stat().st_mtime_ns == written
    assert json.loads((tmp_path / "second" / "run.json").read_text())["folder"] == str(folder)


def test_other_tracklets_make_another_registered_run(tree: Path, tmp_path: Path) -> None:
    other = write_mars_tree(tmp_path / "other", frames=6)

    for folder in (tree, other):
        train.run(small(folder, f"registry={tmp_path / 'kept'}", "trainer.max_steps=1"), tmp_path / "job")

    assert len(list((tmp_path / "kept").iterdir())) == 2


@pytest.mark.parametrize("recipe", ["paper", "strong"])
def test_an_interrupted_registered_run_is_resumed(
    recipe: str, tree: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    often = (f"registry={tmp_path / 'kept'}", "trainer.checkpoint_every=1", "trainer.eval_every=1")
    kept = small(tree, f"recipe={recipe}", *often)
    with monkeypatch.context() as patch:
        patch.setattr(
            "reid_cosam.training.lightning_module.score_protocols", Mock(side_effect=SystemExit(143))
        )
        with pytest.raises(SystemExit):
            train.run(kept, tmp_path / "first")

    with caplog.at_level("INFO"):
        train.run(kept, tmp_path / "second")

    (folder,) = (tmp_path / "kept").iterdir()
    assert f"resuming from {folder}/checkpoints/last.ckpt after 1 iterations" in caplog.text
    assert (folder / "curves_before_1").is_dir()
    train.run(small(tree, f"recipe={recipe}"), tmp_path / "whole")
    whole, rest = weights(tmp_path / "whole"), weights(folder)
    assert all(torch.equal(whole[name], rest[name]) for name in whole)


def test_a_one_cycle_run_can_be_prolonged(tree: Path, tmp_path: Path) -> None:
    train.run(small(tree, "recipe/schedule=one_cycle", "trainer.max_steps=2"), tmp_path / "first")
    begun = tmp_path / "first" / "checkpoints" / "last.ckpt"

    train.run(small(tree, "recipe/schedule=one_cycle", f"ckpt_path={begun}"), tmp_path / "rest")

    assert json.loads((tmp_path / "rest" / "metrics.json").read_text())["step"] == 3


def test_a_run_that_fails_leaves_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = write_mars_tree(tmp_path / "mars")

    def break_frames(*_: object) -> None:  # once the run has looked at its images
        for frame in (tree / "bbox_test").rglob("*.jpg"):
            frame.write_bytes(frame.read_bytes()[:200])

    monkeypatch.setattr("reid_cosam.training.announcement.announce_run", break_frames)

    with pytest.raises(ValueError, match="bbox_test"):
        train.run(small(tree, "logger=none"), tmp_path / "run")

    saved = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert saved["global_step"] == 2  # the evaluation after the second iteration found the first bad frame


def test_a_checkpoint_of_another_clip_length_is_refused(tree: Path, tmp_path: Path) -> None:
    train.run(small(tree, "trainer.max_steps=1"), tmp_path / "four")
    begun = tmp_path / "four" / "checkpoints" / "last.ckpt"

    with pytest.raises(ValueError, match=r"last\.ckpt was trained with num_frames=4 \(this run: 2\)"):
        train.run(small(tree, "num_frames=2", f"ckpt_path={begun}"), tmp_path / "two")


def test_a_checkpoint_of_other_tracklets_is_refused(
    tree: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    copy, other = write_mars_tree(tmp_path / "copy"), write_mars_tree(tmp_path / "other", frames=6)
    train.run(small(tree, "trainer.max_steps=1"), tmp_path / "first")
    begun = [tmp_path / "first" / "checkpoints" / name for name in ("last.ckpt", "best.ckpt")]

    for path in begun:
        with pytest.raises(ValueError, match=rf"{path} was trained with split=\w{{12}} \("):
            train.run(small(other, f"ckpt_path={path}"), tmp_path / "refused")
    with caplog.at_level("INFO"):
        train.run(small(copy, f"ckpt_path={begun[0]}"), tmp_path / "rest")

    assert not (tmp_path / "refused" / "checkpoints").exists()
    assert f"resuming from {begun[0]} after 1 iterations" in caplog.text


def test_a_missing_checkpoint_is_named_before_data_are_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reid_cosam.build.make_splits", lambda _: pytest.fail("data came first"))

    with pytest.raises(FileNotFoundError, match="no such checkpoint"):
        train.run(settings(f"ckpt_path={tmp_path / 'last.ckpt'}"), tmp_path)
