"""Plots of a report: what stands in them."""

import re

import numpy as np

from reid_cosam.results.figures.plots import curves_plot, effect_plot


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
