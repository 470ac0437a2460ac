"""What the results for one place of a table come to."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reid_cosam.results.tables.records import SCORES, Record
from reid_cosam.results.tables.skeleton import Group


@dataclass(frozen=True)
class Summary:
    """Mean and sample deviation over seeds, in percent; no deviation of a single seed.

    Attributes:
        used: the results behind it.
        notes: which results were left out, and why.
    """

    mean: Mapping[str, float]
    deviation: Mapping[str, float]
    seeds: int
    used: Sequence[Record]
    notes: Sequence[str]


Counted = Mapping[tuple[int, Group], Summary]  # by row and group


def summarise(records: Sequence[Record], splits: int) -> Summary:
    """Of results that differ in seed and split; of those made by several settings the most seeds count.

    A seed counts by its mean over all `splits` splits, and not without one of them. Of results of one key the
    last counts.
    """
    latest, notes = _latest(records)
    by_settings: dict[tuple[str, int, str], dict[int, list[Record]]] = {}
    for record in latest:
        made = record.recipe, record.iterations, record.settings
        by_settings.setdefault(made, {}).setdefault(record.seed, []).append(record)
    whole: dict[tuple[str, int, str], dict[int, list[Record]]] = {}
    for made, by_seed in by_settings.items():
        notes += [_incomplete(same, splits) for same in by_seed.values() if len(same) < splits]
        whole[made] = {seed: same for seed, same in by_seed.items() if len(same) >= splits}
    seeds = max(whole.values(), key=len, default={})
    notes += [
        f"{next(iter(other.values()))[0]}: {len(other)} seeds of other settings left out ({made[0]} recipe, "
        f"{made[1]} iterations, settings {made[2]}); more seeds, or the first found, are of others"
        for made, other in whole.items()
        if other and other is not seeds
    ]
    means = {name: [_mean(same, name) for same in seeds.values()] for name in SCORES}
    return Summary(
        {name: statistics.mean(values) for name, values in means.items() if values},
        {name: statistics.stdev(values) for name, values in means.items() if len(values) > 1},
        len(seeds),
        [record for same in seeds.values() for record in same],
        notes,
    )


def _latest(records: Sequence[Record]) -> tuple[list[Record], list[str]]:
    same: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        same.setdefault(record.key, []).append(record)
    notes = [
        f"{twins[0]}: {len(twins)} results, of which the last counts: {', '.join(map(_scored, twins))}"
        for twins in same.values()
        if len(twins) > 1
    ]
    return [twins[-1] for twins in same.values()], notes


def _scored(record: Record) -> str:
    return f"{record.run} (mAP {100 * record.scores['mAP']:.1f})"


def _incomplete(same: Sequence[Record], splits: int) -> str:
    first, there = same[0], {record.scored.split for record in same}
    absent = ", ".join(str(split) for split in range(splits) if split not in there)
    return (
        f"{first.network} on {first.scored.data}, seed {first.seed} left out: "
        f"{len(same)} of {splits} splits have a result, not {absent}"
    )


def _mean(same: Sequence[Record], name: str) -> float:
    return 100 * statistics.mean(record.scores[name] for record in same)
