"""Files and folders of runs that were damaged, reused or are asked for again under other settings."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from tests.faults.commands import SMALL_RUN, TWO_RANKS, finished, metrics, started, strays
from tests.faults.mounts import finished_with, needs_mounts

pytestmark = pytest.mark.slow

SHORT = (
    *(*SMALL_RUN, "trainer.max_steps=12", "trainer.checkpoint_every=4", "trainer.eval_every=100"),
    "recipe/schedule=paper",  # which a run may go on with for longer
)


def weights(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(path, weights_only=True)["state_dict"]
    return content


def same_weights(one: Path, other: Path) -> bool:
    first, second = weights(one), weights(other)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.fixture(scope="module")
def whole(walkers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a registered run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    assert finished("train", folder, *SHORT, "registry=kept", f"data.root={walkers}").end() == 0
    (run,) = (folder / "kept").iterdir()
    return run


@pytest.fixture
def kept(whole: Path, tmp_path: Path) -> Path:
    """A copy of it that lacks its scores, as if it had been interrupted at the end."""
    run = shutil.copytree(whole, tmp_path / "kept" / whole.name)
    (run / "metrics.json").unlink()
    return run


def test_a_damaged_last_checkpoint_is_named_and_the_one_before_it_gives_the_same_end(
    walkers: Path, whole: Path, kept: Path, tmp_path: Path
) -> None:
    last = kept / "checkpoints" / "last.ckpt"
    means = next(one for name, one in weights(last).items() if name.endswith("running_mean"))
    flip(last, last.read_bytes().index(means.numpy().tobytes()))

    run = finished("train", tmp_path, *SHORT, "registry=kept", f"data.root={walkers}")

    assert run.end() == 0, run.errors
    assert f"{last} is not a readable checkpoint" in run.output
    assert f"resuming from {kept / 'checkpoints' / 'previous.ckpt'}" in run.output
    assert same_weights(last, whole / "checkpoints" / "last.ckpt")
    assert metrics(kept)["mAP"] == metrics(whole)["mAP"]


def test_flipped_bits_in_stored_descriptors_are_refused(whole: Path, tmp_path: Path) -> None:
    ckpt = whole / "checkpoints" / "last.ckpt"
    evaluate = ("evaluate", tmp_path, f"ckpt={ckpt}", "store=store", "trainer.accelerator=cpu")
    first = finished(*evaluate)
    store = tmp_path / "store" / "descriptors.safetensors"
    flip(store, store.stat().st_size - 2)

    second = finished(*evaluate)

    assert (first.end(), second.end()) == (0, 1)
    assert second.errors.startswith("error: store/descriptors.safetensors is damaged")
    with safe_open(store, framework="pt") as file:
        assert "sha256" in file.metadata()


def test_a_reused_folder_shows_no_scores_of_the_run_before(walkers: Path, tmp_path: Path) -> None:
    here = (f"data.root={walkers}", "hydra.run.dir=here")
    assert finished("train", tmp_path, *SHORT, *here, "trainer.max_steps=2").end() == 0
    old = (tmp_path / "here" / "metrics.json").read_text()
    with started("train", tmp_path, *SHORT, *here, "trainer.max_steps=5000", "seed=1") as run:
        run.until("iteration 3/")

    report = finished("report", tmp_path, "runs=here")

    before = tmp_path / "here" / "before_1"
    assert not (tmp_path / "here" / "metrics.json").exists()
    assert (before / "metrics.json").read_text() == old
    assert "seed: 0" in (before / "config.yaml").read_text()
    assert (before / "checkpoints" / "best.ckpt").is_file()
    assert not (tmp_path / "here" / "checkpoints" / "best.ckpt").exists()
    assert report.end() == 0, report.errors
    assert "1 finished run" in report.output


def test_scores_beside_the_settings_of_another_run_are_left_out(whole: Path, tmp_path: Path) -> None:
    run = shutil.copytree(whole, tmp_path / "run")
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("num_frames: 4", "num_frames: 8"))

    report = finished("report", tmp_path, "runs=run")

    assert report.end() == 1
    assert "run left out: metrics.json was made with other settings" in report.output + report.errors


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (TWO_RANKS, "processes=1 (this run: 2)"),
        (("trainer.precision=32-true",), "precision="),
        (("trainer.max_steps=8",), "trained for 12 iterations already"),
    ],
)
def test_what_would_give_other_numbers_does_not_go_on(
    changes: tuple[str, ...], named: str, walkers: Path, whole: Path, tmp_path: Path
) -> None:
    ckpt = whole / "checkpoints" / "last.ckpt"
    other = "32-true" if torch.load(ckpt, weights_only=True)["precision"] != "32-true" else "bf16-mixed"
    changes = tuple(one.replace("32-true", other) for one in changes)

    run = finished("train", tmp_path, *SHORT, *changes, f"data.root={walkers}", f"ckpt_path={ckpt}")

    assert run.end() == 1
    assert run.errors.startswith(f"error: {ckpt} ")
    assert named in run.errors


def test_other_images_of_the_same_names_are_refused(walkers: Path, whole: Path, tmp_path: Path) -> None:
    root = shutil.copytree(walkers, tmp_path / "walkers")
    frames = sorted(root.rglob("bbox_train/*/*.jpg"))
    for frame, other in zip(frames, reversed(frames), strict=True):
        (frame.with_suffix(".new")).write_bytes(other.read_bytes())
    for frame in frames:
        frame.with_suffix(".new").replace(frame)
    shutil.copytree(whole, tmp_path / "done" / whole.name)
    shutil.copytree(whole, tmp_path / "kept" / whole.name)
    (tmp_path / "kept" / whole.name / "metrics.json").unlink()

    resumed = finished("train", tmp_path, *SHORT, "registry=kept", f"data.root={root}")
    repeated = finished("train", tmp_path, *SHORT, "registry=done", f"data.root={root}")

    assert (resumed.end(), repeated.end()) == (1, 1)
    assert "images=" in resumed.errors
    assert "other images with the same names" in repeated.errors


def test_a_finished_run_is_not_taken_for_one_under_another_protocol(
    walkers: Path, whole: Path, tmp_path: Path
) -> None:
    shutil.copytree(whole, tmp_path / "kept" / whole.name)

    run = finished(
        "train", tmp_path, *SHORT, "registry=kept", f"data.root={walkers}", "data.protocol=cross_camera"
    )

    assert run.end() == 1
    assert "scored with protocol=released; to score it as asked: " in run.errors
    assert "last.ckpt protocol=cross_camera" in run.errors


@pytest.mark.parametrize(
    ("file", "content"),
    [("metrics.json", ""), ("failure.json", ""), ("pace.json", "{"), ("failure.json", '{"error": 1')],
)
def test_a_damaged_state_file_stands_in_no_runs_way(
    file: str, content: str, walkers: Path, whole: Path, kept: Path, tmp_path: Path
) -> None:
    (kept / file).write_text(content)
    state = finished("tables", tmp_path, "status", "table4", f"data.root={walkers}", "registry=kept")

    run = finished("train", tmp_path, *SHORT, "registry=kept", f"data.root={walkers}")

    assert state.end() == 0, state.errors
    assert run.end() == 0, run.errors
    assert metrics(kept)["mAP"] == metrics(whole)["mAP"]


def test_the_best_checkpoint_comes_along_into_a_new_folder(
    walkers: Path, whole: Path, tmp_path: Path
) -> None:
    old = whole / "checkpoints"
    checkpoints = shutil.copytree(old, tmp_path / "old")
    content = torch.load(checkpoints / "last.ckpt", weights_only=True)
    content["callbacks"]["BestCheckpoint"]["best"] = 1.0  # so that every later evaluation is worse
    torch.save(content, checkpoints / "last.ckpt")
    longer = ("trainer.max_steps=13", f"ckpt_path={checkpoints / 'last.ckpt'}", "hydra.run.dir=new")

    run = finished("train", tmp_path, *SHORT, *longer, f"data.root={walkers}")

    assert run.end() == 0, run.errors
    assert (tmp_path / "new/checkpoints/best.ckpt").read_bytes() == (old / "best.ckpt").read_bytes()


@needs_mounts
def test_a_full_disk_is_named_with_the_checkpoint(walkers: Path, tmp_path: Path) -> None:
    small = "mkdir disk; mount -t tmpfs -o size=8m none disk"

    run = finished_with(small, "train", tmp_path, *SHORT, f"data.root={walkers}", "hydra.run.dir=disk/run")

    assert run.returncode == 1
    assert "No space left on device: " in run.stderr
    assert "last.ckpt" in run.stderr
    assert "Traceback" not in run.stderr
    assert not strays(tmp_path)
