"""The ROC curve of a calibration, and its distances with the thresholds."""

from collections.abc import Mapping
from io import BytesIO
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from PIL import Image

from reid_cosam.results.figures.plots import COLOURS, look
from reid_cosam.results.figures.style import INK, LINE

_BINS = 60


class ErrorCurve(NamedTuple):
    """A rate at thresholds and the ends of its interval, as fractions of 1."""

    thresholds: Float[np.ndarray, " k"]
    value: Float[np.ndarray, " k"]
    low: Float[np.ndarray, " k"]
    high: Float[np.ndarray, " k"]


def openset_figure(
    false_alarms: ErrorCurve, misses: ErrorCurve | None, thresholds: Mapping[str, float], distance: str
) -> Image.Image:
    """ROC with its interval on the left, histograms of the distances of both kinds of pair on the right.

    Args:
        misses: None where no pairs of one person are known: there is no ROC then.
        thresholds: distances to draw, by what they stand for.
    """
    figure = Figure(figsize=(11.0, 4.6) if misses else (6.0, 4.6), layout="constrained")
    axes = figure.subplots(1, 2 if misses else 1, squeeze=False)[0]
    if misses is not None:
        roc = axes[0]
        missed, least, most = (_step(misses, part, false_alarms.thresholds) for part in misses[1:])
        shown = false_alarms.value > 0
        rate = false_alarms.value[shown]
        roc.plot(rate, 100 * (1 - missed[shown]), color=COLOURS[0], linewidth=1.8)
        band = (100 * (1 - most[shown]), 100 * (1 - least[shown]))
        roc.fill_between(rate, *band, color=COLOURS[0], alpha=0.18, linewidth=0)
        roc.set_xscale("log")
        look(roc, "false positive rate of pairs", "true positive rate (%)")
    histogram = axes[-1]
    look(histogram, f"distance ({distance})", "share of the pairs (%)")
    curves = {"different people": (false_alarms, False), "the same person": (misses, True)}
    ends = [one.thresholds[[0, -1]] for one, _ in curves.values() if one is not None]
    edges = np.linspace(min(one[0] for one in ends), max(one[1] for one in ends), _BINS + 1)
    for index, (name, (curve, falls)) in enumerate(curves.items()):
        if curve is None:
            continue
        start = np.concatenate([[edges[0] - 1e-9], curve.thresholds])
        below = np.concatenate([[0.0], 1 - curve.value if falls else curve.value])
        shares = np.diff(np.interp(edges, start, below, left=0.0, right=1.0))
        histogram.stairs(100 * shares, edges, color=COLOURS[1 - index], label=name, fill=True, alpha=0.35)
    for index, (name, place) in enumerate(thresholds.items()):
        style = ("--", ":", "-.", "-")[index % 4]
        histogram.axvline(place, color=INK, linewidth=1.2, linestyle=style, label=f"{name}: {place:.3g}")
    histogram.legend(fontsize=8, edgecolor=LINE, labelcolor=INK)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return Image.open(buffer).convert("RGB")


def _step(
    curve: ErrorCurve, values: Float[np.ndarray, " k"], places: Float[np.ndarray, " p"]
) -> Float[np.ndarray, " p"]:
    return np.asarray(np.interp(places, curve.thresholds, values))
