"""Who walks through which camera of the footage, when and along which path."""

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from jaxtyping import Float64

from reid_cosam.data.synthetic.body import Series
from reid_cosam.data.synthetic.randomness import CLOCK, PLACE, TEST, TRAIN, site_rng, walk_rng

FAR, NEAR = 0.69, 0.975
"""Where feet may stand, as shares of the frame's height."""

TALL_FAR, TALL_NEAR = 0.36, 0.47
"""A person's height there, as shares of the frame's height."""

DEPTH = 0.13
"""How far down a step towards the camera goes in the image, as a share of a step across (`body.View`)."""

STRIDE = 0.8
"""In body heights (as in `motion`)."""

PACES = (1.1, 1.7)
"""Metres per second between the cameras."""

REST = 4.0
"""The longest pause between two cameras (seconds)."""

OUT_OF_SIGHT = 2.0
"""Seconds that people walk at the edges of two cameras before they are seen well enough for a box."""

LEAD = 5
"""Seconds in which the cameras are switched on, one after another, before anyone appears."""

SPLITS = {"train": TRAIN, "test": TEST}


@dataclass(frozen=True, slots=True)
class FootageSpec:
    """Size of one piece of footage.

    People `first_person`, ... of half `part` look as those with that pid in the synthetic data set of the
    same seed. Each sets out within the first `minutes` and is seen by `visits` cameras, one after the other.
    """

    people: int
    first_person: int
    part: str
    cameras: int
    visits: int
    minutes: float
    height: int
    width: int
    fps: int
    seed: int

    @property
    def pids(self) -> range:
        return range(self.first_person, self.first_person + self.people)


@dataclass(frozen=True, slots=True)
class Visit:
    """A walk through one camera from frame `first` of the common clock; lengths are pixels of the frame."""

    person: int
    camera: int
    first: int
    swing: float
    phase: Series
    yaw: Series
    tall: Series
    feet: Float64[np.ndarray, "t 2"]

    @property
    def stop(self) -> int:
        return self.first + len(self.phase)


def plan_visits(spec: FootageSpec) -> list[Visit]:
    """All visits, by camera and time."""
    metres = distances(spec)
    visits = [visit for pid in spec.pids for visit in _journey(spec, pid, metres)]
    return sorted(visits, key=lambda visit: (visit.camera, visit.first, visit.person))


def distances(spec: FootageSpec) -> dict[tuple[int, int], float]:
    """Metres from each camera to the others; a single one sees people again who went round the block."""
    cameras = range(1, spec.cameras + 1)
    places = {camera: site_rng(spec.seed, camera, PLACE).uniform(0, 30, 2) for camera in cameras}
    pairs = product(cameras, cameras)
    metres = {(a, b): 8.0 + float(np.hypot(*(places[a] - places[b]))) for a, b in pairs if a != b}
    return metres or {(1, 1): 18.0}


def camera_name(camera: int) -> str:
    return f"camera{camera}"


def switched_on(spec: FootageSpec, camera: int) -> int:
    """The camera's first frame on the common clock."""
    return int(site_rng(spec.seed, camera, CLOCK).integers(0, LEAD * spec.fps))


def _journey(spec: FootageSpec, pid: int, metres: dict[tuple[int, int], float]) -> list[Visit]:
    rng = walk_rng(spec.seed, SPLITS[spec.part], pid)
    stature = float(rng.uniform(0.93, 1.07))
    pace, swing = float(rng.uniform(0.75, 0.95)), float(rng.uniform(0.8, 1.15))
    turn = 2 * np.pi * pace / (STRIDE * swing * spec.fps)
    clock = LEAD + float(rng.uniform(0, 60 * spec.minutes))
    camera, visits = int(rng.integers(1, spec.cameras + 1)), list[Visit]()
    for _ in range(spec.visits):
        yaw, tall, feet = _path(rng, spec, stature, pace)
        phase = rng.uniform(0, 2 * np.pi) + turn * np.arange(len(yaw))
        visits.append(Visit(pid, camera, round(clock * spec.fps), swing, phase, yaw, tall, feet))
        to = int(rng.choice([end for start, end in metres if start == camera]))
        walk = metres[camera, to] / float(rng.uniform(*PACES)) + float(rng.uniform(0, REST))
        clock, camera = clock + len(yaw) / spec.fps + walk, to
    return visits


