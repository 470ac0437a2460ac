"""One run from settings to its folder, and what it says when something does not fit."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
import yaml

from reid_cosam import build, train
from reid_cosam.data.readers.mars import Mars
from reid_cosam.settings import TrainSettings
from reid_cosam.training.announcement import Pace
from tests.support.tree import write_mars_tree
from tests.test_settings import settings

SMALL = (
    "backbone=se_resnet_tiny",
    "recipe.attention.reduced_channels_narrow=16",
    "recipe.sampling.identities=4",
    "recipe.sampling.tracklets=2",
    "data=mars",
    "data.height=64",
    "data.width=32",
    "data.workers=0",
    "trainer=cpu",
    "trainer.precision=32-true",
    "trainer.max_steps=3",
    "trainer.eval_every=2",
    "trainer.log_every=1",
    "logger=csv",
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mars_tree(tmp_path_factory.mktemp("data") / "mars")


@pytest.fixture(autouse=True)
def tiny_mars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mars, "counts", {})


def small(tree: Path, *overrides: str) -> TrainSettings:
    return settings(*SMALL, f"data.root={tree}", "backbone.pretrained=false", *overrides)


def weights(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    return state


def test_a_run_leaves_everything_in_its_folder(tree: Path, tmp_path: Path) -> None:
    train.run(small(tree), tmp_path)

    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert {"mAP", "R1", "R5", "R20"} <= metrics.keys()
    assert (metrics["valid_queries"], metrics["protocol"], metrics["step"]) == (6, "released", 3)
    assert 0 < metrics["chance"]["mAP"] < 1
    assert len(pd.read_csv(tmp_path / "queries.csv")) == 6
    assert yaml.safe_load((tmp_path / "config.yaml").read_text())["cosam"] == [4, 5]
    assert json.loads((tmp_path / "environment.json").read_text())["packages"]["torch"]
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == {
        "attention.png",
        "ranked_lists.png",
        "cmc.png",
    }
    assert {path.name for path in (tmp_path / "checkpoints").iterdir()} == {
        *("last.ckpt", "previous.ckpt", "best.ckpt")
    }
    curves = pd.read_csv(tmp_path / "curves" / "metrics.csv")
    assert {"train/total", "train/triplet", "eval/mAP", "train/learning_rate"} <= set(curves.columns)


def test_the_same_seed_gives_the_same_numbers(tree: Path, tmp_path: Path) -> None:
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        train.run(small(tree, f"seed={seed}"), tmp_path / name)

    first, again, other = (weights(tmp_path / name) for name in ("first", "again", "other"))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_the_best_checkpoint_is_kept_after_the_last_iteration_too(tree: Path, tmp_path: Path) -> None:
    train.run(small(tree), tmp_path)

    curves = pd.read_csv(tmp_path / "curves" / "metrics.csv").dropna(subset="eval/mAP")
    best = torch.load(tmp_path / "checkpoints" / "best.ckpt", weights_only=True)
    assert curves["step"].tolist() == [2, 3]
    assert best["global_step"] == curves["step"].iloc[curves["eval/mAP"].argmax()]


def test_a_missing_data_folder_says_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"(?s)nowhere.*bbox_train/.*data=synthetic"):
        train.run(small(tmp_path / "nowhere"), tmp_path / "run")


def test_a_truncated_frame_is_named(tmp_path: Path) -> None:
    tree = write_mars_tree(tmp_path / "mars")
    broken = sorted((tree / "bbox_test").rglob("*.jpg"))[0]
    broken.write_bytes(broken.read_bytes()[:200])

    with pytest.raises(ValueError, match=broken.name):
        train.run(small(tree), tmp_path / "run")


def test_fewer_identities_than_a_batch_wants(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^recipe\.sampling\.identities=8: the data set has 4 identities"):
        train.run(small(tree, "recipe.sampling.identities=8"), tmp_path / "run")


def test_scarce_identities_repeat_their_tracklets(
    tree: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        train.run(small(tree, "recipe.sampling.tracklets=4", "trainer.max_steps=1"), tmp_path / "run")

    assert "4 of 4 training identities have fewer than 4 tracklets" in caplog.text


def test_a_cpu_run_says_how_long_it_will_take(
    tree: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reid_cosam.training.announcement.measure_pace", lambda *_: Pace(7200.0, 5.0))

    with caplog.at_level("INFO"):
        train.run(small(tree, "trainer.max_steps=1"), tmp_path / "run")

    assert (
        "1 iterations at about 7200.0 s each take about 2.0 h, and each evaluation about 2 min" in caplog.text
    )
    assert "experiment=quickstart" in caplog.text


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (0, "trainer.accelerator=gpu, but torch finds no GPU on this machine: "),
        (
            1,
            "trainer.devices=2 needs as many GPUs, but torch finds 1 on this machine: "
            "lower trainer.devices, or ",
        ),
    ],
)
def test_too_few_gpus_are_named(
    found: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: found)
    monkeypatch.setattr(torch.utils.deterministic, "fill_uninitialized_memory", True)  # set back afterwards
    chosen = settings("trainer=gpu", "trainer.devices=2", "backbone.pretrained=false")

    with pytest.raises(ValueError, match=f"^{re.escape(said)}run on the CPU with trainer.accelerator=cpu$"):
        build.make_trainer(chosen.trainer, tmp_path, [])


def test_a_gpu_that_is_not_there_is_missed_before_walkers_are_rendered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    chosen = settings("experiment=quickstart", f"data.root={tmp_path / 'data'}", "trainer.accelerator=gpu")

    with pytest.raises(ValueError, match=r"^trainer\.accelerator=gpu"):
        train.run(chosen, tmp_path / "run")

    assert not (tmp_path / "data").exists()
