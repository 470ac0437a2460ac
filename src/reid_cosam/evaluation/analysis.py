"""Whether attention follows places or content: what masks hold, and what scores lose without them."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from reid_cosam.evaluation.extraction import MakeExtractor
from reid_cosam.evaluation.mask_changes import (
    MASK,
    ChangeableLayers,
    ChangedExtractor,
    Changes,
    changes_of,
    swap_partners,
)
from reid_cosam.metrics.place import mask_spread
from reid_cosam.metrics.protocols import Scores
from reid_cosam.models.network import VideoReidNet
from reid_cosam.results.analysis import MaskRow, ScoreRow
from reid_cosam.training.extractor import Extractor

Extract = Callable[[MakeExtractor], Float32[Tensor, "*changes n d"]]

_log = logging.getLogger(__name__)


class Analysis(NamedTuple):
    """The masks of each block, and the scores: as trained first, then with each change."""

    masks: list[MaskRow]
    scores: list[ScoreRow]


def analyse(
    network: VideoReidNet,
    persons: Int64[np.ndarray, " s"],
    extract: Extract,
    score: Callable[[Float[Tensor, "n d"]], Scores],
    seed: int,
) -> Analysis:
    """Two passes over a test set: with the layers as trained, then with all changes. Changes the network.

    Args:
        persons: who is in each snippet of the test set, in its order.
        extract: descriptors of the test set, by what an extractor makes of `network`, on one device.
        score: of descriptors of the test set.
        seed: of the permutation by which masks are swapped.

    Raises:
        ValueError: a layer does not take its mask from its method `spatial_mask`.
    """
    layers = ChangeableLayers(network)
    stages = network.masked_stages
    _log.info("pass 1 of 2: masks as trained")
    own, masks = _record(layers, stages, extract)
    partners = swap_partners(persons, seed)
    if partners is None:
        _log.warning("masks are not swapped, as one person has more than half of all %d clips", len(persons))
    sets = _sets(layers, masks, partners)
    _log.info("pass 2 of 2: %d changes of the layers", len(sets))
    changed = extract(partial(ChangedExtractor, layers=layers, sets=list(sets.values())))
    before = score(own)
    rows = [_score_row("as trained", stages, before, before)]
    rows += [
        _score_row(name, blocks, score(one), before)
        for (name, blocks), one in zip(sets, changed, strict=True)
    ]
    return Analysis([_mask_row(stage, masks[stage]) for stage in stages], rows)


def _record(
    layers: ChangeableLayers, stages: Sequence[int], extract: Extract
) -> tuple[Float32[Tensor, "n d"], dict[int, Float[Tensor, "s t _ _"]]]:
    """Descriptors of the unchanged network, and the masks of all snippets by block, on the CPU."""
    recorded: dict[int, list[Tensor]] = {stage: [] for stage in stages}

    def record(made: Tensor, _: int, stage: int) -> Tensor:
        recorded[stage].append(made[:, :, 0].float().cpu())
        return made

    layers.changes = {(stage, MASK): partial(record, stage=stage) for stage in stages}
    descriptors = extract(Extractor)
    layers.changes = {}
    for stage, parts in recorded.items():
        if not parts:
            raise ValueError(
                f"the layer after block {stage} does not take its mask from its method {MASK}, so its mask "
                "cannot be changed"
            )
    return descriptors, {stage: torch.cat(parts) for stage, parts in recorded.items()}


def _sets(
    layers: ChangeableLayers,
    masks: dict[int, Float[Tensor, "s t _ _"]],
    partners: Int64[np.ndarray, " s"] | None,
) -> dict[tuple[str, tuple[int, ...]], Changes]:
    """Each change of all layers together, then of each block alone, by its name and blocks."""
    by_stage = {stage: changes_of(one, partners) for stage, one in masks.items()}
    groups = [tuple(masks), *((stage,) for stage in masks if len(masks) > 1)]
    sets: dict[tuple[str, tuple[int, ...]], Changes] = {}
    for group in groups:
        for name, (method, _) in by_stage[group[0]].items():
            blocks = tuple(stage for stage in group if (stage, method) in layers.methods)
            if blocks:
                sets[name, blocks] = {(stage, method): by_stage[stage][name][1] for stage in blocks}
    return sets


def _score_row(change: str, blocks: Sequence[int], scores: Scores, before: Scores) -> ScoreRow:
    mean_ap, r1 = scores.mean_ap, scores.rank(1)
    return ScoreRow(change, tuple(blocks), mean_ap, r1, mean_ap - before.mean_ap, r1 - before.rank(1))


def _mask_row(stage: int, masks: Float[Tensor, "s t mh mw"]) -> MaskRow:
    frames = masks.flatten(0, 1)
    return MaskRow(stage, *mask_spread(frames), frames.mean(dim=0).tolist())
