"""Lists of frames, and tables whose rows pick ranges of them: what several data sets have."""

from collections.abc import Sequence
from pathlib import Path

from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.pids import JUNK_PID


def lines(path: Path) -> dict[int, str]:
    """The lines of a list that are not blank, without what surrounds them, by their numbers from 1.

    Raises:
        ValueError: it is empty or no text; names the file.
    """
    try:
        text = path.read_text(encoding="ascii")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not a list of file names: {error}") from None
    found = {n: content for n, line in enumerate(text.splitlines(), start=1) if (content := line.strip())}
    if not found:
        raise ValueError(f"{path} is empty: take it from the data set again")
    return found


def check_range(where: str, first: int, last: int, base: int, names: Sequence[str], source: Path) -> None:
    """Raise ValueError unless `first` to `last`, both included, are numbers of names, counted from `base`."""
    end = base + len(names) - 1
    if not base <= first <= last <= end:
        raise ValueError(
            f"{where}: {first} to {last} is not a range of frames within {base} to {end}, the names in "
            f"{source}"
        )


def splits(
    train: Sequence[Tracklet], test: Sequence[Tracklet], file: Path, rows: Sequence[int], base: int
) -> ReidSplits:
    """Queries are the rows of `test` that a file gives as `rows`, counted from `base`; junk is apart.

    Raises:
        ValueError: a row does not exist, is junk, or is given twice; names the file and the entry.
    """
    place_of: dict[int, int] = {}
    for place, row in enumerate(rows, start=1):
        if not base <= row < base + len(test):
            raise ValueError(
                f"{file}, entry {place}: row {row} is not within {base} to {base + len(test) - 1}"
            )
        if test[row - base].pid == JUNK_PID:
            raise ValueError(f"{file}, entry {place}: row {row} is junk (pid {JUNK_PID})")
        if (first := place_of.setdefault(row, place)) != place:
            raise ValueError(
                f"{file}: entries {first} and {place} both name row {row}, which would be scored twice: name "
                "it once"
            )
    others = [one for row, one in enumerate(test, start=base) if row not in place_of]
    return ReidSplits(
        train=tuple(train),
        query=tuple(test[row - base] for row in rows),
        gallery=tuple(one for one in others if one.pid != JUNK_PID),
        junk=tuple(one for one in others if one.pid == JUNK_PID),
    )
