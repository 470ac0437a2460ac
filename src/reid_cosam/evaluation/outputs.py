"""What an evaluation leaves in its folder: scores of every protocol, one row per query, curves, pictures."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reid_cosam.evaluation.ranked_lists import Ranking, hardest, ranked_lists
from reid_cosam.evaluation.records import (
    TestTracklets,
    chance_row,
    cmc_table,
    query_table,
    result_row,
    save_pictures,
)
from reid_cosam.metrics.scoring import ProtocolResult
from reid_cosam.results.figures.plots import cmc_figure
from reid_cosam.results.figures.ranked import RankedList, ranked_lists_figure
from reid_cosam.results.finished_run import METRICS
from reid_cosam.results.store import write_record, write_text

_NUM_LISTS = 8

_log = logging.getLogger(__name__)


def write_evaluation(
    results: Iterable[ProtocolResult], test: TestTracklets, about: Mapping[str, object], folder: Path
) -> tuple[dict[str, Any], dict[str, Path]]:
    """Writes `metrics.json`, `cmc.csv`, `queries_*.csv` by result, `pictures/`; returns metrics and pictures.

    The first result stands on top of `metrics.json`, where a training run has its own; `results` holds all.
    Results are taken one at a time: distances of MARS are 75 MB a matrix.
    """
    rows: list[dict[str, Any]] = []
    curves, columns = {}, {}
    lists: list[RankedList] | None = None
    for result in results:
        lists = _hardest_queries(result, test) if lists is None else lists
        rows.append(result_row(result, about))
        curves[result.name] = columns[result.file_name] = result.scores.cmc
        table = query_table(result.scores, test)
        write_text(folder / f"queries_{result.file_name}.csv", table.to_csv(index=False))
    write_text(folder / "cmc.csv", cmc_table(columns).to_csv())
    drawn = {"cmc": cmc_figure(curves)}
    if lists:
        drawn["hardest_queries"] = ranked_lists_figure(lists)
    pictures = save_pictures(drawn, folder)
    chance = chance_row(test.test_set, rows[0]["protocol"])
    metrics = rows[0] | dict(about) | {"chance": chance, "results": rows}
    write_record(folder / METRICS, metrics)  # the last file, as of a training run
    return metrics, pictures


def _hardest_queries(result: ProtocolResult, test: TestTracklets) -> list[RankedList]:
    """None where frames are missing, as scores need no frames."""
    ranking = Ranking.of(result, test.tracklets)
    try:
        return ranked_lists(ranking, hardest(ranking, _NUM_LISTS), test.size, test.root)
    except FileNotFoundError as error:
        _log.warning("there will be no picture of the hardest queries: %s", error)
        return []
