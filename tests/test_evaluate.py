"""Descriptors once, scores under any protocol; and what is said when something does not fit."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from hydra import compose, initialize_config_dir
from safetensors import safe_open
from safetensors.torch import save_file

from reid_cosam import build, evaluate, train
from reid_cosam.build import data as build_data
from reid_cosam.evaluation import Evaluation
from reid_cosam.paths import CONF
from tests.test_train import small
from tests.tree import write_mars_tree

RERANKING = ("reranking.k1=3", "reranking.k2=2")  # there are 12 tracklets


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mars_tree(tmp_path_factory.mktemp("data") / "mars")


@pytest.fixture(autouse=True)
def tiny_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_data, "_COUNTS", {})


@pytest.fixture(scope="module")
def ckpt(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_data, "_COUNTS", {})
        train.run(small(tree, "logger=none"), folder)
    return folder / "checkpoints" / "last.ckpt"


@pytest.fixture
def copied(ckpt: Path, tmp_path: Path) -> Path:
    """The checkpoint alone, without descriptors beside it."""
    return Path(shutil.copy(ckpt, tmp_path / "model.ckpt"))


def run(folder: Path, ckpt: Path, *overrides: str) -> dict[str, Any]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("evaluate", overrides=[f"ckpt={ckpt}", *overrides])
    evaluate.run(build.read_evaluate_settings(config), folder)
    metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text())
    return metrics


def test_it_scores_as_the_training_run_did(copied: Path, ckpt: Path, tmp_path: Path) -> None:
    trained = json.loads((ckpt.parents[1] / "metrics.json").read_text())

    found = run(tmp_path / "out", copied, "trainer.precision=32-true")

    for name in ("mAP", "R1", "R5", "R20", "valid_queries", "protocol"):
        assert found[name] == pytest.approx(trained[name]), name


def test_a_second_evaluation_extracts_nothing(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(tmp_path / "first", copied)
    monkeypatch.delattr(Evaluation, "extract")

    second = run(tmp_path / "second", copied, "protocol=[with_queries,official]", "rerank=true", *RERANKING)

    assert second["store"] == first["store"]
    assert [(row["protocol"], row["reranked"]) for row in second["results"]] == [
        ("with_queries", False),
        ("with_queries", True),
        ("official", False),
        ("official", True),
    ]


def test_everything_is_left_in_the_folder(copied: Path, tmp_path: Path) -> None:
    metrics = run(tmp_path / "out", copied, "rerank=true", *RERANKING)

    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {
        "config.yaml",
        "environment.json",
        "metrics.json",
        "pictures",
        "queries_released.csv",
        "queries_released_reranked.csv",
    }
    assert {path.name for path in (out / "pictures").iterdir()} == {"cmc.png", "hardest_queries.png"}
    assert (metrics["queries"], metrics["valid_queries"]) == (6, 6)
    assert {"mAP", "mINP", "R1", "R5", "R10", "R20", "protocol"} <= metrics.keys()
    table = pd.read_csv(Path(metrics["store"]) / "tracklets.csv")
    assert table["part"].value_counts().to_dict() == {"query": 6, "gallery": 6}
    assert table.iloc[0].tolist() == ["query", 101, 1, 5, "bbox_test/0101/0101C1T0001F001.jpg"]


@pytest.mark.parametrize("batch_size", [1, 5])
def test_the_size_of_batches_changes_nothing(
    copied: Path, tmp_path: Path, batch_size: int, tree: Path
) -> None:
    data = ("data=mars", f"data.root={tree}", "data.workers=0", "trainer.precision=32-true")
    expected = run(tmp_path / "first", copied, *data, f"store={tmp_path / 'a'}")

    found = run(
        tmp_path / "out", copied, *data, f"data.eval_batch_size={batch_size}", f"store={tmp_path / 'b'}"
    )

    torch.testing.assert_close(stored(tmp_path / "b"), stored(tmp_path / "a"), rtol=1e-4, atol=1e-5)
    assert found["mAP"] == expected["mAP"]


def test_another_data_set_is_scored_with_the_same_network(copied: Path, tmp_path: Path) -> None:
    other = write_mars_tree(tmp_path / "other", test_ids=4, cameras=3)

    metrics = run(tmp_path / "out", copied, "data=mars", f"data.root={other}", "data.workers=0")

    assert metrics["queries"] == 12
    assert metrics["data"]["root"] == str(other)


def test_a_weighted_tail_changes_the_descriptors(copied: Path, tmp_path: Path) -> None:
    cycle = run(tmp_path / "cycle", copied)
    weighted = run(tmp_path / "weighted", copied, "snippet_tail=weighted")

    assert cycle["store"] != weighted["store"]
    assert not torch.equal(stored(Path(cycle["store"])), stored(Path(weighted["store"])))


def test_carriers_are_scored_apart(copied: Path, tree: Path, tmp_path: Path) -> None:
    lines = ["person_id,camera_id,tracklets_id,hat,backpack,hand bag"]
    lines += ["101,1,1,1,0,0", "102,1,2,1,1,0", "103,1,3,0,0,0"]
    (tmp_path / "who.csv").write_text("\n".join(lines) + "\n")

    (row,) = run(
        tmp_path / "out",
        copied,
        "data=mars",
        f"data.root={tree}",
        f"data.attributes={tmp_path / 'who.csv'}",
        "data.workers=0",
    )["results"]

    # Each person is queried from two cameras.
    assert (row["carriers"]["hat"]["queries"], row["carriers"]["backpack"]["queries"]) == (4, 2)
    assert row["carriers"]["handbag"] is None


def test_a_store_of_another_checkpoint_is_refused(copied: Path, tmp_path: Path) -> None:
    run(tmp_path / "out", copied, f"store={tmp_path / 'store'}")
    other = torch.load(copied, weights_only=True)
    other["state_dict"]["network.classifier.bias"] += 1
    torch.save(other, tmp_path / "other.ckpt")

    with pytest.raises(
        ValueError, match=r"descriptors\.safetensors belongs to checkpoint .*another with store="
    ):
        run(tmp_path / "again", tmp_path / "other.ckpt", f"store={tmp_path / 'store'}")


def test_a_store_that_is_no_folder_is_refused_before_anything_is_extracted(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Evaluation, "extract")

    with pytest.raises(ValueError, match=r"model\.ckpt is a file: name a folder with store="):
        run(tmp_path / "out", copied, f"store={copied}")


def test_descriptors_that_are_not_finite_are_refused(copied: Path, tmp_path: Path) -> None:
    metrics = run(tmp_path / "out", copied)
    path = Path(metrics["store"]) / "descriptors.safetensors"
    with safe_open(path, framework="pt") as file:
        origin, descriptors = file.metadata(), file.get_tensor("descriptors")
    descriptors[3, 1] = torch.nan
    save_file({"descriptors": descriptors}, path, origin)

    with pytest.raises(
        ValueError, match=r"1 of 12 descriptors hold NaN or infinity, first that of tracklet 3"
    ):
        run(tmp_path / "again", copied)


def test_a_torn_store_is_named(copied: Path, tmp_path: Path) -> None:
    metrics = run(tmp_path / "out", copied)
    path = Path(metrics["store"]) / "descriptors.safetensors"
    path.write_bytes(path.read_bytes()[:100])

    with pytest.raises(ValueError, match=r"descriptors\.safetensors is not a readable store"):
        run(tmp_path / "again", copied)


def test_settings_out_of_range_are_named(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"protocol\.0=best: Input should be 'released', 'with_queries'"):
        run(tmp_path, copied, "protocol=best")
    with pytest.raises(ValueError, match=r"reranking\.lambda_value=2"):
        run(tmp_path, copied, "reranking.lambda_value=2")


def test_a_checkpoint_without_its_network_is_named(copied: Path, tmp_path: Path) -> None:
    content = torch.load(copied, weights_only=True)
    torch.save({"config": content["config"]}, tmp_path / "bare.ckpt")
    del content["state_dict"][next(iter(content["state_dict"]))]
    torch.save(content, tmp_path / "torn.ckpt")

    with pytest.raises(ValueError, match=r"bare\.ckpt holds no network"):
        run(tmp_path, tmp_path / "bare.ckpt")
    with pytest.raises(ValueError, match=r"torn\.ckpt does not hold the network that its settings name"):
        run(tmp_path, tmp_path / "torn.ckpt")


def test_a_checkpoint_must_be_named() -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("evaluate")

    with pytest.raises(ValueError, match=r"^ckpt is missing: name it, ckpt=\.\.\.$"):
        build.read_evaluate_settings(config)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.ckpt"):
        run(tmp_path, tmp_path / "nowhere.ckpt")


def stored(folder: Path) -> torch.Tensor:
    with safe_open(folder / "descriptors.safetensors", framework="pt") as file:
        descriptors: torch.Tensor = file.get_tensor("descriptors")
    return descriptors
