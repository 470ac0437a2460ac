"""What identifies a data set, and which of its frames cannot be read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from itertools import chain
from pathlib import Path

import numpy as np

from reid_cosam.data.frames import REMEDY, checked_content
from reid_cosam.data.tracklet import ReidSplits, Tracklet

_FRAMES_AT_ONCE = 256
_SAMPLED_IMAGES = 1024


def unmatched(queries: Iterable[Tracklet], gallery: Iterable[Tracklet]) -> tuple[Tracklet, ...]:
    """The queries whose person no other camera of the gallery saw: they have no score."""
    cameras: dict[int, set[int]] = {}
    for one in gallery:
        cameras.setdefault(one.pid, set()).add(one.camid)
    return tuple(query for query in queries if not cameras.get(query.pid, set()) - {query.camid})


def copied(splits: ReidSplits, contents: Mapping[str, int]) -> list[str]:
    """One sentence per query whose frames are all in the gallery as well, under whatever names.

    Args:
        contents: what frames contain, as hashes of it.
    """
    searched = {contents.get(frame): frame for one in splits.gallery for frame in one.frames}
    searched.pop(None, None)  # those that cannot be read
    return [
        f"query from {one.frames[0]}: the gallery has copies of all its frames, of the first as "
        f"{searched[contents[one.frames[0]]]}"
        for one in splits.query
        if all(contents.get(frame) in searched for frame in one.frames)
    ]


def unreadable(
    frames: Sequence[str],
    workers: int,
    advance: Callable[[int], object],
    read: Callable[[str], object] = checked_content,
) -> list[str]:
    """Read and decode all frames; one sentence per frame that is missing or broken, in the order of `frames`.

    `advance` is called with the number of frames that were read since. Threads, since reading and decoding
    release the interpreter's lock; `workers` of them.
    """
    chunks = [frames[start : start + _FRAMES_AT_ONCE] for start in range(0, len(frames), _FRAMES_AT_ONCE)]
    faults: list[str] = []
    with ThreadPoolExecutor(workers) as pool:
        for chunk, found in zip(chunks, pool.map(partial(_faults, read), chunks), strict=True):
            faults += found
            advance(len(chunk))
    return faults


def _faults(read: Callable[[str], object], frames: Sequence[str]) -> list[str]:
    found = []
    for frame in frames:
        try:
            read(frame)
        except (OSError, ValueError) as error:  # both name the frame, and this command as the remedy
            found.append(str(error).removesuffix(f"; {REMEDY}"))
    return found


def first_lines(lines: Sequence[str], number: int = 5) -> list[str]:
    """The first of many lines, indented, and how many more there are."""
    rest = [f"and {len(lines) - number:,} more"] if len(lines) > number else []
    return [f"  {line}" for line in (*lines[:number], *rest)]


def image_hash(splits: ReidSplits) -> str:
    """SHA-256 of 1024 images spread evenly over all tracklets, or of all where there are fewer.

    Reading all of a million would take longer than much of what follows. Files and a pack of them have the
    same hash.

    Raises:
        MissingFrame, UnreadableFrame, BrokenFrame: one of them cannot be read.
    """
    frames = list(chain.from_iterable(one.frames for one in splits.tracklets()))
    places = np.linspace(0, len(frames) - 1, min(len(frames), _SAMPLED_IMAGES)).astype(np.int64)
    digest = sha256()
    for place in np.unique(places).tolist():
        digest.update(sha256(checked_content(frames[place])).digest())
    return digest.hexdigest()


def split_hash(splits: ReidSplits, root: Path) -> str:
    """SHA-256 of every tracklet's pid, camid, frames, and (where known) clothes and view, part by part.

    It is the same wherever `root` is.

    Raises:
        ValueError: a frame lies outside `root`.
    """
    digest = sha256()
    prefix = str(root / "_")[:-1]  # Path(".") puts nothing before its files
    for part, tracklets in splits.parts().items():
        for one in tracklets:
            outside = [frame for frame in one.frames if not frame.startswith(prefix)]
            if outside:
                raise ValueError(f"{outside[0]} lies outside the data set's folder {root}")
            names = (frame.removeprefix(prefix) for frame in one.frames)
            known = (value for value in (one.clothes, one.view) if value is not None)
            line = "\t".join((part, str(one.pid), str(one.camid), *known, *names))
            digest.update(f"{line}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()
