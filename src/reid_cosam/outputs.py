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

from reid_cosam.config import TrainSettings
from reid_cosam.data.frames import read_clip, read_frame
from reid_cosam.data.masks import read_masks
from reid_cosam.data.snippets import dense
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.datamodule import ReidDataModule
from reid_cosam.lightning_module import Evaluation, ReidModule
from reid_cosam.metrics.chance import expected_by_chance
from reid_cosam.metrics.coverage import coverage
from reid_cosam.metrics.protocols import Scores
from reid_cosam.results.figures.attention import attention_figure
from reid_cosam.results.figures.cmc import cmc_figure
from reid_cosam.results.figures.ranked import RankedList, ranked_lists_figure
from reid_cosam.results.store import save_picture, write_json, write_text

RANKS = (1, 5, 10, 20)
_CLIPS_SHOWN, _LISTS_SHOWN, _GALLERY_SHOWN = 4, 6, 8
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
    content = score_table(evaluation, datamodule) | {
        "attention": clips.coverage() if attended and settings.data.name == "synthetic" else None
    }
    write_json(folder / "metrics.json", content)
    write_text(folder / "queries.csv", _query_table(evaluation.scores, queries).to_csv(index=False))
    drawn = {
        "ranked_lists": ranked_lists_figure(_ranked_lists(evaluation, datamodule, settings)),
        "cmc": cmc_figure({settings.run_name: evaluation.scores.cmc}),
    }
    if attended:
        drawn["attention"] = clips.figure()
    for name, picture in drawn.items():
        save_picture(picture, folder / "pictures" / f"{name}.png")
    return content, {name: folder / "pictures" / f"{name}.png" for name in drawn}


def score_table(evaluation: Evaluation, datamodule: ReidDataModule) -> dict[str, Any]:
    """mAP and CMC as fractions of 1, under which protocol, and what a ranking by chance would score."""
    scores = evaluation.scores
    pids = np.array([tracklet.pid for tracklet in datamodule.evaluated])
    camids = np.array([tracklet.camid for tracklet in datamodule.evaluated])
    count = datamodule.num_queries
    chance = expected_by_chance(pids[:count], camids[:count], pids[count:], camids[count:], RANKS)
    return {
        "mAP": scores.mean_ap,
        **{f"R{k}": scores.rank(k) for k in RANKS},
        "valid_queries": scores.valid_queries,
        "protocol": scores.protocol,
        "step": evaluation.step,
        "chance": {"mAP": chance.mean_ap, **{f"R{k}": value for k, value in chance.ranks.items()}},
    }


def _query_table(scores: Scores, queries: Sequence[Tracklet]) -> pd.DataFrame:
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


def _ranked_lists(
    evaluation: Evaluation, datamodule: ReidDataModule, settings: TrainSettings
) -> list[RankedList]:
    """Queries from the hardest to the easiest valid one, evenly spread over average precision."""
    precision = evaluation.scores.average_precisions
    valid = np.flatnonzero(~np.isnan(precision))
    by_precision = valid[np.argsort(precision[valid], kind="stable")]
    places = np.linspace(0, len(by_precision) - 1, min(_LISTS_SHOWN, len(by_precision))).round().astype(int)
    size = (settings.data.height, settings.data.width)
    return [_ranked_list(int(query), evaluation, datamodule, size) for query in by_precision[places]]


def _ranked_list(
    number: int, evaluation: Evaluation, datamodule: ReidDataModule, size: tuple[int, int]
) -> RankedList:
    query, gallery = datamodule.evaluated[number], datamodule.evaluated[datamodule.num_queries :]
    distances = evaluation.distances[number].numpy()
    kept = [
        place
        for place in np.argsort(distances, kind="stable")
        if (gallery[place].pid, gallery[place].camid) != (query.pid, query.camid)
    ][:_GALLERY_SHOWN]
    return RankedList(
        query=_middle_frame(query, size),
        query_label=f"pid {query.pid}, camera {query.camid}",
        gallery=np.stack([_middle_frame(gallery[place], size) for place in kept]),
        correct=np.array([gallery[place].pid == query.pid for place in kept]),
        distances=distances[kept],
        average_precision=float(evaluation.scores.average_precisions[number]),
    )


def _middle_frame(tracklet: Tracklet, size: tuple[int, int]) -> UInt8[np.ndarray, "h w 3"]:
    return read_frame(tracklet.frames[len(tracklet) // 2], *size)
