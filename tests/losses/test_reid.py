from pathlib import Path

import numpy as np
import pytest
import torch

from reid_cosam.losses.reid import ReidLoss
from reid_cosam.losses.triplet import batch_hard_triplet_loss

GOLDEN = np.load(Path(__file__).parents[1] / "data" / "golden" / "layers.npz")
DESCRIPTORS, LOGITS, PIDS = (
    torch.from_numpy(GOLDEN[f"loss/{name}"]) for name in ("descriptors", "logits", "pids")
)
SMOOTHED = float(GOLDEN["loss/cross_entropy_smooth_0.1"])
TRIPLET = float(GOLDEN["loss/triplet_margin_0.3"])


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_golden_terms(weight: float) -> None:
    terms = ReidLoss(margin=0.3, triplet_weight=weight, label_smoothing=0.1)(DESCRIPTORS, LOGITS, PIDS)

    assert terms.cross_entropy.item() == pytest.approx(SMOOTHED, rel=1e-6)
    assert terms.triplet.item() == pytest.approx(TRIPLET, rel=1e-6)
    assert terms.total.item() == pytest.approx(SMOOTHED + weight * TRIPLET, rel=1e-6)


def test_plain_cross_entropy_is_a_mean_of_log_probabilities() -> None:
    terms = ReidLoss(margin=0.3, triplet_weight=1.0, label_smoothing=0.0)(DESCRIPTORS, LOGITS, PIDS)

    probabilities = LOGITS.double().softmax(1)[torch.arange(len(PIDS)), PIDS]
    assert terms.cross_entropy.item() == pytest.approx(-probabilities.log().mean().item(), rel=1e-6)


def test_margin_reaches_the_triplet_term() -> None:
    terms = ReidLoss(margin=5.0, triplet_weight=1.0, label_smoothing=0.0)(DESCRIPTORS, LOGITS, PIDS)

    assert terms.triplet.item() == batch_hard_triplet_loss(DESCRIPTORS, PIDS, 5.0).item() > TRIPLET


def test_half_precision_and_autocast_compute_in_float32() -> None:
    loss = ReidLoss(margin=0.3, triplet_weight=1.0, label_smoothing=0.1)
    descriptors, logits = DESCRIPTORS.bfloat16(), LOGITS.bfloat16()

    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = loss(descriptors, logits, PIDS)

    assert all(term.dtype == torch.float32 for term in inside)
    assert inside.total.item() == loss(descriptors.float(), logits.float(), PIDS).total.item()


def test_both_terms_reach_the_gradient() -> None:
    descriptors, logits = DESCRIPTORS.clone().requires_grad_(), LOGITS.clone().requires_grad_()

    ReidLoss(margin=0.3, triplet_weight=2.0, label_smoothing=0.1)(descriptors, logits, PIDS).total.backward()

    assert descriptors.grad is not None
    assert logits.grad is not None
    assert float(descriptors.grad.norm()) > 0
    assert float(logits.grad.norm()) > 0
