"""What an evaluation needs is read and checked before anything is extracted."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hydra import compose, initialize_config_dir
from safetensors import safe_open

from reid_cosam import build
from reid_cosam.evaluation.extraction import Extraction
from reid_cosam.metrics.scoring import ScoringConfig
from reid_cosam.metrics.testset import TestSet
from reid_cosam.paths import CONF
from reid_cosam.results.descriptors import DescriptorStore
from reid_cosam.settings import EvaluateSettings
from reid_cosam.settings.reading import read_settings
from tests.support.evaluated import run

pytestmark = pytest.mark.usefixtures("any_counts")


@pytest.fixture
def copied(trained_checkpoint: Path, tmp_path: Path) -> Path:
    """The checkpoint alone, without descriptors beside it."""
    return Path(shutil.copy(trained_checkpoint, tmp_path / "model.ckpt"))


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
    monkeypatch.delattr(Extraction, "test_step")

    with pytest.raises(ValueError, match=r"model\.ckpt is a file: name a folder with store="):
        run(tmp_path / "out", copied, f"store={copied}")


def test_descriptors_that_are_not_finite_are_refused(copied: Path, tmp_path: Path) -> None:
    metrics = run(tmp_path / "out", copied)
    path = Path(metrics["store"]) / "descriptors.safetensors"
    with safe_open(path, framework="pt") as file:
        origin, descriptors = file.metadata(), file.get_tensor("descriptors")
    descriptors[3, 1] = torch.nan
    DescriptorStore(path.parent, origin, True).save(
        descriptors, pd.read_csv(path.with_name("tracklets.csv")), "euclidean"
    )

    with pytest.raises(ValueError, match=r"1 of 12 descriptors hold NaN or infinity, the first in row 4,"):
        run(tmp_path / "again", copied)


def test_a_torn_store_is_named(copied: Path, tmp_path: Path) -> None:
    metrics = run(tmp_path / "out", copied)
    path = Path(metrics["store"]) / "descriptors.safetensors"
    path.write_bytes(path.read_bytes()[:100])

    with pytest.raises(ValueError, match=r"descriptors\.safetensors is not a readable"):
        run(tmp_path / "again", copied)


def test_re_ranking_that_does_not_fit_is_refused_before_anything_is_extracted(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocols = ("protocol=[with_queries,released]", "rerank=true")
    run(tmp_path / "out", copied, *protocols, "reranking.k1=11")  # 6 queries, 6 in the gallery
    monkeypatch.delattr(Extraction, "test_step")
    monkeypatch.delattr(DescriptorStore, "load")

    with pytest.raises(ValueError, match=r"^protocol released: reranking\.k1 must be 1 to 11, .*got 12"):
        run(tmp_path / "again", copied, *protocols, "reranking.k1=12")
    with pytest.raises(ValueError, match=r"^protocol released: reranking\.k2 must be .*got 13"):
        run(tmp_path / "again", copied, *protocols, "reranking.k1=3", "reranking.k2=13")


def test_unknown_people_are_refused_before_anything_is_extracted(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["person_id,camera_id,tracklets_id,hat,backpack,hand bag", "101,1,1,1,0,0", "103,1,3,0,0,0"]
    (tmp_path / "who.csv").write_text("\n".join(lines) + "\n")
    monkeypatch.delattr(Extraction, "test_step")

    with pytest.raises(ValueError, match=r"who\.csv lacks 1 of the people queried, first pid 102"):
        run(tmp_path / "out", copied, f"data.attributes={tmp_path / 'who.csv'}")


def test_each_process_needs_a_tracklet() -> None:
    test_set = TestSet(np.array([1, 2, 2]), np.array([1, 1, 2]), 2)
    build.check_scoring(test_set, ScoringConfig(), processes=3)

    with pytest.raises(ValueError, match=r"the 3 test tracklets .* 4 processes.*devices"):
        build.check_scoring(test_set, ScoringConfig(), processes=4)


def test_data_that_are_gone_from_where_the_network_was_trained_are_asked_for(
    copied: Path, tmp_path: Path
) -> None:
    content = torch.load(copied, weights_only=True)
    content["config"]["data"]["root"] = str(tmp_path / "gone")
    torch.save(content, copied)

    with pytest.raises(FileNotFoundError, match=r"(?s)gone/info is missing.*add data\.root=FOLDER"):
        run(tmp_path / "out", copied)
    with pytest.raises(FileNotFoundError) as named:
        run(tmp_path / "out", copied, "data=mars", f"data.root={tmp_path / 'gone'}")
    assert "FOLDER" not in str(named.value)


def test_settings_out_of_range_are_named(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"protocol=best: Input should be 'released', 'with_queries'"):
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

    with pytest.raises(ValueError, match=r"^ckpt is missing"):
        read_settings(EvaluateSettings, config)


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.ckpt"):
        run(tmp_path, tmp_path / "nowhere.ckpt")
