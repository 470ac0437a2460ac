"""A run that does not fit a checkpoint says how."""

from pathlib import Path
from typing import Any

import pytest
import torch

from reid_cosam.training.origin import Origin
from reid_cosam.training.resuming import NotResumable, check_resumable

SPLIT = "0123456789abcdef" * 4
ORIGIN = Origin(SPLIT, "f" * 64, 1, "cpu", "32-true", False)
ATTENTION = {"variant": "paper", "reduced_channels": 256, "reduced_channels_narrow": 256}
STEPS, ONE_CYCLE = (
    {"_target_": f"reid_cosam.training.optimisation.{name}"} for name in ("steps", "one_cycle")
)


def config(**changes: Any) -> dict[str, Any]:
    return {
        "backbone": {"_target_": "reid_cosam.models.backbones.resnet50"},
        "cosam": [4, 5],
        "agg": {"_target_": "reid_cosam.models.aggregators.TemporalAttention"},
        "num_frames": 4,
        "seed": 0,
        "data": {"height": 256, "width": 128},
        "recipe": {
            "attention": ATTENTION,
            "schedule": {"_target_": "reid_cosam.training.optimisation.steps"},
        },
        "trainer": {"max_steps": 9},
    } | changes


def saved_by(config: dict[str, Any]) -> dict[str, Any]:
    return {"config": config, "global_step": 7, "optimizer_states": []} | ORIGIN._asdict()


def test_the_same_network_may_go_on(tmp_path: Path) -> None:
    torch.save(saved_by(config()), tmp_path / "last.ckpt")

    done = check_resumable(tmp_path / "last.ckpt", config(trainer={"max_steps": 12}), ORIGIN)

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
        check_resumable(tmp_path / "last.ckpt", config(**changes), ORIGIN)


def test_without_cosam_its_variant_does_not_matter(tmp_path: Path) -> None:
    torch.save(saved_by(config(cosam=[])), tmp_path / "last.ckpt")
    other = config(cosam=[], recipe={"attention": ATTENTION | {"variant": "released"}, "schedule": STEPS})

    assert check_resumable(tmp_path / "last.ckpt", other, ORIGIN) == 7


def test_a_finished_run_may_go_on_but_not_back(tmp_path: Path) -> None:
    torch.save(saved_by(config()), tmp_path / "last.ckpt")

    assert check_resumable(tmp_path / "last.ckpt", config(trainer={"max_steps": 7}), ORIGIN) == 7
    with pytest.raises(ValueError, match=r"trained for 7 iterations already, and trainer\.max_steps=6"):
        check_resumable(tmp_path / "last.ckpt", config(trainer={"max_steps": 6}), ORIGIN)


def test_another_length_under_a_schedule_that_depends_on_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one_cycle = {
        "attention": ATTENTION,
        "schedule": {"_target_": "reid_cosam.training.optimisation.one_cycle"},
    }
    torch.save(saved_by(config(recipe=one_cycle)), tmp_path / "last.ckpt")

    check_resumable(tmp_path / "last.ckpt", config(recipe=one_cycle), ORIGIN)
    assert not caplog.records
    check_resumable(tmp_path / "last.ckpt", config(recipe=one_cycle, trainer={"max_steps": 12}), ORIGIN)
    assert "followed that of 9, follows that of 12 from iteration 7 on" in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"split": SPLIT[::-1]}, r"split=0123456789ab \(this run: fedcba987654\).*data\.root="),
        ({"images": "0" * 64}, r"images=ffffffffffff \(this run: 000000000000\).*data\.root="),
        ({"processes": 2}, r"processes=1 \(this run: 2\).*trainer\.devices"),
        ({"accelerator": "gpu"}, r"accelerator=cpu \(this run: gpu\).*trainer\.accelerator"),
        ({"precision": "bf16-mixed"}, r"precision=32-true \(this run: bf16-mixed\).*trainer\.precision"),
        ({"compiled": True}, r"compiled=False \(this run: True\).*trainer\.compile"),
    ],
)
def test_what_else_changes_the_numbers_is_refused(
    change: dict[str, Any], message: str, tmp_path: Path
) -> None:
    torch.save(saved_by(config()), tmp_path / "last.ckpt")

    with pytest.raises(ValueError, match=rf"last\.ckpt was trained with {message}"):
        check_resumable(tmp_path / "last.ckpt", config(), ORIGIN._replace(**change))


@pytest.mark.parametrize("name", Origin._fields)
def test_a_checkpoint_that_does_not_say_what_made_it_cannot_go_on(name: str, tmp_path: Path) -> None:
    old = {key: value for key, value in saved_by(config()).items() if key != name}
    torch.save(old, tmp_path / "last.ckpt")

    with pytest.raises(ValueError, match=rf"last\.ckpt .*{name}.*: start again"):
        check_resumable(tmp_path / "last.ckpt", config(), ORIGIN)


def test_weights_alone_cannot_go_on(tmp_path: Path) -> None:
    torch.save({"config": config(), "state_dict": {}}, tmp_path / "model.ckpt")

    with pytest.raises(ValueError, match=r"model\.ckpt .*weights only"):
        check_resumable(tmp_path / "model.ckpt", config(), ORIGIN)


def test_a_checkpoint_of_an_earlier_version_is_refused_in_one_line(tmp_path: Path) -> None:
    torch.save(saved_by(config(backbone={"name": "resnet50"})), tmp_path / "last.ckpt")

    with pytest.raises(NotResumable, match=r"last\.ckpt was written by an earlier version"):
        check_resumable(tmp_path / "last.ckpt", config(), ORIGIN)
