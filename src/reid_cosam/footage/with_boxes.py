"""Cameras of whole frames and a tracker's boxes: video files, and folders as MOTChallenge and CVAT write."""

import re
from collections.abc import Iterator
from configparser import ConfigParser
from configparser import Error as ConfigError
from pathlib import Path

from reid_cosam.data.readers.listing import is_image
from reid_cosam.footage.boxed import BoxedCamera
from reid_cosam.footage.boxes import read_boxes
from reid_cosam.footage.clock import Clock
from reid_cosam.footage.video import FrameFolder, Video

_VIDEOS = frozenset({".mp4", ".avi", ".mkv", ".mov"})
_FRAMES = "img1"


def is_video(path: Path) -> bool:
    """Whether a file is named as a video."""
    return path.suffix.lower() in _VIDEOS and not path.name.startswith(".") and path.is_file()


def read_videos(path: Path, clock: Clock, skip_broken: bool) -> list[BoxedCamera]:
    """The cameras of a folder of videos, or of one video: each is named as its file.

    Raises:
        FileNotFoundError: a video has no boxes.
        ImportError: PyAV is not installed.
        ValueError: there is no video, two have one name, or one cannot be decoded.
    """
    found: dict[str, Path] = {}
    for video in sorted(filter(is_video, path.iterdir())) if path.is_dir() else [path]:
        if video.stem in found:
            raise ValueError(
                f"{found[video.stem]} and {video} are both camera {video.stem}: rename one of them"
            )
        found[video.stem] = video
    if not found:
        raise ValueError(f"{path} has no videos ({', '.join(sorted(_VIDEOS))})")
    for video in found.values():
        if not video.with_suffix(".txt").is_file():
            raise FileNotFoundError(
                f"{video} has no boxes: {video.with_suffix('.txt')} is missing, a tracker's MOT text"
            )
    return [
        _camera(name, Video(video), video, video.with_suffix(".txt"), clock, skip_broken)
        for name, video in found.items()
    ]


def sequences(path: Path) -> list[Path]:
    """The folders with frames as MOTChallenge has them: this one, or those in it."""
    folders = [path, *sorted(one for one in path.iterdir() if one.is_dir())]
    found = [one for one in folders if (one / _FRAMES).is_dir()]
    return found[:1] if found[:1] == [path] else found


def read_mot(path: Path, clock: Clock) -> list[BoxedCamera]:
    """The cameras of a folder as MOTChallenge and CVAT write it, or of a folder of such folders.

    Raises:
        FileNotFoundError: frames have no boxes.
        ValueError: there are no frames, or their names have no numbers.
    """
    found = sequences(path)
    if not found:
        raise ValueError(f"{path} has no folder {_FRAMES}")
    return [
        _camera(
            folder.resolve().name,
            FrameFolder(_numbered(folder / _FRAMES), clock.fps or _frame_rate(folder / "seqinfo.ini")),
            folder,
            _boxes_of(folder),
            clock,
        )
        for folder in found
    ]


def _camera(
    name: str,
    pictures: Video | FrameFolder,
    source: Path,
    boxes_path: Path,
    clock: Clock,
    skip_broken: bool = False,
) -> BoxedCamera:
    boxes, facts = read_boxes(boxes_path), pictures.facts()
    start = clock.start(name)
    tracks = boxes.tracks(name, str(source))
    about = {"source": str(source), "boxes": str(boxes_path), **facts._asdict(), "start": start}
    about |= {"ignored": boxes.ignored} if boxes.ignored else {}
    size = source.stat().st_size if isinstance(pictures, Video) else len(pictures.paths)
    return BoxedCamera(
        name, pictures, boxes, tracks, about, f"{boxes.signature} {size} {about}", start, skip_broken
    )


def _boxes_of(folder: Path) -> Path:
    """A tracker's own before those that the data set came with."""
    name = f"{folder.resolve().name}.txt"
    places = [folder / name, folder.parent / name, folder / "gt" / "gt.txt", folder / "det" / "det.txt"]
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(f"{folder} has no boxes: none of {', '.join(map(str, places))} is there")


def _numbered(folder: Path) -> dict[int, Path]:
    """Frames by number, from 1: where they are named from 0, that is the first."""
    found: dict[int, Path] = {}
    for path in _images(folder):
        match = re.search(r"([0-9]+)$", path.stem)
        if match is None:
            raise ValueError(f"{path} has no number at the end of its name, which frames must have")
        number = int(match[1])
        if number in found:
            raise ValueError(f"{found[number]} and {path} are both frame {number}")
        found[number] = path
    if not found:
        raise ValueError(f"{folder} has no images")
    return {number + 1: path for number, path in found.items()} if 0 in found else found


def _images(folder: Path) -> Iterator[Path]:
    return (one for one in sorted(folder.iterdir()) if is_image(one.name) and not one.name.startswith("."))


def _frame_rate(path: Path) -> float | None:
    """Of `seqinfo.ini`, where there is one."""
    parser = ConfigParser()
    try:
        parser.read(path, encoding="utf-8")
        rate = parser.getfloat("Sequence", "frameRate", fallback=None)
    except (ConfigError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    if rate is not None and not rate > 0:
        raise ValueError(f"{path}: frameRate={rate:g} must be above 0")
    return rate
