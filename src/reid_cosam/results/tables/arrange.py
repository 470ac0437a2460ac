"""Results beside the published numbers: which belongs where, and what is shown there."""

import statistics
from collections.abc import Iterator
from typing import Any

import pandas as pd

from reid_cosam.results.tables.notes import caption, missing, title
from reid_cosam.results.tables.paper import (
    DATA_SETS,
    LAYOUTS,
    NETWORK,
    SCORES,
    STAND_INS,
    SYNTHETIC,
    gathered,
    headings,
    is_in,
    paper_slots,
    synthetic_slots,
)
from reid_cosam.results.tables.records import of_the_paper
from reid_cosam.results.tables.table import Cell, Table, shown_seeds

_MATCHED = [*NETWORK, "data", "size", "attribute", "reranked"]
_SIZES = ["data", "size", "height", "width"]
_TRAINED = ["recipe", "iterations", "basis"]
_MADE = ["recipe", "iterations", "settings"]
_REPEATED = ["seed", "split", "sampling", *_MADE]


def on_paper_data(name: str, published: pd.DataFrame, results: pd.DataFrame) -> Table:
    """The table on the data sets of the paper."""
    return _arranged(name, paper_slots(published), results)


def on_synthetic(name: str, published: pd.DataFrame, results: pd.DataFrame) -> Table:
    """The table on synthetic sets; no number of the paper stands there."""
    small = (results["data"] == SYNTHETIC.name) & results["backbone"].isin([*STAND_INS.values()])
    sets = results.loc[small, ["size", "height"]].drop_duplicates().sort_values(["size", "height"])
    return _arranged(name, synthetic_slots(published, sets), results)


KINDS = {"paper_data": on_paper_data, "synthetic": on_synthetic}


def _arranged(name: str, slots: pd.DataFrame, results: pd.DataFrame) -> Table:
    several = slots["place"].nunique() > 1
    slots["group"] = [
        ", ".join(filter(None, (place if several or not attribute else "", attribute)))
        for place, attribute in zip(slots["place"], slots["attribute"], strict=True)
    ]
    belonging, left_out = _trained_alike(slots, results)
    used, not_counted = _counted(belonging)
    by_seed = 100 * used.groupby(["slot", "seed"])[SCORES].agg(statistics.mean)  # exact, in any order
    mean = by_seed.groupby("slot").agg(statistics.mean).reindex(slots.index)
    deviation = by_seed.groupby("slot").std().reindex(slots.index)
    slots["seeds"] = by_seed.groupby("slot").size().reindex(slots.index, fill_value=0)
    labels = slots[headings(slots)].drop_duplicates(ignore_index=True)
    cells, seeds = _grid(slots, mean, deviation, LAYOUTS[name].best_of_backbone)
    notes = [
        *missing(name, slots, results),
        *left_out,
        *not_counted,
        *_fewer_seeds(labels, seeds),
        *_computed_differently(belonging),
    ]
    synthetic = SYNTHETIC.name in set(slots["data"])
    around = title(name, slots), caption(name, slots, used), notes
    return Table(name, synthetic, *around, labels, cells, seeds, results.loc[belonging["result"]])


