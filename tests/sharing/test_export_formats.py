"""`reid-cosam export format=...` writes other programs' files, and how they score beside the network."""

import json
import sys
from pathlib import Path

import pytest
import torch

import reid_cosam
from reid_cosam import ScoringConfig, TestSet, export, read_clip, score_protocols
from reid_cosam.data.readers.mars import Mars
from tests.sharing.folders import checkpoint
from tests.support.in_process import call
from tests.support.tree import write_mars_tree


def test_export_writes_files_and_scores_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mars, "counts", {})
    tree, ckpt = write_mars_tree(tmp_path / "mars", size=(64, 32)), checkpoint(tmp_path / "model.ckpt")
    data = ("data=mars", f"data.root={tree}")

    code, out, _ = call(export.main, tmp_path, f"ckpt={ckpt}", "out=model", "format=torch_export", *data)

    assert code == 0
    assert {"clips.pt2", "single_frame.pt2", "parity.json"} <= {
        one.name for one in (tmp_path / "model").iterdir()
    }
    encoder, splits = reid_cosam.load(tmp_path / "model"), Mars().read(tree)
    clips = [read_clip(one.frames, 64, 32)[None] for one in (*splits.query, *splits.gallery, *splits.junk)]
    descriptors = torch.cat([encoder.embed(clip) for clip in clips])
    (result,) = score_protocols(
        descriptors, TestSet.of(splits.query, splits.gallery, splits.junk), ScoringConfig()
    )
    rows = json.loads((tmp_path / "model" / "parity.json").read_text())["test_set"]
    scores = {(row["format"], row["form"]): row["mAP"] for row in rows}
    assert set(scores) == {
        (format, form) for format in ("torch", "torch_export") for form in ("clips", "single_frame")
    }
    assert scores["torch", "clips"] == scores["torch_export", "clips"] == result.scores.mean_ap
    assert scores["torch", "single_frame"] == scores["torch_export", "single_frame"]
    cosines = {
        row["form"]: row["smallest_cosine_to_clips"] for row in rows if row["format"] == "torch_export"
    }
    assert cosines["clips"] == pytest.approx(1)
    assert cosines["single_frame"] < 0.9999
    assert "torch_export single_frame" in " ".join(out.split())


def test_without_the_extra_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)

    code, _, err = call(export.main, tmp_path, "ckpt=model.ckpt", "out=model", "format=[onnx]")

    assert code == 1
    assert err.splitlines()[-1].endswith("pip install 'reid-cosam[onnx]'")
    assert not (tmp_path / "model").exists()
