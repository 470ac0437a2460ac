"""A camera whose tracks are boxes on its pictures: each picture is decoded once, its boxes are cut out."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import UInt8

from reid_cosam.footage.boxes import Box, Boxes
from reid_cosam.footage.crops import Crop, Cropper, Track, Unusable
from reid_cosam.footage.video import BrokenVideo, FrameFolder, Picture, Video


@dataclass(frozen=True)
class BoxedCamera:
    """Footage of one camera.

    Attributes:
        about: facts for people and for programs: source, width, height, frames per second.
        signature: changes with what would be read.
        start: of its first frame, in seconds on a clock that all cameras share.
        skip_broken: a video that breaks counts as one that ends there.
    """

    name: str
    pictures: Video | FrameFolder
    boxes: Boxes
    tracks: tuple[Track, ...]
    about: Mapping[str, object]
    signature: str
    start: float
    skip_broken: bool = field(compare=False)

    def crops(self, names: Collection[str], height: int, width: int) -> Iterator[Crop | Unusable]:
        """Every box of the tracks named.

        Raises:
            BrokenVideo: it breaks before the last of these boxes, and that is not to be skipped.
        """
        cropper = Cropper([one for one in self.tracks if one.name in names], height, width)
        by_frame = self.boxes.by_frame(names)
        due = next(by_frame, None)
        last = 0
        for picture in self._until_broken():
            while due is not None and due[0] < picture.number:  # a number that a folder of frames leaves out
                yield from _missing(due, cropper, f"{self.about['source']} has no frame {due[0]}")
                due = next(by_frame, None)
            if due is None:
                return
            last = picture.number
            if due[0] == last:
                yield from self._cut(picture, due[1], cropper)
                due = next(by_frame, None)
        while due is not None:
            yield from _missing(due, cropper, f"{self.about['source']} ends with frame {last}")
            due = next(by_frame, None)

    def _until_broken(self) -> Iterator[Picture]:
        try:
            yield from self.pictures
        except BrokenVideo:
            if not self.skip_broken:
                raise

    def _cut(self, picture: Picture, boxes: list[Box], cropper: Cropper) -> Iterator[Crop | Unusable]:
        damaged, pixels = picture.damaged, np.zeros((0, 0, 3), np.uint8)
        if not damaged:
            try:
                pixels = picture.pixels()
            except ValueError as error:
                damaged = str(error)
        time = None if picture.time is None else self.start + picture.time
        for box in boxes:
            where = f"{self.about['source']}, frame {picture.number}, track {box.track}"
            if damaged:
                yield cropper.unusable(box.track, picture.number, "in a damaged frame", damaged)
            elif not (box.width > 0 and box.height > 0):
                text = f"{where}: a box of {box.width:g} x {box.height:g} pixels"
                yield cropper.unusable(box.track, picture.number, "without area", text)
            elif (inside := cut(pixels, box.x, box.y, box.x + box.width, box.y + box.height)) is None:
                text = f"{where}: the box at x={box.x:g}, y={box.y:g} lies outside the frame"
                yield cropper.unusable(box.track, picture.number, "outside the frame", text)
            else:
                yield cropper.crop(box.track, picture.number, time, inside)


def cut(
    pixels: UInt8[np.ndarray, "_ _ 3"], left: float, top: float, right: float, bottom: float
) -> UInt8[np.ndarray, "_ _ 3"] | None:
    """The part of a picture that a box covers, to whole pixels; None where it lies outside."""
    height, width = pixels.shape[:2]
    x, y = max(0, round(left)), max(0, round(top))
    inside = pixels[y : max(y, min(height, round(bottom))), x : max(x, min(width, round(right)))]
    return inside if inside.size else None


def _missing(due: tuple[int, list[Box]], cropper: Cropper, reason: str) -> Iterator[Unusable]:
    frame, boxes = due
    for box in boxes:
        text = f"frame {frame}, track {box.track}: {reason}"
        yield cropper.unusable(box.track, frame, "in frames that are not there", text)
