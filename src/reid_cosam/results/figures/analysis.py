"""An analysis of attention as a picture: the mean mask of each block, and mAP with each change."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from reid_cosam.results.analysis import MaskRow, ScoreRow
from reid_cosam.results.figures.masks import COLOUR_MAP
from reid_cosam.results.figures.plots import COLOURS, look
from reid_cosam.results.figures.style import FAINT, INK


def analysis_figure(masks: Sequence[MaskRow], scores: Sequence[ScoreRow], title: str) -> Image.Image:
    """Mean masks on the left, each with its own range of colours, and a bar per row of `scores` on the right.

    Bars of one colour are changes of the same blocks.
    """
    height = max(3.6, 1.4 + 0.3 * len(scores))
    figure = Figure(figsize=(2.1 * len(masks) + 6.2, height), layout="constrained")
    figure.suptitle(title, color=INK, fontsize=11, x=0.01, ha="left")
    axes: Any = figure.subplots(1, len(masks) + 1, width_ratios=[*([1] * len(masks)), 3])
    for one, row in zip(axes, masks, strict=False):
        _draw_mask(figure, one, row)
    _draw_bars(axes[-1], scores)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return Image.open(buffer).convert("RGB")


def _draw_mask(figure: Figure, axes: Axes, row: MaskRow) -> None:
    share = "" if row.place_share is None else f"\n{100 * row.place_share:.0f} % of variance is place"
    axes.set_title(f"mean mask, block {row.stage}{share}", color=INK, fontsize=9)
    image = axes.imshow(np.array(row.mean_mask), cmap=COLOUR_MAP)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    bar: Any = figure.colorbar(image, ax=axes, location="bottom", shrink=0.8, aspect=14)
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=FAINT, length=0, labelsize=7)
    bar.ax.locator_params(nbins=3)


def _draw_bars(axes: Axes, scores: Sequence[ScoreRow]) -> None:
    groups = list(dict.fromkeys(row.blocks for row in scores))
    places = range(len(scores))
    several = len(groups) > 1
    names = [
        f"{row.change}, {' and '.join(map(str, row.blocks))}" if several and number else row.change
        for number, row in enumerate(scores)
    ]
    colours = [INK, *(COLOURS[groups.index(row.blocks) % len(COLOURS)] for row in scores[1:])]
    look(axes, "mAP (%)", "layers, blocks" if several else "layers")
    axes.barh(places, [100 * row.mAP for row in scores], color=colours, height=0.7)
    for place, row in zip(places, scores, strict=True):
        difference = f" ({100 * row.mAP_difference:+.1f})" if place else ""
        axes.text(
            100 * row.mAP + 1, place, f"{100 * row.mAP:.1f}{difference}", va="center", fontsize=8, color=INK
        )
    axes.axvline(100 * scores[0].mAP, color=FAINT, linewidth=0.8, linestyle="--")
    axes.set_yticks(places, names, fontsize=8)
    axes.set_ylim(len(scores) - 0.4, -0.6)
    axes.set_xlim(0, max(100 * row.mAP for row in scores) * 1.25 + 5)
    axes.grid(axis="y", visible=False)
