"""What stands around a table: its title, how its numbers came about, and what it lacks with the remedy."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from reid_cosam.results.tables.paper import (
    AS_COSAM,
    BACKBONES,
    DATA_SETS,
    HEIGHT,
    LAYOUTS,
    NETWORK,
    RERANKED_WITH,
    SOURCE_HEIGHT,
    SYNTHETIC,
    gathered,
    headings,
    is_in,
    stand_in,
)
from reid_cosam.results.tables.records import of_the_paper

_NAMED = 3  # rows that lack something, the first of them
# What sweeps train unless an override says otherwise: that of the source's baselines, and all others.
_SOURCE = {"backbone": ["resnet50"], "cosam": ["[]"], "agg": ["tp_avg", "ta", "rnn"], "num_frames": ["4"]}
_USUAL = {"num_frames": ["4"]}


def title(name: str, slots: pd.DataFrame) -> str:
    """`Table 3 on MARS, DukeMTMC-VideoReID: ...`; says so where the data are synthetic."""
    subject, made_up = LAYOUTS[name].title, ""
    if SYNTHETIC.name in set(slots["data"]):
        subject, made_up = stand_in(subject), " (rendered walkers, no data set of the paper)"
    return f"Table {name.removeprefix('table')} on {', '.join(slots['place'].unique())}{made_up}: {subject}"


def caption(name: str, slots: pd.DataFrame, used: pd.DataFrame) -> list[str]:
    """Sentences for the reader of the numbers, which are of the results `used`."""
    within = "backbone and column" if LAYOUTS[name].best_of_backbone else "column"
    lines = ["Percent, mean ± standard deviation (of a sample) over seeds."]
    if SYNTHETIC.name in set(slots["data"]):
        lines += [
            "ResNet-tiny and SE-ResNet-tiny stand for ResNet50 and SE-ResNet50. Nothing here compares with a "
            f"number of the paper; those are in experiments/{name}/paper.csv.",
            f"Bold: the best of a {within}.",
        ]
    else:
        lines += [
            "In parentheses what the paper prints and, signed, ours minus that.",
            f"Bold: the best of a {within}, ours and the paper's each by itself.",
        ]
    for place, same in slots.groupby("place", sort=False):
        dataset = DATA_SETS[same["data"].iloc[0]]
        there = used[used["place"] == place]
        numbers = ", ".join(_queries(attribute, there) for attribute in same["attribute"].unique())
        mean = f"; mean of {dataset.splits} splits" if dataset.splits > 1 else ""
        lines.append(f"{place}: protocol {dataset.protocol}, {numbers}{mean}.")
    return [*lines, *_training(slots, used)]


def _queries(attribute: str, used: pd.DataFrame) -> str:
    numbers = used.loc[used["attribute"] == attribute, "valid_queries"]
    what = f" with {attribute}" if attribute else ""
    if numbers.empty:
        return f"no results{what}"
    return f"{' to '.join(map(str, sorted({numbers.min(), numbers.max()})))} valid queries{what}"


def _training(slots: pd.DataFrame, used: pd.DataFrame) -> Iterator[str]:
    made = sorted(set(zip(used["recipe"], used["iterations"], strict=True)))
    if made:
        yield "Ours: " + ", ".join(f"recipe {recipe}, {steps} iterations" for recipe, steps in made) + "."
    if any(AS_COSAM in label for label in slots[headings(slots)].to_numpy().flat):
        yield (
            f'Rows with a twin named "{AS_COSAM}": ours trained as their source [13] did, on images of '
            f"{SOURCE_HEIGHT}x{SOURCE_HEIGHT // 2} with stride 2 in the last block; the twin: on images of "
            f"{HEIGHT}x{HEIGHT // 2} and with the stride of the rows with COSAM."
        )
    if slots["reranked"].any():
        settings = ", ".join(f"{name} = {value}" for name, value in RERANKED_WITH.items())
        yield f"Ours re-ranked with {settings}."


def missing(name: str, slots: pd.DataFrame, results: pd.DataFrame) -> Iterator[str]:
    """A line for each command that would help: how many cells of a data set it fills, and in which rows."""
    wanted = gathered(slots, ["group"])
    wanted = wanted[wanted["backbone"] != ""]
    as_cosam = (wanted["height"] == HEIGHT) | (wanted["data"] == SYNTHETIC.name)
    wanted = wanted.assign(
        sweep=as_cosam.map({True: LAYOUTS[name].experiment, False: "source_baseline"}),
        scored=[_evaluation(slot) for slot in wanted.itertuples()],
        known=is_in(wanted, results, [*NETWORK, "data", "size"]),
    )
    wanted["how"] = wanted["scored"].where(wanted["known"], wanted["sweep"])
    for (place, found), lacking in wanted[wanted["seeds"] == 0].groupby(["place", "how"], sort=False):
        of_place = wanted[wanted["place"] == place]
        how = str(found)
        command = how if lacking["known"].all() else _train(how, lacking, _whole(name, how, wanted))
        cells = f"{_cells(lacking)} of {_cells(of_place)} cells ({_first(lacking)})"
        yield f"Missing on {place}: {cells}. To fill them: `{command}`"


def _cells(slots: pd.DataFrame) -> int:
    return sum(map(len, slots["metrics"]))


def _first(slots: pd.DataFrame) -> str:
    unique = slots[headings(slots)].agg(" / ".join, axis=1).unique()
    rest = len(unique) - _NAMED
    return "; ".join(unique[:_NAMED]) + (f"; {rest} more" if rest > 0 else "")


def _evaluation(slot: Any) -> str:
    """Of runs that lack this score: training scores attributes only where their file is named."""
    wanted = " rerank=true" if slot.reranked else ""
    if slot.attribute and slot.data != SYNTHETIC.name:
        wanted += f" data={slot.data} data.root=... data.attributes=..."
    return f"reid-cosam evaluate ckpt=<run>/checkpoints/last.ckpt{wanted}"


def _whole(name: str, sweep: str, wanted: pd.DataFrame) -> Mapping[str, Sequence[str]]:
    """What a sweep trains for a table by itself."""
    if sweep == "source_baseline":
        return _SOURCE
    return _settings(wanted[wanted["sweep"] == sweep]) if sweep == name else {}


def _train(sweep: str, slots: pd.DataFrame, whole: Mapping[str, Sequence[str]]) -> str:
    """The sweep, whose own values are `whole`, restricted to what is lacking."""
    first = slots.iloc[0]
    only = ""
    for key, found in _settings(slots).items():
        if set(found) != set(whole.get(key, _USUAL.get(key, ()))):
            word = f"{key}={','.join(found)}"
            only += f" '{word}'" if "[" in word else f" {word}"
    if first["data"] == SYNTHETIC.name:
        size = f" data.height={first['height']} data.width={first['width']}"
        return f"reid-cosam train 'experiment=[{sweep},tables_synthetic]'{only}{size}"
    command = f"reid-cosam train experiment={sweep}{only} data={first['data']} data.root=..."
    splits = DATA_SETS[first["data"]].splits
    if splits > 1:
        command += f" 'data.split=range(0,{splits})'"
    return command + (" data.attributes=..." if first["attribute"] else "")


def _settings(slots: pd.DataFrame) -> dict[str, list[str]]:
    return {key: [*slots[key].astype(str).unique()] for key in ("backbone", "cosam", "agg", "num_frames")}


def unplaced(results: pd.DataFrame) -> Iterator[str]:
    """A line for each reason to be in no table: of how many results, and which is the first of them."""
    for reason, same in results.groupby(_reasons(results), sort=False):
        runs = same["run"].nunique()
        of_runs = f" of {runs} runs" if runs > 1 else ""
        counted = f"{len(same)} results{of_runs}" if len(same) > 1 else "1 result"
        first = same.iloc[0]
        yield f"in no table, {reason}: {counted}, the first: {first['name']} ({first['run']})"


def _reasons(results: pd.DataFrame) -> "pd.Series[str]":
    """For each result; of several reasons the first."""
    backbone, data = results["backbone"], results["data"]
    reasons = pd.Series("no row for such a network, or left out above", results.index)
    asked = (results["attribute"] == "") & ~results["reranked"]
    reasons = reasons.where(asked, "as none asks for it (re-ranked, or of those who carry something)")
    snippets = "training snippets of " + results["sampling"] + " frames and not of frames in a row"
    reasons = reasons.where(of_the_paper(results), snippets)
    elsewhere = " (`reid-cosam report` compares any runs)"
    unknown = "data set " + data + f" is none of {', '.join(DATA_SETS)}"
    reasons = reasons.where(data.isin([*DATA_SETS]), unknown + elsewhere)
    unknown = "backbone " + backbone + f" is none of {', '.join(BACKBONES)}"
    return reasons.where(backbone.isin(BACKBONES), unknown + elsewhere)
