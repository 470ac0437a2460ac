"""The nearest rows are those of a full sort, by torch and by faiss, equal distances by row."""

import builtins
import logging
from collections.abc import Mapping, Sequence

import pytest
import torch
from torch import Tensor

from reid_cosam.galleries import neighbours
from reid_cosam.galleries.neighbours import NearestRows


def by_sorting(queries: Tensor, rows: Tensor, k: int) -> tuple[Tensor, Tensor]:
    differences = queries.double()[:, None] - rows.double()
    distances, order = differences.square().sum(2).sqrt().sort(dim=1, stable=True)
    return distances[:, :k], order[:, :k]


def few_distances() -> tuple[Tensor, Tensor]:
    """Whole numbers, so that many distances are equal; half of the rows occur twice."""
    torch.manual_seed(3)
    rows = torch.randn(400, 6).round()
    return torch.randn(20, 6).round(), torch.cat([rows, rows[:200]])


@pytest.mark.parametrize("faiss", [False, True])
@pytest.mark.parametrize("count", [3, 20])  # one by one through the index, and many by one product
def test_they_are_those_of_a_full_sort(faiss: bool, count: int) -> None:
    queries, rows = few_distances()
    distances, found = NearestRows(rows, faiss=faiss).nearest(queries[:count], 15)
    expected = by_sorting(queries[:count], rows, 15)
    assert torch.equal(found, expected[1])
    torch.testing.assert_close(distances, expected[0])


@pytest.mark.parametrize("faiss", [False, True])
def test_more_equal_rows_than_candidates_come_in_their_order(faiss: bool) -> None:
    rows = torch.cat([torch.full((700, 4), 1e5), torch.zeros(10, 4)])  # more than float16 holds
    distances, found = NearestRows(rows, faiss=faiss).nearest(rows[:2], 5)
    assert found.tolist() == [[0, 1, 2, 3, 4]] * 2
    assert (distances == 0).all()


@pytest.mark.parametrize("faiss", [False, True])
def test_differences_below_float32_products_are_ranked(faiss: bool) -> None:
    """|q|² - 2qg + |g|² in float32 makes one distance of all these, and so does float16."""
    torch.manual_seed(0)
    rows = 1000 + torch.rand(500, 3) / 64
    distances, found = NearestRows(rows, faiss=faiss).nearest(rows[:3], 7)
    expected = by_sorting(rows[:3], rows, 7)
    assert torch.equal(found, expected[1])
    torch.testing.assert_close(distances, expected[0])


def test_cosine_is_half_the_squared_distance_at_unit_length() -> None:
    rows = torch.tensor([[0.0, 5.0], [3.0, 3.0], [2.0, 0.0], [-1.0, 0.0]])
    distances, found = NearestRows(rows, "cosine").nearest(torch.tensor([[7.0, 0.0]]), 9)
    assert found.tolist() == [[2, 1, 0, 3]]
    torch.testing.assert_close(distances, torch.tensor([[0, 1 - 0.5**0.5, 1, 2]], dtype=torch.float64))


def test_queries_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="3 numbers, the descriptors of the gallery 2"):
        NearestRows(torch.zeros(4, 2)).nearest(torch.zeros(1, 3), 1)


def test_without_faiss_the_order_is_the_same_and_its_name_is_given(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    usual = builtins.__import__

    def without(
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> object:
        if name == "faiss":
            raise ImportError(name)
        return usual(name, globals, locals, fromlist, level)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(neighbours, "FAISS_FROM", 100)
    queries, rows = few_distances()
    with caplog.at_level(logging.WARNING):
        found = NearestRows(rows).nearest(queries, 4)[1]
    assert torch.equal(found, by_sorting(queries, rows, 4)[1])
    assert "pip install 'reid-cosam[faiss]'" in caplog.text
    with pytest.raises(ImportError, match=r"reid-cosam\[faiss\]"):
        NearestRows(rows, faiss=True)
