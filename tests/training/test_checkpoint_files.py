"""Checkpoints are whole or absent, and no damaged one is taken for a good one."""

import errno
import logging
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from reid_cosam.training.checkpoint_files import (
    WholeCheckpointIO,
    copy_best,
    finished_iterations,
    newest_checkpoint,
    read_checkpoint,
)


def content(step: int = 3) -> dict[str, Any]:
    weights = {name: torch.arange(40.0) + step for name in ("first", "second")}
    return {"config": {"seed": 0}, "global_step": step, "state_dict": weights}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    weights, others = one.pop("state_dict"), other.pop("state_dict")
    return one == other and all(torch.equal(weights[name], others[name]) for name in weights)


def save(step: int, folder: Path) -> None:
    options = {"previous": folder / "previous.ckpt"}
    WholeCheckpointIO().save_checkpoint(content(step), folder / "last.ckpt", options)


def test_a_checkpoint_is_written_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints" / "last.ckpt"

    WholeCheckpointIO().save_checkpoint(content(), path)

    assert same(read_checkpoint(path), content())
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]


def test_a_failed_write_keeps_the_old_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    WholeCheckpointIO().save_checkpoint({"step": 3}, path)

    with pytest.raises(AttributeError, match=r"pickle|local object"):
        WholeCheckpointIO().save_checkpoint({"step": lambda: 4}, path)

    assert torch.load(path, weights_only=True) == {"step": 3}
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def test_a_full_disk_is_an_error_that_holds_no_view_of_a_buffer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[object] = []

    def full(path: Path, data: object) -> int:
        written.append(data)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"No space left.*last\.ckpt"):
        WholeCheckpointIO().save_checkpoint(content(), tmp_path / "last.ckpt")

    # Python 3.12 crashes when it collects a traceback that holds a view of a BytesIO.
    assert [type(data) for data in written] == [bytes]


def test_the_checkpoint_before_the_last_is_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        save(step, tmp_path)

    assert finished_iterations(tmp_path / "last.ckpt") == 3
    assert finished_iterations(tmp_path / "previous.ckpt") == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_flipped_bit_is_noticed_or_changes_nothing(tmp_path: Path) -> None:
    path, damaged = tmp_path / "last.ckpt", tmp_path / "damaged.ckpt"
    WholeCheckpointIO().save_checkpoint(content(), path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    noticed = 0
    for place in rng.choice(len(whole), 1000, replace=False).tolist():
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(rng.integers(8))
        damaged.write_bytes(flipped)
        try:
            found = read_checkpoint(damaged)
        except ValueError:
            noticed += 1
        else:
            assert same(found, content())

    assert noticed > 100


def test_a_flipped_bit_in_a_weight_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    WholeCheckpointIO().save_checkpoint(content(), path)
    whole = path.read_bytes()
    place = whole.index(torch.arange(40.0).add(3).numpy().tobytes())
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])

    with pytest.raises(ValueError, match=r"last\.ckpt is not a readable checkpoint: .*CRC"):
        read_checkpoint(path)
    assert finished_iterations(path) == 3  # which looks at no weight


def test_a_run_goes_on_from_the_newest_checkpoint_that_is_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert newest_checkpoint(tmp_path) is None
    for step in (1, 2):
        save(step, tmp_path)
    assert newest_checkpoint(tmp_path) == tmp_path / "last.ckpt"
    assert not caplog.records

    caplog.set_level(logging.WARNING)
    (tmp_path / "last.ckpt").write_bytes(b"PK")
    assert newest_checkpoint(tmp_path) == tmp_path / "previous.ckpt"
    assert f"{tmp_path / 'last.ckpt'} is not a readable checkpoint" in caplog.text
    assert "previous.ckpt, the one before it" in caplog.text

    assert (tmp_path / "damaged.ckpt").is_file()
    assert not (tmp_path / "last.ckpt").exists()  # nor where a kill came between two renamings
    assert newest_checkpoint(tmp_path) == tmp_path / "previous.ckpt"
    assert "last.ckpt is missing" in caplog.text

    (tmp_path / "previous.ckpt").write_bytes(b"")
    with pytest.raises(ValueError, match=rf"previous\.ckpt is not a readable .*: delete {tmp_path} to start"):
        newest_checkpoint(tmp_path)


def test_a_full_disk_names_the_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.open

    def open_full(path: Path, mode: str = "r") -> Any:
        return real(Path("/dev/full"), mode) if path.suffix == ".tmp" else real(path, mode)

    monkeypatch.setattr(Path, "open", open_full)

    with pytest.raises(OSError, match=rf"No space left on device: '{tmp_path / 'last.ckpt'}'"):
        WholeCheckpointIO().save_checkpoint({"weights": torch.zeros(10**6)}, tmp_path / "last.ckpt")

    assert not list(tmp_path.iterdir())


def test_the_best_checkpoint_comes_along_but_replaces_none(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    copy_best(old, new)
    assert not new.exists()
    WholeCheckpointIO().save_checkpoint(content(1), old / "best.ckpt")

    copy_best(old, new)
    WholeCheckpointIO().save_checkpoint(content(2), old / "best.ckpt")
    copy_best(old, new)

    assert finished_iterations(new / "best.ckpt") == 1


def test_a_missing_or_foreign_checkpoint_is_named(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "foreign.ckpt")
    (tmp_path / "torn.ckpt").write_bytes(b"PK")
    (tmp_path / "text.ckpt").write_text("no checkpoint\n")
    (tmp_path / "empty.ckpt").touch()
    with zipfile.ZipFile(tmp_path / "archive.ckpt", "w") as archive:
        archive.writestr("a", "b")

    for name in ("torn", "text", "empty", "archive"):
        with pytest.raises(ValueError, match=rf"{name}\.ckpt is not a readable checkpoint: ."):
            read_checkpoint(tmp_path / f"{name}.ckpt")
    with pytest.raises(FileNotFoundError, match=r"none\.ckpt: there is no such checkpoint"):
        read_checkpoint(tmp_path / "none.ckpt")
    with pytest.raises(ValueError, match=r"foreign\.ckpt was not written by reid_cosam"):
        read_checkpoint(tmp_path / "foreign.ckpt")


def test_a_checkpoint_that_would_run_code_is_refused_without_advice_to_run_it(tmp_path: Path) -> None:
    torch.save({"config": {}, "path": tmp_path}, tmp_path / "code.ckpt")

    with pytest.raises(ValueError, match=r"code\.ckpt is not a readable checkpoint") as refused:
        read_checkpoint(tmp_path / "code.ckpt")

    assert "pathlib" in str(refused.value)
    assert not re.search("weights_only|arbitrary|trust", str(refused.value))


def test_a_checkpoint_is_read_from_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xca\xfd") / "last.ckpt"
    WholeCheckpointIO().save_checkpoint(content(), path)

    assert same(read_checkpoint(path), content())
