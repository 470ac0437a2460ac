"""What only a CUDA device can show."""

import logging

import pytest
import torch
from benchmarks.training import ProductStep, Scale, make_batch, settings

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


@pytest.mark.parametrize("backbone", ["se_resnet_tiny", "resnet_tiny"])
def test_a_training_step_never_waits_for_the_device(backbone: str) -> None:
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    size = Scale(backbone, 64, 32, 8, 4)
    chosen = settings(size, (4, 5), "cuda", "auto", "recipe.attention.reduced_channels_narrow=64")
    step = ProductStep(chosen, make_batch(size), torch.device("cuda"))
    step()  # the first one sets up libraries, and may wait

    torch.cuda.set_sync_debug_mode("error")
    try:
        step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
