"""A camera whose tracks are boxes on its pictures: each picture is decoded once, its boxes are cut out."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import UInt8

from reid_cosam.footage.boxes import Box, Boxes
from reid_cosam.footage.crops import Crop, Cropper, Track, Unusable
from reid_cosam.footage.video import BrokenVideo, FrameFolder, Picture, Video

_ABSENT = "in frames that are not there"


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

    @property
    def leaving(self) -> float:
        """The share of boxes that leave the frame at the right or at the bottom, by more than a pixel."""
        x, y, width, height, _ = self.boxes.places.T
        size = int(str(self.about["width"])), int(str(self.about["height"]))
        return float(((x + width > size[0] + 1) | (y + height > size[1] + 1)).mean())

    def crops(self, names: Collection[str], height: int, width: int) -> Iterator[Crop | Unusable]:
        """Every box of the tracks named.

        Raises:
            BrokenVideo: it breaks before the last of these boxes, and that is not to be skipped.
        """
        cropper = Cropper([one for one in self.tracks if one.name in names], height, width)
        by_frame = self.boxes.by_frame(names)
        due = next(by_frame, None)
        last, broken = 0, list[BrokenVideo]()
        for picture in self._until_broken(broken):
            while due is not None and due[0] < picture.number:  # a number that a folder of frames leaves out
                yield from _missing(due, cropper, _ABSENT, f"{self.about['source']} has no frame {due[0]}")
                due = next(by_frame, None)
            if due is None:
                return
            last = picture.number
            if due[0] == last:
                yield from self._cut(picture, due[1], cropper)
                due = next(by_frame, None)
        kind, reason = _ABSENT, f"{self.about['source']} ends with frame {last}"
        if broken:
            kind, reason = f"lost as {self.about['source']} is broken after frame {last}", str(broken[0])
        while due is not None:
            yield from _missing(due, cropper, kind, reason)
            due = next(by_frame, None)

    def _until_broken(self, broken: list[BrokenVideo]) -> Iterator[Picture]:
        """`broken` gets the error that is skipped."""
        try:
            yield from self.pictures
        except BrokenVideo as error:
            if not self.skip_broken:
                raise BrokenVideo(
                    f"{error}; broken=skip takes the frames up to there, or encode it anew, as with ffmpeg"
                ) from error
            broken.append(error)

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


def _missing(due: tuple[int, list[Box]], cropper: Cropper, kind: str, reason: str) -> Iterator[Unusable]:
    frame, boxes = due
    for box in boxes:
        text = f"frame {frame}, track {box.track}: {reason}"
        yield cropper.unusable(box.track, frame, kind, text)
