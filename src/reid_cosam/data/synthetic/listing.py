"""The MARS lists of a synthetic data set: its tracklets, their order, and which of them are queries."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from jaxtyping import Int32, UInt16
from scipy.io import savemat

from reid_cosam.data.synthetic.motion import draw_motion
from reid_cosam.data.synthetic.people import ATTRIBUTES
from reid_cosam.data.synthetic.randomness import TEST, TRAIN, tracklet_rng
from reid_cosam.data.synthetic.sizes import SyntheticSpec
from reid_cosam.data.synthetic.tracklets import TrackletPlan, identity_look

SPLIT_NAMES = ("train", "test")

# The MAT header names the hour and the platform; a fixed one keeps the file's bytes the same everywhere.
_MAT_HEADER = b"MATLAB 5.0 MAT-file, synthetic data in the layout of MARS".ljust(116)


def plan_tracklets(spec: SyntheticSpec) -> list[TrackletPlan]:
    """All tracklets, train before test, each split in the order of MARS: junk, distractors, identities."""
    return [
        TrackletPlan(split, pid, camera, number, _length(spec, split, pid, camera, number))
        for split, pid, camera, number in _numbers(spec)
    ]


def _numbers(spec: SyntheticSpec) -> Iterator[tuple[int, int, int, int]]:
    cameras = range(1, spec.cameras + 1)
    for pid, camera, number in product(identities(spec, TRAIN), cameras, range(1, spec.train_tracklets + 1)):
        yield TRAIN, pid, camera, number
    for pid, count in ((-1, spec.junk), (0, spec.distractors)):
        for index in range(count):
            yield TEST, pid, index * spec.cameras // count + 1, index + 1
    for pid, camera, number in product(identities(spec, TEST), cameras, range(1, spec.test_tracklets + 1)):
        yield TEST, pid, camera, number


def _length(spec: SyntheticSpec, split: int, pid: int, camera: int, number: int) -> int:
    return len(draw_motion(tracklet_rng(spec.seed, split, pid, camera, number), spec))


def identities(spec: SyntheticSpec, split: int) -> range:
    """Pids from 1 for training, and those that follow for the test."""
    if split == TRAIN:
        return range(1, spec.train_ids + 1)
    return range(spec.train_ids + 1, spec.train_ids + spec.test_ids + 1)


def query_rows(plans: Sequence[TrackletPlan]) -> UInt16[np.ndarray, "1 q"]:
    """Rows (from 1) of the test list that are queries: each identity's first tracklet in each camera."""
    rows = [row for row, plan in enumerate(plans, start=1) if plan.pid > 0 and plan.number == 1]
    return np.array([rows], dtype=np.uint16)


def write_lists(folder: Path, spec: SyntheticSpec, plans: Sequence[TrackletPlan]) -> None:
    """Writes `info/` and `attributes.csv`."""
    info = folder / "info"
    info.mkdir()
    for split, name in enumerate(SPLIT_NAMES):
        chosen = [plan for plan in plans if plan.split == split]
        names = "".join(f"{frame}.jpg\r\n" for plan in chosen for frame in plan.frame_names())
        (info / f"{name}_name.txt").write_bytes(names.encode())
        _save_mat(info / f"tracks_{name}_info.mat", f"track_{name}_info", _rows(chosen))
    _save_mat(info / "query_IDX.mat", "query_IDX", query_rows([plan for plan in plans if plan.split == TEST]))
    (folder / "attributes.csv").write_bytes(_attributes(spec).encode())


def _rows(plans: Sequence[TrackletPlan]) -> Int32[np.ndarray, "n 4"]:
    ends = np.cumsum([plan.length for plan in plans])
    return np.array(
        [(end - plan.length + 1, end, plan.pid, plan.camera) for plan, end in zip(plans, ends, strict=True)],
        dtype=np.int32,
    )


def _save_mat(path: Path, name: str, values: np.ndarray) -> None:
    savemat(path, {name: values})
    with path.open("r+b") as file:
        file.write(_MAT_HEADER)


def _attributes(spec: SyntheticSpec) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("split", "pid", *ATTRIBUTES))
    for split, name in enumerate(SPLIT_NAMES):
        for pid in identities(spec, split):
            carried = identity_look(spec, split, pid).attributes
            writer.writerow((name, pid, *(carried[attribute] for attribute in ATTRIBUTES)))
    return text.getvalue()
