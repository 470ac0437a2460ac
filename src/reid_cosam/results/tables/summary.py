"""Mean and deviation over the seeds of the results for one place of a table."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reid_cosam.results.tables.records import SCORES, Record


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


def summarise(records: Sequence[Record], splits: int, protocol: str) -> Summary:
    """Of the results under a protocol, which differ in seed and split.

    Of results of one key the last counts; a seed counts by its mean over all `splits` splits, and not without
    one of them; of results of several settings those with the most seeds count.
    """
    notes = [
        f"{one} left out: protocol {one.scored.protocol}, not {protocol}"
        for one in records
        if one.scored.protocol != protocol
    ]
    by_settings: dict[tuple[str, int, str], dict[int, list[Record]]] = {}
    for record in _latest([one for one in records if one.scored.protocol == protocol], notes):
        made = record.recipe, record.iterations, record.settings
        by_settings.setdefault(made, {}).setdefault(record.seed, []).append(record)
    for by_seed in by_settings.values():
        for seed in [seed for seed, same in by_seed.items() if len(same) < splits]:
            notes.append(_incomplete(by_seed.pop(seed), splits))
    seeds = max(by_settings.values(), key=len, default={})
    notes += [
        f"{next(iter(other.values()))[0]}: {len(other)} seeds of other settings left out ({made[0]} recipe, "
        f"{made[1]} iterations, settings {made[2]}); more seeds, or the first found, are of others"
        for made, other in by_settings.items()
        if other and other is not seeds
    ]
    means = {
        name: [100 * statistics.mean(one.scores[name] for one in same) for same in seeds.values()]
        for name in SCORES
    }
    return Summary(
        {name: statistics.mean(values) for name, values in means.items() if values},
        {name: statistics.stdev(values) for name, values in means.items() if len(values) > 1},
        len(seeds),
        [record for same in seeds.values() for record in same],
        notes,
    )


def _latest(records: Sequence[Record], notes: list[str]) -> list[Record]:
    same: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        same.setdefault(record.key, []).append(record)
    for twins in same.values():
        if len(twins) > 1:
            scored = ", ".join(f"{one.run} (mAP {100 * one.scores['mAP']:.1f})" for one in twins)
            notes.append(f"{twins[0]}: {len(twins)} results, of which the last counts: {scored}")
    return [twins[-1] for twins in same.values()]


def _incomplete(same: Sequence[Record], splits: int) -> str:
    first, there = same[0], {record.scored.split for record in same}
    absent = ", ".join(str(split) for split in range(splits) if split not in there)
    return (
        f"{first.network} on {first.scored.data}, seed {first.seed} left out: "
        f"{len(same)} of {splits} splits have a result, not {absent}"
    )
