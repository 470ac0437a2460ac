"""What stands above a table: the data set, the protocol, and how our numbers came about."""

from collections.abc import Iterator, Sequence

from reid_cosam.results.tables.cells import Counted
from reid_cosam.results.tables.layout import (
    HEIGHT,
    LAYOUTS,
    RERANKING,
    SOURCE_HEIGHT,
    stand_in,
)
from reid_cosam.results.tables.skeleton import AS_COSAM, Group, Skeleton


def title(name: str, groups: Sequence[Group]) -> str:
    """`Table 3 on MARS, DukeMTMC-VideoReID: ...`; says so where the data are made up."""
    places = ", ".join(dict.fromkeys(group.place for group in groups))
    synthetic = _is_synthetic(groups)
    subject = stand_in(LAYOUTS[name].title) if synthetic else LAYOUTS[name].title
    made_up = " (rendered walkers, no data set of the paper)" if synthetic else ""
    return f"Table {name.removeprefix('table')} on {places}{made_up}: {subject}"


def caption(name: str, skeleton: Skeleton, counted: Counted) -> list[str]:
    """Sentences for the reader of the numbers."""
    synthetic = _is_synthetic(skeleton.groups)
    within = "backbone and column" if LAYOUTS[name].best_of_backbone else "column"
    lines = ["Percent, mean ± standard deviation (of a sample) over seeds."]
    if synthetic:
        lines.append(
            "ResNet-tiny and SE-ResNet-tiny stand for ResNet50 and SE-ResNet50. Nothing here compares with a "
            f"number of the paper; those are in experiments/{name}/paper.csv."
        )
        lines.append(f"Bold: the best of a {within}.")
    else:
        lines.append("In parentheses what the paper prints and, signed, ours minus that.")
        lines.append(f"Bold: the best of a {within}, ours and the paper's each by itself.")
    lines += [_protocol(place, skeleton, counted) for place in _places(skeleton)]
    return [*lines, *_trained(counted), *_sizes(skeleton), *_reranked(skeleton)]


def _protocol(place: str, skeleton: Skeleton, counted: Counted) -> str:
    groups = [group for group in skeleton.groups if group.place == place]
    splits = groups[0].dataset.splits
    numbers = ", ".join(_queries(group, counted) for group in groups)
    mean = f"; mean of {splits} splits" if splits > 1 else ""
    return f"{place}: protocol {groups[0].dataset.protocol}, {numbers}{mean}."


def _queries(group: Group, counted: Counted) -> str:
    used = (one for (_, of), summary in counted.items() if of == group for one in summary.used)
    numbers = sorted({one.valid_queries for one in used})
    shown = "no" if not numbers else " to ".join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))
    what = f" with {group.attribute}" if group.attribute else ""
    return f"{shown} valid queries{what}" if numbers else f"no results{what}"


def _trained(counted: Counted) -> Iterator[str]:
    used = [one for summary in counted.values() for one in summary.used]
    if used:
        made = sorted({(one.recipe, one.iterations) for one in used})
        yield "Ours: " + ", ".join(f"recipe {recipe}, {steps} iterations" for recipe, steps in made) + "."


def _sizes(skeleton: Skeleton) -> Iterator[str]:
    """Which rows are trained at another size, if any."""
    if any(AS_COSAM in label for line in skeleton.lines for label in line.labels):
        yield (
            f'Rows with a twin named "{AS_COSAM}": ours trained as their source [13] did, on images of '
            f"{SOURCE_HEIGHT}x{SOURCE_HEIGHT // 2} with stride 2 in the last block; the twin: on images of "
            f"{HEIGHT}x{HEIGHT // 2} and with the stride of the rows with COSAM."
        )


def _reranked(skeleton: Skeleton) -> Iterator[str]:
    if any(slot.reranked for line in skeleton.lines for slot in line.slots.values()):
        settings = ", ".join(f"{name} = {value}" for name, value in RERANKING.items())
        yield f"Ours re-ranked with {settings}."


def _places(skeleton: Skeleton) -> list[str]:
    return list(dict.fromkeys(group.place for group in skeleton.groups))


def _is_synthetic(groups: Sequence[Group]) -> bool:
    return any(group.data == "synthetic" for group in groups)
