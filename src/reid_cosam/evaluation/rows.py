"""Which row of somebody's matrix is which tracklet of the test set."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int64

from reid_cosam.data.tables import check_columns
from reid_cosam.evaluation.records import TestTracklets
from reid_cosam.metrics.testset import TestSet
from reid_cosam.results.descriptors import TABLE

PARTS, FRAMES = "parts", "frames"

_log = logging.getLogger(__name__)


class RowTable:
    """A table with a line for each row of a matrix, which names the tracklet by its first frame.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no table with a column `first_frame`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.rows = pd.read_csv(path, dtype={"first_frame": str}, keep_default_na=False)
        except FileNotFoundError:
            raise FileNotFoundError(
                f"rows={path}: there is no such table; the orders are {PARTS} (queries, gallery, junk) and "
                f"{FRAMES} (sorted by first frame)"
            ) from None
        except (ValueError, pd.errors.ParserError) as error:
            raise ValueError(f"{path} is not a readable CSV table: {error}") from None
        check_columns(self.rows, path, ("first_frame",))


def read_rows(rows: str | None, descriptors: Path) -> RowTable | str:
    """The table `rows`, or the one beside the descriptors, or one of the orders `parts` and `frames`."""
    if rows in (PARTS, FRAMES):
        return str(rows)
    beside = descriptors.parent / TABLE
    if rows is None:
        if not beside.is_file():
            return PARTS
        _log.info("rows as in %s, which lies beside the matrix; rows=%s ignores it", beside, PARTS)
        return RowTable(beside)
    return RowTable(Path(rows))


def matched(
    test: TestTracklets, num_rows: int, named: RowTable | str, matrix: str
) -> tuple[TestTracklets, Int64[np.ndarray, " n"]]:
    """The test set, without junk where the matrix has none, and the row of each of its tracklets.

    Args:
        named: from `read_rows`.
        matrix: what the matrix is called.

    Raises:
        ValueError: a tracklet has no row, or rows contradict the data set; names what is missing or wrong.
    """
    if isinstance(named, RowTable):
        return _by_table(test, num_rows, named)
    size, num_junk = len(test.test_set), test.test_set.num_junk
    if num_rows not in (size, size - num_junk):
        raise ValueError(f"{matrix} has {_misfit(test.test_set, num_rows)}")
    kept = test if num_rows == size else _without_junk(test)
    if named == PARTS:
        return kept, np.arange(num_rows)
    names = kept.table()["first_frame"].to_numpy(dtype=object)
    return kept, np.argsort(np.argsort(names, kind="stable"), kind="stable")


def resembles_chance(scores: Mapping[str, Any]) -> bool:
    """Whether mAP is below one and a half times that of a random ranking."""
    return bool(scores["mAP"] < 1.5 * scores["chance"]["mAP"])


def _without_junk(test: TestTracklets) -> TestTracklets:
    size, queries = len(test.test_set) - test.test_set.num_junk, test.test_set.num_queries
    tracklets = test.tracklets[:size]
    return test._replace(test_set=TestSet.of(tracklets[:queries], tracklets[queries:]), tracklets=tracklets)


def _misfit(test_set: TestSet, num_rows: int) -> str:
    queries, junk = test_set.num_queries, test_set.num_junk
    gallery = len(test_set) - queries - junk
    wanted = f"{queries + gallery:,} test tracklets ({queries:,} queries, then {gallery:,} of the gallery)"
    if junk:
        wanted += f" or, for protocol official too, {len(test_set):,} ({junk:,} junk tracklets last)"
    lacking = {
        gallery: "the queries, which every protocol needs",
        gallery + junk: "the queries, which every protocol needs",
        queries: "the gallery, which every protocol needs",
    }.get(num_rows)
    found = f"{num_rows:,} rows" + (f", as if it lacked {lacking}" if lacking else "")
    remedy = "add what is missing, or name the rows with rows=FILE.csv"
    return f"{found}; the data set has {wanted}: {remedy}"


def _by_table(
    test: TestTracklets, num_rows: int, named: RowTable
) -> tuple[TestTracklets, Int64[np.ndarray, " n"]]:
    table, path = named.rows, named.path
    if len(table) != num_rows:
        raise ValueError(f"{path} names {len(table):,} rows, and the matrix has {num_rows:,}: name each once")
    expected = test.table()
    # A tracklet may be query and gallery at once; evaluations then write it twice.
    key = ["first_frame"]
    if expected["first_frame"].duplicated().any() and "part" in table:
        key = ["part", "first_frame"]
    again = np.flatnonzero(table.duplicated(key))
    if len(again):
        frame = table["first_frame"].iloc[again[0]]
        first = int(np.flatnonzero(table["first_frame"] == frame)[0])
        raise ValueError(f"{path}, lines {first + 2} and {again[0] + 2} both name {frame}: name it once")
    place = pd.Series(np.arange(num_rows), pd.MultiIndex.from_frame(table[key].astype(str)))
    rows = place.reindex(pd.MultiIndex.from_frame(expected[key])).to_numpy(dtype=np.float64)
    known = _check_complete(expected, np.isnan(rows), path)
    found = rows[known].astype(np.int64)
    _check_labels(table.iloc[found], expected[known], path)
    unused = np.setdiff1d(np.arange(num_rows), found)
    if len(unused):
        frame = table["first_frame"].iloc[unused[0]]
        text = "%s: %d of %d rows are of no test tracklet and are not used, first %s"
        _log.warning(text, path, len(unused), num_rows, frame)
    return (test if len(found) == len(expected) else _without_junk(test)), found


def _check_complete(
    expected: pd.DataFrame, missing: Bool[np.ndarray, " n"], path: Path
) -> Bool[np.ndarray, " n"]:
    """Which tracklets are there: all, or all but junk."""
    junk = (expected["part"] == "junk").to_numpy()
    groups = [("query and gallery", ~junk, "name every one")]
    if not missing[junk].all():
        remedy = "name every one, or none, which leaves out protocol official"
        groups.append(("junk", junk, remedy))
    for name, chosen, remedy in groups:
        lost = np.flatnonzero(missing & chosen)
        if len(lost):
            first = expected["first_frame"].iloc[lost[0]]
            raise ValueError(
                f"{path} lacks {len(lost):,} of {chosen.sum():,} {name} tracklets, first {first}: {remedy}; "
                "first_frame is a path relative to the data set's folder"
            )
    return ~missing


def _check_labels(found: pd.DataFrame, expected: pd.DataFrame, path: Path) -> None:
    for column in ("pid", "camid"):
        if column not in found:
            continue
        given = pd.to_numeric(found[column], errors="coerce").to_numpy()
        wrong = np.flatnonzero(given != expected[column].to_numpy())
        if len(wrong):
            at = wrong[0]
            frame, known = expected["first_frame"].iloc[at], expected[column].iloc[at]
            raise ValueError(
                f"{path}, line {found.index[at] + 2}: {frame} is of {column} {known} in the data set, not "
                f"{found[column].iloc[at]} ({len(wrong):,} lines differ)"
            )
