"""What scores lose with changed masks: on tiny networks that ignore masks, or look at places alone."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from reid_cosam.data.datasets import SnippetBatch
from reid_cosam.evaluation.analysis import Analysis, analyse
from reid_cosam.evaluation.extraction import MakeExtractor
from reid_cosam.metrics.scoring import ScoringConfig, score_protocols
from reid_cosam.metrics.testset import TestSet
from reid_cosam.models.aggregators import TemporalAveragePooling
from reid_cosam.models.backbones import Backbone
from reid_cosam.models.cosam import CosamOutput
from reid_cosam.models.network import VideoReidNet

TEST = TestSet(np.array([1, 2, 3, 1, 2, 3]), np.array([1, 1, 1, 2, 2, 2]), num_queries=3)
NUM_CLIPS, BATCH = 12, 5  # two clips per tracklet
CLIPS = torch.randint(
    0, 256, (NUM_CLIPS, 3, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


class Masking(nn.Module):
    """Makes masks by content, or by place alone, which are applied to the maps or not."""

    def __init__(self, by_place: bool, applied: bool) -> None:
        super().__init__()
        self.by_place, self.applied = by_place, applied

    def spatial_mask(self, maps: Tensor) -> Tensor:
        if self.by_place:
            ramp = torch.linspace(0, 1, maps[0, 0, 0].numel()).reshape(maps.shape[-2:])
            return ramp.expand_as(maps[:, :, :1])
        return maps.mean(dim=2, keepdim=True).mul(20).sigmoid()

    def forward(self, maps: Tensor) -> CosamOutput:
        mask = self.spatial_mask(maps)
        return CosamOutput(maps * mask if self.applied else maps, mask, maps.new_ones(len(maps), 1))


class OwnMask(Masking):
    def forward(self, maps: Tensor) -> CosamOutput:
        return CosamOutput(maps, maps[:, :, :1], maps.new_ones(len(maps), 1))


def tiny_network(attention: dict[int, Any]) -> VideoReidNet:
    torch.manual_seed(0)
    blocks = [nn.Conv2d(*size, kernel_size=3, padding=1) for size in ((3, 4), (4, 4), (4, 4), (4, 4), (4, 6))]
    backbone = Backbone(blocks, channels=(4, 4, 4, 4, 6))
    return VideoReidNet(backbone, attention, TemporalAveragePooling(6), num_identities=3)


def analysed(attention: dict[int, Any], **options: Any) -> tuple[Analysis, dict[str, Tensor]]:
    """The analysis, and the descriptors of each pass."""
    network, passes = tiny_network(attention), dict[str, Tensor]()

    def extract(make_extractor: MakeExtractor) -> Tensor:
        extractor = make_extractor(network, len(TEST), torch.device("cpu"))
        with torch.inference_mode():
            for start in range(0, NUM_CLIPS, BATCH):
                clips = CLIPS[start : start + BATCH]
                numbers = torch.arange(start, start + len(clips)) // 2
                extractor.add(SnippetBatch(clips, numbers, torch.ones(len(clips))))
        passes[f"pass {len(passes) + 1}"] = extractor.compute()
        return passes[f"pass {len(passes)}"]

    def score(descriptors: Tensor) -> Any:
        return next(score_protocols(descriptors, TEST, ScoringConfig())).scores

    return analyse(network, np.repeat(TEST.pids, 2), extract, score, **({"seed": 0} | options)), passes


def by_change(found: Analysis, passes: dict[str, Tensor]) -> dict[tuple[str, tuple[int, ...]], Tensor]:
    names = [(row.change, row.blocks) for row in found.scores[1:]]
    return dict(zip(names, passes["pass 2"], strict=True))


@pytest.mark.parametrize("others", [{}, {2: nn.ReLU(inplace=True)}])
def test_a_network_that_ignores_its_masks_loses_nothing(others: dict[int, nn.Module]) -> None:
    """A layer of attention before it may make no masks, and compute in place."""
    found, passes = analysed(others | {4: Masking(by_place=False, applied=False)})

    assert [row.change for row in found.scores] == ["as trained", "flat", "by place", "swapped"]
    for row, changed in zip(found.scores[1:], passes["pass 2"], strict=True):
        torch.testing.assert_close(changed, passes["pass 1"])
        assert (row.mAP_difference, row.R1_difference, row.blocks) == (0, 0, (4,))


def test_masks_of_place_alone_can_be_swapped_and_replaced_by_their_mean() -> None:
    found, passes = analysed({4: Masking(by_place=True, applied=True)})

    changed = by_change(found, passes)
    torch.testing.assert_close(changed["by place", (4,)], passes["pass 1"])
    torch.testing.assert_close(changed["swapped", (4,)], passes["pass 1"])
    assert (changed["flat", (4,)] - passes["pass 1"]).abs().max() > 1e-3
    assert found.masks[0].place_share == pytest.approx(1)
    expected = torch.linspace(0, 1, 64).reshape(8, 8)
    torch.testing.assert_close(torch.tensor(found.masks[0].mean_mask), expected)


def test_masks_of_content_cannot() -> None:
    found, passes = analysed({4: Masking(by_place=False, applied=True)})

    for changed in passes["pass 2"]:
        assert (changed - passes["pass 1"]).abs().max() > 1e-3
    share = found.masks[0].place_share
    assert share is not None
    assert 0 < share < 0.5


def test_blocks_are_changed_together_and_alone() -> None:
    """After block 2 masks are of place: swapping them there changes nothing, and all else is block 4's."""
    attention = {2: Masking(by_place=True, applied=True), 4: Masking(by_place=False, applied=True)}
    found, passes = analysed(attention)

    changed = by_change(found, passes)
    assert list(changed) == [
        (change, blocks) for blocks in ((2, 4), (2,), (4,)) for change in ("flat", "by place", "swapped")
    ]
    torch.testing.assert_close(changed["swapped", (2,)], passes["pass 1"])
    torch.testing.assert_close(changed["swapped", (2, 4)], changed["swapped", (4,)])
    assert (changed["flat", (2, 4)] - changed["flat", (4,)]).abs().max() > 1e-3
    assert [row.stage for row in found.masks] == [2, 4]


def test_a_layer_that_masks_in_another_way_is_refused() -> None:
    with pytest.raises(ValueError, match="layer after block 4"):
        analysed({4: OwnMask(by_place=False, applied=True)})
