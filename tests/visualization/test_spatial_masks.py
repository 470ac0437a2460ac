"""Masks of a network's COSAM layers, and the frames they are made of."""

import pytest
import torch

from reid_cosam import build
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.data.transforms import normalise
from reid_cosam.models.network import VideoReidNet
from reid_cosam.visualization.spatial_masks import SpatialMasks, snippet_frames
from tests.test_settings import settings

CPU = torch.device("cpu")
CLIPS = torch.randint(
    0, 256, (3, 4, 64, 32, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


def network(cosam: str, attention: str = "paper") -> VideoReidNet:
    torch.manual_seed(0)
    small = ("backbone=se_resnet_tiny", "data.height=64", "data.width=32", f"recipe/attention={attention}")
    return build.make_network(settings(*small, f"cosam={cosam}"), num_identities=2)


@pytest.mark.parametrize("attention", ["paper", "released", "pooled", "prototypes"])
def test_masks_are_those_of_the_network_at_test_time(attention: str) -> None:
    chosen = network("[3,5]", attention)

    masks = SpatialMasks(chosen, None, CPU).of(CLIPS)

    with torch.inference_mode():
        output = chosen.eval()(normalise(CLIPS.permute(0, 1, 4, 2, 3), torch.float32))
    assert {stage: mask.shape for stage, mask in masks.items()} == {3: (3, 4, 8, 4), 5: (3, 4, 4, 2)}
    for stage, mask in masks.items():
        torch.testing.assert_close(mask, output.attention[stage].spatial_mask[:, :, 0], rtol=1e-5, atol=1e-6)


def test_some_stages_may_be_chosen() -> None:
    chosen = SpatialMasks(network("[3,5]"), [5], CPU)

    assert chosen.stages == (5,)
    assert list(chosen.of(CLIPS)) == [5]


def test_a_stage_without_cosam_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no COSAM layer after block 4: choose stages of \[3, 5\]"):
        SpatialMasks(network("[3,5]"), [4, 5], CPU)


def test_a_network_without_cosam_is_refused() -> None:
    with pytest.raises(ValueError, match="the network has no COSAM layer"):
        SpatialMasks(network("[]"), None, CPU)


def test_snippets_are_cut_as_evaluation_cuts_them() -> None:
    tracklet = Tracklet(tuple("abcdefg"), 1, 1)

    assert snippet_frames(tracklet, 4) == list("abcd")
    assert snippet_frames(tracklet, 4, 1) == list("efge")  # filled with its own frames
    with pytest.raises(ValueError, match=r"snippet=2: a starts a tracklet of 7 frames, .* from 0 to 1"):
        snippet_frames(tracklet, 4, 2)
