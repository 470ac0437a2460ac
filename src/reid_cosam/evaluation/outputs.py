"""What an evaluation leaves in its folder: scores of every protocol, a row a query, curves, pictures."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from reid_cosam.data.tracklet import Tracklet
from reid_cosam.evaluation.extracted_set import TestExtraction
from reid_cosam.evaluation.ranked_lists import Ranking, hardest, ranked_lists
from reid_cosam.evaluation.run_outputs import cmc_table, query_table, result_row
from reid_cosam.evaluation.scoring import ProtocolResult
from reid_cosam.results.figures.cmc import cmc_figure
from reid_cosam.results.figures.ranked import ranked_lists_figure
from reid_cosam.results.finished_run import METRICS
from reid_cosam.results.store import save_picture, write_record, write_text

_LISTS_SHOWN = 8


def write_evaluation(
    evaluation: TestExtraction, scored: Iterable[ProtocolResult], folder: Path
) -> tuple[dict[str, Any], dict[str, Path]]:
    """Writes `metrics.json`, `cmc.csv`, `queries_*.csv` by result, `pictures/`; returns metrics and pictures.

    The first result stands on top of `metrics.json`, where a training run has its own; `results` holds all.
    Results are taken one at a time: distances of MARS are 75 MB a matrix.
    """
    queries = evaluation.plan.tracklets["query"]
    rows: list[dict[str, Any]] = []
    curves, columns, hardest_queries = {}, {}, []
    for result in scored:
        if not rows:
            hardest_queries = _hardest(result, queries, evaluation.size)
        rows.append(result_row(result))
        curves[result.name] = columns[result.file_name] = result.scores.cmc
        table = query_table(result.scores, queries, evaluation.root)
        write_text(folder / f"queries_{result.file_name}.csv", table.to_csv(index=False))
    write_text(folder / "cmc.csv", cmc_table(columns).to_csv())
    pictures = {"cmc": cmc_figure(curves), "hardest_queries": ranked_lists_figure(hardest_queries)}
    for name, picture in pictures.items():
        save_picture(picture, folder / "pictures" / f"{name}.png")
    metrics = rows[0] | evaluation.about() | {"results": rows}
    write_record(folder / METRICS, metrics)  # the last file, as of a training run
    return metrics, {name: folder / "pictures" / f"{name}.png" for name in pictures}


def _hardest(result: ProtocolResult, queries: Sequence[Tracklet], size: tuple[int, int]) -> list[Any]:
    ranking = Ranking(queries, result.gallery, result.distances, result.scores.average_precisions)
    return ranked_lists(ranking, hardest(ranking, _LISTS_SHOWN), *size)
