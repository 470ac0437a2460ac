"""Plots of a report, as SVG: curves of several seeds, and scores over the values of a setting."""

import re
from collections.abc import Sequence
from io import StringIO
from typing import Any

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from reid_cosam.results.figures.cmc import COLOURS, MARKERS
from reid_cosam.results.figures.style import INK, LINE, dress

_WIDTH = 4.4  # inches; a telephone shows it at three quarters of its size, with letters that can be read
_Seeds = Float[np.ndarray, "seeds n"]


def curves_plot(curves: Sequence[tuple[str, Float[np.ndarray, " n"], _Seeds]], quantity: str) -> str:
    """The mean over seeds as a line, least and greatest as a band; a curve is label, iterations, values."""
    figure = Figure(figsize=(_WIDTH, 3.4), layout="constrained")
    axes = figure.add_subplot()
    for index, (label, iterations, values) in enumerate(curves):
        colour = COLOURS[index % len(COLOURS)]
        dashed = "-" if index < len(COLOURS) else "--"
        axes.plot(iterations, values.mean(axis=0), dashed, color=colour, linewidth=1.8, label=label)
        axes.fill_between(
            iterations, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.18, linewidth=0
        )
    axes.set_xlabel("iteration", color=INK)
    axes.set_ylabel(quantity, color=INK)
    dress(axes)
    axes.legend(fontsize=8, frameon=False, labelcolor=INK, ncols=2)
    return _svg(figure)


def effect_plot(
    values: Sequence[str], series: Sequence[tuple[str, dict[str, list[float]]]], name: str
) -> str:
    """mAP by the values of a setting, one row per value.

    A dot is a seed, a marker their mean, a bar one standard deviation of a sample.
    """
    rows = len(values) * (0.16 + 0.16 * len(series))
    figure = Figure(figsize=(_WIDTH, 0.8 + rows + 0.2 * len(series)), layout="constrained")
    axes = figure.add_subplot()
    for index, (label, scores) in enumerate(series):
        colour = COLOURS[index % len(COLOURS)]
        marker = MARKERS[(index + index // len(COLOURS)) % len(MARKERS)]  # no pair twice
        shift = 0.7 * ((index + 0.5) / len(series) - 0.5)
        places = [values.index(value) + shift for value in scores]
        means = [float(np.mean(found)) for found in scores.values()]
        spread = [float(np.std(found, ddof=1)) if len(found) > 1 else 0.0 for found in scores.values()]
        style: dict[str, Any] = {"color": colour, "markersize": 6, "linewidth": 1.2, "capsize": 3}
        axes.errorbar(means, places, xerr=spread, fmt=marker, label=label, **style)
        for place, found in zip(places, scores.values(), strict=True):
            axes.scatter(found, [place] * len(found), s=9, color=INK, alpha=0.55, linewidths=0, zorder=3)
    axes.set_yticks(range(len(values)), values)
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.set_ylabel(name, color=INK)
    axes.set_xlabel("mAP (%)", color=INK)
    dress(axes)
    axes.grid(axis="y", visible=False)
    axes.hlines(
        np.arange(0.5, len(values) - 1), 0, 1, LINE, transform=axes.get_yaxis_transform(), linewidth=0.8
    )
    axes.legend(
        fontsize=8, frameon=False, labelcolor=INK, loc="lower left", bbox_to_anchor=(0, 1.01), borderaxespad=0
    )
    return _svg(figure)


def _svg(figure: Figure) -> str:
    """The same text for the same numbers; letters stay letters, in a font that the reader's machine has."""
    buffer = StringIO()
    choices: Any = {"svg.fonttype": "none", "svg.hashsalt": "reid_cosam", "font.family": "sans-serif"}
    with matplotlib.rc_context(choices):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return re.sub(r"^.*?(?=<svg)", "", buffer.getvalue(), flags=re.DOTALL)