def _path(
    rng: np.random.Generator, spec: FootageSpec, stature: float, pace: float
) -> tuple[Series, Series, Float64[np.ndarray, "t 2"]]:
    """Heading (radians, as `View`), height and feet: in at one side, perhaps some steps in depth, and out."""
    far, near = FAR * spec.height, NEAR * spec.height
    heading = float(rng.choice([0.0, np.pi]))
    margin = 0.4 * TALL_NEAR * spec.height
    x, y = (-margin if heading == 0.0 else spec.width + margin), float(rng.uniform(far, near))
    yaw = goal = heading + float(rng.uniform(-0.35, 0.35))
    turning_at = float(rng.uniform(0.25, 0.75)) * spec.width if rng.random() < 0.55 else None
    # Too few to reach the edge of the ground.
    frames_in_depth = round(float(rng.uniform(1.2, 2.6)) * spec.fps)
    lean = float(rng.uniform(-0.4, 0.4))
    leaving = float(rng.choice([0.0, np.pi])) + float(rng.uniform(-0.35, 0.35))
    turned_at = None
    rows: list[tuple[float, float, float, float]] = []
    while (x > -margin or np.cos(goal) > 0) and (x < spec.width + margin or np.cos(goal) < 0):
        tall = stature * spec.height * float(np.interp(y, (far, near), (TALL_FAR, TALL_NEAR)))
        rows.append((yaw, tall, x, y))
        if turning_at is not None and (x - turning_at) * np.cos(heading) > 0:
            turning_at, turned_at = None, len(rows)
            goal = np.pi / 2 * (1 if y < (far + near) / 2 else -1) + lean
        elif turned_at is not None and len(rows) == turned_at + frames_in_depth:
            goal = leaving
        yaw += float(np.clip((goal - yaw + np.pi) % (2 * np.pi) - np.pi, -3.5 / spec.fps, 3.5 / spec.fps))
        x += pace * tall * np.cos(yaw) / spec.fps
        y = float(np.clip(y + DEPTH * pace * tall * np.sin(yaw) / spec.fps, far, near))
    series = np.array(rows)
    return series[:, 0], series[:, 1], series[:, 2:]


def travel_times(tracks: pd.DataFrame, spec: FootageSpec) -> pd.DataFrame:
    """From the end of a track to the start of a later one of the same person, in whole seconds.

    The shortest times are those of all walkers on their way between the two cameras. The longest ones hold
    for these tracks: a person may have been to other cameras in between.

    Args:
        tracks: camera, person, start, end (seconds).

    Returns:
        from, to, min_seconds, max_seconds, one row per ordered pair of different cameras.
    """
    pairs = tracks.merge(tracks, on="person")
    pairs = pairs[(pairs["start_y"] > pairs["end_x"]) & (pairs["camera_x"] != pairs["camera_y"])]
    seen = pairs[["camera_x", "camera_y"]].set_axis(["from", "to"], axis=1)
    seen["min_seconds"] = seen["max_seconds"] = pairs["start_y"] - pairs["end_x"]
    planned = [
        {
            "from": camera_name(start),
            "to": camera_name(end),
            "min_seconds": metres / PACES[1],
            "max_seconds": metres / PACES[0] + REST + OUT_OF_SIGHT,
        }
        for (start, end), metres in distances(spec).items()
        if start != end
    ]
    bounds = {"min_seconds": "min", "max_seconds": "max"}
    times = pd.concat([pd.DataFrame(planned, columns=seen.columns), seen]).groupby(["from", "to"]).agg(bounds)
    times["min_seconds"] = times["min_seconds"].map(math.floor)
    times["max_seconds"] = times["max_seconds"].map(math.ceil)
    return times.reset_index()
