"""Folders under work, and what killed processes leave of them."""

import fcntl
import os
import signal
from pathlib import Path

import pytest

from reid_cosam.interruption import Interrupted
from reid_cosam.scratch import scratch_for


def leftover(folder: Path, host: str, hours: int) -> Path:
    """A scratch folder for `folder` of a process of another time, and maybe another machine."""
    scratch = folder.parent / f".{folder.name}-{host}{hours}"
    scratch.mkdir()
    (scratch / f"reid_cosam-{host}.lock").touch()
    (scratch / "data").mkdir()
    os.utime(scratch, (0, scratch.stat().st_mtime - 3600 * hours))
    return scratch


@pytest.fixture(autouse=True)
def _on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reid_cosam.scratch.platform.node", lambda: "here")


def test_what_was_filled_gets_its_name_and_the_rest_goes(tmp_path: Path) -> None:
    with scratch_for(tmp_path / "pack") as staged:
        (staged / "images").touch()
        staged.rename(tmp_path / "pack")

    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*")] == [Path("pack"), Path("pack/images")]


def test_leftovers_of_the_dead_are_removed_and_all_else_stays(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    working, other_machine = leftover(folder, "here", 40), leftover(folder, "there", 2)
    killed, long_ago = leftover(folder, "here", 0), leftover(folder, "there", 30)
    own = tmp_path / ".pack-of-mine"
    own.mkdir()
    with (working / "reid_cosam-here.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        with scratch_for(folder):
            pass

    assert set(tmp_path.iterdir()) == {working, other_machine, own}
    assert not killed.exists()
    assert not long_ago.exists()


def test_a_folder_under_work_is_not_taken_for_a_leftover(tmp_path: Path) -> None:
    with scratch_for(tmp_path / "pack") as first, scratch_for(tmp_path / "pack") as second:
        assert first.is_dir()
        assert second.is_dir()


def test_without_locks_only_a_day_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    folder = tmp_path / "pack"
    recent = leftover(folder, "here", 2)
    leftover(folder, "here", 30)
    monkeypatch.setattr("reid_cosam.scratch.fcntl.flock", refuse)

    with scratch_for(folder) as staged:
        assert set(tmp_path.iterdir()) == {recent, staged.parent}


def test_who_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Interrupted), scratch_for(tmp_path / "pack"):
        raise Interrupted(signal.SIGTERM)

    assert list(tmp_path.iterdir()) == []
