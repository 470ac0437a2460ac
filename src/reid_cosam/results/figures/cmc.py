"""Cumulative matching characteristic: how often the right person is among the first r."""

from collections.abc import Mapping
from io import BytesIO

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from PIL import Image

from reid_cosam.results.figures.style import INK, LINE, dress

# Okabe and Ito's colours, in an order that keeps neighbours apart for colour-blind readers too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1b1f27")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LEGEND_RANKS = (1, 5, 20)


def cmc_figure(curves: Mapping[str, Float[np.ndarray, " _"]], max_rank: int = 20) -> Image.Image:
    """CMC curves, given as fractions from rank 1 on and drawn in percent up to `max_rank`.

    The legend holds R1, R5 and R20; a dash stands where a curve ends before that rank.

    Raises:
        ValueError: there are no curves, `max_rank` is below 2, or a curve is empty, leaves 0..1 or falls.
    """
    _check(curves, max_rank)
    figure = Figure(figsize=(8, 5.2), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    for index, (name, curve) in enumerate(curves.items()):
        percent = 100 * curve[:max_rank]
        axes.plot(
            np.arange(1, len(percent) + 1),
            percent,
            color=COLOURS[index % len(COLOURS)],
            marker=MARKERS[index % len(MARKERS)],
            linestyle="-" if index < len(COLOURS) else "--",
            label=legend_text(name, curve),
            markersize=5,
            linewidth=1.8,
        )
    lowest = min(float(100 * curve[0]) for curve in curves.values())
    axes.set_xlim(0.5, max_rank + 0.5)
    axes.set_ylim(max(0.0, 10 * np.floor(lowest / 10 - 0.5)), 101)
    axes.set_xticks([1, *range(5, max_rank + 1, 5)])
    axes.set_xlabel("rank", color=INK)
    axes.set_ylabel("matching rate (%)", color=INK)
    dress(axes)
    axes.legend(loc="lower right", fontsize=9, edgecolor=LINE, labelcolor=INK)
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    return Image.open(buffer).convert("RGB")


def legend_text(name: str, curve: Float[np.ndarray, " r"]) -> str:
    """The curve's name and its scores in percent."""
    scores = [f"{100 * curve[rank - 1]:.1f}" if rank <= len(curve) else "-" for rank in LEGEND_RANKS]
    return f"{name}   " + "  ".join(
        f"R{rank} {score}" for rank, score in zip(LEGEND_RANKS, scores, strict=True)
    )


def _check(curves: Mapping[str, Float[np.ndarray, " _"]], max_rank: int) -> None:
    if not curves or max_rank < 2:
        raise ValueError(
            f"a CMC figure needs curves and two ranks, got {len(curves)} curves, max_rank={max_rank}"
        )
    for name, curve in curves.items():
        if not (curve.size and curve.min() >= 0 and curve.max() <= 1 and (np.diff(curve) >= 0).all()):
            raise ValueError(f"{name}: a CMC curve holds fractions in 0..1 that never fall, got {curve}")
