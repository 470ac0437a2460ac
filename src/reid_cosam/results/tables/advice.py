"""What a table lacks, and the commands that would fill it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reid_cosam.results.tables.cells import Counted
from reid_cosam.results.tables.layout import LAYOUTS
from reid_cosam.results.tables.records import Network, Record, placement
from reid_cosam.results.tables.skeleton import Group, Skeleton, Slot

_NAMED = 3  # rows that lack something, the first of them
# What sweeps train unless they are told otherwise: that of the source's baselines, and all others.
_SOURCE = {"backbone": ["resnet50"], "cosam": ["[]"], "agg": ["tp_avg", "ta", "rnn"], "num_frames": ["4"]}
_USUAL = {"num_frames": ["4"]}


@dataclass
class _Lack:
    """Cells of one data set that one command would fill: their number, their rows, and what these train."""

    group: Group
    cells: int = 0
    rows: list[str] = field(default_factory=list)
    networks: list[Network] = field(default_factory=list)


def missing(name: str, skeleton: Skeleton, counted: Counted, records: Sequence[Record]) -> list[str]:
    """A line for each command that would help: how many cells of a data set it fills, and in which rows."""
    trained = {(one.network, one.scored.data, one.scored.size) for one in records}
    expected: dict[str, int] = {}
    sweeps: dict[str, set[Network]] = {}
    lacking: dict[tuple[str, str], _Lack] = {}
    for group in skeleton.groups:
        for number, line in enumerate(skeleton.lines):
            slot = line.slots.get(group)
            if slot is None or slot.network is None:
                continue
            expected[group.place] = expected.get(group.place, 0) + len(group.metrics)
            known = (slot.network, group.data, group.size) in trained
            sweep = "" if known else _sweep(name, group, slot.network)
            sweeps.setdefault(_sweep(name, group, slot.network), set()).add(slot.network)
            if not counted[number, group].seeds:
                lack = lacking.setdefault((group.place, sweep or _score(group, slot)), _Lack(group))
                lack.cells += len(group.metrics)
                lack.rows.append(" / ".join(line.labels))
                lack.networks += [] if known else [slot.network]
    return [
        f"Missing on {place}: {lack.cells} of {expected[place]} cells ({_first(lack.rows)}). "
        f"To fill them: `{_train(how, lack, name, sweeps) if lack.networks else how}`"
        for (place, how), lack in lacking.items()
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


def _sweep(name: str, group: Group, network: Network) -> str:
    return LAYOUTS[name].experiment if network.height == group.height else "source_baseline"


def _train(sweep: str, lack: _Lack, name: str, sweeps: Mapping[str, set[Network]]) -> str:
    """The sweep, of no more than is lacking."""
    group, networks = lack.group, lack.networks
    whole = _SOURCE if sweep == "source_baseline" else _settings(sweeps[sweep]) if sweep == name else {}
    only = "".join(
        f" {_word(key, found)}"
        for key, found in _settings(networks).items()
        if set(found) != set(whole.get(key, _USUAL.get(key, ())))
    )
    if group.data == "synthetic":
        size = f" data.height={networks[0].height} data.width={networks[0].width}"
        return f"python -m reid_cosam.train 'experiment=[{sweep},tables_synthetic]'{only}{size}"
    command = f"python -m reid_cosam.train experiment={sweep}{only} data={group.data} data.root=..."
    if group.dataset.splits > 1:
        command += f" 'data.split=range(0,{group.dataset.splits})'"
    return command + (" data.attributes=..." if group.attribute else "")


def _settings(networks: Iterable[Network]) -> dict[str, list[str]]:
    values = {
        "backbone": [network.backbone for network in networks],
        "cosam": [placement(network.cosam) for network in networks],
        "agg": [network.agg for network in networks],
        "num_frames": [str(network.num_frames) for network in networks],
    }
    return {key: list(dict.fromkeys(found)) for key, found in values.items()}


def _word(key: str, values: Sequence[str]) -> str:
    word = f"{key}={','.join(values)}"
    return f"'{word}'" if "[" in word else word
