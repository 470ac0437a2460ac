"""Which layout footage has, and its cameras."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from reid_cosam.footage import crop_files, with_boxes
from reid_cosam.footage.boxed import BoxedCamera
from reid_cosam.footage.clock import Clock, read_clock
from reid_cosam.footage.cropped import CroppedCamera
from reid_cosam.words import number_of

Camera = BoxedCamera | CroppedCamera

LAYOUTS = MappingProxyType(
    {
        "track": "<footage>/<track>/*.jpg: crops of one camera",
        "camera_track": "<footage>/<camera>/<track>/*.jpg: crops",
        "person_camera_track": "<footage>/<person>/<camera>/<track>/*.jpg: crops of person/track",
        "csv": "a CSV file with the columns path,track,camera and, where known, person: crops",
        "video": "<footage>/<camera>.mp4 (avi, mkv, mov) beside <camera>.txt with boxes, or one such video",
        "mot": "<footage>/img1/*.jpg and gt/gt.txt or <name>.txt; or one such folder per camera",
    }
)
"""Every layout, as `layout=` names it."""


@dataclass(frozen=True)
class Footage:
    """Cameras with tracks.

    Attributes:
        about: one sentence on what was found, and perhaps a hint in a line of its own.
    """

    layout: str
    cameras: tuple[Camera, ...]
    about: str


def read_footage(
    path: Path, layout: str | None = None, fps: float | None = None, skip_broken: bool = False
) -> Footage:
    """The cameras and tracks of footage; no frame is decoded but the first one of each camera with boxes.

    Args:
        layout: one of `LAYOUTS`; None: the one that it has.
        fps: of frames in files, whose times nothing else gives.
        skip_broken: a video that breaks counts as one that ends there.

    Raises:
        FileNotFoundError: there is nothing.
        ImportError: it is a video, and PyAV is not installed.
        ValueError: it has no layout that is known, or could have two; or something in it does not fit.
    """
    if not path.exists():
        raise FileNotFoundError(f"footage={path}: there is no such file or folder")
    layout = layout or _recognised(path)
    if layout == "video" and fps is not None:
        raise ValueError(f"fps={fps:g} is for frames in files; the videos of {path} have times of their own")
    clock = read_clock(path if path.is_dir() else path.parent, fps)
    read = _READERS[layout]
    try:
        cameras = read(path, clock, skip_broken)
    except NotADirectoryError:
        raise ValueError(
            f"footage={path} does not have layout={layout}, which is {LAYOUTS[layout]}"
        ) from None
    cameras = tuple(sorted(cameras, key=lambda camera: camera.name))
    clock.check(camera.name for camera in cameras)
    return Footage(layout, cameras, _about(path, layout, cameras, clock))


_Reader = Callable[[Path, Clock, bool], Collection[Camera]]
_READERS: Mapping[str, _Reader] = MappingProxyType(
    {
        "track": lambda path, clock, _: crop_files.read_folders(path, 1, clock),
        "camera_track": lambda path, clock, _: crop_files.read_folders(path, 2, clock),
        "person_camera_track": lambda path, clock, _: crop_files.read_folders(path, 3, clock),
        "csv": lambda path, clock, _: crop_files.read_csv(path, clock),
        "video": with_boxes.read_videos,
        "mot": lambda path, clock, _: with_boxes.read_mot(path, clock),
    }
)


def _recognised(path: Path) -> str:
    if path.is_file():
        if path.suffix.lower() == ".csv":
            return "csv"
        if with_boxes.is_video(path):
            return "video"
        raise _unknown(f"footage={path} is neither a video nor a CSV file")
    found = _found_in(path)
    if len(found) > 1:
        raise _unknown(f"footage={path} could be {' or '.join(found)}: choose one with layout=...")
    if not found and not any(path.iterdir()):
        raise _unknown(f"footage={path} is an empty folder")
    if not found:
        raise _unknown(
            f"footage={path} has no layout that is known (of one track of images, name the parent)"
        )
    return found[0]


def _found_in(folder: Path) -> list[str]:
    found = ["video"] if any(map(with_boxes.is_video, folder.iterdir())) else []
    if with_boxes.sequences(folder):
        return [*found, "mot"]
    names = ("track", "camera_track", "person_camera_track")
    return found + [names[depth - 1] for depth in sorted(crop_files.depths(folder)) if depth]


def _unknown(reason: str) -> ValueError:
    lines = "\n".join(f"  {name:<20} {words}" for name, words in LAYOUTS.items())
    return ValueError(f"{reason}. Layouts that are known:\n{lines}")


def _about(path: Path, layout: str, cameras: Collection[Camera], clock: Clock) -> str:
    tracks = [track for camera in cameras for track in camera.tracks]
    people = {track.person for track in tracks if track.person}
    named = f" of {number_of(len(people), 'person', 'people')}" if people else ""
    ignored = sum(int(str(camera.about.get("ignored", 0))) for camera in cameras)
    left_out = (
        f"; {ignored:,} boxes that the ground truth marks to be ignored are left out" if ignored else ""
    )
    timed = all(camera.about["fps"] for camera in cameras)
    when = clock.about if timed else "no times: fps=... gives them"
    return (
        f"{path}: layout {layout}, {number_of(len(cameras), 'camera')}, "
        f"{number_of(len(tracks), 'track')}{named}, "
        f"{number_of(sum(track.length for track in tracks), 'crop')}; {when}{left_out}{_hint(cameras)}"
    )


def _hint(cameras: Collection[Camera]) -> str:
    leaving = [one.name for one in cameras if isinstance(one, BoxedCamera) and one.leaving > 0.5]
    if not leaving:
        return ""
    return (
        f"\nhint: most boxes of camera {', '.join(leaving)} leave the frame: a box in MOT text is "
        "left,top,width,height, not two corners"
    )
