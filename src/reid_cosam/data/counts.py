"""Counts what the splits of a data set contain, and compares that with the published numbers."""

from collections.abc import Iterable, Mapping

import pandas as pd

from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.words import number_of

# What recipes, re-ranking and tables of scores take by default.
_BATCH, _K1, _RANKS = 8, 20, (5, 10, 20)
_FEW_QUERIES = 100  # with fewer, one query is worth more than a point of R1
_SHORT = (4, 8)  # usual numbers of frames in a snippet: a shorter tracklet repeats its own


def count(splits: ReidSplits) -> dict[str, int]:
    """Count tracklets, identities, frames, cameras and outfits, which are those of a person.

    Distractors are of two kinds: tracklets of pid 0 (MARS), and test identities without a query (those that
    DukeMTMC-VideoReID calls so).
    Lengths are in frames, over all parts, junk included.
    """
    test = (*splits.query, *splits.gallery, *splits.junk)
    everything = (*splits.train, *test)
    queried = {t.pid for t in splits.query}
    tested = {t.pid for t in test if t.pid > 0}
    trained = {t.pid for t in splits.train}
    return {
        "train tracklets": len(splits.train),
        "train identities": len(trained),
        "train frames": sum(map(len, splits.train)),
        "test tracklets": len(test),
        "test identities": len(tested),
        "test frames": sum(map(len, test)),
        "queries": len(splits.query),
        "query identities": len(queried),
        "gallery tracklets": len(splits.gallery),
        "distractor tracklets": sum(t.pid == 0 for t in splits.gallery),
        "identities without a query": len(tested - queried),
        "junk tracklets": len(splits.junk),
        "train outfits": _outfits(splits.train),
        "test outfits": _outfits(test),
        "tracklets": len(everything),
        "identities": len(trained | tested | queried),
        "cameras": len({t.camid for t in everything}),
        "frames": sum(map(len, everything)),
        "shortest tracklet": min(map(len, everything), default=0),
        "longest tracklet": max(map(len, everything), default=0),
    }


def _outfits(tracklets: Iterable[Tracklet]) -> int:
    return len({(t.pid, t.clothes) for t in tracklets if t.clothes is not None})


def check_counts(splits: ReidSplits, expected: Mapping[str, int], what: str) -> None:
    """Raise ValueError unless `count` finds what is expected of the data set `what`."""
    found = count(splits)
    wrong = [
        f"{name}: expected {number}, found {found[name]}"
        for name, number in expected.items()
        if found[name] != number
    ]
    if wrong:
        raise ValueError(f"this is not a complete copy of {what}: " + "; ".join(wrong))


def sizes(splits: ReidSplits) -> pd.DataFrame:
    """One row per part that is not empty: identities (without distractors and junk), tracklets, frames,
    cameras, and the lengths of tracklets in frames, with the number of those shorter than usual snippets."""
    rows = [
        (part, one.pid if one.pid > 0 else None, one.camid, len(one))
        for part, tracklets in splits.parts().items()
        for one in tracklets
    ]
    table = pd.DataFrame(rows, columns=["part", "pid", "camid", "length"])
    table = table.assign(**{f"<{limit}": table["length"] < limit for limit in _SHORT})
    by_part = table.groupby("part", sort=False)
    lengths = by_part["length"]
    columns = {
        "ids": by_part["pid"].nunique(),
        "tracklets": by_part.size(),
        "frames": lengths.sum(),
        "cams": by_part["camid"].nunique(),
        "min": lengths.min(),
        "median": lengths.median(),
        "max": lengths.max(),
        **{f"<{limit}": by_part[f"<{limit}"].sum() for limit in _SHORT},
    }
    return pd.DataFrame(columns)


def too_small_for(splits: ReidSplits) -> tuple[str, ...]:
    """One sentence for each default that a small data set is too small for, with what to do about it."""
    identities = len({one.pid for one in splits.train})
    queries, gallery = len(splits.query), len(splits.gallery)
    tested = queries + gallery
    ranks = ", ".join(f"R{rank}" for rank in _RANKS if rank >= gallery)
    fitting = f"recipe.sampling.identities={identities} fits" if identities > 1 else "it takes two"
    worth = 100 / max(queries, 1)
    remarks = (
        (
            0 < identities < _BATCH,
            f"{number_of(identities, 'training identity', 'training identities')} cannot fill a batch of "
            f"{_BATCH}; {fitting}",
        ),
        (
            queries < _FEW_QUERIES,
            f"of {number_of(queries, 'query', 'queries')}, each counts {worth:.1f} points of R1; compare "
            "networks over several splits or seeds",
        ),
        (
            bool(ranks),
            f"with {number_of(gallery, 'tracklet')} in the gallery, every network reaches 100% at {ranks}",
        ),
        (
            tested <= _K1,
            f"{number_of(tested, 'tested tracklet')} cannot be re-ranked with k1={_K1}; evaluate with "
            f"reranking.k1={max(tested // 3, 1)} or so",
        ),
    )
    return tuple(f"small: {remark}" for applies, remark in remarks if applies)
