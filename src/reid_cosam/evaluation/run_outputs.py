"""What a finished run leaves in its folder: scores, one row per query, pictures."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image

from reid_cosam.evaluation.ranked_lists import Ranking, from_hard_to_easy, ranked_lists, ranked_table
from reid_cosam.evaluation.records import (
    TestTracklets,
    chance_row,
    cmc_table,
    query_table,
    result_row,
    save_pictures,
)
from reid_cosam.metrics.coverage import means
from reid_cosam.metrics.scoring import ProtocolResult, ScoringConfig, score_protocols, scores_by_attribute
from reid_cosam.results.figures.attention import attention_figure
from reid_cosam.results.figures.plots import cmc_figure
from reid_cosam.results.figures.ranked import ranked_lists_figure
from reid_cosam.results.finished_run import METRICS
from reid_cosam.results.store import write_record, write_text
from reid_cosam.training.lightning_module import ValidationResult
from reid_cosam.visualization.person_coverage import compare
from reid_cosam.visualization.spatial_masks import Snippets, SpatialMasks

_NUM_CLIPS, _NUM_LISTS = 4, 6


class FinishedRun(NamedTuple):
    """What a run's files are made of.

    Attributes:
        validation: the last one; its descriptors lie on the device that re-ranks them.
        further: what is scored of them beside the validation's own result.
        masks: what makes the attention masks; None for a network without COSAM.
        snippets: the first snippet of every query.
        about: what else the record says.
    """

    name: str
    test: TestTracklets
    validation: ValidationResult
    further: ScoringConfig
    masks: SpatialMasks | None
    snippets: Snippets
    batch_size: int
    about: Mapping[str, object]


def write_outputs(run: FinishedRun, folder: Path) -> tuple[dict[str, Any], dict[str, Path]]:
    """Writes `metrics.json`, tables and `pictures/`; returns the metrics, and pictures by name."""
    result, test = run.validation.result, run.test
    rows = [result_row(one, run.about) for one in final_results(run)]
    metrics = rows[0] | {
        "step": run.validation.step,
        "chance": chance_row(test.test_set, result.protocol),
        "attention": _coverage(run),
        "results": rows,
        **run.about,
    }
    write_text(folder / "queries.csv", query_table(result.scores, test).to_csv(index=False))
    ranking = Ranking.of(result, test.tracklets)
    nearest = ranked_table(ranking, test.root)
    write_text(folder / "ranked.csv", nearest.to_csv(index=False, float_format="%.6g"))
    write_text(folder / "cmc.csv", cmc_table({result.protocol: result.scores.cmc}).to_csv())
    lists = ranked_lists(ranking, from_hard_to_easy(ranking, _NUM_LISTS), test.size, test.root)
    drawn = {"ranked_lists": ranked_lists_figure(lists), "cmc": cmc_figure({run.name: result.scores.cmc})}
    if run.masks is not None:
        drawn["attention"] = _attention(run.masks, run.snippets)
    pictures = save_pictures(drawn, folder)
    write_record(folder / METRICS, metrics)  # the last file: a run that has it is whole
    return metrics, pictures


def final_results(run: FinishedRun) -> Iterator[ProtocolResult]:
    """The last validation's result, now by attribute too, and what is scored beside it."""
    _, result, descriptors = run.validation
    yield result._replace(by_attribute=scores_by_attribute(result.scores, run.further.attributes))
    if not bool((descriptors == descriptors[0]).all()):  # as of a network that died: nothing to re-rank
        yield from score_protocols(descriptors, run.test.test_set, run.further)


def _coverage(run: FinishedRun) -> dict[str, dict[str, float]] | None:
    """Mean attention inside and outside the person, by block, over the first snippet of every query."""
    if run.masks is None or not run.snippets.has_persons:
        return None
    compared = compare(run.masks, run.snippets, run.batch_size, workers=0)
    return {str(stage): means(one.attention, one.share)._asdict() for stage, one in compared.items()}


def _attention(masks: SpatialMasks, snippets: Snippets) -> Image.Image:
    """Attention masks laid over frames of queries spread over the test set (paper, figure 6)."""
    places = np.linspace(0, len(snippets) - 1, _NUM_CLIPS).round().astype(int).tolist()
    clips = np.stack([snippets.clip(place) for place in places])
    made = masks.of(torch.from_numpy(clips))
    return attention_figure(clips, {stage: mask.numpy() for stage, mask in made.items()})
