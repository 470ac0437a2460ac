"""Plots: CMC curves and the scores in their legend, and what stands in the plots of a report."""

import re
import sys

import numpy as np
import pytest

from reid_cosam.results.figures.plots import COLOURS, cmc_figure, curves_plot, effect_plot, legend_text


def share_of(pixels: np.ndarray, colour: str) -> int:
    rgb = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return int((pixels == rgb).all(axis=-1).sum())


def test_each_curve_is_drawn_in_its_own_colour() -> None:
    one = np.asarray(cmc_figure({"a": np.linspace(0.6, 1, 20)}))
    two = np.asarray(cmc_figure({"a": np.linspace(0.6, 1, 20), "b": np.linspace(0.3, 0.8, 20)}))

    assert share_of(one, COLOURS[0]) > 200
    assert share_of(one, COLOURS[1]) == 0
    assert share_of(two, COLOURS[1]) > 200


def test_a_better_curve_lies_higher() -> None:
    pixels = np.asarray(cmc_figure({"low": np.full(20, 0.4), "high": np.full(20, 0.9)}))
    upper = pixels[: pixels.shape[0] // 2]

    assert share_of(upper, COLOURS[1]) > 200
    assert share_of(upper, COLOURS[0]) == 0


def test_ranks_beyond_the_last_one_shown_do_not_change_the_curve() -> None:
    long = np.linspace(0.5, 1, 100)

    whole, cut = cmc_figure({"a": long}, max_rank=20), cmc_figure({"a": long[:20]}, max_rank=20)

    assert np.array_equal(np.asarray(whole), np.asarray(cut))


def test_legend_holds_rank_1_5_and_20_in_percent() -> None:
    curve = np.arange(1, 21) / 20

    assert legend_text("se_resnet50", curve) == "se_resnet50   R1 5.0  R5 25.0  R20 100.0"
    assert legend_text("short", curve[:10]) == "short   R1 5.0  R5 25.0  R20 -"


def test_drawing_leaves_no_pyplot_state() -> None:
    cmc_figure({"a": np.array([0.5, 1.0])})

    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


@pytest.mark.parametrize("curve", [[], [0.5, 0.4], [0.5, 1.2], [-0.1, 0.2], [0.5, float("nan")]])
def test_what_is_no_cmc_curve_is_refused(curve: list[float]) -> None:
    with pytest.raises(ValueError, match=r"broken: a CMC curve holds fractions in 0\.\.1 that never fall"):
        cmc_figure({"broken": np.array(curve)})


def test_a_figure_needs_curves_and_ranks() -> None:
    with pytest.raises(ValueError, match="0 curves"):
        cmc_figure({})
    with pytest.raises(ValueError, match="max_rank=1"):
        cmc_figure({"a": np.array([1.0])}, max_rank=1)


def test_a_plot_is_one_element_of_svg_with_its_words_as_text() -> None:
    svg = curves_plot([("no <COSAM>", np.array([1.0, 2.0]), np.array([[5.0, 4.0], [6.0, 3.0]]))], "loss")

    assert svg.startswith("<svg")
    assert svg.rstrip().endswith("</svg>")
    words = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"loss", "iteration", "no &lt;COSAM&gt;"} <= set(words)


def test_the_same_numbers_make_the_same_plot() -> None:
    series = [("a", {"none": [40.0, 50.0], "[4]": [60.0]}), ("b", {"[4]": [55.0]})]

    first, second = (effect_plot(["none", "[4]"], series, "placement") for _ in range(2))

    assert first == second
    assert {"none", "[4]", "placement", "a", "b"} <= set(re.findall(r"<text[^>]*>([^<]*)</text>", first))
