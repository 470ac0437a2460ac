"""What a finished run leaves in its folder: scores, pictures, per-query results."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from reid_cosam.config import TrainSettings
from reid_cosam.data.frames import read_clip
from reid_cosam.data.masks import read_masks
from reid_cosam.data.snippets import dense
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.datamodule import ReidDataModule
from reid_cosam.lightning_module import Evaluation, ReidModule
from reid_cosam.metrics.coverage import coverage
from reid_cosam.metrics.protocols import Scores
from reid_cosam.results.figures import RankedList, attention_figure, cmc_figure, ranked_lists_figure
from reid_cosam.results.store import save_picture, write_json, write_text

_log = logging.getLogger(__name__)
_CLIPS_SHOWN = 4
_LISTS_SHOWN = 6
_GALLERY_SHOWN = 8


def write_outputs(
    module: ReidModule, datamodule: ReidDataModule, folder: Path, settings: TrainSettings
) -> tuple[dict[str, float], dict[str, Path]]:
    """Writes `metrics.json`, `queries.csv` and `pictures/`; returns the scores and the pictures' paths."""
    assert module.evaluation is not None, "evaluate before writing results"
    evaluation = module.evaluation
    scores = score_table(evaluation.scores, datamodule)
    size = (settings.data.height, settings.data.width)
    queries = datamodule.evaluated[: datamodule.num_queries]
    inside_outside = (
        mask_coverage(module, queries, settings.num_frames, size)
        if settings.cosam and settings.data.name == "synthetic"
        else {}
    )
    content = {
        **scores,
        "valid_queries": evaluation.scores.valid_queries,
        "protocol": evaluation.scores.protocol,
        "step": evaluation.step,
        "attention": inside_outside,
    }
    write_json(folder / "metrics.json", content)
    write_text(folder / "queries.csv", query_table(evaluation.scores, queries).to_csv(index=False))
    pictures = _write_pictures(module, datamodule, evaluation, folder / "pictures", settings)
    return scores, pictures


def score_table(scores: Scores, datamodule: ReidDataModule) -> dict[str, float]:
    """mAP and CMC as fractions of 1, and what ranking by chance would give on the same gallery."""
    named = {"mAP": scores.mean_ap} | {f"R{k}": scores.rank(k) for k in (1, 5, 10, 20)}
    return named


def query_table(scores: Scores, queries: Sequence[Tracklet]) -> pd.DataFrame:
    """One row a query: who, where, its average precision and the rank of its nearest match."""
    return pd.DataFrame(
        {
            "frame": [Path(query.frames[0]).name for query in queries],
            "pid": [query.pid for query in queries],
            "camid": [query.camid for query in queries],
            "average_precision": scores.average_precisions,
            "first_rank": scores.first_ranks,
        }
    )
