"""What a ranking by chance would score: the floor under every figure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.special import gammaln

from reid_cosam.metrics.rules import PROTOCOLS, Labels


class Chance(NamedTuple):
    """Expected scores of a uniformly random ranking, as fractions of 1; `ranks` holds R-k by k."""

    mean_ap: float
    ranks: dict[int, float]


def expected_by_chance(
    query: Labels, gallery: Labels, ks: Sequence[int], protocol: str = "released"
) -> Chance:
    """Exact expectation under a protocol with step AP.

    With m matches among n gallery tracklets that take a rank, E[AP] = (H_n + (n - H_n)(m - 1)/(n - 1)) / n,
    where H_n is the n-th harmonic number, and P(no match within k) = C(n - m, k) / C(n, k).
    """
    compared = PROTOCOLS[protocol].compared(query, gallery)
    counts = [(ranked.sum(), (ranked & same_pid).sum()) for ranked, same_pid in compared]
    size, matches = np.array(counts).T
    valid = matches > 0
    n, m = size[valid].astype(np.float64), matches[valid].astype(np.float64)
    harmonic = np.cumsum(1 / np.arange(1, len(gallery.pids) + 1))[size[valid] - 1]
    average_precision = (harmonic + (n - harmonic) * (m - 1) / np.maximum(n - 1, 1)) / n
    ranks = {k: float(np.mean(1 - _miss(n, m, k))) for k in ks}
    return Chance(float(average_precision.mean()), ranks)


def _miss(n: Float[np.ndarray, " q"], m: Float[np.ndarray, " q"], k: int) -> Float[np.ndarray, " q"]:
    """C(n - m, k) / C(n, k), by logarithms; 0 where fewer than k + m are there."""
    possible = n - m >= k
    free = np.where(possible, n - m - k, 0)
    log = gammaln(n - m + 1) - gammaln(free + 1) + gammaln(np.maximum(n - k, 0) + 1) - gammaln(n + 1)
    return np.where(possible, np.exp(log), 0.0)