def _trained_alike(slots: pd.DataFrame, results: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """For every slot the results that were trained like most on its data; and which others are left out.

    Like most of all results, so that all tables show the same. A baseline at its source's size counts apart.
    """
    known = results[of_the_paper(results)].rename_axis("result").reset_index()
    wanted = slots[[*_MATCHED, "place"]].rename_axis("slot").reset_index()
    found = wanted.merge(known, on=_MATCHED).sort_values(["slot", "result"])
    usual = (
        known.drop_duplicates([*_MATCHED, "protocol", *_REPEATED])
        .groupby([*_SIZES, *_TRAINED], as_index=False)
        .agg(number=("result", "size"))
        .sort_values(["number", *_TRAINED], ascending=[False, True, True, True])
        .drop_duplicates(_SIZES)
    )
    alike = is_in(found, usual, [*_SIZES, *_TRAINED])
    return found[alike], [
        f"{len(left)} results on {place} left out, as most are trained otherwise (theirs: {recipe} recipe, "
        f"{iterations} iterations, settings {basis}; the first: {left['run'].iloc[0]}); to see them, name "
        "their folders alone: 'runs=[...]'"
        for (place, recipe, iterations, basis), left in found[~alike].groupby(
            ["place", *_TRAINED], sort=False
        )
    ]


def _counted(found: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The results that count, all of a slot under its protocol and alike in settings; and why others do not.

    Of several results of one seed and split the last counts; a seed counts with all splits, and not without
    one of them; of several settings those with the most seeds count.
    """
    protocol = found["data"].map({name: known.protocol for name, known in DATA_SETS.items()})
    splits = found["data"].map({name: known.splits for name, known in DATA_SETS.items()})
    found = found.assign(wanted=protocol, splits=splits)
    other = found[found["protocol"] != protocol]
    remarks: list[tuple[Any, str]] = [
        (one.slot, f"{one.name} left out: protocol {one.protocol}, not {one.wanted}")
        for one in other.itertuples()
    ]
    found, repeated = found.drop(other.index), ["slot", *_REPEATED]
    for _, twins in found[found.duplicated(repeated, keep=False)].groupby(repeated, sort=False, dropna=False):
        scores = zip(twins["run"], (100 * twins["mAP"]).tolist(), strict=True)
        scored = ", ".join(f"{run} (mAP {score:.1f})" for run, score in scores)
        text = f"{twins['name'].iloc[0]}: {len(twins)} results, of which the last counts: {scored}"
        remarks.append((twins["slot"].iloc[0], text))
    found["order"] = found.groupby(repeated, dropna=False)["result"].transform("min")
    found = found.drop_duplicates(repeated, keep="last").sort_values(["slot", "order"])

    found = gathered(found, ["slot", *_MADE])
    seed = ["slot", *_MADE, "seed"]
    partial = found.groupby(seed)["result"].transform("size") < found["splits"]
    for _, same in found[partial].groupby(seed, sort=False):
        remarks.append((same["slot"].iloc[0], _incomplete(same)))
    found = found[~partial]
    found = found.assign(seeds=found.groupby(["slot", *_MADE])["seed"].transform("nunique"))
    most = found.sort_values(["slot", "seeds"], ascending=[True, False], kind="stable").drop_duplicates(
        "slot"
    )
    counts = is_in(found, most, ["slot", *_MADE])
    for one in found[~counts].drop_duplicates(["slot", *_MADE]).itertuples():
        text = (
            f"{one.name}: {one.seeds} seeds of other settings left out ({one.recipe} recipe, "
            f"{one.iterations} iterations, settings {one.settings}); more seeds, or the first found, are of "
            "others"
        )
        remarks.append((one.slot, text))
    by_slot = sorted(remarks, key=lambda remark: remark[0])
    return found[counts], [*dict.fromkeys(text for _, text in by_slot)]


def _incomplete(same: pd.DataFrame) -> str:
    first, there = same.iloc[0], set(same["split"])
    absent = ", ".join(str(split) for split in range(first["splits"]) if split not in there)
    return (
        f"{first['network']} on {first['data']}, seed {first['seed']} left out: "
        f"{len(same)} of {first['splits']} splits have a result, not {absent}"
    )


def _grid(
    slots: pd.DataFrame, mean: pd.DataFrame, deviation: pd.DataFrame, best_of_backbone: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells and seeds: one row per label, one column per group and score; the best of each column, or of a
    backbone's rows in it, is marked.
    """
    columns = [slots["group"], *([slots["backbone"]] if best_of_backbone else [])]
    row = slots.groupby(headings(slots), sort=False).ngroup()
    contents = (
        mean.astype(object).where(mean.notna(), None),
        deviation.astype(object).where(deviation.notna(), None),
        slots,
        _best(mean.map(lambda score: round(score, 1)), columns),
        _best(slots[SCORES].apply(pd.to_numeric), columns),
    )
    cells = {}
    for group, same in slots.groupby("group", sort=False):
        expected = same["backbone"] != ""
        for score in same["metrics"].iloc[0]:
            parts = zip(expected, *(one.loc[same.index, score] for one in contents), strict=True)
            column = pd.Series([Cell(*values) for values in parts], row[same.index], dtype=object)
            empty: Any = Cell()
            cells[group, score] = column.reindex(range(row.nunique()), fill_value=empty)
    seeds = slots.set_index([row, "group"])["seeds"].unstack(fill_value=0)
    return pd.DataFrame(cells), seeds[slots["group"].unique()]


def _best(scores: pd.DataFrame, columns: "list[pd.Series[Any]]") -> pd.DataFrame:
    """Where the greatest stands of every column that has at least two."""
    grouped = scores.groupby(columns)
    return scores.eq(grouped.transform("max")) & (grouped.transform("count") > 1)


def _fewer_seeds(labels: pd.DataFrame, seeds: pd.DataFrame) -> Iterator[str]:
    most = seeds.to_numpy().max(initial=0)
    for label, counts in zip(labels.to_numpy(), seeds.to_numpy().tolist(), strict=True):
        if any(0 < count < most for count in counts):
            yield f"Fewer than {most} seeds: {' / '.join(label)} ({shown_seeds(counts)})"


def _computed_differently(results: pd.DataFrame) -> Iterator[str]:
    """Numbers of one network differ a little between precisions and devices, which readers should know."""
    runs = results[results["computed"] != ""].drop_duplicates("run", keep="last")
    kinds = runs["computed"].value_counts().sort_index()
    if len(kinds) > 1:
        counts = "; ".join(f"{kind}: {count}" for kind, count in kinds.items())
        yield f"Not all runs were computed alike. {counts}"
