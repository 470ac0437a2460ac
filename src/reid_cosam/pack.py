"""Copy a data set with its images in one file: `python -m reid_cosam.pack --help`."""

from collections.abc import Sequence
from pathlib import Path

from reid_cosam import build
from reid_cosam.command_line import command
from reid_cosam.data import packed, packing
from reid_cosam.data.pack_file import Pack
from reid_cosam.data.verification import Fault, all_frames
from reid_cosam.results.counted_progress import counted
from reid_cosam.scratch import scratch_for
from reid_cosam.settings import DataSettings, PackSettings

_NAMED = 5  # faults, the first of them


@command("pack", PackSettings)
def main(settings: PackSettings) -> None:
    """Packs one."""
    run(settings)


def run(settings: PackSettings) -> None:
    """Packs `data` into `out` and prints where that is.

    Raises:
        FileExistsError: there is an `out` already.
        ValueError, OSError: the data set is incomplete, packed already, or has images that cannot be read;
            nothing is left behind.
    """
    data = settings.data
    root, folder = _source(data), _target(data, Path(settings.out))
    listed = all_frames(build.read_splits(data))  # first: it says what is amiss with a wrong data.root
    found = packing.contents(root)
    _refuse(_missing(listed, found.images, root), "missing")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with scratch_for(folder) as staged:
        packing.copy_others(root, found.others, staged)
        with counted(len(found.images), "images") as advance:
            faults = packing.write(root, found.images, staged, max(1, data.workers), advance)
        _refuse(faults, "unreadable")
        staged.rename(folder)
    packed.forget()
    print(f"written: {folder.resolve()} ({Pack(folder)}; other files: {len(found.others):,})")


def _source(data: DataSettings) -> Path:
    if not build.is_rendered(data):
        raise FileNotFoundError(
            f"{data.root} holds no synthetic {data.size} set of seed {data.seed}: "
            "training renders it, or name where it is with data.root=..."
        )
    root = build.data_folder(data)
    if packed.find(str(root)) is not None:
        raise ValueError(f"{root} is packed already: to have it elsewhere, copy it")
    return root


def _target(data: DataSettings, out: Path) -> Path:
    """Where `data.root=<out>` looks for this data set: a synthetic one has a folder of its own in it."""
    root = build.data_folder(data)
    folder = out / root.relative_to(data.root)
    if folder.exists():
        raise FileExistsError(f"{folder} exists and was left as it is: choose another out=..., or delete it")
    if root.resolve() in folder.resolve().parents:
        raise ValueError(f"out={out} lies in the data set itself, {root}: choose a folder beside it")
    return folder


def _missing(listed: Sequence[str], images: Sequence[str], root: Path) -> list[Fault]:
    """Frames that the data set's lists name and its folders lack."""
    held = {str(root / image) for image in images}
    return [Fault(frame, f"{frame} is missing") for frame in listed if frame not in held]


def _refuse(faults: Sequence[Fault], what: str) -> None:
    if not faults:
        return
    lines = [f"{len(faults):,} images are {what}, and nothing was written:"]
    lines += [f"  {fault.reason}" for fault in faults[:_NAMED]]
    if len(faults) > _NAMED:
        lines.append(f"  and {len(faults) - _NAMED:,} more")
    raise ValueError("\n".join(lines))


if __name__ == "__main__":
    main()
