"""What `reid-cosam calibrate` tells of a calibration: scores in files, a picture, and verdicts in words."""

from pathlib import Path

import numpy as np
from PIL.Image import Image

from reid_cosam.galleries.calibration import Calibration
from reid_cosam.galleries.promises import MISS, counted_as, in_words
from reid_cosam.results.figures.openset import ErrorCurve, openset_figure
from reid_cosam.results.openset import interval, print_columns, print_open_set, score_table
from reid_cosam.results.store import save_picture, write_json, write_text

_SIZES, _FAR = (10, 100, 1000), 0.01


def write_scores(made: Calibration, folder: Path) -> tuple[Path, Path]:
    """Writes scores by camera pair as JSON and CSV, and a picture; returns the paths of the last two.

    Raises:
        OSError: a file cannot be written.
    """
    by_camera = {name: one.model_dump() for name, one in made.camera_pairs.items()}
    scores = made.scores.model_dump()
    write_json(folder / "openset.json", {"all": scores, "camera_pairs": by_camera, "source": made.source})
    table, picture = folder / "openset.csv", folder / "pictures" / "openset.png"
    write_text(table, score_table({"all": scores, **by_camera}).to_csv(index=False))
    save_picture(_figure(made), picture)
    return table, picture


def print_calibration(made: Calibration) -> None:
    """Prints scores, and each verdict with its distance and how often it is wrong."""
    print_open_set(made.scores.model_dump(), counted_as(made))
    print_columns(("verdict", "distance", "wrong, percent", "promise"), _verdict_rows(made))
    print(in_words(made, _FAR, made.source["tracklets"]))


def _verdict_rows(made: Calibration) -> list[tuple[str, str, str, str]]:
    """Each verdict, its distance, the 95 % interval of how often it is wrong, and what is promised."""
    rows = []
    for size in _SIZES:
        name = f"same, gallery of {size}"
        if made.measurable(_FAR, size):
            threshold = made.threshold(_FAR, size)
            alarms = made.false_alarm_rate(threshold, size)
            promise = f"at most {100 * _FAR:g} % of searches"
            rows.append((name, f"up to {threshold:.4g}", interval(alarms.model_dump()), promise))
        else:
            needed = f"none: takes about {made.people_needed(_FAR, size):,} {counted_as(made)}"
            rows.append((name, "-", "-", needed))
    if made.misses is not None and made.miss_measurable(MISS):
        absent = made.not_here(MISS)
        missed = interval(made.misses.at(absent).model_dump())
        rows.append(("not here", f"above {absent:.4g}", missed, f"at most {100 * MISS:g} % of searches"))
    else:
        rows.append(("not here", "-", "-", "none: takes more pairs of one person"))
    return rows


def _figure(made: Calibration) -> Image:
    curves = (
        None
        if curve is None
        else ErrorCurve(*(np.array(part) for part in (curve.thresholds, curve.value, curve.low, curve.high)))
        for curve in (made.false_alarms, made.misses)
    )
    false_alarms, misses = curves
    assert false_alarms is not None
    promised = [size for size in _SIZES if made.measurable(_FAR, size)]
    places = {f"same, gallery of {size}": made.threshold(_FAR, size) for size in promised}
    if made.miss_measurable(MISS):
        places["not here"] = made.not_here(MISS)
    return openset_figure(false_alarms, misses, places, made.distance)
