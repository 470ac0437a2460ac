"""Which of the paper's tables a network stands in."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from reid_cosam.results.tables.layout import LAYOUTS, STAND_INS
from reid_cosam.results.tables.published import PublishedTable, read_published
from reid_cosam.results.tables.records import Network

_STANDS_FOR = {small: large for large, small in STAND_INS.items()}


def read_all(experiments: Path) -> dict[str, PublishedTable]:
    """The published numbers of every table, from `experiments/<table>/paper.csv`."""
    return {name: read_published(experiments / name / "paper.csv") for name in LAYOUTS}


def tables_of(network: Network, published: Mapping[str, PublishedTable]) -> list[str]:
    """The tables with a row for this network or the one that it stands for, at whatever size and stride.

    Tables share runs: the best network stands in most of them.
    """
    return [name for name, table in published.items() if _shape(network) in _shapes(table)]


def _shapes(table: PublishedTable) -> Sequence[tuple[object, ...]]:
    return [_shape(row.network) for row in table.rows if row.network is not None]


def _shape(network: Network) -> tuple[object, ...]:
    backbone = _STANDS_FOR.get(network.backbone, network.backbone)
    return backbone, network.agg, network.cosam, network.num_frames
