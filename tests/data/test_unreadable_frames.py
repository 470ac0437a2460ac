"""Frames that the system does not let be read: one line names the frame and the reason, workers or not."""

import errno
import os
from pathlib import Path

import pytest
from torch._utils import ExceptionWrapper

from reid_cosam.data.frames import BrokenFrame, MissingFrame, UnreadableFrame, read_frame
from reid_cosam.data.masks import read_masks
from reid_cosam.data.verification import unreadable


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _below_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.touch()


UNREADABLE = [(_loop, errno.ELOOP), (Path.mkdir, errno.EISDIR), (_below_a_file, errno.ENOTDIR)]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a frame should be."""
    (tmp_path / "0001").mkdir()
    return tmp_path / "0001" / "0001.png"


@pytest.mark.parametrize(("make", "number"), UNREADABLE, ids=["loop", "folder", "below a file"])
def test_what_the_system_does_not_let_be_read_is_named_with_its_reason(
    place: Path, make: object, number: int
) -> None:
    assert callable(make)
    make(place)

    with pytest.raises(UnreadableFrame, match=rf"^cannot read {place}: {os.strerror(number)};"):
        read_frame(str(place), 8, 8)
    (reason,) = unreadable([str(place)], 1, lambda _: None)

    assert reason.startswith(f"cannot read {place}: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_frame_without_permission_is_named(place: Path) -> None:
    place.touch(mode=0)

    with pytest.raises(UnreadableFrame, match=rf"^cannot read {place}: {os.strerror(errno.EACCES)};"):
        read_frame(str(place), 8, 8)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (OSError(errno.ESTALE, "Stale file handle"), "Stale file handle"),
        (PermissionError(errno.EACCES, "Permission denied"), "Permission denied"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_a_disk_that_fails_in_the_middle_is_told_with_the_frame(
    place: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    class FailingFile:
        def __init__(self, path: str, opener: object) -> None: ...

        def __enter__(self) -> "FailingFile":
            return self

        def __exit__(self, *_: object) -> None: ...

        def readall(self) -> bytes:
            raise error  # names no file, as the system does not when it has one open

    monkeypatch.setattr("reid_cosam.data.packed.FileIO", FailingFile)

    with pytest.raises(UnreadableFrame, match=rf"^cannot read {place}: {reason};"):
        read_frame(str(place), 8, 8)


def test_a_name_that_cannot_be_a_file_s_is_told() -> None:
    with pytest.raises(BrokenFrame, match=r"^cannot read '/data/0001\\x00\.png': "):
        read_frame("/data/0001\0.png", 8, 8)


@pytest.mark.parametrize("error", [MissingFrame, UnreadableFrame, BrokenFrame])
def test_a_worker_s_traceback_is_left_out_of_the_message(error: type[Exception]) -> None:
    try:
        try:
            raise TypeError("of a decoder")
        except TypeError as cause:
            raise error("0001.jpg cannot be had") from cause
    except error:
        wrapped = ExceptionWrapper(where="in DataLoader worker process 0")

    with pytest.raises(error) as raised:
        wrapped.reraise()

    assert str(raised.value) == "0001.jpg cannot be had"


@pytest.mark.parametrize(("make", "number"), UNREADABLE[:2], ids=["loop", "folder"])
def test_a_mask_that_cannot_be_read_is_named(tmp_path: Path, make: object, number: int) -> None:
    mask = tmp_path / "masks/bbox_test/0007/1.png"
    mask.parent.mkdir(parents=True)
    assert callable(make)
    make(mask)

    with pytest.raises(UnreadableFrame, match=rf"^cannot read {mask}: {os.strerror(number)};"):
        read_masks([str(tmp_path / "bbox_test/0007/1.jpg")], tmp_path, 2, 2)
