"""Evaluations that cannot store what they extract: on disks that are full or cannot be written."""

from pathlib import Path

import pytest

from tests.faults.commands import SMALL_RUN, finished, metrics
from tests.faults.mounts import finished_with, needs_mounts

pytestmark = [pytest.mark.slow, needs_mounts]

ON_CPU = ("trainer.accelerator=cpu", "trainer.precision=32-true")


@pytest.fixture(scope="module")
def trained(walkers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that trained two iterations."""
    folder = tmp_path_factory.mktemp("trained")
    done = finished("train", folder, *SMALL_RUN, f"data.root={walkers}", "trainer.max_steps=2")
    assert done.end() == 0, done.errors
    (ckpt,) = folder.rglob("last.ckpt")
    return ckpt.parents[1]


READ_ONLY = "mount --bind {run} {run} && mount -o remount,bind,ro {run}"
# 14 descriptors of 256 numbers, and a MB beside them, do not fit.
FULL = "mkdir -p {run}/descriptors && mount -t tmpfs -o size=64k none {run}/descriptors"


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize(("mount", "why"), [(READ_ONLY, "Read-only file system"), (FULL, "MB are needed")])
def test_scores_are_given_without_a_store(
    mount: str, why: str, devices: int, trained: Path, tmp_path: Path
) -> None:
    arguments = (f"ckpt={trained}/checkpoints/last.ckpt", f"trainer.devices={devices}", *ON_CPU)
    done = finished_with(mount.format(run=trained), "evaluate", tmp_path, *arguments)

    assert done.returncode == 0, done.stderr
    assert why in done.stdout
    warning = done.stdout.index("descriptors cannot be stored")
    assert warning < done.stdout.index("extracting descriptors of ")  # before extraction, not after
    assert done.stdout.count("descriptors cannot be stored") == 1
    assert metrics(tmp_path)["mAP"] == pytest.approx(metrics(trained)["mAP"], abs=1e-6)
    assert metrics(tmp_path)["store"] is None


def test_a_store_that_was_asked_for_is_needed(trained: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    arguments = (f"ckpt={trained}/checkpoints/last.ckpt", f"store={store}", *ON_CPU)
    done = finished_with(READ_ONLY.format(run=store), "evaluate", tmp_path, *arguments)

    assert done.returncode == 1
    assert done.stderr.startswith(f"error: store={store} cannot take the descriptors: ")
    assert done.stderr.count("\n") == 1
    assert "extracting descriptors of " not in done.stdout
