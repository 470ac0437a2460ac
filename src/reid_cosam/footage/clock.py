"""When cameras started, on a clock that they share: `footage.json` beside the footage."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = "footage.json"


@dataclass(frozen=True)
class Clock:
    """Attributes:
    starts: seconds at the first frame of each camera; None where no file gives them, which means 0.
    fps: of frames in files.
    """

    starts: Mapping[str, float] | None
    fps: float | None
    path: Path

    def start(self, camera: str) -> float:
        return 0.0 if self.starts is None else self.starts.get(camera, 0.0)

    def check(self, cameras: Iterable[str]) -> None:
        """Raises ValueError if the file leaves out a camera."""
        if self.starts is not None and (lacking := [one for one in cameras if one not in self.starts]):
            raise ValueError(f"{self.path} gives no start of camera {lacking[0]}")

    @property
    def about(self) -> str:
        return "all cameras start at 0 s" if self.starts is None else f"cameras start as {self.path} says"


def read_clock(folder: Path, fps: float | None) -> Clock:
    """`{"start": {"<camera>": seconds}}` in `footage.json` of this folder, where there is one.

    Raises:
        ValueError: it is damaged.
    """
    path = folder / FILE
    if not path.exists():
        return Clock(None, fps, path)
    try:
        starts = {
            str(name): float(seconds) for name, seconds in json.loads(path.read_bytes())["start"].items()
        }
        if endless := [name for name, seconds in starts.items() if not math.isfinite(seconds)]:
            raise ValueError(f"camera {endless[0]} starts at {starts[endless[0]]}")
        return Clock(starts, fps, path)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(
            f'{path} must say when cameras start, as {{"start": {{"cam1": 0, "cam2": 12.5}}}}: {error!r}'
        ) from error
