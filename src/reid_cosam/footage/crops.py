"""Crops of tracks, at the size that a network takes, and the crops that could not be made."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import UInt8

from reid_cosam.data.frames import decode, read_content, resize

STRIP = 4  # pictures of a track, at most
_STRIP_HEIGHT = 160  # pixels


@dataclass(frozen=True, slots=True)
class Track:
    """What a tracker, or a folder, says is one person in one camera.

    Attributes:
        length: crops that it should have; each is made or reported as unusable.
        first, last: number of its first and of its last frame.
    """

    camera: str
    name: str
    person: str
    source: str
    length: int
    first: int
    last: int


class Crop(NamedTuple):
    """A crop at the network's size. `picture`, to look at, comes with at most `STRIP` crops of a track."""

    track: str
    frame: int
    time: float | None  # seconds
    image: UInt8[np.ndarray, "h w 3"]
    picture: UInt8[np.ndarray, "_ _ 3"] | None


class Unusable(NamedTuple):
    """A crop that there should be: what kind of fault it has, and a sentence that names the place."""

    track: str
    frame: int
    kind: str
    text: str


class Cropper:
    """Resizes crops, and makes evenly spread pictures of each track."""

    def __init__(self, tracks: Collection[Track], height: int, width: int) -> None:
        self._size = (height, width)
        self._picture_size = (_STRIP_HEIGHT, max(1, round(_STRIP_HEIGHT * width / height)))
        self._due = {one.name: _spread(one.length) for one in tracks}
        self._position = dict.fromkeys(self._due, 0)

    def crop(self, track: str, frame: int, time: float | None, pixels: UInt8[np.ndarray, "_ _ 3"]) -> Crop:
        position, due, picture = self._position[track], self._due[track], None
        self._position[track] += 1
        if due and position >= due[0]:
            picture = resized(pixels, self._picture_size)
            self._due[track] = [one for one in due if one > position]
        return Crop(track, frame, time, resized(pixels, self._size), picture)

    def unusable(self, track: str, frame: int, kind: str, text: str) -> Unusable:
        self._position[track] += 1
        return Unusable(track, frame, kind, text)


def read_image(path: str) -> UInt8[np.ndarray, "h w 3"]:
    """The picture in a file.

    Raises:
        ValueError: it is missing or damaged; names it, without the remedy for data sets.
    """
    try:
        return decode(read_content(path), path)
    except (OSError, ValueError) as error:
        raise ValueError(str(error).partition("; reid-cosam verify")[0]) from error


def _spread(length: int) -> list[int]:
    number = min(STRIP, length)
    return [(2 * index + 1) * length // (2 * number) for index in range(number)]


def resized(pixels: UInt8[np.ndarray, "_ _ 3"], size: tuple[int, int]) -> UInt8[np.ndarray, "_ _ 3"]:
    """The picture at this height and width, as `data.frames` resizes it; never a view of a whole frame."""
    if pixels.shape[:2] == size:
        return np.array(pixels)
    small: UInt8[np.ndarray, "_ _ 3"] = resize(torch.from_numpy(pixels.copy())[None], *size)[0].numpy()
    return small
