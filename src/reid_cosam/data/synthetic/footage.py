"""Renders walkers as the video of several cameras, with true boxes, identities and travel times."""

import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from contextlib import AbstractContextManager
from dataclasses import asdict
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import UInt8

from reid_cosam.data.synthetic.filming import film
from reid_cosam.data.synthetic.rendering import leave_signals_to, worker_pool
from reid_cosam.data.synthetic.visits import (
    FootageSpec,
    Visit,
    camera_name,
    plan_visits,
    switched_on,
    travel_times,
)
from reid_cosam.scratch import scratch_for

Advance = Callable[[int], object]
Counted = Callable[[int, str], AbstractContextManager[Advance]]
_Job = tuple[Path, str, FootageSpec, int, Sequence[Visit], range]

_REPORT = 10  # frames that a process renders before it reports
_rendered: "Synchronized[int] | None" = None  # by all processes of the pool


def render_footage(out: Path, spec: FootageSpec, processes: int, counted: Counted) -> pd.DataFrame:
    """Writes the footage into the new folder `out`, whole or not at all, and returns its boxes.

    The bytes depend on `spec`, the machine and the versions of NumPy, Pillow and PyAV alone.

    Args:
        counted: called with the number of frames and what they are; yields what to call with the number done.

    Returns:
        One row per box: camera (number), track, person, frame (from 1), x, y, width, height (pixels from the
        frame's upper left corner), visible (share of the figure), second (on the clock of all cameras).

    Raises:
        FileExistsError: there is an `out` already.
        ModuleNotFoundError: PyAV is not installed.
        ValueError: the frames are wider than the scenes.
    """
    codec = _codec()
    if out.exists():
        raise FileExistsError(f"out={out} exists and was left as it is: choose another folder, or delete it")
    if spec.width > 3 * spec.height:
        raise ValueError(
            f"width={spec.width} is more than three times height={spec.height}: scenes end there"
        )
    visits = plan_visits(spec)
    stop = max(visit.stop for visit in visits) + spec.fps
    clocks = {camera: range(switched_on(spec, camera), stop) for camera in range(1, spec.cameras + 1)}
    out.parent.mkdir(parents=True, exist_ok=True)
    with scratch_for(out) as staged:
        cameras = [
            (staged / f"{camera_name(number)}.mp4", codec, spec, number, _through(visits, number), frames)
            for number, frames in clocks.items()
        ]
        total = sum(map(len, clocks.values()))
        with counted(total, f"frames of {spec.width}x{spec.height}") as advance:
            by_camera = _run(cameras, min(processes, len(cameras)), advance)
            # Where a camera sees nobody, the columns of its table have no types of their own.
            boxes = pd.concat([table for table in by_camera if len(table)], ignore_index=True)
        _write_tables(staged, spec, boxes)
        about = {"codec": codec, "frames": {camera_name(camera): len(clocks[camera]) for camera in clocks}}
        starts = {camera_name(camera): clocks[camera].start / spec.fps for camera in clocks}
        text = json.dumps({**asdict(spec), "start": starts, **about}, indent=2)
        (staged / "footage.json").write_text(f"{text}\n", encoding="utf-8")
        staged.rename(out)
    return boxes


def _through(visits: Sequence[Visit], camera: int) -> list[Visit]:
    return [visit for visit in visits if visit.camera == camera]


def _codec() -> str:
    try:
        import av
    except ModuleNotFoundError:
        raise ModuleNotFoundError("writing video needs PyAV: pip install 'reid-cosam[video]'") from None
    return "libx264" if "libx264" in av.codecs_available else "mpeg4"


def _run(cameras: Sequence[_Job], processes: int, advance: Advance) -> list[pd.DataFrame]:
    if processes == 1:
        return [_render_camera(*camera, advance) for camera in cameras]
    rendered, known = multiprocessing.get_context("spawn").Value("q", 0), 0
    with worker_pool(processes, _start_process, os.getpid(), rendered) as pool:
        futures: list[Future[pd.DataFrame]] = [pool.submit(_render_camera, *camera) for camera in cameras]
        pending = set(futures)
        while pending:
            done, pending = wait(pending, timeout=0.5, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()  # raises what it raised
            now = rendered.value
            advance(now - known)
            known = now
        return [future.result() for future in futures]


def _start_process(parent: int, rendered: "Synchronized[int]") -> None:
    global _rendered
    leave_signals_to(parent)
    _rendered = rendered


def _count(frames: int) -> None:
    assert _rendered is not None
    with _rendered.get_lock():
        _rendered.value += frames


def _render_camera(
    path: Path,
    codec: str,
    spec: FootageSpec,
    number: int,
    visits: Sequence[Visit],
    clock: range,
    advance: Advance = _count,
) -> pd.DataFrame:
    """Writes one camera's video; returns its boxes."""
    rows: list[tuple[float, ...]] = []

    def images() -> Iterable[UInt8[np.ndarray, "h w 3"]]:
        for frame, (image, boxes) in enumerate(film(spec, number, visits, clock), start=1):
            rows.extend((visits[box.visit].person, frame, *box, clock[frame - 1] / spec.fps) for box in boxes)
            if frame % _REPORT == 0 or frame == len(clock):
                advance(_REPORT if frame % _REPORT == 0 else frame % _REPORT)
            yield image

    _encode(path, codec, spec, images())
    columns = ["person", "frame", "track", "x", "y", "width", "height", "visible", "second"]
    table = pd.DataFrame(rows, columns=columns)
    # Tracks count from 1 in the order in which they are first seen.
    table["track"] = pd.factorize(table["track"])[0] + 1
    return table.assign(camera=number)


def _encode(path: Path, codec: str, spec: FootageSpec, images: Iterable[UInt8[np.ndarray, "h w 3"]]) -> None:
    import av

    # With frames to look ahead at, x264 gives other bytes each time, even with one thread.
    x264 = {"crf": "29", "preset": "veryfast", "tune": "zerolatency"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            codec, rate=spec.fps, options=x264 if codec == "libx264" else {"q": "4"}
        )
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = spec.width, spec.height, "yuv420p"
        stream.codec_context.thread_count = 1  # several give other bytes on another number of cores
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def _write_tables(folder: Path, spec: FootageSpec, boxes: pd.DataFrame) -> None:
    for camera in range(1, spec.cameras + 1):
        own = boxes[boxes["camera"] == camera].assign(confidence=1, kind=1)
        columns = ["frame", "track", "x", "y", "width", "height", "confidence", "kind", "visible"]
        own[columns].to_csv(
            folder / f"{camera_name(camera)}.txt", header=False, index=False, lineterminator="\n"
        )
    tracks = boxes.groupby(["camera", "track"], as_index=False)
    seen = tracks.agg(person=("person", "first"), start=("second", "min"), end=("second", "max"))
    seen["camera"] = seen["camera"].map(camera_name)
    seen[["camera", "track", "person"]].to_csv(folder / "identities.csv", index=False, lineterminator="\n")
    travel_times(seen, spec).to_csv(folder / "travel_times.csv", index=False, lineterminator="\n")
