"""Checkpoints are whole or absent, and a run that does not fit one says how."""

from pathlib import Path
from typing import Any

import pytest
import torch

from reid_cosam.checkpoints import WholeCheckpointIO, check_resumable

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


def test_the_same_network_may_go_on(tmp_path: Path) -> None:
    torch.save({"config": config()}, tmp_path / "last.ckpt")

    check_resumable(tmp_path / "last.ckpt", config(trainer={"max_steps": 9}))


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
    torch.save({"config": config()}, tmp_path / "last.ckpt")

    with pytest.raises(ValueError, match=message):
        check_resumable(tmp_path / "last.ckpt", config(**changes))


def test_without_cosam_its_variant_does_not_matter(tmp_path: Path) -> None:
    torch.save({"config": config(cosam=[])}, tmp_path / "last.ckpt")
    other = config(cosam=[], recipe={"attention": ATTENTION | {"variant": "released"}})

    check_resumable(tmp_path / "last.ckpt", other)


def test_a_missing_or_foreign_checkpoint_is_named(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "foreign.ckpt")

    (tmp_path / "torn.ckpt").write_bytes(b"PK")

    with pytest.raises(ValueError, match=r"torn\.ckpt is not a readable checkpoint"):
        check_resumable(tmp_path / "torn.ckpt", config())
    with pytest.raises(FileNotFoundError, match=r"none\.ckpt: there is no such checkpoint"):
        check_resumable(tmp_path / "none.ckpt", config())
    with pytest.raises(ValueError, match=r"foreign\.ckpt was not written by reid_cosam"):
        check_resumable(tmp_path / "foreign.ckpt", config())
