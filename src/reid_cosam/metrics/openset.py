"""Open-set scores: how well a distance tells the same person from different people, with no rank involved.

Two kinds of numbers:

- Of **pairs** of tracklets under different cameras: the ROC curve, its equal error rate (EER), and the true
  positive rate (TPR) at a false positive rate (FPR).
- Of **searches**: the detection and identification rate (DIR) at a false alarm rate (FAR), after P. J.
  Phillips, P. Grother and R. Micheals, "Evaluation Methods in Face Recognition", in: Handbook of Face
  Recognition, Springer, 2005.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int64

from reid_cosam.metrics.rules import Labels, protocol_named
from reid_cosam.pids import JUNK_PID

FALSE_POSITIVE_RATES = (1e-1, 1e-2, 1e-3, 1e-4)
FALSE_ALARM_RATES = (0.001, 0.01, 0.1)
MEASURABLE = 10
"""A rate is measurable where at least so many false alarms are expected among all that were compared."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Distances of queries to a gallery, and which pairs of them are compared.

    Attributes:
        same: pairs that show the same person.
        different: pairs that show different people.
        query_people: number of each query's person, from 0: whom the bootstrap draws.
        gallery_people: number of each gallery tracklet's person.
        num_people: number of all of them.
    """

    distances: Float32[np.ndarray, "q g"]
    same: Bool[np.ndarray, "q g"]
    different: Bool[np.ndarray, "q g"]
    query_people: Int64[np.ndarray, " q"]
    gallery_people: Int64[np.ndarray, " g"]
    num_people: int

    def at(self, rows: Bool[np.ndarray, " q"], columns: Bool[np.ndarray, " g"]) -> "Pairs":
        """The pairs of some of the queries and of the gallery."""
        place = np.ix_(rows, columns)
        return Pairs(
            self.distances[place],
            self.same[place],
            self.different[place],
            self.query_people[rows],
            self.gallery_people[columns],
            self.num_people,
        )


class Searches(NamedTuple):
    """Nearest distances of every query whose person is in the gallery.

    Attributes:
        match: to the query's person, of the tracklets that take a rank.
        stranger: to anybody else: what the query finds once its person is removed from the gallery.
        people: number of each query's person, as in `Pairs`.
    """

    match: Float32[np.ndarray, " q"]
    stranger: Float32[np.ndarray, " q"]
    people: Int64[np.ndarray, " q"]


def compare(
    distances: Float32[np.ndarray, "q g"],
    query: Labels,
    gallery: Labels,
    protocol: str = "released",
    same_set: bool = False,
) -> tuple[Pairs, Searches]:
    """The pairs under different cameras, and the searches, under the rules of a protocol.

    What takes no rank is not compared: the query's person under the query's own camera, and junk. A search
    also meets strangers under the query's camera, as the protocol has it; pairs do not.

    In the bootstrap, a gallery tracklet whose person is never a query counts as a person of its own, as the
    distractors of MARS are, which share one number.

    Args:
        same_set: whether queries and gallery are the same tracklets: each pair is then taken once.
    """
    masks = list(protocol_named(protocol).compared(query, gallery))
    ranked, same_pid = (np.array(part).reshape(distances.shape) for part in zip(*masks, strict=True))
    other_camera = query.camids[:, None] != gallery.camids
    known = (query.pids != JUNK_PID)[:, None] & other_camera & ranked
    people, query_people = np.unique(query.pids, return_inverse=True)
    place = np.searchsorted(people, gallery.pids).clip(max=len(people) - 1)
    queried = people[place] == gallery.pids
    gallery_people = np.where(queried, place, len(people) + np.cumsum(~queried) - 1)
    number = len(people) + int((~queried).sum())
    same, different = known & same_pid, known & ~same_pid
    if same_set:
        same, different = np.triu(same), different & (query_people[:, None] < gallery_people)
    pairs = Pairs(distances, same, different, query_people, gallery_people, number)
    match = np.where(ranked & same_pid, distances, np.inf).min(axis=1)
    stranger = np.where(ranked & ~same_pid, distances, np.inf).min(axis=1)
    valid = np.isfinite(match) & np.isfinite(stranger) & (query.pids != JUNK_PID)
    return pairs, Searches(match[valid], stranger[valid], query_people[valid])


def true_positive_rates(
    same: Float[np.ndarray, " s"], different: Float[np.ndarray, " d"], rates: Sequence[float]
) -> list[float | None]:
    """The largest TPR of any threshold whose FPR does not exceed each rate; None where it is not measurable.

    Example:
        Of ten different pairs, the nearest lies at distance 3; half of the same pairs are nearer:

        >>> true_positive_rates(np.array([1.0, 4.0]), np.arange(3.0, 103.0), [0.1, 0.001])
        [1.0, None]
    """
    ordered, same = np.sort(different), np.sort(same)
    found: list[float | None] = []
    for rate in rates:
        allowed = _count(rate, len(ordered))
        if allowed < MEASURABLE:
            found.append(None)
            continue
        below = np.searchsorted(same, ordered[allowed]) if allowed < len(ordered) else len(same)
        found.append(float(below / len(same)))
    return found


def equal_error_rate(same: Float[np.ndarray, " s"], different: Float[np.ndarray, " d"]) -> float:
    """Where FPR and 1 - TPR are equal, on the straight lines between the points of the ROC curve.

    Example:
        At distance 2, one of two same pairs is missed, and none of two different pairs is taken; at 3, all
        same pairs are found, and one different pair is taken:

        >>> equal_error_rate(np.array([1.0, 3.0]), np.array([2.5, 4.0]))
        0.5
    """
    thresholds = np.unique(np.concatenate([same, different]))
    false = np.searchsorted(np.sort(different), thresholds, side="right") / len(different)
    missed = 1 - np.searchsorted(np.sort(same), thresholds, side="right") / len(same)
    return float(crossing(false[:, None], missed[:, None])[0])


def crossing(false: Float[np.ndarray, "k b"], missed: Float[np.ndarray, "k b"]) -> Float[np.ndarray, " b"]:
    """Equal error rate of each column: `false` rises and `missed` falls with the threshold, to 1 and 0."""
    start = np.zeros((1, false.shape[1]))
    false, missed = np.concatenate([start, false]), np.concatenate([start + 1, missed])
    after = np.argmax(false >= missed, axis=0)
    columns = np.arange(false.shape[1])
    before = false[after - 1, columns] - missed[after - 1, columns]
    rise = false[after, columns] - missed[after, columns] - before
    part = -before / rise
    return np.asarray(false[after - 1, columns] * (1 - part) + false[after, columns] * part)


def identification_rates(
    searches: Searches, rates: Sequence[float] = FALSE_ALARM_RATES
) -> list[float | None]:
    """DIR at FAR: of the queries, the share whose nearest is their person and nearer than the threshold.

    FAR is the share of the same queries that find anybody below the threshold after their person is removed
    from the gallery. The threshold is the largest whose FAR does not exceed the rate. A stranger at the same
    distance as the person counts as nearer. None where the queries are too few to measure the rate.
    """
    return [
        None if rate * len(searches.match) < 1 - 1e-9 else float(one[0])
        for rate, one in zip(rates, weighted_identification(searches, rates, None), strict=True)
    ]


def weighted_identification(
    searches: Searches, rates: Sequence[float], weights: Float[np.ndarray, "b p"] | None
) -> list[Float[np.ndarray, " b"]]:
    """DIR at each FAR, with every query counted as often as each row of `weights` counts its person."""
    order = np.argsort(searches.stranger, kind="stable")
    match, stranger = searches.match[order], searches.stranger[order]
    people = searches.people[order]
    weight = np.ones((1, len(order))) if weights is None else weights[:, people].astype(np.float64)
    total = weight.sum(axis=1)
    # A threshold below a distance lets in nobody at that distance, so equal distances count together.
    first = np.unique(stranger, return_index=True)[1]
    alarms = np.add.reduceat(weight, first, axis=1).cumsum(axis=1)
    right = match < stranger
    found = []
    for rate in rates:
        too_many = alarms > rate * total[:, None] + 1e-9
        limit = np.where(too_many.any(axis=1), stranger[first[too_many.argmax(axis=1)]], np.inf)
        found.append((weight * (right & (match < limit[:, None]))).sum(axis=1) / total)
    return found


def _count(rate: float, number: int) -> int:
    """How many of `number` a rate allows, whatever the rounding of their product."""
    return int(np.floor(rate * number + 1e-9))
