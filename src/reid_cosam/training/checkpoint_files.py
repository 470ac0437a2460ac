"""Checkpoints as files: whole or absent, and checked whenever they are read."""

import io
import logging
import re
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from reid_cosam.paths import is_utf8
from reid_cosam.results.store import replacing

LAST, PREVIOUS, BEST, DAMAGED = "last.ckpt", "previous.ckpt", "best.ckpt", "damaged.ckpt"

_log = logging.getLogger(__name__)


class Damaged(ValueError):
    """No checkpoint of a run can be read; only a user can decide what to do."""


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames: a killed run leaves the old checkpoint, not half a new one."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Mapping[str, Path] | None = None
    ) -> None:
        """
        Args:
            storage_options: under `previous`, the new name of the file that `path` names today.

        Raises:
            OSError: it cannot be written; names `path`.
        """
        content = io.BytesIO()  # torch would report a full disk as a file of an unexpected length
        torch.save(checkpoint, content)
        previous = (storage_options or {}).get("previous")
        # Not `getbuffer`, which copies no more: with its view in the traceback of a failed write, the garbage
        # collector of Python 3.12 crashes.
        with replacing(Path(path), previous) as temporary:
            temporary.write_bytes(content.getvalue())


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint of ours, its tensors mapped from the file; safe whatever the file contains.

    Raises:
        FileNotFoundError: no such checkpoint.
        ValueError: it is unreadable or damaged, or not one of ours.
    """
    return _read(path, check_tensors=True)


def finished_iterations(path: Path) -> int:
    """The iterations of training that made a checkpoint of ours; raises as `read_checkpoint`.

    Its tensors are not checked, which for a hundred large checkpoints would take minutes.
    """
    return int(_read(path, check_tensors=False)["global_step"])


def iterations_in(folder: Path) -> int:
    """Those of the newest checkpoint in a run's `checkpoints/`; 0 where none can be read."""
    for path in (folder / LAST, folder / PREVIOUS):
        with suppress(OSError, ValueError):
            return finished_iterations(path)
    return 0


def _read(path: Path, check_tensors: bool) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such checkpoint")
    damage = _damage(path, check_tensors)
    if damage is not None:
        before = path.with_name(PREVIOUS)
        remedy = f"; {before} is the one before it" if path.name == LAST and before.is_file() else ""
        raise ValueError(f"{path} is not a readable checkpoint: {damage}{remedy}")
    mapped = is_utf8(path)  # torch maps no other
    try:
        with path.open("rb") as file:
            source = path if mapped else file
            content = torch.load(source, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # torch raises many unrelated types, with advice to read the file unsafely
        raise ValueError(f"{path} is not a readable checkpoint: {_why_refused(error)}") from error
    if not isinstance(content, dict) or "config" not in content:
        raise ValueError(f"{path} was not written by reid_cosam.train: it contains no configuration")
    return content


def _why_refused(error: Exception) -> str:
    """In few words, as torch's own advise to read the file by running the code in it."""
    foreign = re.search(r"GLOBAL (\S+)", str(error))
    if foreign is None:
        return f"it is damaged ({type(error).__name__})"
    return f"it contains {foreign[1]}, and only weights and plain values are read"


def _damage(path: Path, check_tensors: bool) -> str | None:
    """What is wrong with a file of torch.save, a ZIP archive, by its CRC-32 sums, which torch ignores."""
    try:
        with zipfile.ZipFile(path) as archive:
            for record in archive.namelist():
                if check_tensors or record.endswith("/data.pkl"):
                    with archive.open(record) as content:
                        while content.read(2**20):
                            pass
    except zipfile.BadZipFile as error:
        return "it is empty" if path.stat().st_size == 0 else f"it is damaged or cut off ({error})"
    except Exception as error:  # zipfile raises many unrelated types on damaged archives
        return str(error) or type(error).__name__
    return None


def copy_best(source: Path, target: Path) -> None:
    """Copies the best checkpoint of a run to the folder where the run is resumed."""
    if (source / BEST).is_file() and not (target / BEST).exists():
        with replacing(target / BEST) as temporary:
            shutil.copyfile(source / BEST, temporary)


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest undamaged checkpoint in a run's `checkpoints/`: `last.ckpt`, else `previous.ckpt`.

    Warns where it is not the last one; a damaged one is renamed, so that it does not become the previous
    one at the next save. None where there is no checkpoint at all.

    Raises:
        Damaged: every checkpoint is damaged.
    """
    damage = ""
    for path in (folder / LAST, folder / PREVIOUS):
        try:
            read_checkpoint(path)
        except FileNotFoundError:
            continue
        except ValueError as error:
            damage = f"{damage}; {error}" if damage else str(error)
            continue
        if path.name == PREVIOUS:
            why = damage or f"{folder / LAST} is missing"
            _log.warning("%s: resuming from %s, the one before it", why, path.name)
            if damage:
                with suppress(FileNotFoundError):  # another rank was faster
                    (folder / LAST).replace(folder / DAMAGED)
        return path
    if damage:
        raise Damaged(f"{damage}: delete {folder} to start from the beginning")
    return None
