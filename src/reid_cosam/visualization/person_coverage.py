"""How well masks cover the person, over a whole test set with person masks, and what position alone gives."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import BatchSampler, SequentialSampler, default_collate

from reid_cosam.metrics.coverage import best_overlap, energy_inside, means, overlap, person_share
from reid_cosam.results.coverage import CoverageRow, coverage_markdown
from reid_cosam.results.store import write_json, write_text
from reid_cosam.training.loading import Loader
from reid_cosam.visualization.spatial_masks import Snippets, SpatialMasks


class Compared(NamedTuple):
    """One stage's masks of some snippets, and how much of each location the person covers."""

    attention: Float[Tensor, "s t mh mw"]
    share: Float[Tensor, "s t mh mw"]


def compare(
    masks: SpatialMasks,
    snippets: Snippets,
    batch_size: int,
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> dict[int, Compared]:
    """Masks and persons by stage; calls `advance` with the number of snippets done.

    Raises:
        FileNotFoundError, ValueError: a frame or a person mask cannot be read; names it.
    """
    made: dict[int, list[Compared]] = {stage: [] for stage in masks.stages}
    batches = BatchSampler(SequentialSampler(snippets), batch_size, drop_last=False)
    for clips, person in Loader(snippets, batches, _collate, workers, persistent=False, trainer=None):
        for stage, attention in masks.of(clips).items():
            size = (attention.shape[-2], attention.shape[-1])
            share = person_share(person.flatten(0, 1), size).unflatten(0, attention.shape[:2])
            made[stage].append(Compared(attention, share))
        advance(len(clips))
    return {stage: Compared(*map(torch.cat, zip(*parts, strict=True))) for stage, parts in made.items()}


def _collate(samples: Sequence[Any]) -> tuple[Tensor, ...]:
    return tuple(default_collate(list(samples)))


def write_coverage(
    compared: Mapping[int, Compared], tracklets: pd.DataFrame, about: str, title: str, folder: Path
) -> list[CoverageRow]:
    """Writes `coverage.csv`, one row per tracklet and stage, and the summary, which it returns."""
    rows = summary(compared)
    thresholds = {row.stage: row.threshold for row in rows if row.instead is None}
    table = by_tracklet(compared, thresholds, tracklets)
    write_text(folder / "coverage.csv", table.to_csv(index=False, float_format="%.6g"))
    write_json(folder / "coverage.json", {"measured": about, "rows": [row._asdict() for row in rows]})
    write_text(folder / "coverage.md", coverage_markdown(rows, title))
    return rows


def summary(compared: Mapping[int, Compared]) -> list[CoverageRow]:
    """For each stage its masks, then three masks that depend on no image, measured in the same way.

    - the mean mask of the set, for every frame: what the masks owe to position alone;
    - the person's mean outline in the set: the most that position can give;
    - a flat mask with the masks' mean value.
    """
    return [
        row for stage, one in compared.items() for row in _rows(stage, *(part.flatten(0, 1) for part in one))
    ]


def _rows(
    stage: int, attention: Float[Tensor, "n mh mw"], share: Float[Tensor, "n mh mw"]
) -> Iterator[CoverageRow]:
    candidates = {
        None: attention,
        "mean mask": attention.mean(dim=0).expand_as(attention),
        "mean outline": share.mean(dim=0).expand_as(attention),
        "flat mask": attention.mean().expand_as(attention),
    }
    for instead, mask in candidates.items():
        yield CoverageRow(
            stage, instead, *means(mask, share), *best_overlap(mask, share), energy_inside(mask, share)
        )


def by_tracklet(
    compared: Mapping[int, Compared], thresholds: Mapping[int, float], tracklets: pd.DataFrame
) -> pd.DataFrame:
    """One row per tracklet and stage, the columns of `tracklets` first; a stage has one threshold for all.

    `inside` is NaN where the person is hidden in all frames of the snippet.
    """
    rows = [
        {**tracklet, "stage": stage, **_measures(attention, share, thresholds[stage])}
        for stage, one in compared.items()
        for tracklet, attention, share in zip(tracklets.to_dict("records"), *one, strict=True)
    ]
    return pd.DataFrame(rows)


def _measures(
    attention: Float[Tensor, "t mh mw"], share: Float[Tensor, "t mh mw"], threshold: float
) -> dict[str, float]:
    inside, outside = means(attention, share)
    return {
        "inside": inside,
        "outside": outside,
        "iou": overlap(attention, share, threshold),
        "energy_inside": energy_inside(attention, share),
        "person_share": float(share.mean()),
    }
