"""Which tracklets to look at: those that are named, or some drawn at random."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from reid_cosam.data.tracklet import Tracklet

_NAMED = 5  # tracklets in a message


def named(tracklets: Sequence[Tracklet], root: Path, names: Sequence[str]) -> list[Tracklet]:
    """One tracklet a name: that whose first frame's path below `root` holds the name.

    Raises:
        ValueError: no tracklet or more than one has such a path.
    """
    paths = [one.first_frame(root) for one in tracklets]
    return [_named(tracklets, paths, name) for name in names]


def _named(tracklets: Sequence[Tracklet], paths: Sequence[str], name: str) -> Tracklet:
    places = [place for place, path in enumerate(paths) if name in path]
    if len(places) == 1:
        return tracklets[places[0]]
    if places:
        raise ValueError(f"tracklet={name} occurs in {_listed([paths[place] for place in places])}: name one")
    raise ValueError(
        f"tracklet={name} occurs in no path of a first frame in the test set: {_listed(paths)}; "
        "queries.csv of a run and tracklets.csv beside descriptors list them all"
    )


def drawn(
    tracklets: Sequence[Tracklet], pids: Collection[int] | None, number: int, seed: int
) -> list[Tracklet]:
    """At most `number` different tracklets of these people (None: of all), in the order of the data set.

    Raises:
        ValueError: there is no tracklet of one of these people.
    """
    missing = set(pids or ()) - {one.pid for one in tracklets}
    if missing:
        there = sorted({one.pid for one in tracklets})
        raise ValueError(
            f"pid={min(missing)} has no tracklet in this part (part=query, part=gallery); it has "
            f"{len(there)} people, numbered as in the data set from {there[0]} to {there[-1]}"
        )
    found = [one for one in tracklets if pids is None or one.pid in pids]
    places = np.random.default_rng(seed).choice(len(found), min(number, len(found)), replace=False)
    return [found[place] for place in np.sort(places)]


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more
