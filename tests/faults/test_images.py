"""Training on frames that cannot be had: one line names the frame, also from a loader's worker."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.commands import SMALL_RUN, finished


def _loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _transport_stream(path: Path) -> None:
    path.write_bytes(b"G@\x11\x10\x00" * 40)


@pytest.mark.parametrize("workers", [pytest.param(0, marks=pytest.mark.slow), 1])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_loop, "cannot read {}: Too many levels of symbolic links;"),
        pytest.param(_folder, "cannot read {}: Is a directory;", marks=pytest.mark.slow),
        pytest.param(_transport_stream, "cannot decode {} (200 bytes): it is", marks=pytest.mark.slow),
    ],
    ids=["loop", "folder", "other content"],
)
def test_a_frame_that_cannot_be_had_ends_training_in_one_line(
    walkers: Path, tmp_path: Path, spoil: Callable[[Path], None], said: str, workers: int
) -> None:
    root = tmp_path / "data"
    shutil.copytree(walkers, root)
    for frame in root.glob("*/bbox_train/*/*.jpg"):
        spoil(frame)

    run = finished(
        "train", tmp_path, *SMALL_RUN, f"data.root={root}", "trainer.max_steps=2", f"data.workers={workers}"
    )

    assert run.end() == 1
    (line,) = (line for line in run.errors.splitlines() if "error" in line.lower())
    found = re.search(rf"{root}\S+?\.jpg", line)
    assert found
    assert line.startswith("error: " + said.format(found[0]))
    assert "Traceback" not in run.errors + run.output
