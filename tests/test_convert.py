"""`python -m reid_cosam.convert`: what it writes, what it says, and what it refuses to read."""

import argparse
import re
import shlex
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from torch import Tensor

from reid_cosam import build, convert
from reid_cosam.models.released import network_from_released
from reid_cosam.models.released_file import read_released
from reid_cosam.paths import CONF
from reid_cosam.training.origin import Origin
from reid_cosam.training.resuming import check_resumable
from tests.models import golden
from tests.support.in_process import call

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the command in `tmp_path`; returns exit code and what it printed."""

    def command(*arguments: str) -> tuple[int, str]:
        code, out, err = call(convert.main, tmp_path, *arguments)
        return code, f"{out}{err}"

    return command


def _state(name: str) -> dict[str, Tensor]:
    """A released state dict, every entry of it filled with a number of its own; small on disk."""
    shapes = golden.network_shapes(name).items()
    return {entry: torch.tensor(zlib.crc32(entry.encode()) / 2**32).expand(shape) for entry, shape in shapes}


def _without_cosam(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in state.items() if not name.startswith("attention_modules")}


def _save(state: object, path: Path, **beside: object) -> None:
    """As the released code does, in the format of the torch of its time."""
    torch.save({"state_dict": state, **beside}, path, _use_new_zipfile_serialization=False)


def test_a_released_checkpoint_becomes_one_that_evaluation_loads(run: Run, tmp_path: Path) -> None:
    state = _state("se_resnet50_cosam45_tp")
    _save(state, tmp_path / "model.pth.tar", rank1=np.float32(0.8), epoch=799)

    code, printed = run("released=model.pth.tar", "out=new/model.ckpt", "data.root=/data/mars")

    out = tmp_path / "new" / "model.ckpt"
    assert (code, printed.splitlines()) == (
        0,
        [
            "found backbone=se_resnet50 cosam=[4, 5] agg=tp_avg num_frames=4, trained on 10 identities",
            f"written: {out}",
        ],
    )
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "model.pth.tar", out.parent, out]
    settings, network = build.load_network(out)
    expected = network_from_released(state).state_dict()
    assert network.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in network.state_dict().items())
    assert (settings.recipe.name, settings.recipe.max_steps) == ("released", 62400)
    assert (settings.data.name, settings.data.root) == ("mars", "/data/mars")
    assert not settings.backbone["pretrained"]
    with pytest.raises(ValueError, match=r"model\.ckpt .*weights only"):
        check_resumable(out, settings.model_dump(mode="json"), Origin("", "", 1, "cpu", "32-true", False))


def test_without_cosam_the_clip_length_and_the_data_are_told(run: Run, tmp_path: Path) -> None:
    torch.save(_without_cosam(_state("resnet50_cosam45_ta")), tmp_path / "model.pth")

    code, printed = run("released=model.pth", "out=model.ckpt", "num_frames=6", "data=synthetic")

    settings, network = build.load_network(tmp_path / "model.ckpt")
    assert (code, printed.splitlines()[0]) == (
        0,
        "found backbone=resnet50 cosam=[] agg=ta num_frames=6, trained on 10 identities",
    )
    assert (settings.run_name, settings.backbone["last_stride"]) == ("resnet50-no-cosam-ta-n6-seed0", 2)
    # which data=synthetic shortens for training
    assert (settings.data.name, settings.recipe.max_steps) == ("synthetic", 62400)
    assert len(network.attention) == 0


@pytest.mark.parametrize("module", ["numpy.core.multiarray", "numpy._core.multiarray"])
def test_numpy_numbers_beside_the_weights_are_passed_over(module: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pth.tar"
    _save({"a": torch.ones(2)}, path, rank1=np.float32(0.8), loss=np.float64(0.1))
    path.write_bytes(re.sub(rb"numpy\._?core\.multiarray", module.encode(), path.read_bytes()))

    assert read_released(path)["a"].tolist() == [1, 1]


def test_a_file_that_needs_code_to_be_read_is_named_and_not_run(run: Run, tmp_path: Path) -> None:
    _save(_state("resnet50_cosam45_tp"), tmp_path / "model.pth.tar", args=argparse.Namespace(lr=1))

    code, printed = run("released=model.pth.tar", "out=model.ckpt")

    assert code == 1
    assert printed.startswith("error: model.pth.tar holds argparse.Namespace, and only weights and plain ")
    assert "torch.save({'state_dict': network.state_dict()}" in printed
    assert "\n" not in printed


WHOLE = _state("resnet50_cosam45_tp")


def _torn(path: Path) -> None:
    torch.save({"state_dict": {"a": torch.ones(1000)}}, path)
    path.write_bytes(path.read_bytes()[:3000])


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda _: None, r"released=m\.pth: there is no such file"),
        (lambda path: path.write_text("hello"), r"m\.pth is not a checkpoint, or it is damaged \(\w+\)"),
        (lambda path: path.write_bytes(b""), r"m\.pth is not a checkpoint, or it is damaged \(EOFError\)"),
        (_torn, r"m\.pth is not a checkpoint, or it is damaged \(RuntimeError\)"),
        (lambda path: _save([1], path), r"m\.pth holds no state dict, neither as 'state_dict' nor by itself"),
        (lambda path: _save({}, path), r"m\.pth holds no state dict"),
        (lambda path: torch.save({"epoch": 3}, path), r"m\.pth holds no state dict"),
        (lambda path: torch.save([torch.ones(1)], path), r"m\.pth holds no state dict"),
        (
            lambda path: _save(WHOLE | {"fc.bias": torch.ones(1)}, path),
            r"m\.pth is not a released network: 1 unknown: fc\.bias",
        ),
        (
            lambda path: _save(WHOLE | {"classifier.weight": torch.ones(10, 3)}, path),
            r"m\.pth is not a released network: 1 of another shape: classifier\.weight \[10, 3\]",
        ),
    ],
)
def test_what_cannot_be_converted_is_named_in_one_line(
    write: Callable[[Path], Any], message: str, run: Run, tmp_path: Path
) -> None:
    write(tmp_path / "m.pth")

    code, printed = run("released=m.pth", "out=model.ckpt")

    assert code == 1
    assert re.match(f"error: {message}", printed)
    assert "\n" not in printed
    assert not (tmp_path / "model.ckpt").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["released=with.pth"],
            r"out is missing",
        ),
        (["out=model.ckpt"], r"released is missing"),
        (
            ["released=with.pth", "out=with.pth"],
            r"out=with\.pth exists and was left as it is: choose another",
        ),
        (["released=with.pth", "out=m", "num_frames=8"], r"num_frames=8, but the weights are for 4: leave"),
        (
            ["released=without.pth", "out=m"],
            r"without COSAM N cannot be inferred from the weights: add num_frames",
        ),
        (["released=with.pth", "out=m", "data.height=128"], r"the weights are for 256 x 128 images: leave"),
        (
            ["released=with.pth", "out=m", "data.workers=-1"],
            r"data\.workers=-1: .*greater than or equal to 0",
        ),
    ],
)
def test_settings_that_do_not_fit(arguments: list[str], message: str, run: Run, tmp_path: Path) -> None:
    _save(WHOLE, tmp_path / "with.pth")
    _save(_without_cosam(WHOLE), tmp_path / "without.pth")
    before = (tmp_path / "with.pth").read_bytes()

    code, printed = run(*arguments)

    assert code == 1
    assert re.match(f"error: {message}", printed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["with.pth", "without.pth"]
    assert (tmp_path / "with.pth").read_bytes() == before


def test_commands_in_the_help_compose(run: Run) -> None:
    _, printed = run("--help")

    commands = re.findall(r"^  reid-cosam convert (.+)$", printed, flags=re.MULTILINE)
    assert len(commands) == 2
    with initialize_config_dir(str(CONF), version_base="1.3"):
        assert all(compose("convert", shlex.split(command)).out for command in commands)
