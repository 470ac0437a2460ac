"""`reid-cosam export`: what it writes, what it says, and what it refuses."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

import reid_cosam
from reid_cosam import embed, export
from reid_cosam.sharing import parity
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


def test_an_8_bit_network_is_compared_on_the_test_set_and_embeds(
    ckpt: Path, small_mars: Path, tmp_path: Path
) -> None:
    data = ("data=mars_layout", f"data.root={small_mars}")

    code, out, err = call(export.main, tmp_path, f"ckpt={ckpt}", "out=model", "format=openvino_int8", *data)

    assert code == 0, err
    report = json.loads((tmp_path / "model" / "parity.json").read_text())
    assert {(row["format"], row["form"]) for row in report["test_set"]} == {
        (format, form) for format in ("torch", "openvino_int8") for form in ("clips", "single_frame")
    }
    assert "openvino_int8" in out
    (tmp_path / "crops" / "track").mkdir(parents=True)
    for number, frame in enumerate(clips(1, 4, 64, 32, 3)[0]):
        Image.fromarray(frame.numpy()).save(tmp_path / "crops" / "track" / f"{number}.png")
    code, out, err = call(
        embed.main, tmp_path, "model=model", "footage=crops", "out=gallery", "engine=openvino_int8"
    )
    assert (code, "1 tracklets" in out or "1 tracklet " in out) == (0, True), err


def test_a_format_too_far_from_the_network_is_not_written(
    ckpt: Path, small_mars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parity, "LEAST_COSINE_INT8", 1.1)
    data = ("data=mars_layout", f"data.root={small_mars}")

    code, _, err = call(export.main, tmp_path, f"ckpt={ckpt}", "out=model", "format=openvino_int8", *data)

    assert code == 1
    assert err.startswith("error: descriptors of openvino_int8 are too far")
    files = {path.name for path in (tmp_path / "model").iterdir()}
    assert files == {"README.md", "reid_config.json", "weights.safetensors"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ckpt=x.ckpt", "out=model", "format=openvino_int8"), "format=openvino_int8 needs data="),
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
