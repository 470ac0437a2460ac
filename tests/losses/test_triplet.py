import re
from pathlib import Path

import numpy as np
import pytest
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor

from reid_cosam.losses.triplet import batch_hard_triplet_loss

GOLDEN = Path(__file__).parents[1] / "data" / "golden" / "layers.npz"


def _batch(seed: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    descriptors = torch.randn(12, 6, generator=generator, dtype=dtype)
    return descriptors, torch.arange(12) % 4


def test_golden_batch() -> None:
    golden = np.load(GOLDEN)
    descriptors = torch.from_numpy(golden["loss/descriptors"])

    loss = batch_hard_triplet_loss(descriptors, torch.from_numpy(golden["loss/pids"]), margin=0.3)

    assert loss.item() == pytest.approx(float(golden["loss/triplet_margin_0.3"]), rel=1e-6)


def test_loss_worked_out_by_hand() -> None:
    # On a line: person 1 at 0 and 2, person 2 at 3 and 7.
    descriptors = torch.tensor([[0.0], [2.0], [3.0], [7.0]])

    loss = batch_hard_triplet_loss(descriptors, torch.tensor([1, 1, 2, 2]), margin=0.5)

    # Anchors: 2 - 3 < -m, 2 - 1, 4 - 1, 4 - 5 < -m; the first and last give 0.
    assert loss.item() == pytest.approx((0 + 1.5 + 3.5 + 0) / 4)


def test_an_anchor_alone_is_its_own_positive() -> None:
    loss = batch_hard_triplet_loss(torch.tensor([[0.0], [0.2]]), torch.tensor([1, 2]), margin=0.5)

    assert loss.item() == pytest.approx(0.5 - 0.2)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("margin", [0.0, 0.3, 2.0])
def test_value_and_gradient_equal_pytorch_metric_learning(seed: int, margin: float) -> None:
    descriptors, pids = _batch(seed)
    ours, theirs = descriptors.clone().requires_grad_(), descriptors.clone().requires_grad_()
    distance = LpDistance(normalize_embeddings=False)
    oracle = TripletMarginLoss(margin, distance=distance, reducer=MeanReducer())

    loss = batch_hard_triplet_loss(ours, pids, margin)
    expected = oracle(theirs, pids, BatchHardMiner(distance=distance)(theirs, pids))
    loss.backward()
    expected.backward()

    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-6)


def test_gradient_equals_finite_differences() -> None:
    descriptors, pids = _batch(3, torch.float64)

    assert torch.autograd.gradcheck(
        lambda values: batch_hard_triplet_loss(values, pids, 0.3), descriptors.requires_grad_()
    )


def test_identical_descriptors_have_finite_gradients() -> None:
    descriptors = torch.ones(6, 4, requires_grad=True)

    loss = batch_hard_triplet_loss(descriptors, torch.arange(6) % 2, margin=0.3)
    loss.backward()

    assert loss.item() == pytest.approx(0.3)
    assert descriptors.grad is not None
    assert bool(torch.isfinite(descriptors.grad).all())


def test_near_duplicates_keep_their_distance() -> None:
    # Steps of 2^-10 beside 32 are exact in float32, but vanish in |a|² - 2ab + |b|².
    descriptors = torch.full((3, 512), 32.0) + torch.tensor([[0.0], [1.0], [3.0]]) / 1024
    step = 512**0.5 / 1024

    loss = batch_hard_triplet_loss(descriptors, torch.tensor([1, 1, 2]), margin=0.1)

    assert loss.item() == pytest.approx(0.1 + step * ((1 - 3) + (1 - 2) + (0 - 2)) / 3, rel=1e-5)


def test_half_precision_and_autocast_compute_in_float32() -> None:
    descriptors, pids = _batch(0, torch.bfloat16)
    expected = batch_hard_triplet_loss(descriptors.float(), pids, 0.3)

    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = batch_hard_triplet_loss(descriptors, pids, 0.3)

    assert loss.dtype == torch.float32
    assert loss.item() == expected.item()


def test_a_batch_of_one_identity_is_named() -> None:
    with pytest.raises(ValueError, match=r"two identities in the batch, found only \[41\]"):
        batch_hard_triplet_loss(torch.zeros(3, 2), torch.tensor([41, 41, 41]), 0.3)


@pytest.mark.usefixtures("unchecked_types")
@pytest.mark.parametrize(("shape", "identities"), [((4,), 4), ((4, 2), 3), ((2, 2, 2), 2)])
def test_tensors_of_other_shapes_are_named(shape: tuple[int, ...], identities: int) -> None:
    with pytest.raises(ValueError, match=r"\[b, d\].*" + re.escape(str(list(shape)))):
        batch_hard_triplet_loss(torch.zeros(shape), torch.arange(identities), 0.3)


@pytest.mark.usefixtures("unchecked_types")
def test_what_is_no_tensor_is_named() -> None:
    with pytest.raises(TypeError, match="must be tensors, got list and Tensor"):
        batch_hard_triplet_loss([[0.0], [1.0]], torch.tensor([1, 2]), 0.3)  # type: ignore[arg-type]
