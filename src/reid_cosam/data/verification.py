"""What can be said of a data set without training on it: sizes, unreadable frames, a hash of its splits."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from itertools import chain
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from reid_cosam.data.frames import check_frame, decode, read_content
from reid_cosam.data.tracklet import ReidSplits, Tracklet

SHORT = (4, 8)
"""Usual numbers of frames in a snippet: a shorter tracklet repeats its own."""

_FRAMES_AT_ONCE = 256
_SAMPLED_IMAGES = 1024


class Summary(NamedTuple):
    """Sizes of some tracklets; `shorter` counts those with fewer frames than each of `SHORT`.

    Distractors and junk are nobody: they add no identity.
    """

    identities: int
    tracklets: int
    frames: int
    cameras: int
    shortest: int
    median: float
    longest: int
    shorter: tuple[int, ...]


class Fault(NamedTuple):
    """A frame that cannot be had, and a sentence that names it and says why."""

    frame: str
    reason: str


def summarise(tracklets: Sequence[Tracklet]) -> Summary:
    """Sizes of one part of the splits, which must not be empty."""
    lengths = [len(one) for one in tracklets]
    return Summary(
        identities=len({one.pid for one in tracklets if one.pid > 0}),
        tracklets=len(tracklets),
        frames=sum(lengths),
        cameras=len({one.camid for one in tracklets}),
        shortest=min(lengths),
        median=median(lengths),
        longest=max(lengths),
        shorter=tuple(sum(length < limit for length in lengths) for limit in SHORT),
    )


def unmatched(queries: Iterable[Tracklet], gallery: Iterable[Tracklet]) -> tuple[Tracklet, ...]:
    """The queries whose person no other camera shows in the gallery: they have no score."""
    cameras: dict[int, set[int]] = {}
    for one in gallery:
        cameras.setdefault(one.pid, set()).add(one.camid)
    return tuple(query for query in queries if not cameras.get(query.pid, set()) - {query.camid})


def parts(splits: ReidSplits) -> dict[str, tuple[Tracklet, ...]]:
    """The parts of the splits by name, in a fixed order."""
    return {"train": splits.train, "query": splits.query, "gallery": splits.gallery, "junk": splits.junk}


def all_frames(splits: ReidSplits) -> tuple[str, ...]:
    """Every frame once, in the order of the parts."""
    tracklets = chain.from_iterable(parts(splits).values())
    return tuple(dict.fromkeys(chain.from_iterable(one.frames for one in tracklets)))


def unreadable(frames: Sequence[str], workers: int, advance: Callable[[int], object]) -> tuple[Fault, ...]:
    """Read and decode all frames; those that are missing or broken, in the order of `frames`.

    `advance` hears how many more frames are done. Threads, since reading and decoding release the
    interpreter's lock; `workers` of them.
    """
    chunks = [frames[start : start + _FRAMES_AT_ONCE] for start in range(0, len(frames), _FRAMES_AT_ONCE)]
    faults: list[Fault] = []
    with ThreadPoolExecutor(workers) as pool:
        for chunk, found in zip(chunks, pool.map(_faults, chunks), strict=True):
            faults += found
            advance(len(chunk))
    return tuple(faults)


def _faults(frames: Sequence[str]) -> list[Fault]:
    found = []
    for frame in frames:
        try:
            check_frame(frame)
        except FileNotFoundError:
            found.append(Fault(frame, f"{frame} is missing"))
        except (OSError, ValueError) as error:  # both name the frame
            found.append(Fault(frame, str(error)))
    return found


def image_hash(splits: ReidSplits) -> str:
    """SHA-256 of 1024 images spread evenly over all tracklets, or of all where there are fewer.

    Reading all of a million would take longer than much of what follows. Files and a pack of them have the
    same hash.

    Raises:
        MissingFrame, UnreadableFrame, BrokenFrame: one of them cannot be read.
    """
    tracklets = [one for part in parts(splits).values() for one in part]
    ends = np.cumsum([len(one) for one in tracklets])
    total = int(ends[-1]) if len(ends) else 0
    digest = sha256()
    for place in np.unique(np.linspace(0, total - 1, min(total, _SAMPLED_IMAGES)).astype(np.int64)):
        number = int(np.searchsorted(ends, place, side="right"))
        frame = tracklets[number].frames[int(place - ends[number])]  # counted from the tracklet's end
        content = read_content(frame)
        decode(content, frame)
        digest.update(sha256(content).digest())
    return digest.hexdigest()


def split_hash(splits: ReidSplits, root: Path) -> str:
    """SHA-256 of pid, camid and frames of every tracklet, part by part; the same wherever `root` lies.

    Raises:
        ValueError: a frame lies outside `root`.
    """
    digest = sha256()
    prefix = str(root / "_")[:-1]  # Path(".") puts nothing before its files
    for part, tracklets in parts(splits).items():
        for one in tracklets:
            outside = [frame for frame in one.frames if not frame.startswith(prefix)]
            if outside:
                raise ValueError(f"{outside[0]} lies outside the data set's folder {root}")
            names = (frame.removeprefix(prefix) for frame in one.frames)
            line = "\t".join((part, str(one.pid), str(one.camid), *names))
            digest.update(f"{line}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()
