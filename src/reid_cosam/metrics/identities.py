"""How well found identities agree with people, over tracklets."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int64
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array


class IdentityScores(NamedTuple):
    """From 0 to 1. Of pairs: `precision` of those in one identity, `recall` of those of one person."""

    idf1: float
    precision: float
    recall: float
    f1: float


def identity_scores(identities: Int64[np.ndarray, " n"], people: Int64[np.ndarray, " n"]) -> IdentityScores:
    """IDF1 and the scores of pairs, each tracklet counted once, however long it is.

    IDF1 (Ristani et al., ECCV 2016 workshops) is the share of tracklets in the identity that is assigned to
    their person, at the best assignment of identities to people one to one. A precision or recall of no pairs
    is 1: nothing was wrong.

    Args:
        identities: found, any numbers.
        people: the truth, any numbers.

    Raises:
        ValueError: there are no tracklets.
    """
    if not len(identities):
        raise ValueError("there are no tracklets to score")
    found, truth = (np.unique(one, return_inverse=True)[1] for one in (identities, people))
    both = coo_array((np.ones(len(found), dtype=np.int64), (found, truth))).toarray()
    matched = both[linear_sum_assignment(both, maximize=True)].sum()
    common, linked, same = (_pairs(counts) for counts in (both, both.sum(axis=1), both.sum(axis=0)))
    precision = common / linked if linked else 1.0
    recall = common / same if same else 1.0
    f1 = 2 * common / (linked + same) if linked + same else 1.0
    return IdentityScores(float(matched / len(found)), precision, recall, f1)


def _pairs(counts: Int64[np.ndarray, "..."]) -> int:
    return int((counts * (counts - 1) // 2).sum())
