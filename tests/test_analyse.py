"""`reid-cosam analyse`: what it measures, writes, says and refuses."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reid_cosam import analyse
from reid_cosam.data.readers.mars import Mars
from tests.support import evaluated
from tests.support.commands import render_walkers
from tests.support.in_process import call
from tests.support.tree import write_mars_tree
from tests.test_visualize import Run, write_checkpoint, written


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_walkers(tmp_path_factory.mktemp("walkers"))


@pytest.fixture(scope="module")
def ckpt(walkers: Path) -> Path:
    return write_checkpoint(walkers / "model.ckpt", "data.size=small", f"data.root={walkers}")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return partial(call, analyse.main, tmp_path)


def record(printed: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((written(printed) / "analysis.json").read_text())
    return content


def test_everything_is_left_in_its_folder(run: Run, ckpt: Path, tmp_path: Path) -> None:
    code, printed, errors = run(f"ckpt={ckpt}")

    assert code == 0, errors
    folder = written(printed)
    assert folder.parent == tmp_path / "logs" / "analyse" / "runs"
    names = {path.name for path in folder.iterdir()}
    assert {f"analysis.{kind}" for kind in ("json", "csv", "md", "png")} <= names
    changes = ["flat", "by place", "swapped", "flat channels"]
    table = pd.read_csv(folder / "analysis.csv")
    assert table["change"].tolist() == ["as trained", *changes * 3]
    assert table["blocks"].tolist() == ["4 and 5"] * 5 + ["4"] * 4 + ["5"] * 4
    assert table["mAP_difference"].tolist() == pytest.approx((table["mAP"] - table["mAP"][0]).tolist())
    text = (folder / "analysis.md").read_text()
    found = record(printed)
    assert [row["stage"] for row in found["masks"]] == [4, 5]
    for row in found["masks"]:
        cells = [str(row["stage"]), f"{100 * row['place_share']:.0f} %", f"{row['mean']:.3f}"]
        assert " ".join(cells) in " ".join(printed.split())
        assert " | ".join(cells) in text
        assert [len(line) for line in row["mean_mask"]] == [2] * 4
    assert [(row["stage"], row["instead"]) for row in found["coverage"]] == [
        (stage, instead) for stage in (4, 5) for instead in (None, "mean mask", "mean outline", "flat mask")
    ]


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_unchanged_it_scores_as_an_evaluation_does(
    run: Run, ckpt: Path, tmp_path: Path, precision: str
) -> None:
    options = (f"trainer.precision={precision}", "distance=cosine")
    code, printed, errors = run(f"ckpt={ckpt}", *options)
    assert code == 0, errors

    found = evaluated.run(tmp_path / "evaluated", ckpt, *options)

    trained = record(printed)["scores"][0]
    assert (trained["mAP"], trained["R1"]) == (found["mAP"], found["R1"])


def test_another_data_set_without_person_masks(
    run: Run, ckpt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mars, "counts", {})
    root = write_mars_tree(tmp_path / "mars")

    code, printed, errors = run(f"ckpt={ckpt}", "data=mars", f"data.root={root}", "data.workers=0")

    assert code == 0, errors
    found = record(printed)
    assert found["coverage"] is None
    assert found["data"]["name"] == "mars"
    assert "on mars, protocol released" in (written(printed) / "analysis.md").read_text()


def test_a_network_without_masks_is_refused(run: Run, walkers: Path, tmp_path: Path) -> None:
    plain = write_checkpoint(tmp_path / "plain.ckpt", "data.size=small", f"data.root={walkers}", "cosam=[]")

    code, _, errors = run(f"ckpt={plain}")

    assert code == 1
    assert errors.startswith(f"error: {plain}: the network has no COSAM layer")
    assert errors.count("\n") == 0


def test_more_devices_than_one_are_refused(run: Run, ckpt: Path) -> None:
    code, _, errors = run(f"ckpt={ckpt}", "trainer.devices=2")

    assert code == 1
    assert errors.startswith("error: trainer.devices=2: ")
