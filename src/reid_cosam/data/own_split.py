"""Splits a data set that comes without: people into trained and tested, these into queries and gallery."""

from collections.abc import Iterable, Sequence

import numpy as np

from reid_cosam.data.tracklet import Tracklet

HALVES = (
    "people, sorted and then permuted by numpy.random.default_rng(split), are trained on if they are in the "
    "first half (rounded up), and tested otherwise"
)
QUERIES = (
    "of each tested person one camera is drawn, all of whose tracklets are in the gallery; in each other "
    "camera the first tracklet is a query and the rest is in the gallery; who was seen by one camera only is "
    "in the gallery without a query"
)


def trained_people(pids: Iterable[int], split: int) -> frozenset[int]:
    """Who is trained on in a seeded split, by the rule `HALVES`.

    >>> sorted(trained_people(range(1, 6), split=0))
    [1, 3, 4]
    """
    people = sorted(set(pids))
    order = np.random.default_rng(split).permutation(people)
    return frozenset(order[: -(-len(people) // 2)].tolist())


def queries_and_gallery(
    tested: Sequence[Tracklet], split: int
) -> tuple[tuple[Tracklet, ...], tuple[Tracklet, ...]]:
    """Queries and gallery of the tested tracklets, by the rule `QUERIES`; both keep the order of `tested`.

    The camera of a person is drawn by `[split, 1, pid]` alone: other people have no influence on it.
    Distractors (pid 0) are in the gallery.
    """
    cameras: dict[int, set[int]] = {}
    for one in tested:
        cameras.setdefault(one.pid, set()).add(one.camid)
    in_gallery = {
        (pid, int(np.random.default_rng([split, 1, pid]).choice(sorted(seen_by))))
        for pid, seen_by in cameras.items()
        if pid > 0
    }
    query: list[Tracklet] = []
    gallery: list[Tracklet] = []
    seen = in_gallery
    for one in tested:
        place = (one.pid, one.camid)
        (gallery if one.pid <= 0 or place in seen else query).append(one)
        seen.add(place)
    return tuple(query), tuple(gallery)
