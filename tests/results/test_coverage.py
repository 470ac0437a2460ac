"""The table of coverage, on a terminal and in Markdown."""

import io

from rich.console import Console

from reid_cosam.results.coverage import CoverageRow, coverage_markdown, coverage_table

ROWS = [
    CoverageRow(4, None, 0.5, 0.25, 0.3333, 0.125, 0.4),
    CoverageRow(4, "flat mask", 0.3, 0.3, 0.25, 0.3, 0.25),
    CoverageRow(5, None, 0.9, 0.1, 0.75, 0.5, 0.8),
]


def test_markdown_has_a_row_a_mask_and_says_what_it_means() -> None:
    lines = coverage_markdown(ROWS, "walkers, 6 queries").splitlines()

    assert lines[:7] == [
        "# walkers, 6 queries",
        "",
        "| mask | inside | outside | IoU | threshold | energy inside |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| COSAM 4 | 0.500 | 0.250 | 0.333 | 0.125 | 0.400 |",
        "| - flat mask | 0.300 | 0.300 | 0.250 | 0.300 | 0.250 |",
        "| COSAM 5 | 0.900 | 0.100 | 0.750 | 0.500 | 0.800 |",
    ]
    assert any(line.startswith("- energy inside: the part of the mask's sum") for line in lines)


def test_the_table_fits_a_terminal_and_parts_the_stages() -> None:
    console = Console(file=io.StringIO(), width=80)

    console.print(coverage_table(ROWS, "walkers"))

    assert isinstance(console.file, io.StringIO)
    lines = [line.strip() for line in console.file.getvalue().splitlines()]
    assert "…" not in "".join(lines)
    places = [
        next(place for place, line in enumerate(lines) if line.split()[:2] == start.split())
        for start in ("COSAM 4", "- flat", "COSAM 5")
    ]
    assert (places[1] - places[0], places[2] - places[1]) == (1, 2)
    assert lines[places[0]].split() == ["COSAM", "4", "0.500", "0.250", "0.333", "0.125", "0.400"]
