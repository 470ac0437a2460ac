from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from reid_cosam.metrics.ranking import match_ranks, step_average_precision, trapezoid_average_precision
from reid_cosam.metrics.rules import PROTOCOLS, Labels
from reid_cosam.pids import JUNK_PID


def _ids(*values: int) -> Tensor:
    return torch.tensor(values)


def _random_case(seed: int, levels: int) -> tuple[Tensor, ...]:
    """Distances drawn from a few levels, so that most of them are tied."""
    generator = torch.Generator().manual_seed(seed)

    def draw(high: int, *shape: int) -> Tensor:
        return torch.randint(high, shape, generator=generator)

    distances = draw(levels, 23, 61).double() / levels
    return distances, draw(6, 23), draw(3, 23), draw(6, 61), draw(3, 61), draw(10, 61) == 0


def _ranks(
    distances: Tensor, q_pids: Tensor, q_camids: Tensor, g_pids: Tensor, g_camids: Tensor, skipped: Tensor
) -> Tensor:
    """The ranks where `skipped` entries are junk."""
    pids = torch.where(skipped, JUNK_PID, g_pids)
    query, gallery = Labels(q_pids.numpy(), q_camids.numpy()), Labels(pids.numpy(), g_camids.numpy())
    return match_ranks(distances, PROTOCOLS["official"].compared(query, gallery))


def _ranks_by_loop(
    distances: Tensor, q_pids: Tensor, q_camids: Tensor, g_pids: Tensor, g_camids: Tensor, skipped: Tensor
) -> list[list[int]]:
    rows = []
    for row, pid, camid in zip(distances.tolist(), q_pids.tolist(), q_camids.tolist(), strict=True):
        rank, ranks = 0, []
        for entry in sorted(range(len(row)), key=lambda index: (row[index], index)):
            if skipped[entry] or (g_pids[entry] == pid and g_camids[entry] == camid):
                continue
            rank += 1
            if g_pids[entry] == pid:
                ranks.append(rank)
        rows.append(ranks)
    return rows


def test_ranks_worked_out_by_hand() -> None:
    # By distance: the query's own camera (removed), a stranger, a match, a skipped entry, a match.
    distances = torch.tensor([[0.4, 0.1, 0.9, 0.3, 0.5]])

    ranks = _ranks(
        distances, _ids(7), _ids(1), _ids(7, 7, 7, 2, 2), _ids(2, 1, 3, 1, 1), _ids(0, 0, 0, 0, 1) == 1
    )

    assert ranks.tolist() == [[2, 3]]


def test_equal_distances_rank_in_gallery_order() -> None:
    none = torch.zeros(40, dtype=torch.bool)
    pids = torch.arange(40) % 4

    ranks = _ranks(torch.ones(1, 40), _ids(3), _ids(9), pids, torch.zeros_like(pids), none)

    assert ranks.tolist() == [list(range(4, 41, 4))]


@pytest.mark.parametrize("levels", [1, 4, 10_000])
def test_ranks_equal_a_loop_over_each_query(levels: int) -> None:
    case = _random_case(seed=levels, levels=levels)

    ranks = _ranks(*case)

    assert [[rank for rank in row if rank] for row in ranks.tolist()] == _ranks_by_loop(*case)
    # The padding stands behind the matches, and no column is padding alone.
    assert all(row == sorted(row, key=lambda rank: rank or 10**6) for row in ranks.tolist())
    assert bool((ranks > 0).any(0).all())


def test_a_query_without_match_has_no_ranks() -> None:
    ranks = _ranks(
        torch.tensor([[0.1, 0.2], [0.1, 0.2]]),
        _ids(5, 1),
        _ids(1, 1),
        _ids(1, 2),
        _ids(2, 2),
        _ids(0, 0) == 1,
    )

    assert ranks.tolist() == [[0], [1]]


def test_average_precisions_of_hits_1_0_1() -> None:
    ranks = torch.tensor([[1, 3]])

    assert step_average_precision(ranks).item() == pytest.approx((1 + 2 / 3) / 2, abs=1e-12)
    assert trapezoid_average_precision(ranks).item() == pytest.approx(
        (1 + (2 / 3 + 1 / 2) / 2) / 2, abs=1e-12
    )


def test_trapezoid_equals_the_area_summed_rank_by_rank() -> None:
    hits = [0, 1, 1, 0, 0, 1, 0]
    area, found, recall, precision = 0.0, 0, 0.0, 1.0
    for position, hit in enumerate(hits, start=1):
        found += hit
        area += (found / 3 - recall) * (precision + found / position) / 2
        recall, precision = found / 3, found / position

    assert trapezoid_average_precision(torch.tensor([[2, 3, 6]])).item() == pytest.approx(area, abs=1e-12)


@pytest.mark.parametrize("average_precision", [step_average_precision, trapezoid_average_precision])
def test_padding_counts_for_nothing(average_precision: Callable[[Tensor], Tensor]) -> None:
    values = average_precision(torch.tensor([[1, 3, 0, 0], [2, 3, 4, 9], [0, 0, 0, 0]])).numpy()

    alone = average_precision(torch.tensor([[1, 3]])).item()
    assert values[0] == pytest.approx(alone, abs=1e-12)
    assert np.isnan(values).tolist() == [False, False, True]
