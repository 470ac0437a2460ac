"""The pictures of a camera, one after the other: of a video file or of a folder of frames."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import UInt8

from reid_cosam.footage.crops import read_image

if TYPE_CHECKING:
    import av

Pixels = UInt8[np.ndarray, "h w 3"]


class Picture(NamedTuple):
    """One picture; its pixels are made when they are asked for. `damaged` is what is wrong with them."""

    number: int
    time: float | None  # seconds
    pixels: Callable[[], Pixels]
    damaged: str = ""


class Facts(NamedTuple):
    width: int
    height: int
    fps: float | None


class BrokenVideo(ValueError):
    """A video cannot be decoded any further."""


@dataclass(frozen=True)
class Video:
    """A video file. Frames are counted as they are shown, from 1, and turned as players turn them.

    Times are those of the file's timestamps from the first frame on, so that the frame rate may vary.
    """

    path: Path

    def facts(self) -> Facts:
        """
        Raises:
            ImportError: PyAV is not installed.
            BrokenVideo: it has no frame that can be decoded.
        """
        try:
            height, width = next(iter(self)).pixels().shape[:2]
        except BrokenVideo as error:
            raise BrokenVideo(
                f"{error}; copy it again, encode it anew, as with ffmpeg, or leave this camera out"
            ) from error
        with _opened(self.path) as container:
            rate = container.streams.video[0].average_rate
        return Facts(width, height, None if rate is None else float(rate))

    def __iter__(self) -> Iterator[Picture]:
        """
        Raises:
            BrokenVideo: it cannot be decoded from some frame on; names it.
        """
        from av.error import FFmpegError

        number, first = 0, None
        with _opened(self.path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            try:
                for number, frame in enumerate(container.decode(stream), start=1):
                    if first is None:
                        first = frame.time
                    time = None if frame.time is None or first is None else frame.time - first
                    damaged = f"frame {number} of {self.path} is damaged" if frame.is_corrupt else ""
                    yield Picture(number, time, partial(_pixels, frame), damaged)
            except FFmpegError as error:
                raise BrokenVideo(f"{self.path} is broken after frame {number}: {error.strerror}") from error
        if not number:
            raise BrokenVideo(f"{self.path} has no frames")


@dataclass(frozen=True)
class FrameFolder:
    """A folder of frames, by number; `fps` gives their times, counted from frame 1."""

    paths: dict[int, Path]
    fps: float | None

    def facts(self) -> Facts:
        """Of the first frame that can be read.

        Raises:
            ValueError: there is none.
        """
        broken = None
        for picture in self:
            try:
                height, width = picture.pixels().shape[:2]
            except ValueError as error:
                broken = broken or error
            else:
                return Facts(width, height, self.fps)
        raise ValueError(f"none of {len(self.paths):,} frames can be read; the first: {broken}") from broken

    def __iter__(self) -> Iterator[Picture]:
        for number, path in sorted(self.paths.items()):
            time = None if self.fps is None else (number - 1) / self.fps
            yield Picture(number, time, partial(read_image, str(path)))


def _opened(path: Path) -> "av.container.InputContainer":
    try:
        import av
    except ImportError:
        raise ImportError(
            f"{path} is a video, which needs PyAV: install it with pip install 'reid-cosam[video]'"
        ) from None
    try:
        container = av.open(str(path))
    except av.error.FFmpegError as error:
        raise BrokenVideo(f"{path} is not a video that can be decoded: {error.strerror}") from error
    if not container.streams.video:
        container.close()
        raise BrokenVideo(f"{path} has no pictures, only {', '.join(one.type for one in container.streams)}")
    return container


def _pixels(frame: "av.VideoFrame") -> Pixels:
    pixels = frame.to_ndarray(format="rgb24")
    return np.rot90(pixels, round(frame.rotation / 90))  # both counter-clockwise
