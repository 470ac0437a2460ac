from math import exp
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from reid_cosam.metrics import neighbours, reranking, sparse_weights
from reid_cosam.metrics.reranking import k_reciprocal

# Descriptors on a line: the squared distances can be worked out in the head.
QUERY = torch.tensor([[0.0]])
GALLERY = torch.tensor([[1.0], [4.0], [10.0]])


def _people(seed: int, spread: float, num_queries: int = 13) -> tuple[Tensor, Tensor]:
    """Descriptors around a few centres, as of some people and a crowd."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(12, 8, generator=generator)
    person = torch.randint(12, (60,), generator=generator)
    descriptors = centres[person] + spread * torch.randn(60, 8, generator=generator)
    return descriptors[:num_queries], descriptors[num_queries:]


def _on_a_grid(seed: int, levels: int) -> tuple[Tensor, Tensor]:
    """Descriptors of small integers: most distances are tied, and many descriptors equal."""
    generator = torch.Generator().manual_seed(seed)
    descriptors = torch.randint(levels, (60, 2), generator=generator).float()
    return descriptors[:13], descriptors[13:]


CASES = {
    "people": _people(seed=0, spread=0.6),
    "apart": _people(seed=1, spread=0.05),
    "crowd": _people(seed=2, spread=3.0),
    "single query": _people(seed=3, spread=0.6, num_queries=1),
    "ties": _on_a_grid(seed=4, levels=9),
    "crowds of equals": _on_a_grid(seed=5, levels=2),
}


def _by_the_paper(
    query: Tensor, gallery: Tensor, k1: int, k2: int, lambda_value: float, squared: bool
) -> np.ndarray:
    """Sections 3.2 to 3.5 of the paper with sets, in float64; "more than" 2/3 is the released code's."""
    rows = torch.cat([query, gallery]).double().numpy()
    size = range(len(rows))
    distances = ((rows[:, None] - rows) ** 2).sum(2)
    order = [sorted(size, key=lambda other: (distances[row, other], other)) for row in size]
    distances = distances if squared else np.sqrt(distances)
    distances = distances / distances.max(axis=1, keepdims=True)

    def reciprocal(row: int, k: int) -> set[int]:
        return {other for other in order[row][: k + 1] if row in order[other][: k + 1]}

    weights = np.zeros((len(rows), len(rows)))
    for row in size:
        members = set(own := reciprocal(row, k1))
        for neighbour in own:
            theirs = reciprocal(neighbour, round(k1 / 2))
            if 3 * len(own & theirs) > 2 * len(theirs):
                members |= theirs
        for member in members:
            weights[row, member] = exp(-distances[row, member])
        weights[row] /= weights[row].sum() or 1
    if k2 > 1:
        weights = np.array([weights[order[row][:k2]].mean(axis=0) for row in size])
    shared = np.minimum(weights[: len(query), None], weights[len(query) :]).sum(2)
    jaccard = 1 - shared / (2 - shared)  # weights sum to 1, so the greater ones to 2 less the lesser ones
    expected: np.ndarray = (1 - lambda_value) * jaccard + lambda_value * distances[: len(query), len(query) :]
    return expected


def test_distances_worked_out_by_hand() -> None:
    # 0 and 1 are each other's nearest; 4 has 1, and 10 has 4, for nearest without an answer.
    distances = k_reciprocal(QUERY, GALLERY, k1=1, k2=1, lambda_value=0.3)

    query_weight, gallery_weight = exp(-1 / 100), exp(-1 / 81)  # the largest in their rows: 100 and 81
    shared = gallery_weight / (1 + gallery_weight) + query_weight / (1 + query_weight)
    expected = [0.7 * (1 - shared / (2 - shared)) + 0.3 * 0.01, 0.7 + 0.3 * 0.16, 0.7 + 0.3]
    assert distances.tolist()[0] == pytest.approx(expected, abs=1e-6)


def test_weights_are_averaged_over_the_k2_nearest() -> None:
    distances = k_reciprocal(QUERY, GALLERY, k1=1, k2=2, lambda_value=0.0)

    # 0 and 1 average the same two rows. 4 averages its own, all on itself, with 1's: half is shared with 0.
    assert distances.tolist()[0] == pytest.approx([0, 1 - 0.5 / 1.5, 1], abs=1e-6)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize(("k1", "k2"), [(1, 1), (3, 2), (5, 1), (6, 6), (9, 4), (20, 6), (4, 30), (59, 60)])
