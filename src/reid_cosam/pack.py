"""Copy a data set with its images in one file: `reid-cosam pack --help`."""

from pathlib import Path

from reid_cosam.command_line import command
from reid_cosam.settings import PackSettings


@command("pack", PackSettings)
def main(settings: PackSettings) -> None:
    """Packs `data` into `out` and prints where that is."""
    from reid_cosam import build
    from reid_cosam.data.packing import pack
    from reid_cosam.results.counted_progress import counted

    data = settings.data
    splits = build.read_existing_splits(data)  # first: it says what is wrong with a wrong data.root
    root = build.data_folder(data)
    # A synthetic data set has a folder of its own below `data.root`.
    out = Path(settings.out) / root.relative_to(data.root)
    packed, others = pack(root, splits.frames(), out, max(1, data.workers), counted)
    print(f"written: {out.resolve()} ({packed}; other files: {others:,})")


if __name__ == "__main__":
    main()
