"""What a finished run leaves in its folder: scores, a row a query, pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from reid_cosam import build
from reid_cosam.config import TrainSettings
from reid_cosam.data.frames import read_clip
from reid_cosam.data.masks import read_masks
from reid_cosam.data.snippets import dense
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.datamodule import ReidDataModule
from reid_cosam.lightning_module import Evaluation, ReidModule
from reid_cosam.metrics.chance import expected_by_chance
from reid_cosam.metrics.coverage import coverage
from reid_cosam.metrics.protocols import Scores
from reid_cosam.ranked_lists import Ranking, from_hard_to_easy, ranked_lists
from reid_cosam.results.figures.attention import attention_figure
from reid_cosam.results.figures.cmc import cmc_figure
from reid_cosam.results.figures.ranked import ranked_lists_figure
from reid_cosam.results.store import save_picture, write_json, write_text

RANKS = (1, 5, 10, 20)
_CLIPS_SHOWN, _LISTS_SHOWN = 4, 6
_CLIPS_A_PASS = 16


def write_outputs(
    module: ReidModule, datamodule: ReidDataModule, folder: Path, settings: TrainSettings
) -> tuple[dict[str, Any], dict[str, Path]]:
    """Writes `metrics.json`, `queries.csv` and `pictures/`; returns the metrics and the pictures by name.

    The module must have been evaluated.
    """
    evaluation = module.evaluation
    assert evaluation is not None
    queries = datamodule.evaluated[: datamodule.num_queries]
    clips = _Clips(module, queries, settings)
    attended = bool(settings.cosam)
    file = build.splits_file(settings.data)
    content = score_table(evaluation, datamodule) | {
        "data": {
            "name": settings.data.name,
            "split": settings.data.split,
            "tested_half": settings.data.tested_half,
            "splits_file": None if file is None else str(file),
        },
        "attention": clips.coverage() if attended and settings.data.name == "synthetic" else None,
    }
    write_text(folder / "queries.csv", query_table(evaluation.scores, queries).to_csv(index=False))
    drawn = {
        "ranked_lists": _ranked_lists(evaluation, datamodule, settings),
        "cmc": cmc_figure({settings.run_name: evaluation.scores.cmc}),
    }
    if attended:
        drawn["attention"] = clips.figure()
    for name, picture in drawn.items():
        save_picture(picture, folder / "pictures" / f"{name}.png")
    write_json(folder / "metrics.json", content)  # the last file: a run that has it is whole
    return content, {name: folder / "pictures" / f"{name}.png" for name in drawn}


def score_table(evaluation: Evaluation, datamodule: ReidDataModule) -> dict[str, Any]:
    """mAP and CMC as fractions of 1, under which protocol, and what a ranking by chance would score."""
    pids = np.array([tracklet.pid for tracklet in datamodule.evaluated])
    camids = np.array([tracklet.camid for tracklet in datamodule.evaluated])
    count = datamodule.num_queries
    chance = expected_by_chance(pids[:count], camids[:count], pids[count:], camids[count:], RANKS)
    return score_row(evaluation.scores) | {
        "step": evaluation.step,
        "chance": {"mAP": chance.mean_ap, **{f"R{k}": value for k, value in chance.ranks.items()}},
    }


def score_row(scores: Scores) -> dict[str, Any]:
    """What every `metrics.json` holds of a ranking, as fractions of 1."""
    return {
        "mAP": scores.mean_ap,
        "mINP": scores.mean_inp,
        **{f"R{k}": scores.rank(k) for k in RANKS},
        "queries": len(scores.first_ranks),
        "valid_queries": scores.valid_queries,
        "protocol": scores.protocol,
    }


def query_table(scores: Scores, queries: Sequence[Tracklet]) -> pd.DataFrame:
    """One row a query: which, its average precision, and the rank of its nearest match."""
    return pd.DataFrame(
        {
            "first_frame": [Path(query.frames[0]).name for query in queries],
            "pid": [query.pid for query in queries],
            "camid": [query.camid for query in queries],
            "average_precision": scores.average_precisions,
            "first_rank": scores.first_ranks,
        }
    )


class _Clips:
    """The first snippet of each query, and what COSAM makes of it."""

    def __init__(self, module: ReidModule, queries: Sequence[Tracklet], settings: TrainSettings) -> None:
        self._module, self._queries = module, queries
        self._num_frames = settings.num_frames
        self._size = (settings.data.height, settings.data.width)

    def coverage(self) -> dict[str, dict[str, float]]:
        """Mean attention inside and outside the person, by block, over the first snippet of every query."""
        attention, person = [], []
        for start in range(0, len(self._queries), _CLIPS_A_PASS):
            chosen = self._queries[start : start + _CLIPS_A_PASS]
            attention.append(self._attend(chosen))
            person += [read_masks(self._frames(query), *self._size) for query in chosen]
        shown = torch.from_numpy(np.concatenate(person))
        stages = attention[0]
        masks = {stage: torch.cat([part[stage] for part in attention]).flatten(0, 2) for stage in stages}
        return {str(stage): coverage(mask, shown)._asdict() for stage, mask in masks.items()}

    def figure(self) -> Image.Image:
        """Attention masks laid over frames of queries spread over the test set (paper, figure 6)."""
        places = np.linspace(0, len(self._queries) - 1, _CLIPS_SHOWN).round().astype(int)
        chosen = [self._queries[place] for place in places]
        masks = {stage: mask[:, :, 0].numpy() for stage, mask in self._attend(chosen).items()}
        return attention_figure(np.stack([self._clip(query) for query in chosen]), masks)

    def _attend(self, queries: Sequence[Tracklet]) -> dict[int, Tensor]:
        clips = torch.from_numpy(np.stack([self._clip(query) for query in queries]))
        return self._module.attend(clips.permute(0, 1, 4, 2, 3))

    def _clip(self, query: Tracklet) -> UInt8[np.ndarray, "t h w 3"]:
        return read_clip(self._frames(query), *self._size)

    def _frames(self, query: Tracklet) -> list[str]:
        return [query.frames[place] for place in dense(len(query), self._num_frames)[0]]


def _ranked_lists(evaluation: Evaluation, datamodule: ReidDataModule, settings: TrainSettings) -> Image.Image:
    queries, gallery = (
        datamodule.evaluated[: datamodule.num_queries],
        datamodule.evaluated[datamodule.num_queries :],
    )
    ranking = Ranking(queries, gallery, evaluation.distances, evaluation.scores.average_precisions)
    chosen = from_hard_to_easy(ranking, _LISTS_SHOWN)
    return ranked_lists_figure(ranked_lists(ranking, chosen, settings.data.height, settings.data.width))
