"""How well masks cover the person, over a whole test set with person masks, beside what place alone gives."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor
from torch.utils.data import BatchSampler, Dataset, SequentialSampler, default_collate

from reid_cosam.data.frames import read_clip
from reid_cosam.data.masks import read_masks
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.metrics.coverage import best_overlap, energy_inside, means, overlap, person_share
from reid_cosam.results.coverage import CoverageRow
from reid_cosam.training.loading import Loader
from reid_cosam.visualization.spatial_masks import SpatialMasks, snippet_frames


class Seen(NamedTuple):
    """One stage's masks of the first snippets, and how much of each location is the person's."""

    attention: Float[Tensor, "s t mh mw"]
    share: Float[Tensor, "s t mh mw"]


class FirstSnippets(Dataset[tuple[UInt8[np.ndarray, "t h w 3"], Bool[np.ndarray, "t h w"]]]):
    """The first snippet of each tracklet: its frames, and where the person is in them."""

    def __init__(self, tracklets: Sequence[Tracklet], num_frames: int, size: tuple[int, int]) -> None:
        self._tracklets, self._num_frames, self._size = tracklets, num_frames, size

    def __len__(self) -> int:
        return len(self._tracklets)

    def __getitem__(self, index: int) -> tuple[UInt8[np.ndarray, "t h w 3"], Bool[np.ndarray, "t h w"]]:
        return self.clip(index), read_masks(self._frames(index), *self._size)

    def clip(self, index: int) -> UInt8[np.ndarray, "t h w 3"]:
        """The frames alone, of data sets without person masks too."""
        return read_clip(self._frames(index), *self._size)

    def _frames(self, index: int) -> list[str]:
        return snippet_frames(self._tracklets[index], self._num_frames)


def see(
    masks: SpatialMasks,
    snippets: FirstSnippets,
    batch_size: int,
    workers: int,
    advance: Callable[[int], None] = lambda _: None,
) -> dict[int, Seen]:
    """Masks and persons by stage; calls `advance` with the number of snippets done.

    Raises:
        FileNotFoundError, ValueError: a frame or a person mask cannot be read; names it.
    """
    made: dict[int, list[Seen]] = {stage: [] for stage in masks.stages}
    batches = BatchSampler(SequentialSampler(snippets), batch_size, drop_last=False)
    for clips, person in Loader(snippets, batches, _collate, workers, persistent=False, trainer=None):
        for stage, attention in masks.of(clips).items():
            size = (attention.shape[-2], attention.shape[-1])
            share = person_share(person.flatten(0, 1), size).unflatten(0, attention.shape[:2])
            made[stage].append(Seen(attention, share))
        advance(len(clips))
    return {stage: Seen(*map(torch.cat, zip(*parts, strict=True))) for stage, parts in made.items()}


def _collate(samples: Sequence[Any]) -> tuple[Tensor, ...]:
    return tuple(default_collate(list(samples)))


def summary(seen: Mapping[int, Seen]) -> list[CoverageRow]:
    """For each stage its masks, then three masks that look at no picture, measured alike.

    - the mean mask of the set, for every frame: what of the masks is place;
    - the person's mean outline in the set: the most that place can give;
    - a flat mask with the masks' mean value.
    """
    return [row for stage, one in seen.items() for row in _rows(stage, *map(_frames, one))]


def _rows(
    stage: int, attention: Float[Tensor, "n mh mw"], share: Float[Tensor, "n mh mw"]
) -> Iterator[CoverageRow]:
    compared = {
        None: attention,
        "mean mask": attention.mean(dim=0).expand_as(attention),
        "mean outline": share.mean(dim=0).expand_as(attention),
        "flat mask": attention.mean().expand_as(attention),
    }
    for instead, mask in compared.items():
        yield CoverageRow(
            stage, instead, *means(mask, share), *best_overlap(mask, share), energy_inside(mask, share)
        )


def by_tracklet(
    seen: Mapping[int, Seen], thresholds: Mapping[int, float], about: Sequence[Mapping[str, object]]
) -> pd.DataFrame:
    """A row a tracklet and stage, `about` first; a stage has one threshold for all.

    `inside` is NaN where the person is hidden in all frames of the snippet.
    """
    rows = [
        {**told, "stage": stage, **_measures(attention, share, thresholds[stage])}
        for stage, one in seen.items()
        for told, attention, share in zip(about, *one, strict=True)
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


def _frames(values: Float[Tensor, "s t mh mw"]) -> Float[Tensor, "n mh mw"]:
    return values.flatten(0, 1)
