"""What an evaluation leaves in its folder: scores of every protocol, a row a query, pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reid_cosam.data.tracklet import Tracklet
from reid_cosam.outputs import query_table, score_row
from reid_cosam.ranked_lists import Ranking, hardest, ranked_lists
from reid_cosam.results.figures.cmc import cmc_figure
from reid_cosam.results.figures.ranked import ranked_lists_figure
from reid_cosam.results.store import save_picture, write_json, write_text
from reid_cosam.scoring import Result

_LISTS_SHOWN = 8


def write_evaluation(
    scored: Sequence[Result],
    queries: Sequence[Tracklet],
    about: Mapping[str, Any],
    size: tuple[int, int],
    folder: Path,
) -> tuple[dict[str, Any], dict[str, Path]]:
    """Writes `metrics.json`, a `queries_*.csv` a result and `pictures/`; returns metrics and pictures.

    The first result stands on top of `metrics.json`, where a training run has its own; `results` holds all.
    """
    rows = [_row(result) for result in scored]
    metrics = rows[0] | dict(about) | {"results": rows}
    for result in scored:
        table = query_table(result.scores, queries)
        write_text(folder / f"queries_{_file_name(result)}.csv", table.to_csv(index=False))
    pictures = {
        "cmc": cmc_figure({result.name: result.scores.cmc for result in scored}),
        "hardest_queries": ranked_lists_figure(_hardest(scored[0], queries, size)),
    }
    for name, picture in pictures.items():
        save_picture(picture, folder / "pictures" / f"{name}.png")
    write_json(folder / "metrics.json", metrics)  # the last file, as of a training run
    return metrics, {name: folder / "pictures" / f"{name}.png" for name in pictures}


def _row(result: Result) -> dict[str, Any]:
    carriers = {
        attribute: None if scores is None else score_row(scores)
        for attribute, scores in result.carriers.items()
    }
    return score_row(result.scores) | {"reranked": result.reranked, "carriers": carriers}


def _file_name(result: Result) -> str:
    return f"{result.protocol}_reranked" if result.reranked else result.protocol


def _hardest(result: Result, queries: Sequence[Tracklet], size: tuple[int, int]) -> list[Any]:
    ranking = Ranking(queries, result.gallery, result.distances, result.scores.average_precisions)
    return ranked_lists(ranking, hardest(ranking, _LISTS_SHOWN), *size)
