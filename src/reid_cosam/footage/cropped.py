"""A camera whose tracks are crops already, in image files."""

import hashlib
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from reid_cosam.footage.crops import Crop, Cropper, Track, Unusable, read_image

_THREADS = 4
_AHEAD = 64  # crops that are decoded and not yet taken


@dataclass(frozen=True)
class CroppedCamera:
    """Footage of one camera.

    Attributes:
        paths: of each track, in time order.
        fps: gives the times of frames by their numbers.
    """

    name: str
    tracks: tuple[Track, ...]
    paths: Mapping[str, tuple[str, ...]]
    about: Mapping[str, object]
    fps: float | None
    start: float

    @property
    def signature(self) -> str:
        """Of the names alone: reading a million files costs as much as embedding them."""
        digest = hashlib.sha256(repr((self.fps, self.start)).encode())
        for track in self.tracks:
            digest.update(repr((track, self.paths[track.name])).encode())
        return digest.hexdigest()

    def crops(self, names: Collection[str], height: int, width: int) -> Iterator[Crop | Unusable]:
        """Every image of the tracks named, decoded by several threads."""
        chosen = [one for one in self.tracks if one.name in names]
        cropper = Cropper(chosen, height, width)
        waiting: deque[tuple[str, int, Future[UInt8[np.ndarray, "_ _ 3"]]]] = deque()
        with ThreadPoolExecutor(_THREADS) as pool:
            for track in chosen:
                paths = self.paths[track.name]
                for number, path in zip(numbers(paths), paths, strict=True):
                    waiting.append((track.name, number, pool.submit(read_image, path)))
                    if len(waiting) >= _AHEAD:
                        yield self._crop(cropper, *waiting.popleft())
            while waiting:
                yield self._crop(cropper, *waiting.popleft())

    def _crop(
        self, cropper: Cropper, track: str, number: int, read: "Future[UInt8[np.ndarray, '_ _ 3']]"
    ) -> Crop | Unusable:
        try:
            pixels = read.result()
        except ValueError as error:
            return cropper.unusable(track, number, "unreadable", str(error))
        time = None if self.fps is None else self.start + (number - 1) / self.fps
        return cropper.crop(track, number, time, pixels)


def numbers(paths: Collection[str]) -> list[int]:
    """Of the frames: their names, if all are different whole numbers, or else their places from 1."""
    stems = [Path(path).stem for path in paths]
    if all(stem.isascii() and stem.isdigit() for stem in stems):
        named = [int(stem) for stem in stems]
        if len(set(named)) == len(named):
            return named
    return list(range(1, len(stems) + 1))
