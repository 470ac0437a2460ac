"""`reid-cosam export`: what it writes, what it says, and what it refuses."""

from pathlib import Path

import pytest
import torch

import reid_cosam
from reid_cosam import export
from tests.sharing.folders import calibration, checkpoint, clips
from tests.support.commands import command
from tests.support.in_process import call


@pytest.fixture(scope="module")
def ckpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("run") / "model.ckpt")


def test_the_folder_works_without_the_checkpoint(ckpt: Path, tmp_path: Path) -> None:
    done = command("export", tmp_path, f"ckpt={ckpt}", "out=model/")

    assert (done.returncode, done.stderr) == (0, "")
    first, *files, last = done.stdout.splitlines()
    written = reid_cosam.load(tmp_path / "model")
    assert first == (
        "resnet_tiny-cosam45-tp_avg-n4: 4 frames of 64x32, descriptors of 256 numbers, "
        f"fingerprint {written.fingerprint[:12]}"
    )
    assert [line.split()[0] for line in files] == ["README.md", "reid_config.json", "weights.safetensors"]
    assert last == f"written: {tmp_path}/model"
    frames = clips(1, 4, 64, 32, 3)
    assert torch.equal(written.embed(frames), reid_cosam.load(ckpt).embed(frames))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_calibration_is_put_beside_the_weights(ckpt: Path, tmp_path: Path) -> None:
    calibration(reid_cosam.load(ckpt).fingerprint, "shop").write(tmp_path / "shop.json")

    code, _, err = call(export.main, tmp_path, f"ckpt={ckpt}", "out=model", "calibration=shop.json")

    assert code == 0, err
    found = reid_cosam.load(tmp_path / "model").calibration
    assert found is not None
    assert found.source["name"] == "shop"


def test_a_folder_with_something_else_is_left_alone(ckpt: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")

    code, out, err = call(export.main, tmp_path, f"ckpt={ckpt}", "out=mine")

    assert (code, out) == (1, "")
    assert err == (
        "error: mine exists and is no model folder; it was left as it is: choose another folder, or delete it"
    )
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ckpt=nowhere.ckpt", "out=model"), "nowhere.ckpt: there is no such checkpoint"),
        (("out=model",), "ckpt is missing: add ckpt=..."),
        (("ckpt=hf://nowhere", "out=model"), "hf://nowhere is not hf://owner/name"),
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = call(export.main, tmp_path, *arguments)

    assert (code, out) == (1, "")
    assert err.startswith(f"error: {said}")
    assert list(tmp_path.iterdir()) == []
