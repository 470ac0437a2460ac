"""Results that no table has a row for."""

from dataclasses import replace

from reid_cosam.results.tables.notes import unplaced
from reid_cosam.results.tables.records import results_table
from tests.results.tables.made_up import SE_COSAM, SE_PLAIN, record


def test_each_reason_is_said_once_with_its_first_result() -> None:
    vit = replace(SE_PLAIN, backbone="vit_b")
    records = [
        record(vit, 0, 50.0, run="logs/vit"),
        record(vit, 0, 50.0, run="logs/vit", attribute="hat"),
        record(SE_PLAIN, 0, 50.0, data="Mars", run="logs/typo"),
        record(SE_COSAM, 0, 50.0, sampling="random", run="logs/random"),
        record(SE_PLAIN, 1, 50.0, reranked=True, run="logs/plain"),
        record(replace(SE_COSAM, cosam=(1, 2)), 0, 50.0, run="logs/early"),
    ]

    lines = list(unplaced(results_table(records)))

    assert [line.partition(":")[0] for line in lines] == [
        "in no table, backbone vit_b is none of resnet50, se_resnet50, resnet_tiny, se_resnet_tiny"
        " (`reid-cosam report` compares any runs)",
        "in no table, data set Mars is none of mars, duke, ilids_vid, synthetic"
        " (`reid-cosam report` compares any runs)",
        "in no table, training snippets of random frames and not of frames in a row",
        "in no table, as none asks for it (re-ranked, or of those who carry something)",
        "in no table, no row for such a network, or left out above",
    ]
    assert "2 results, the first: vit_b" in lines[0]
    assert lines[1].endswith("(logs/typo)")