@pytest.mark.parametrize("case", CASES)
def test_distances_equal_the_paper_set_by_set(case: str, k1: int, k2: int, squared: bool) -> None:
    query, gallery = CASES[case]

    distances = k_reciprocal(query, gallery, k1, k2, lambda_value=0.3, squared=squared)

    expected = _by_the_paper(query, gallery, k1, k2, lambda_value=0.3, squared=squared)
    np.testing.assert_allclose(distances.numpy(), expected, rtol=0, atol=2e-6)


def test_the_defaults_are_those_of_the_paper_and_its_code() -> None:
    query, gallery = CASES["people"]

    distances = k_reciprocal(query, gallery)

    expected = _by_the_paper(query, gallery, 20, 6, lambda_value=0.3, squared=True)
    np.testing.assert_allclose(distances.numpy(), expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize(("squared", "power"), [(True, 2), (False, 1)])
def test_lambda_1_leaves_the_distances_divided_by_the_largest_of_the_row(squared: bool, power: int) -> None:
    query, gallery = CASES["people"]

    distances = k_reciprocal(query, gallery, lambda_value=1.0, squared=squared)

    original = torch.cdist(query.double(), torch.cat([query, gallery]).double()) ** power
    expected = original[:, len(query) :] / original.amax(1, keepdim=True)
    torch.testing.assert_close(distances, expected.float(), rtol=1e-5, atol=0)


@pytest.mark.parametrize("case", ["ties", "crowds of equals"])
@pytest.mark.parametrize(
    ("module", "constant"),
    [
        (neighbours, "_TILE_ROWS"),
        (sparse_weights, "_BLOCK_ENTRIES"),
        (reranking, "_DESCRIPTOR_ENTRIES"),
        (sparse_weights, "_WEIGHT_PAIRS"),
    ],
)
@pytest.mark.parametrize("value", [1, 7, 150])
def test_what_is_in_hand_at_once_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, case: str, module: ModuleType, constant: str, value: int
) -> None:
    whole = k_reciprocal(*CASES[case], k1=9, k2=4)

    monkeypatch.setattr(module, constant, value)

    assert torch.equal(k_reciprocal(*CASES[case], k1=9, k2=4), whole)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_distances_are_float32(dtype: torch.dtype) -> None:
    distances = k_reciprocal(QUERY.to(dtype), GALLERY.to(dtype), k1=1, k2=1)

    assert distances.dtype == torch.float32
    assert torch.equal(distances, k_reciprocal(QUERY, GALLERY, k1=1, k2=1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k1": 0}, "k1 must be 1 to 3, .* got 0"),
        ({"k1": 4}, "k1 must be 1 to 3, .* got 4"),
        ({"k2": 0}, r"k2 must be 1 \(none averaged\) to 4, .* got 0"),
        ({"k2": 5}, r"k2 must be 1 \(none averaged\) to 4, .* got 5"),
        ({"lambda_value": -0.1}, "lambda_value is the share .*, got -0.1"),
        ({"lambda_value": float("nan")}, "lambda_value is the share .*, got nan"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        k_reciprocal(QUERY, GALLERY, **{"k1": 1, "k2": 1, **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "gallery", "message"),
    [
        (QUERY * float("nan"), GALLERY, "1 of 1 query descriptors are NaN or infinite: check the network"),
        (QUERY, GALLERY / 0, "3 of 3 gallery descriptors are NaN or infinite: check the network"),
        (QUERY[:0], GALLERY, "there are no query descriptors"),
        (QUERY, GALLERY[:0], "there are no gallery descriptors"),
        (QUERY, GALLERY * 0, "the descriptors are all equal or too large to be squared: check the network"),
        (
            QUERY,
            GALLERY * 1e30,
            "the descriptors are all equal or too large to be squared: check the network",
        ),
    ],
)
def test_descriptors_without_a_ranking_are_refused(query: Tensor, gallery: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        k_reciprocal(query, gallery, k1=1, k2=1)


def test_descriptors_of_two_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="query descriptors are 1 wide and gallery descriptors 2: take both"):
        k_reciprocal(QUERY, GALLERY.expand(3, 2), k1=1, k2=1)
