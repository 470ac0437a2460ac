"""What stands around a table: its title, how its numbers came about, and what it lacks with the remedy."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from reid_cosam.results.run_settings import placement
from reid_cosam.results.tables.layout import (
    BACKBONES,
    HEIGHT,
    LAYOUTS,
    PAPER_DATA,
    RERANKED_WITH,
    SOURCE_HEIGHT,
    SYNTHETIC,
    stand_in,
)
from reid_cosam.results.tables.records import Record
from reid_cosam.results.tables.slots import AS_COSAM, Group, Slot
from reid_cosam.results.tables.summary import Summary

Summaries = Mapping[Slot, Summary]

_NAMED = 3  # rows that lack something, the first of them
# What sweeps train unless an override says otherwise: that of the source's baselines, and all others.
_SOURCE = {"backbone": ["resnet50"], "cosam": ["[]"], "agg": ["tp_avg", "ta", "rnn"], "num_frames": ["4"]}
_USUAL = {"num_frames": ["4"]}


def title(name: str, groups: Sequence[Group]) -> str:
    """`Table 3 on MARS, DukeMTMC-VideoReID: ...`; says so where the data are synthetic."""
    synthetic = any(group.data == "synthetic" for group in groups)
    subject = stand_in(LAYOUTS[name].title) if synthetic else LAYOUTS[name].title
    made_up = " (rendered walkers, no data set of the paper)" if synthetic else ""
    return f"Table {name.removeprefix('table')} on {', '.join(_by_place(groups))}{made_up}: {subject}"


def caption(name: str, groups: Sequence[Group], summaries: Summaries) -> list[str]:
    """Sentences for the reader of the numbers."""
    within = "backbone and column" if LAYOUTS[name].best_of_backbone else "column"
    lines = ["Percent, mean ± standard deviation (of a sample) over seeds."]
    if any(group.data == "synthetic" for group in groups):
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
    for place, of_place in _by_place(groups).items():
        dataset = of_place[0].dataset
        numbers = ", ".join(_queries(group, summaries) for group in of_place)
        mean = f"; mean of {dataset.splits} splits" if dataset.splits > 1 else ""
        lines.append(f"{place}: protocol {dataset.protocol}, {numbers}{mean}.")
    return [*lines, *_training(summaries)]


def _by_place(groups: Sequence[Group]) -> dict[str, list[Group]]:
    places: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        places[group.place].append(group)
    return places


def _queries(group: Group, summaries: Summaries) -> str:
    used = (one for slot, summary in summaries.items() if slot.group == group for one in summary.used)
    numbers = sorted({one.valid_queries for one in used})
    what = f" with {group.attribute}" if group.attribute else ""
    if not numbers:
        return f"no results{what}"
    return f"{' to '.join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))} valid queries{what}"


def _training(summaries: Summaries) -> Iterator[str]:
    made = sorted({(one.recipe, one.iterations) for summary in summaries.values() for one in summary.used})
    if made:
        yield "Ours: " + ", ".join(f"recipe {recipe}, {steps} iterations" for recipe, steps in made) + "."
    if any(AS_COSAM in label for slot in summaries for label in slot.labels):
        yield (
            f'Rows with a twin named "{AS_COSAM}": ours trained as their source [13] did, on images of '
            f"{SOURCE_HEIGHT}x{SOURCE_HEIGHT // 2} with stride 2 in the last block; the twin: on images of "
            f"{HEIGHT}x{HEIGHT // 2} and with the stride of the rows with COSAM."
        )
    if any(slot.reranked for slot in summaries):
        settings = ", ".join(f"{name} = {value}" for name, value in RERANKED_WITH.items())
        yield f"Ours re-ranked with {settings}."


def missing(
    name: str, groups: Sequence[Group], summaries: Summaries, records: Sequence[Record]
) -> Iterator[str]:
    """A line for each command that would help: how many cells of a data set it fills, and in which rows."""
    trained = {(one.network, one.scored.data, one.scored.size) for one in records}
    wanted = [slot for group in groups for slot in summaries if slot.group == group and slot.network]
    lacking: dict[tuple[str, str, bool], list[Slot]] = defaultdict(list)
    for slot in wanted:
        if not summaries[slot].seeds:
            known = (slot.network, slot.group.data, slot.group.size) in trained
            how = _evaluation(slot) if known else _sweep(name, slot)
            lacking[slot.group.place, how, known].append(slot)
    for (place, how, known), slots in lacking.items():
        cells = _cells(slots)
        of_all = _cells(slot for slot in wanted if slot.group.place == place)
        whole = _SOURCE
        if how != "source_baseline":
            whole = _settings(slot for slot in wanted if _sweep(name, slot) == how) if how == name else {}
        command = how if known else _train(how, slots, whole)
        yield f"Missing on {place}: {cells} of {of_all} cells ({_first(slots)}). To fill them: `{command}`"


def _cells(slots: Iterable[Slot]) -> int:
    return sum(len(slot.group.metrics) for slot in slots)


def _first(slots: Sequence[Slot]) -> str:
    unique = list(dict.fromkeys(" / ".join(slot.labels) for slot in slots))
    rest = len(unique) - _NAMED
    return "; ".join(unique[:_NAMED]) + (f"; {rest} more" if rest > 0 else "")


def _evaluation(slot: Slot) -> str:
    """There are runs, but without this score: training scores attributes only where their file is named."""
    wanted = " rerank=true" if slot.reranked else ""
    if slot.group.attribute and slot.group.data != "synthetic":
        wanted += f" data={slot.group.data} data.root=... data.attributes=..."
    return f"python -m reid_cosam.evaluate ckpt=<run>/checkpoints/last.ckpt{wanted}"


def _sweep(name: str, slot: Slot) -> str:
    as_cosam = slot.network is not None and slot.network.height == slot.group.height
    return LAYOUTS[name].experiment if as_cosam else "source_baseline"


def _train(sweep: str, slots: Sequence[Slot], whole: Mapping[str, Sequence[str]]) -> str:
    """The sweep, whose own values are `whole`, restricted to what is lacking."""
    group = slots[0].group
    only = ""
    for key, found in _settings(slots).items():
        if set(found) != set(whole.get(key, _USUAL.get(key, ()))):
            word = f"{key}={','.join(found)}"
            only += f" '{word}'" if "[" in word else f" {word}"
    if group.data == "synthetic":
        size = f" data.height={group.height} data.width={group.height // 2}"
        return f"python -m reid_cosam.train 'experiment=[{sweep},tables_synthetic]'{only}{size}"
    command = f"python -m reid_cosam.train experiment={sweep}{only} data={group.data} data.root=..."
    if group.dataset.splits > 1:
        command += f" 'data.split=range(0,{group.dataset.splits})'"
    return command + (" data.attributes=..." if group.attribute else "")


def _settings(slots: Iterable[Slot]) -> dict[str, list[str]]:
    networks = [slot.network for slot in slots if slot.network is not None]
    values = {
        "backbone": [network.backbone for network in networks],
        "cosam": [placement(network.cosam) for network in networks],
        "agg": [network.agg for network in networks],
        "num_frames": [str(network.num_frames) for network in networks],
    }
    return {key: list(dict.fromkeys(found)) for key, found in values.items()}


def unplaced(records: Sequence[Record]) -> Iterator[str]:
    """A line for each reason to be in no table: of how many results, and which is the first of them."""
    by_reason: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_reason[_reason(record)].append(record)
    for reason, same in by_reason.items():
        runs = len({record.run for record in same})
        of_runs = f" of {runs} runs" if runs > 1 else ""
        counted = f"{len(same)} results{of_runs}" if len(same) > 1 else "1 result"
        yield f"in no table, {reason}: {counted}, the first: {same[0]} ({same[0].run})"


def _reason(record: Record) -> str:
    scored, backbone, known = record.scored, record.network.backbone, (*PAPER_DATA, SYNTHETIC.name)
    if backbone not in BACKBONES:
        return f"backbone {backbone} is none of {', '.join(BACKBONES)}"
    if scored.data not in known:
        return f"data set {scored.data} is none of {', '.join(known)}"
    if not record.is_of_the_paper:
        return f"training snippets of {record.sampling} frames and not of frames in a row"
    if scored.reranked or scored.attribute:
        return "as none asks for it (re-ranked, or of those who carry something)"
    return "no row for such a network, or left out above"
