"""Checkpoints as files: whole or absent, and checked whenever they are read."""

import logging
import re
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import torch
from pytorch_lightning.plugins.io import TorchCheckpointIO

from reid_cosam.results.store import replacing

LAST, PREVIOUS, BEST, DAMAGED = "last.ckpt", "previous.ckpt", "best.ckpt", "damaged.ckpt"

_log = logging.getLogger(__name__)


class Damaged(ValueError):
    """No checkpoint of a run can be read: somebody has to look."""


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes beside the target and renames: a killed run leaves the old checkpoint, not half a new one."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Mapping[str, Path] | None = None
    ) -> None:
        """
        Args:
            storage_options: under `previous`, what the file that `path` names is called from now on.

        Raises:
            OSError: it cannot be written; names `path`.
        """
        previous = storage_options["previous"] if storage_options else None
        with replacing(Path(path), previous) as temporary, temporary.open("wb") as file:
            _save(checkpoint, file)


def _save(checkpoint: dict[str, Any], file: IO[bytes]) -> None:
    """torch.save. Of a full disk torch would only say that the file has an unexpected length."""
    failed: list[OSError] = []
    write = file.write

    class Watched:
        def write(self, data: Any) -> int:
            try:
                return write(data)
            except OSError as error:
                failed.append(error)
                raise

        def flush(self) -> None:
            file.flush()

    try:
        torch.save(checkpoint, Watched())  # type: ignore[arg-type]
        file.flush()
    except RuntimeError:
        if failed:
            raise failed[0] from None
        raise


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint of ours, its tensors mapped from the file; safe whatever the file holds.

    Raises:
        FileNotFoundError: no such checkpoint.
        ValueError: it is unreadable or damaged, or not one of ours.
    """
    return _read(path, name=None)


def finished_iterations(path: Path) -> int:
    """How many iterations of training made a checkpoint of ours; raises as `read_checkpoint`.

    Its tensors are not checked, which for a hundred large checkpoints would take minutes.
    """
    return int(_read(path, name="data.pkl")["global_step"])


def iterations_in(folder: Path) -> int:
    """Those of the newest checkpoint in a run's `checkpoints/`; 0 where there is none that can be read."""
    for path in (folder / LAST, folder / PREVIOUS):
        try:
            return finished_iterations(path)
        except (OSError, ValueError):
            continue
    return 0


def _read(path: Path, name: str | None) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: there is no such checkpoint")
    damaged = _damage(path, name)
    if damaged is not None:
        before = path.with_name(PREVIOUS)
        remedy = f"; {before} is the one before it" if path.name == LAST and before.is_file() else ""
        raise ValueError(f"{path} is not a readable checkpoint: {damaged}{remedy}")
    try:
        content = _load(path)
    except Exception as error:  # torch raises many unrelated types, with advice to read the file unsafely
        raise ValueError(f"{path} is not a readable checkpoint: {_why_refused(error)}") from error
    if not isinstance(content, dict) or "config" not in content:
        raise ValueError(f"{path} was not written by reid_cosam.train: it holds no configuration")
    return content


def _load(path: Path) -> Any:
    """Maps the file, where torch can: it takes no name that is not UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        with path.open("rb") as file:
            return torch.load(file, map_location="cpu", weights_only=True)
    return torch.load(path, map_location="cpu", weights_only=True, mmap=True)


def _why_refused(error: Exception) -> str:
    """In few words, as torch's own advise to read the file by running the code in it."""
    foreign = re.search(r"GLOBAL (\S+)", str(error))
    if foreign is None:
        return f"it is damaged ({type(error).__name__})"
    return f"it holds {foreign[1]}, and only weights and plain values are read"


def _damage(path: Path, name: str | None) -> str | None:
    """What is wrong with a file of torch.save, by the sums in it, which torch itself does not look at.

    It is a ZIP archive, with a CRC-32 of each of its records. With `name`, only of records that end so.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for record in archive.namelist():
                if name is None or record.endswith(f"/{name}"):
                    with archive.open(record) as content:
                        while content.read(2**20):
                            pass
    except zipfile.BadZipFile as error:
        return "it is empty" if path.stat().st_size == 0 else f"it is damaged or cut off ({error})"
    except Exception as error:  # zipfile raises many unrelated types on damaged archives
        return str(error) or type(error).__name__
    return None


def copy_best(source: Path, target: Path) -> None:
    """Takes the best checkpoint of a run along to the folder where the run goes on."""
    if (source / BEST).is_file() and not (target / BEST).exists():
        with replacing(target / BEST) as temporary:
            shutil.copyfile(source / BEST, temporary)


def newest_checkpoint(folder: Path) -> Path | None:
    """The newest undamaged checkpoint in a run's `checkpoints/`: `last.ckpt`, else `previous.ckpt`.

    Says so where it is not the last one; a damaged one gets another name, so that it is not kept as the one
    before the next. None where there is no checkpoint at all.

    Raises:
        Damaged: all that there are, are damaged.
    """
    faults: list[str] = []
    for path in (folder / LAST, folder / PREVIOUS):
        try:
            _read(path, name=None)
        except FileNotFoundError:
            continue
        except ValueError as error:
            faults.append(str(error))
            continue
        if path.name != LAST:
            why = faults[0] if faults else f"{folder / LAST} is missing"
            _log.warning("%s: going on from %s, the one before it", why, path.name)
            if faults:
                with suppress(FileNotFoundError):  # another rank was faster
                    (folder / LAST).replace(folder / DAMAGED)
        return path
    if faults:
        raise Damaged(f"{'; '.join(faults)}: delete {folder} to start anew")
    return None
