import pytest
import torch
from torch import Tensor

from reid_cosam.metrics import neighbours
from reid_cosam.metrics.neighbours import rank_neighbours

# Descriptors on a line, the first two of queries.
LINE = torch.tensor([[0.0], [3.0], [1.0], [7.0]])


def _by_sorting(rows: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """All squared distances, and by a stable sort of each row the `k` nearest."""
    distances = (rows[:, None] - rows).square().sum(2)
    return distances, distances.argsort(dim=1, stable=True)[:, :k]


def test_neighbours_on_a_line() -> None:
    distances, largest, nearest = rank_neighbours(LINE, num_queries=2, k=3)

    assert distances.tolist() == [[1, 49], [4, 16]]
    assert largest.tolist() == [49, 16, 36, 49]
    assert nearest.tolist() == [[0, 2, 1], [1, 2, 0], [2, 0, 1], [3, 1, 2]]


@pytest.mark.parametrize("tile", [1, 7, 60, 2048])
@pytest.mark.parametrize("k", [1, 5, 60])
def test_equal_distances_rank_in_the_order_of_the_rows(
    monkeypatch: pytest.MonkeyPatch, tile: int, k: int
) -> None:
    rows = torch.randint(5, (60, 2), generator=torch.Generator().manual_seed(0)).float()
    monkeypatch.setattr(neighbours, "_TILE_ROWS", tile)

    distances, largest, nearest = rank_neighbours(rows, num_queries=13, k=k)

    expected, order = _by_sorting(rows, k)
    assert torch.equal(distances, expected[:13, 13:])
    assert torch.equal(largest, expected.amax(1))
    assert torch.equal(nearest, order)


def test_equal_rows_are_at_no_distance_whatever_their_length() -> None:
    # |q|² - 2qg + |g|² of two equal rows is rounding, which would rank one of them before the other.
    equal = 1000 + torch.randn(1, 301, generator=torch.Generator().manual_seed(0)).expand(40, -1)
    rows = torch.cat([equal, torch.zeros(1, 301)])

    distances, _, nearest = rank_neighbours(rows, num_queries=7, k=40)

    assert distances[:, :-1].unique().tolist() == [0]
    assert (distances[:, -1] > 0).all()
    assert torch.equal(nearest[:-1], torch.arange(40).expand(40, -1))


def test_rows_that_are_all_equal_have_no_ranking() -> None:
    with pytest.raises(ValueError, match="the descriptors are all equal or too large to be squared"):
        rank_neighbours(torch.ones(3, 2), num_queries=1, k=2)
