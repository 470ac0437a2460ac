"""Galleries and calibrations made by hand."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch

from reid_cosam.galleries.calibration import Calibration
from reid_cosam.galleries.gallery import COLUMNS, Gallery, write_gallery
from reid_cosam.galleries.measurements import OpenSetScores, RateCurve
from reid_cosam.settings.base import Distance

Row = tuple[str, str, str, float | None, float | None, Sequence[float]]


def gallery_of(rows: Sequence[Row], network: str = "ab12", model: str = "no/model") -> Gallery:
    """Of (camera, track, person, start, end, descriptor); frames are counted 25 a second from 1."""
    table = pd.DataFrame(
        [
            (
                *(camera, track, person),
                *(None if one is None else int(25 * one) + 1 for one in (start, end)),
                *(start, end, 5, 5, 0, f"{camera}.mp4", ""),
            )
            for camera, track, person, start, end, _ in rows
        ],
        columns=list(COLUMNS),
    ).astype(dict(COLUMNS))
    numbers = [list(descriptor) for *_, descriptor in rows]
    descriptors = torch.tensor(numbers, dtype=torch.float32) if rows else torch.zeros(0, 2)
    return Gallery(descriptors, table, network, model)


def two_people() -> Gallery:
    """Anna at 0 and Bob at 10 in two cameras, and somebody who was seen once, at 4 from Anna."""
    return gallery_of(
        [
            ("cam1", "1", "anna", 0, 1, (0, 0)),
            ("cam1", "2", "bob", 0, 1, (10, 0)),
            ("cam1", "3", "", 5, 6, (0, 4)),
            ("cam2", "1", "anna", 10, 11, (1, 0)),
            ("cam2", "2", "bob", 10, 11, (10, 2)),
        ]
    )


def written(gallery: Gallery, folder: Path) -> Path:
    write_gallery(gallery, folder)
    return folder


def calibration_of(network: str = "ab12", distance: Distance = "euclidean") -> Calibration:
    """No different pair up to 2, all beyond 6; all same pairs up to 3, of which half are below 1."""
    thresholds = (1.0, 2.0, 3.0, 4.0, 6.0)
    false_alarms, misses = (0.0, 0.0, 0.1, 0.5, 1.0), (0.5, 0.1, 0.0, 0.0, 0.0)
    unknown = OpenSetScores(
        people=160, same_pairs=100, different_pairs=1000, eer=None, tpr_at_fpr={}, dir_at_far={}
    )
    return Calibration(
        network=network,
        distance=distance,
        source={
            "name": "somewhere",
            "labelled": True,
            "people": 160,
            "tracklets": 320,
            "cameras": ["a", "b"],
        },
        false_alarms=RateCurve(
            thresholds=thresholds, value=false_alarms, low=false_alarms, high=false_alarms
        ),
        misses=RateCurve(thresholds=thresholds, value=misses, low=misses, high=misses),
        scores=unknown,
        camera_pairs={},
        within_cameras=None,
    )
