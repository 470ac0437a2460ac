"""Runs that start from a file of weights: recorded by its hash, and independent of it afterwards."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import timm
import torch

from reid_cosam import build, train
from reid_cosam.build.trust import Untrusted, check_trust
from reid_cosam.data.readers.mars import Mars
from reid_cosam.settings import TrainSettings
from reid_cosam.settings.identity import run_key
from tests.support import evaluated
from tests.support.tree import write_mars_tree
from tests.test_settings import settings
from tests.test_train import small, weights

BACKBONE = ("backbone=timm", "backbone.model=lcnet_035", "cosam=[]")
TARGET = "reid_cosam.models.timm_backbones.timm_backbone"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mars_tree(tmp_path_factory.mktemp("data") / "mars")


@pytest.fixture(autouse=True)
def tiny_mars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mars, "counts", {})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return _write(tmp_path / "lcnet.pth", seed=1)


def _write(path: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    network: Any = timm.create_model("lcnet_035")
    torch.save(network.state_dict(), path)
    return path


@pytest.mark.slow
def test_a_run_needs_its_file_of_weights_only_to_begin(tree: Path, file: Path, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    chosen = (*BACKBONE, f"backbone.weights={file}", "trainer.checkpoint_every=2")
    train.run(small(tree, *chosen), tmp_path / "whole")
    train.run(small(tree, *chosen, "trainer.max_steps=2"), tmp_path / "first")
    file.unlink()

    with pytest.raises(FileNotFoundError, match=rf"backbone\.weights={file}.*weights_sha256"):
        small(tree, *chosen)
    begun = f"ckpt_path={tmp_path / 'first' / 'checkpoints' / 'last.ckpt'}"
    for number, resumed in enumerate(
        [
            (*chosen, f"backbone.weights_sha256={sha256}", begun),
            (*BACKBONE, "trainer.checkpoint_every=2", begun),
        ]
    ):
        folder = tmp_path / f"rest{number}"
        train.run(small(tree, *resumed), folder)
        whole, rest = weights(tmp_path / "whole"), weights(folder)
        assert all(torch.equal(whole[name], rest[name]) for name in whole)
    metrics = evaluated.run(tmp_path / "scored", tmp_path / "whole" / "checkpoints" / "last.ckpt")
    assert metrics["mAP"] == json.loads((tmp_path / "whole" / "metrics.json").read_text())["mAP"]
    assert metrics["trained"]["backbone.weights_sha256"] == sha256
    assert metrics["trained"]["run_name"] == "timm_lcnet_035-no-cosam-tp_avg-n4-seed0"


def test_the_first_weights_are_those_of_the_file(file: Path) -> None:
    chosen = settings(*BACKBONE, f"backbone.weights={file}")
    state = torch.load(file, weights_only=True)

    loaded = build.make_network(chosen, 3).backbone.stages[0].state_dict()

    assert torch.equal(loaded["conv_stem.weight"], state["conv_stem.weight"])


def _key(chosen: TrainSettings) -> str:
    return run_key(chosen.model_dump(mode="json"), "a split")


def test_a_run_is_known_by_the_hash_of_the_file_not_by_its_place(file: Path, tmp_path: Path) -> None:
    begun = _key(settings(*BACKBONE, f"backbone.weights={file}"))
    moved = file.rename(tmp_path / "moved.pth")

    assert _key(settings(*BACKBONE, f"backbone.weights={moved}")) == begun
    assert _key(settings(*BACKBONE)) != begun
    assert _key(settings(*BACKBONE, f"backbone.weights={_write(moved, seed=2)}")) != begun


def test_another_backbones_argument_of_that_name_stays_part_of_the_run() -> None:
    config = settings().model_dump(mode="json")
    own = [config | {"backbone": {"_target_": "my_nets.Net", "weights": name}} for name in ("a", "b")]

    assert run_key(own[0], "a split") != run_key(own[1], "a split")


def test_no_file_that_a_checkpoint_names_is_read(tree: Path, tmp_path: Path) -> None:
    path = evaluated.train_checkpoint(tree, tmp_path / "run")
    content = torch.load(path, weights_only=True)
    part = {"_target_": TARGET, "model": "lcnet_035", "weights": str(tmp_path / "secret")}
    content["config"]["agg"] = part
    torch.save(content, path)

    with pytest.raises(Untrusted, match=r"agg\._target_=.*weights"):
        build.load_network(path)
    check_trust({"backbone": part}, "last.ckpt")  # the backbone's is never opened


@pytest.mark.parametrize(
    ("model", "units", "choice", "expected"),
    [
        ("lcnet_035", True, "auto", "32-true"),
        ("resnet10t", True, "auto", "bf16-mixed"),
        ("resnet10t", False, "auto", "32-true"),
        ("lcnet_035", True, "bf16-mixed", "bf16-mixed"),
    ],
)
def test_a_cpu_takes_float32_for_depthwise_convolutions(
    model: str,
    units: bool,
    choice: str,
    expected: str,
    tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: units)
    chosen = small(tree, "backbone=timm", f"backbone.model={model}", f"trainer.precision={choice}")
    torch.manual_seed(0)
    state = torch.get_rng_state()

    origin = build.make_origin(chosen, build.make_splits(chosen.data))
    with caplog.at_level("INFO"):
        build.announce_precision(chosen.trainer, origin.precision)

    assert origin.precision == expected
    assert torch.equal(torch.get_rng_state(), state)
    assert (f"trainer.precision=auto is {expected}: " in caplog.text) == (choice == "auto")
    assert ("depthwise" in caplog.text) == (choice == "auto" and units and expected == "32-true")


def test_training_and_evaluation_compute_in_the_same_precision(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    train.run(small(tree, *BACKBONE, "trainer.precision=auto", "trainer.accelerator=cpu"), tmp_path / "run")
    run = json.loads((tmp_path / "run" / "metrics.json").read_text())

    metrics = evaluated.run(
        tmp_path / "scored", tmp_path / "run" / "checkpoints" / "last.ckpt", "trainer.accelerator=cpu"
    )

    assert run["made_with"]["precision"] == metrics["precision"] == "32-true"
    assert run["mAP"] == metrics["mAP"]
