"""Untrained networks as `load` gives them, without a run."""

from pathlib import Path

import torch
from torch import Tensor

from reid_cosam import build
from reid_cosam.galleries.calibration import Calibration
from reid_cosam.galleries.measurements import Measured, OpenSetScores, RateCurve
from reid_cosam.training.checkpoint_files import WholeCheckpointIO
from tests.test_settings import settings

TINY = (
    "backbone=resnet_tiny",
    "backbone.pretrained=false",
    "recipe.attention.reduced_channels=32",
    "recipe.attention.reduced_channels_narrow=16",
    "data.height=64",
    "data.width=32",
)


def checkpoint(path: Path, *overrides: str) -> Path:
    """A checkpoint of an untrained tiny network, as `train` writes it."""
    torch.manual_seed(0)
    chosen = settings(*TINY, *overrides)
    network = build.make_network(chosen, num_identities=3)
    for name, value in network.named_buffers():  # batch normalisation would leave clips as they are
        if name.endswith("running_mean"):
            value.normal_(std=0.1)  # larger ones would leave nothing but zeros
        if name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
    state = {f"network.{name}": value for name, value in network.state_dict().items()}
    content = {
        "state_dict": state,
        "config": chosen.model_dump(mode="json"),
        "global_step": 7,
        "split": "5" * 64,
    }
    WholeCheckpointIO().save_checkpoint(content, path)
    return path


def calibration(network: str, name: str) -> Calibration:
    """Of a network's fingerprint, on footage in the folder `name`."""
    thresholds, rates = (0.0, 1.0, 2.0), (0.0, 0.25, 1.0)
    rising = RateCurve(thresholds=thresholds, value=rates, low=rates, high=rates)
    scores = OpenSetScores(
        people=5,
        same_pairs=10,
        different_pairs=40,
        eer=Measured(value=0.125, low=0.1, high=0.2),
        tpr_at_fpr={},
        dir_at_far={"0.001": None, "0.01": Measured(value=0.5, low=0.25, high=0.75)},
    )
    source = {"name": name, "labelled": True, "people": 5, "tracklets": 20, "cameras": ["door", "yard"]}
    return Calibration(
        network=network,
        distance="euclidean",
        source=source,
        false_alarms=rising,
        misses=None,
        scores=scores,
        camera_pairs={},
        within_cameras=None,
    )


def clips(*shape: int) -> Tensor:
    return torch.randint(256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
