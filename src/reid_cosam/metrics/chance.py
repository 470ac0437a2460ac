"""What a ranking by chance would score: the floor under every figure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int64
from scipy.special import gammaln


class Chance(NamedTuple):
    """Expected scores of a uniformly random ranking, as fractions of 1; `ranks` holds R-k by k."""

    mean_ap: float
    ranks: dict[int, float]


def expected_by_chance(
    query_pids: Int64[np.ndarray, " q"],
    query_camids: Int64[np.ndarray, " q"],
    gallery_pids: Int64[np.ndarray, " g"],
    gallery_camids: Int64[np.ndarray, " g"],
    ks: Sequence[int],
) -> Chance:
    """Exact expectation under the `released` protocol.

    With m matches among n gallery tracklets, E[AP] = (H_n + (n - H_n)(m - 1)/(n - 1)) / n, where H_n is the
    n-th harmonic number, and P(no match within k) = C(n - m, k) / C(n, k).
    """
    same_pid = gallery_pids[None] == query_pids[:, None]
    same_camid = gallery_camids[None] == query_camids[:, None]
    matches = (same_pid & ~same_camid).sum(axis=1)
    size = len(gallery_pids) - (same_pid & same_camid).sum(axis=1)
    valid = matches > 0
    n, m = size[valid].astype(np.float64), matches[valid].astype(np.float64)
    harmonic = np.cumsum(1 / np.arange(1, len(gallery_pids) + 1))[size[valid] - 1]
    average_precision = (harmonic + (n - harmonic) * (m - 1) / np.maximum(n - 1, 1)) / n
    ranks = {k: float(np.mean(1 - _miss(n, m, k))) for k in ks}
    return Chance(float(average_precision.mean()), ranks)


def _miss(n: Float[np.ndarray, " q"], m: Float[np.ndarray, " q"], k: int) -> Float[np.ndarray, " q"]:
    """C(n - m, k) / C(n, k), by logarithms; 0 where fewer than k + m are there."""
    possible = n - m >= k
    free = np.where(possible, n - m - k, 0)
    log = gammaln(n - m + 1) - gammaln(free + 1) + gammaln(np.maximum(n - k, 0) + 1) - gammaln(n + 1)
    return np.where(possible, np.exp(log), 0.0)
