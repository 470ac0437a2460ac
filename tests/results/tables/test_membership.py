"""In which tables a network stands, read off the paper by hand."""

from dataclasses import replace

import pytest

from reid_cosam.paths import EXPERIMENTS
from reid_cosam.results.tables.membership import read_all, tables_of
from reid_cosam.results.tables.records import Network

BEST = Network("se_resnet50", "tp_avg", (4, 5), 4, 256, 128, 1)


@pytest.mark.parametrize(
    ("network", "tables"),
    [
        (BEST, ["table3", "table4", "table5", "table6", "table7"]),
        (replace(BEST, num_frames=8), ["table6"]),
        (replace(BEST, cosam=()), ["table2", "table3", "table4", "table5", "table7"]),
        (replace(BEST, cosam=(3,)), ["table3"]),
        (replace(BEST, agg="rnn"), ["table4"]),
        (replace(BEST, backbone="se_resnet_tiny", height=64, width=32, num_frames=2), ["table6"]),
        (replace(BEST, cosam=(1, 2)), []),
        (replace(BEST, agg="tp_max"), []),
    ],
)
def test_a_network_stands_in_the_tables_that_have_its_row(network: Network, tables: list[str]) -> None:
    assert tables_of(network, read_all(EXPERIMENTS)) == tables
