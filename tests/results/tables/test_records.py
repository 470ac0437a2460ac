"""A file of results: the same after writing and reading, and a damaged line that takes no other along."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from reid_cosam.results.tables import records
from reid_cosam.results.tables.records import Record, results_csv, results_table
from tests.results.tables.made_up import R_SOURCE, SE_COSAM, record

RESULTS = [
    record(SE_COSAM, 0, 79.9, 84.9, 95.5, 97.9),
    record(SE_COSAM, 1, 100 / 3, 50.0, 200 / 3, 100.0, reranked=True),
    record(R_SOURCE, 2, 0.0, data="ilids_vid", split=9, protocol="cross_camera", valid_queries=150),
    record(R_SOURCE, 2, 41.5, data="synthetic", size="small", attribute="handbag", run="logs/a, b"),
]


def csv_of(results: Sequence[Record]) -> str:
    return results_csv(results_table(results))


def read_results(path: Path) -> tuple[list[Record], list[str]]:
    faults: list[str] = []
    return records.read_results(path, faults), faults


def write(folder: Path, text: str) -> Path:
    path = folder / "results.csv"
    path.write_text(text)
    return path


def damaged(tmp_path: Path, line: str) -> tuple[list[Record], list[str]]:
    """The four results with a line put between the second and the third."""
    lines = csv_of(RESULTS).splitlines()
    return read_results(write(tmp_path, "\n".join([*lines[:3], line, *lines[3:]]) + "\n"))


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert read_results(write(tmp_path, csv_of(RESULTS))) == (RESULTS, [])


def test_a_row_can_be_read_by_people() -> None:
    (row,) = csv.DictReader(csv_of(RESULTS[:1]).splitlines())

    assert (row["data"], row["backbone"], row["seed"], row["reranked"]) == ("mars", "se_resnet50", "0", "no")
    assert (row["cosam"], row["split"], row["mAP"][:5]) == ("[4,5]", "", "0.799")


GOOD = csv_of(RESULTS[:1]).splitlines()[1]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (GOOD[:40], r"\d+ fields instead of 24"),
        ("", "0 fields instead of 24"),
        (GOOD.replace("0.799", "0.7x9"), "mAP is '0.7x9"),
        (GOOD.replace("0.799", "79.9"), "mAP is '79.9"),
        (GOOD.replace("0.799", "nan"), "mAP is 'nan"),
        (GOOD.replace(",0,paper", ",zero,paper"), "seed is 'zero'"),
        (GOOD.replace("[4,5]", "4 and 5"), "cosam is '4 and 5'"),
        (GOOD.replace(",no,", ",maybe,"), "reranked is 'maybe'"),
        (GOOD.replace("1840", "0"), "valid_queries is '0'"),
        (GOOD.replace('"[4', '"[4""', 1).replace(']"', "]", 1), "unexpected end of data"),
    ],
)
def test_a_damaged_line_is_named_and_the_others_are_kept(line: str, reason: str, tmp_path: Path) -> None:
    found, faults = damaged(tmp_path, line)

    (fault,) = faults
    assert found == RESULTS
    assert fault.startswith(f"{tmp_path / 'results.csv'}, line 4 left out: ")
    assert re.search(reason, fault)


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"it is no file of results: its first line must"):
        read_results(write(tmp_path, "a,b\n1,2\n"))


@pytest.mark.parametrize("value", [-0.1, 100.1, float("nan")])
def test_a_score_outside_0_to_1_is_no_result(value: float) -> None:
    with pytest.raises(ValueError, match="mAP"):
        record(SE_COSAM, 0, value)
