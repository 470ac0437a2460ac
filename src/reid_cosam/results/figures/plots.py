"""Plots: CMC curves as a picture, and for a report, as SVG, training curves and the effect of a setting."""

import re
from collections.abc import Mapping, Sequence
from io import BytesIO, StringIO
from typing import Any

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from reid_cosam.results.figures.style import FAINT, INK, LINE

# Okabe and Ito's colours, in an order that keeps neighbours apart for colour-blind readers too.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1b1f27")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LEGEND_RANKS = (1, 5, 20)
_WIDTH = 4.4  # inches; a telephone shows it at three quarters of its size, with letters that can be read
_Seeds = Float[np.ndarray, "seeds n"]


def cmc_figure(curves: Mapping[str, Float[np.ndarray, " _"]], max_rank: int = 20) -> Image.Image:
    """CMC curves (how often the right person is among the first r), in percent from rank 1 to `max_rank`.

    They are given as fractions. The legend has R1, R5 and R20; a dash where a curve ends before that rank.

    Raises:
        ValueError: there are no curves, `max_rank` is below 2, or a curve is empty, leaves 0..1 or falls.
    """
    if not curves or max_rank < 2:
        raise ValueError(
            f"a CMC figure needs curves and two ranks, got {len(curves)} curves, max_rank={max_rank}"
        )
    for name, curve in curves.items():
        if not (curve.size and curve.min() >= 0 and curve.max() <= 1 and (np.diff(curve) >= 0).all()):
            raise ValueError(f"{name}: a CMC curve holds fractions in 0..1 that never fall, got {curve}")
    figure, axes = _plot((8.0, 5.2), "rank", "matching rate (%)")
    for index, (name, curve) in enumerate(curves.items()):
        percent, style = 100 * curve[:max_rank], _line(index) | {"marker": MARKERS[index % len(MARKERS)]}
        axes.plot(
            np.arange(1, len(percent) + 1), percent, label=legend_text(name, curve), markersize=5, **style
        )
    lowest = min(float(100 * curve[0]) for curve in curves.values())
    axes.set_xlim(0.5, max_rank + 0.5)
    axes.set_ylim(max(0.0, 10 * np.floor(lowest / 10 - 0.5)), 101)
    axes.set_xticks([1, *range(5, max_rank + 1, 5)])
    axes.legend(loc="lower right", fontsize=9, edgecolor=LINE, labelcolor=INK)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return Image.open(buffer).convert("RGB")


def legend_text(name: str, curve: Float[np.ndarray, " r"]) -> str:
    """The curve's name and its scores in percent."""
    scores = (
        f"R{rank} {100 * curve[rank - 1]:.1f}" if rank <= len(curve) else f"R{rank} -"
        for rank in LEGEND_RANKS
    )
    return "  ".join([f"{name} ", *scores])


def curves_plot(curves: Sequence[tuple[str, Float[np.ndarray, " n"], _Seeds]], quantity: str) -> str:
    """The mean over seeds as a line, least and greatest as a band; a curve is label, iterations, values."""
    figure, axes = _plot((_WIDTH, 3.4), "iteration", quantity)
    for index, (label, iterations, values) in enumerate(curves):
        style = _line(index)
        axes.plot(iterations, values.mean(axis=0), label=label, **style)
        low, high = values.min(axis=0), values.max(axis=0)
        axes.fill_between(iterations, low, high, color=style["color"], alpha=0.18, linewidth=0)
    axes.legend(fontsize=8, frameon=False, labelcolor=INK, ncols=2)
    return _svg(figure)


def effect_plot(
    values: Sequence[str], series: Sequence[tuple[str, dict[str, list[float]]]], name: str
) -> str:
    """mAP by the values of a setting, one row per value.

    A dot is a seed, a marker their mean, a bar one standard deviation of a sample.
    """
    rows = len(values) * (0.16 + 0.16 * len(series))
    figure, axes = _plot((_WIDTH, 0.8 + rows + 0.2 * len(series)), "mAP (%)", name)
    for index, (label, scores) in enumerate(series):
        marker = MARKERS[(index + index // len(COLOURS)) % len(MARKERS)]  # no pair twice
        shift = 0.7 * ((index + 0.5) / len(series) - 0.5)
        places = [values.index(value) + shift for value in scores]
        means = [float(np.mean(found)) for found in scores.values()]
        spread = [float(np.std(found, ddof=1)) if len(found) > 1 else 0.0 for found in scores.values()]
        style: dict[str, Any] = {"color": COLOURS[index % len(COLOURS)], "markersize": 6, "linewidth": 1.2}
        axes.errorbar(means, places, xerr=spread, fmt=marker, label=label, capsize=3, **style)
        for place, found in zip(places, scores.values(), strict=True):
            axes.scatter(found, [place] * len(found), s=9, color=INK, alpha=0.55, linewidths=0, zorder=3)
    axes.set_yticks(range(len(values)), values)
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)
    between = np.arange(0.5, len(values) - 1)
    axes.hlines(between, 0, 1, LINE, transform=axes.get_yaxis_transform(), linewidth=0.8)
    above: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1.01), "borderaxespad": 0}
    axes.legend(fontsize=8, frameon=False, labelcolor=INK, **above)
    return _svg(figure)


def _plot(size: tuple[float, float], x: str, y: str) -> tuple[Figure, Axes]:
    """Labelled axes with the look of all plots: a faint grid behind them, no frame above and on the right."""
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    look(axes, x, y)
    return figure, axes


def look(axes: Axes, x: str, y: str) -> None:
    """Labels the axes, and makes them look as in all plots."""
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.grid(color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=FAINT, length=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)


def _line(index: int) -> dict[str, Any]:
    """The style of a line; those after the seventh are dashed."""
    dashed = "-" if index < len(COLOURS) else "--"
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": dashed, "linewidth": 1.8}


def _svg(figure: Figure) -> str:
    """The same text for the same numbers; letters stay letters, in a font that the reader's machine has."""
    buffer = StringIO()
    choices: Any = {"svg.fonttype": "none", "svg.hashsalt": "reid_cosam", "font.family": "sans-serif"}
    with matplotlib.rc_context(choices):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return re.sub(r"^.*?(?=<svg)", "", buffer.getvalue(), flags=re.DOTALL)
