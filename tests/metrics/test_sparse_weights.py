import pytest
import torch
from torch import Tensor

from reid_cosam.metrics import sparse_weights
from reid_cosam.metrics.sparse_weights import mean_weights, row_blocks, shared_weights, sparse

# A row of three weights, one without any, one of a single weight.
DENSE = torch.tensor([[0.0, 0.5, 0.25, 0.25], [0.0] * 4, [0.0, 0.0, 0.0, 1.0], [0.5, 0.0, 0.0, 0.5]])


def _dense(num_rows: int) -> Tensor:
    """Multiples of 1/8, about two thirds of them 0: sums are exact in any order."""
    generator = torch.Generator().manual_seed(0)
    return (torch.randint(-12, 8, (num_rows, num_rows), generator=generator) / 8).clamp(min=0)


def test_only_weights_above_0_are_kept_in_the_order_of_rows_and_columns() -> None:
    weights = sparse([DENSE[:3], DENSE[3:]])

    assert weights.starts.tolist() == [0, 3, 3, 4]
    assert weights.counts.tolist() == [3, 0, 1, 2]
    assert weights.columns.tolist() == [1, 2, 3, 3, 0, 3]
    assert weights.values.tolist() == [0.5, 0.25, 0.25, 1.0, 0.5, 0.5]


@pytest.mark.parametrize(("entries", "starts"), [(1, [0, 1, 2, 3]), (8, [0, 2]), (13, [0, 3]), (16, [0])])
def test_blocks_of_whole_rows(monkeypatch: pytest.MonkeyPatch, entries: int, starts: list[int]) -> None:
    monkeypatch.setattr(sparse_weights, "_BLOCK_ENTRIES", entries)

    blocks = row_blocks(4)

    assert [block.start for block in blocks] == starts
    assert torch.equal(torch.cat([DENSE[block] for block in blocks]), DENSE)


def test_the_mean_over_nearest_rows_is_that_of_the_whole_table() -> None:
    dense = _dense(40)
    nearest = torch.stack(
        [torch.randperm(40, generator=torch.Generator().manual_seed(i))[:4] for i in range(40)]
    )

    mean = mean_weights(sparse([dense]), nearest)

    expected = sparse([dense[nearest].mean(1)])
    assert all(torch.equal(one, other) for one, other in zip(mean, expected, strict=True))


def test_two_rows_share_the_lesser_of_their_weights() -> None:
    shared = shared_weights(sparse([DENSE]), num_queries=2)

    assert shared.tolist() == [[0.25, 0.25], [0, 0]]


@pytest.mark.parametrize("pairs", [1, 30, 2**21])
def test_what_rows_share_is_that_of_the_whole_table(monkeypatch: pytest.MonkeyPatch, pairs: int) -> None:
    dense = _dense(40)
    monkeypatch.setattr(sparse_weights, "_WEIGHT_PAIRS", pairs)

    shared = shared_weights(sparse([dense]), num_queries=11)

    assert torch.equal(shared, torch.minimum(dense[:11, None], dense[11:]).sum(2))
