"""Checkpoints are whole or absent, and a run that does not fit one says how."""

import os
import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import pytorch_lightning as pl
import torch

from reid_cosam.training.checkpoints import BestCheckpoint, WholeCheckpointIO, check_resumable

SPLIT = "0123456789abcdef" * 4
ATTENTION = {"variant": "paper", "reduced_channels": 256, "reduced_channels_narrow": 256}


def config(**changes: Any) -> dict[str, Any]:
    return {
        "backbone": {"name": "resnet50"},
        "cosam": [4, 5],
        "agg": {"name": "ta"},
        "num_frames": 4,
        "seed": 0,
        "data": {"height": 256, "width": 128},
        "recipe": {"attention": ATTENTION},
    } | changes


def saved_by(config: dict[str, Any]) -> dict[str, Any]:
    return {"config": config, "split": SPLIT, "global_step": 7, "optimizer_states": []}


def test_a_checkpoint_is_written_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints" / "last.ckpt"

    WholeCheckpointIO().save_checkpoint({"step": 3}, path)

    assert torch.load(path, weights_only=True) == {"step": 3}
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]


def test_a_failed_write_keeps_the_old_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    WholeCheckpointIO().save_checkpoint({"step": 3}, path)

    with pytest.raises(AttributeError, match="pickle"):
        WholeCheckpointIO().save_checkpoint({"step": lambda: 4}, path)

    assert torch.load(path, weights_only=True) == {"step": 3}
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def test_the_best_checkpoint_is_that_of_the_highest_score_also_of_a_resumed_run(tmp_path: Path) -> None:
    module, trainer = Mock(spec=pl.LightningModule), Mock(spec=pl.Trainer)
    first, resumed = BestCheckpoint(tmp_path / "best.ckpt"), BestCheckpoint(tmp_path / "best.ckpt")

    saved = []
    for callback, mean_ap in ((first, 0.3), (first, 0.2), (resumed, 0.25), (resumed, 0.4)):
        if callback is resumed:
            resumed.load_state_dict(first.state_dict())
        trainer.callback_metrics = {"eval/mAP": torch.tensor(mean_ap)}
        callback.on_validation_end(trainer, module)
        saved.append(trainer.save_checkpoint.call_count)

    assert saved == [1, 1, 1, 2]


def test_the_same_network_may_go_on(tmp_path: Path) -> None:
    torch.save(saved_by(config()), tmp_path / "last.ckpt")

    done = check_resumable(tmp_path / "last.ckpt", config(trainer={"max_steps": 9}), SPLIT)

    assert done == 7


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_frames": 8}, r"last\.ckpt was trained with num_frames=4 \(this run: 8\)"),
        ({"seed": 3}, r"seed=0 \(this run: 3\)"),
        ({"cosam": [4]}, r"cosam=\[4, 5\] \(this run: \[4\]\)"),
        (
            {"recipe": {"attention": ATTENTION | {"variant": "released"}}},
            r"variant=paper \(this run: released\)",
        ),
    ],
)
def test_another_network_is_refused_by_name(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    torch.save(saved_by(config()), tmp_path / "last.ckpt")

    with pytest.raises(ValueError, match=message):
        check_resumable(tmp_path / "last.ckpt", config(**changes), SPLIT)


def test_without_cosam_its_variant_does_not_matter(tmp_path: Path) -> None:
    torch.save(saved_by(config(cosam=[])), tmp_path / "last.ckpt")
    other = config(cosam=[], recipe={"attention": ATTENTION | {"variant": "released"}})

    assert check_resumable(tmp_path / "last.ckpt", other, SPLIT) == 7


def test_other_tracklets_are_refused_by_their_hashes(tmp_path: Path) -> None:
    torch.save(saved_by(config()), tmp_path / "last.ckpt")

    with pytest.raises(
        ValueError,
        match=r"last\.ckpt was trained on other tracklets, sha256 0123456789ab \(this run: fedcba987654\): "
        r"it can only go on with its own; name their folder with data\.root=",
    ):
        check_resumable(tmp_path / "last.ckpt", config(), SPLIT[::-1])


def test_a_checkpoint_that_does_not_name_its_tracklets_cannot_go_on(tmp_path: Path) -> None:
    old = {name: value for name, value in saved_by(config()).items() if name != "split"}
    torch.save(old, tmp_path / "last.ckpt")

    with pytest.raises(ValueError, match=r"last\.ckpt does not say which tracklets .*: start anew"):
        check_resumable(tmp_path / "last.ckpt", config(), SPLIT)


def test_weights_alone_cannot_go_on(tmp_path: Path) -> None:
    torch.save({"config": config(), "state_dict": {}}, tmp_path / "model.ckpt")

    with pytest.raises(ValueError, match=r"model\.ckpt holds weights only"):
        check_resumable(tmp_path / "model.ckpt", config(), SPLIT)


def test_a_missing_or_foreign_checkpoint_is_named(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "foreign.ckpt")

    (tmp_path / "torn.ckpt").write_bytes(b"PK")
    (tmp_path / "text.ckpt").write_text("no checkpoint\n")
    (tmp_path / "empty.ckpt").touch()

    for name in ("torn", "text", "empty"):
        with pytest.raises(ValueError, match=rf"{name}\.ckpt is not a readable checkpoint: ."):
            check_resumable(tmp_path / f"{name}.ckpt", config(), SPLIT)
    with pytest.raises(FileNotFoundError, match=r"none\.ckpt: there is no such checkpoint"):
        check_resumable(tmp_path / "none.ckpt", config(), SPLIT)
    with pytest.raises(ValueError, match=r"foreign\.ckpt was not written by reid_cosam"):
        check_resumable(tmp_path / "foreign.ckpt", config(), SPLIT)


@pytest.mark.parametrize("content", [{"config": {"path": Path("a")}}, b"\x80\x02garbage"])
def test_nobody_is_advised_to_read_a_file_by_running_code(content: object, tmp_path: Path) -> None:
    path = tmp_path / "model.ckpt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)

    with pytest.raises(ValueError, match=r"model\.ckpt is not a readable checkpoint: ") as caught:
        check_resumable(path, config(), SPLIT)

    assert not re.search("weights_only|arbitrary|trust", str(caught.value))
    assert ("pathlib" in str(caught.value)) == isinstance(content, dict)


def test_a_checkpoint_is_read_from_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xca\xfd") / "last.ckpt"
    WholeCheckpointIO().save_checkpoint(saved_by(config()), path)

    assert check_resumable(path, config(), SPLIT) == 7
