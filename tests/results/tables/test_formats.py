"""Markdown, LaTeX, HTML and CSV of one small table, each written out by hand."""

import csv
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from reid_cosam.results.tables.formats import html, latex, markdown, values
from reid_cosam.results.tables.table import Cell, Table

BEST = Cell(True, 77.04, 0.44, "77.2", best=True)
TABLE = Table(
    "table3",
    False,
    "Table 3 on MARS, DukeMTMC-VideoReID: with TP_avg",
    ["50% & more.", "k_1 is none."],
    ["se_resnet50 is missing: `python -m x 'y=[1]'`"],
    labels=pd.DataFrame({"Backbone": ["ResNet50", "LOMO[28]"], "COSAM_i": ["COSAM_4,5", "a|b"]}),
    cells=pd.DataFrame(
        {
            ("MARS", "mAP"): [BEST, Cell(published="16.4", best_published=True)],
            ("MARS", "R1"): [Cell(True, 80.0), Cell()],
            ("DukeMTMC-VideoReID", "mAP"): [Cell(True, published="94.0"), Cell()],
        }
    ),
    seeds=pd.DataFrame({"MARS": [3, 0], "DukeMTMC-VideoReID": [0, 0]}),
    results=pd.DataFrame(),
)


def test_markdown() -> None:
    assert markdown(TABLE) == (
        "# Table 3 on MARS, DukeMTMC-VideoReID: with TP<sub>avg</sub>\n"
        "\n"
        "50% & more. k_1 is none.\n"
        "\n"
        "| Backbone | COSAM<sub>i</sub> | MARS mAP | MARS R1 | DukeMTMC-VideoReID mAP | seeds |\n"
        "| --- | --- | --- | --- | --- | --- |\n"
        "| ResNet50 | COSAM<sub>4,5</sub> | **77.0 ± 0.4** (77.2, -0.2) | 80.0 | – (94.0) | 3/– |\n"  # noqa: RUF001
        "| LOMO[28] | a\\|b | (**16.4**) |  |  | – |\n"  # noqa: RUF001
        "\n"
        "- se_resnet50 is missing: `python -m x 'y=[1]'`\n"
    )


def test_markdown_of_a_single_data_set_does_not_repeat_its_name() -> None:
    single = replace(TABLE, cells=TABLE.cells[["MARS"]], seeds=TABLE.seeds[["MARS"]])

    assert "| Backbone | COSAM<sub>i</sub> | mAP | R1 | seeds |" in markdown(single)


def test_latex() -> None:
    lines = latex(TABLE).splitlines()

    assert lines[0] == "% se_resnet50 is missing: `python -m x 'y=[1]'`"
    caption = r"with TP\textsubscript{avg}. 50\% \& more. k\_1 is none.}"
    assert r"\caption{Table 3 on MARS, DukeMTMC-VideoReID: " + caption in lines
    assert r"\begin{tabular}{llcccc}" in lines
    top = lines.index(r"\toprule")
    assert lines[top + 1 : lines.index(r"\bottomrule")] == [
        r" &  & \multicolumn{2}{c}{MARS} & \multicolumn{1}{c}{DukeMTMC-VideoReID} &  \\",
        r"\cmidrule(lr){3-4} \cmidrule(lr){5-5}",
        r"Backbone & COSAM\textsubscript{i} & mAP & R1 & mAP & seeds \\",
        r"\midrule",
        r"ResNet50 & COSAM\textsubscript{4,5} & \textbf{77.0 $\pm$ 0.4} & 80.0 & -- & 3/-- \\",
        r" &  & {\footnotesize (77.2, $-$0.2)} &  & {\footnotesize (94.0)} &  \\",
        r"\midrule",
        r"LOMO{[}28] & a|b &  &  &  & -- \\",
        r" &  & {\footnotesize (\textbf{16.4})} &  &  &  \\",
    ]
    assert r"\label{tab:table3}" in lines
    assert [line.count("{") - line.count("}") for line in lines if "resizebox" not in line].count(0) >= 14


def test_no_line_of_latex_begins_with_what_the_line_before_would_take_for_its_option() -> None:
    labels = pd.DataFrame({"Network": ["[13] + SE"] * 2, "Deep model?": ["Yes"] * 2})
    bracketed = replace(TABLE, name="table5", labels=labels)

    body = latex(bracketed).split(r"\midrule")

    assert len(body) == 2  # no rule between the rows of table 5
    assert [line[:9] for line in body[1].splitlines() if "13" in line] == ["{[}13] + "] * 2


def test_values_are_not_rounded() -> None:
    heading, first, second = csv.reader(values(TABLE).splitlines())

    assert heading[2:6] == [
        *("MARS mAP", "MARS mAP standard deviation", "MARS mAP published", "MARS mAP difference"),
    ]
    assert first == [
        *("ResNet50", "COSAM_4,5", "77.0400", "0.4400", "77.2", "-0.2"),
        *("80.0000", "", "", "", "3", "", "", "94.0", "", "0"),
    ]
    assert second[2:6] == ["", "", "16.4", ""]
    assert len(heading) == len(first) == len(second)


class _Grid(HTMLParser):
    """Text of the cells by row, and whether every tag that opens closes in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += f"*{data}*" if "b" in self.open else data


def test_html() -> None:
    page = _Grid()

    page.feed(html(TABLE))

    assert page.open == []
    assert page.rows == [
        ["Backbone", "COSAMi", "MARS", "DukeMTMC-VideoReID", "seeds"],
        ["mAP", "R1", "mAP"],
        ["ResNet50", "COSAM4,5", "*77.0 ± 0.4* (77.2, -0.2)", "80.0", "– (94.0)", "3/–"],  # noqa: RUF001
        ["LOMO[28]", "a|b", "(*16.4*)", "", "", "–"],  # noqa: RUF001
    ]
    assert "<p>50% &amp; more. k_1 is none.</p>" in html(TABLE)


@pytest.mark.parametrize(
    ("mean", "published", "shown"),
    [(77.24, "77.2", "+0.0"), (77.16, "77.2", "+0.0"), (78.35, "78.34", "+0.0"), (70.0, "77.2", "-7.2")],
)
def test_a_difference_has_a_sign_and_zero_no_minus(mean: float, published: str, shown: str) -> None:
    assert Cell(True, mean, None, published).difference == shown
