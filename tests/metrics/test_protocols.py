from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torchmetrics.retrieval import RetrievalMAP

from reid_cosam.metrics.protocols import score

GOLDEN = Path(__file__).parents[1] / "data" / "golden"


def _small(**changes: Any) -> dict[str, Any]:
    """One valid query (hits 1, 0, 1) and one whose only match shows the same camera."""
    return {
        "distances": torch.tensor([[0.1, 0.2, 0.3, 0.9], [0.1, 0.2, 0.3, 0.9]]),
        "query_pids": torch.tensor([1, 2]),
        "query_camids": torch.tensor([1, 1]),
        "gallery_pids": torch.tensor([1, 2, 1, 0]),
        "gallery_camids": torch.tensor([2, 1, 3, 1]),
    } | changes


def _random(seed: int) -> dict[str, Any]:
    generator = torch.Generator().manual_seed(seed)

    def ids(high: int, size: int) -> Tensor:
        return torch.randint(high, (size,), generator=generator)

    return {
        "distances": torch.rand(30, 80, generator=generator, dtype=torch.float64),
        "query_pids": ids(9, 30),
        "query_camids": torch.zeros(30, dtype=torch.int64),
        "gallery_pids": ids(7, 80),
        "gallery_camids": torch.ones(80, dtype=torch.int64),
    }


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_golden_distance_matrix(kind: str) -> None:
    golden = np.load(GOLDEN / "layers.npz")
    names = ("distance", "q_pid", "q_cam", "g_pid", "g_cam")
    arrays = [golden[f"eval/{name}"] for name in names]

    scores = score(*(arrays if kind == "numpy" else [torch.from_numpy(array) for array in arrays]))

    assert scores.mean_ap == pytest.approx(float(golden["eval/mAP"]), abs=1e-7)
    np.testing.assert_allclose(scores.cmc, golden["eval/cmc"], rtol=0, atol=1e-7)


def test_hits_1_0_1() -> None:
    step = score(**_small())
    trapezoid = score(**_small(), protocol="official")

    assert step.mean_ap == pytest.approx(0.8333, abs=5e-5)
    assert trapezoid.mean_ap == pytest.approx(0.7917, abs=5e-5)
    assert (step.protocol, trapezoid.protocol) == ("released", "official")


def test_scores_of_each_query() -> None:
    scores = score(**_small())

    assert scores.valid_queries == 1
    assert scores.first_ranks.tolist() == [1, 0]
    assert np.isnan(scores.average_precisions).tolist() == [False, True]


def test_rank_k_agrees_with_the_cmc_curve() -> None:
    scores = score(**_random(0))

    assert [scores.rank(k) for k in range(1, 51)] == pytest.approx(scores.cmc.tolist(), abs=1e-12)
    assert scores.rank(1) < scores.rank(20)


def test_curve_stops_at_the_gallery_size() -> None:
    scores = score(**_small())

    assert scores.cmc.tolist() == [1, 1, 1, 1]
    assert scores.rank(20) == 1


def test_mean_ap_equals_torchmetrics() -> None:
    case = _random(1)
    relevant = case["query_pids"][:, None] == case["gallery_pids"]
    query = torch.arange(30)[:, None].expand_as(relevant)
    oracle = RetrievalMAP(empty_target_action="skip")

    expected = oracle((1 - case["distances"]).flatten(), relevant.flatten(), indexes=query.flatten())

    assert score(**case).mean_ap == pytest.approx(expected.item(), abs=1e-6)
    assert score(**case).valid_queries == int(relevant.any(1).sum()) < 30


def test_float64_differences_below_float32_count() -> None:
    near = torch.tensor([[1 + 1e-12, 1.0]], dtype=torch.float64)
    ids: dict[str, Any] = {
        "query_pids": torch.tensor([1]),
        "query_camids": torch.tensor([1]),
        "gallery_pids": torch.tensor([2, 1]),
        "gallery_camids": torch.tensor([2, 2]),
    }

    assert score(near, **ids).mean_ap == 1
    assert score(near.flip(1), **ids).mean_ap == 0.5


def test_official_skips_junk_and_the_others_refuse_it() -> None:
    plain = _small()
    with_junk = _small(
        distances=torch.cat([torch.zeros(2, 1), plain["distances"]], dim=1),
        gallery_pids=torch.cat([torch.tensor([-1]), plain["gallery_pids"]]),
        gallery_camids=torch.cat([torch.tensor([3]), plain["gallery_camids"]]),
    )

    assert score(**with_junk, protocol="official").mean_ap == score(**plain, protocol="official").mean_ap
    for protocol in ("released", "with_queries"):
        with pytest.raises(ValueError, match=r"1 junk tracklets.*leave junk out"):
            score(**with_junk, protocol=protocol)


def test_identities_may_be_of_any_integer_type() -> None:
    case = _small()
    ids = {key: value.numpy().astype(np.uint16) for key, value in case.items() if key != "distances"}

    assert score(**case | ids).mean_ap == score(**case).mean_ap


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"protocol": "market"}, "unknown protocol 'market'; choose from released, with_queries, official"),
        ({"distances": torch.full((2, 4), torch.nan)}, "8 of 8 distances are NaN or infinite"),
        ({"distances": torch.tensor([[1, 2, -torch.inf, 4]] * 2)}, "2 of 8 distances are NaN or infinite"),
        ({"distances": torch.tensor([[1, 2, torch.nan, torch.inf]] * 2)}, "4 of 8 distances"),
        ({"distances": torch.zeros(2, 4, dtype=torch.float16)}, "float32 or float64, got torch.float16"),
        ({"distances": torch.zeros(4)}, r"\[queries, gallery\], got shape \[4\]"),
        ({"distances": torch.zeros(2, 0)}, "the gallery is empty"),
        ({"distances": torch.zeros(0, 4)}, "there are no queries"),
        ({"distances": torch.zeros(2, 5)}, "gallery_pids must be 5 integers"),
        ({"query_camids": torch.zeros(3, dtype=torch.int64)}, "query_camids must be 2 integers"),
        ({"gallery_pids": torch.zeros(4)}, "gallery_pids must be 4 integers.*float32"),
        ({"query_pids": np.zeros(2)}, "query_pids must be 2 integers.*float64"),
        ({"query_pids": torch.tensor([8, 9])}, "none of the 2 queries has a gallery match"),
    ],
)
def test_bad_input_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score(**_small(**changes))


def test_ranks_start_at_one() -> None:
    with pytest.raises(ValueError, match="ranks start at 1, got 0"):
        score(**_small()).rank(0)
