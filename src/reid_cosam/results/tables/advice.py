"""What a table lacks, and the commands that would fill it."""

from collections.abc import Sequence

from reid_cosam.results.tables.cells import Counted
from reid_cosam.results.tables.layout import LAYOUTS
from reid_cosam.results.tables.records import Network, Record
from reid_cosam.results.tables.skeleton import Group, Skeleton, Slot

_NAMED = 3  # rows that lack something, the first of them


def missing(name: str, skeleton: Skeleton, counted: Counted, records: Sequence[Record]) -> list[str]:
    """A line for each command that would help: how many cells of a data set it fills, and in which rows."""
    trained = {(one.network, one.scored.data, one.scored.size) for one in records}
    expected: dict[str, int] = {}
    lacking: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for group in skeleton.groups:
        for number, line in enumerate(skeleton.lines):
            slot = line.slots.get(group)
            if slot is None or slot.network is None:
                continue
            expected[group.place] = expected.get(group.place, 0) + len(group.metrics)
            if not counted[number, group].seeds:
                known = (slot.network, group.data, group.size) in trained
                command = _score(group, slot) if known else _train(name, group, slot.network)
                rows = lacking.setdefault((group.place, command), [])
                rows.append((" / ".join(line.labels), len(group.metrics)))
    return [
        f"Missing on {place}: {sum(size for _, size in rows)} of {expected[place]} cells "
        f"({_first([label for label, _ in rows])}). To fill them: `{command}`"
        for (place, command), rows in lacking.items()
    ]


def _first(labels: Sequence[str]) -> str:
    unique = list(dict.fromkeys(labels))
    rest = len(unique) - _NAMED
    return "; ".join(unique[:_NAMED]) + (f"; {rest} more" if rest > 0 else "")


def _score(group: Group, slot: Slot) -> str:
    """There are runs, but they did not score this: training leaves out attributes that it is not told."""
    wanted = " rerank=true" if slot.reranked else ""
    if group.attribute and group.data != "synthetic":
        wanted += f" data={group.data} data.root=... data.attributes=..."
    return f"python -m reid_cosam.evaluate ckpt=<run>/checkpoints/last.ckpt{wanted}"


def _train(name: str, group: Group, network: Network) -> str:
    experiment = LAYOUTS[name].experiment if network.height == group.height else "source_baseline"
    if group.data == "synthetic":
        size = f" data.height={network.height} data.width={network.width}"
        return f"python -m reid_cosam.train 'experiment=[{experiment},tables_synthetic]'{size}"
    command = f"python -m reid_cosam.train experiment={experiment} data={group.data} data.root=..."
    if group.dataset.splits > 1:
        command += f" 'data.split=range(0,{group.dataset.splits})'"
    return command + (" data.attributes=..." if group.attribute else "")
