"""Which result stands where: beside which published value, at which size, and never on other data."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from reid_cosam.results.run_settings import NetworkSpec
from reid_cosam.results.tables import arrange
from reid_cosam.results.tables.paper import DATA_SETS, DataSet, published_tables
from reid_cosam.results.tables.records import Record, results_table
from reid_cosam.results.tables.table import Cell, Table, shown_seeds
from tests.results.tables.made_up import R_PLAIN, R_SOURCE, SE_COSAM, SE_PLAIN, record

TINY = NetworkSpec("se_resnet_tiny", "tp_avg", (4, 5), 4, 128, 64, 1)
R_TINY = NetworkSpec("resnet_tiny", "tp_avg", (), 4, 128, 64, 1)


class Row(NamedTuple):
    labels: tuple[str, ...]
    cells: list[list[Any]]  # of Cell, by group
    seeds: list[int]


def arranged(name: str, *records: Record) -> Table:
    return arrange.on_paper_data(name, published_tables()[name], results_table(records))


def on_synthetic(name: str, *records: Record) -> Table:
    return arrange.on_synthetic(name, published_tables()[name], results_table(records))


def small(network: NetworkSpec, seed: int, *percent: float, **changes: object) -> Record:
    return record(network, seed, *percent, data="synthetic", size="small", valid_queries=600, **changes)


def rows(table: Table) -> list[Row]:
    return [
        Row(
            tuple(table.labels.loc[number]),
            [[table.cells.at[number, (group, score)] for score in of] for group, of in table.groups.items()],
            table.seeds.loc[number].tolist(),
        )
        for number in table.labels.index
    ]


def row(table: Table, *labels: str) -> Row:
    (found,) = [one for one in rows(table) if one.labels == labels]
    return found


def ours(cells: Sequence[Cell]) -> list[str]:
    return [cell.ours for cell in cells]


def test_ours_stands_beside_the_published_value_and_the_difference() -> None:
    table = arranged("table3", *(record(SE_COSAM, n, v, 80, 90, 99) for n, v in enumerate((78.0, 80.0))))

    cells = row(table, "SE-ResNet50", "COSAM_4,5").cells[0]
    # deviation of 78 and 80: sqrt(2); 79 - 79.9
    assert (cells[0].ours, cells[0].published, cells[0].difference) == ("79.0 ± 1.4", "79.9", "-0.9")
    assert [cell.difference for cell in cells] == ["-0.9", "-4.9", "-5.5", "+1.1"]
    assert row(table, "SE-ResNet50", "COSAM_4,5").seeds == [2, 0]
    assert shown_seeds([2, 0]) == "2/–"  # noqa: RUF001


def test_the_baseline_stands_twice_and_only_as_its_source_beside_the_published_value() -> None:
    table = arranged("table2", record(R_SOURCE, 0, 75.0), record(R_PLAIN, 0, 77.0))

    sourced = row(table, "ResNet50[13]", "TP_avg").cells[0][0]
    own = row(table, "ResNet50, size as COSAM", "TP_avg").cells[0][0]
    assert (sourced.ours, sourced.published, sourced.difference) == ("75.0", "75.8", "-0.8")
    assert (own.ours, own.published, own.difference) == ("77.0", "", "")


def test_columns_are_those_of_the_paper() -> None:
    four, three = ["mAP", "R1", "R5", "R20"], ["mAP", "R1", "R5"]

    assert arranged("table3").groups == {"MARS": four, "DukeMTMC-VideoReID": four}
    assert arranged("table4").groups == {
        "MARS": three,
        "DukeMTMC-VideoReID": three,
        "iLIDS-VID": ["R1", "R5"],
    }
    table7 = arranged("table7")
    assert table7.groups == {"handbag": three, "hat": three, "backpack": three}
    assert table7.title == "Table 7 on DukeMTMC-VideoReID: queries by what the person carries"


def test_the_best_of_a_backbone_is_marked_in_ours_and_in_the_published_values() -> None:
    records = [record(SE_COSAM, 0, 80.0), record(SE_PLAIN, 0, 80.04), record(R_PLAIN, 0, 60.0)]

    table = arranged("table3", *records)

    marked = [
        (one.labels[1], one.cells[0][0].best) for one in rows(table) if one.cells[0][0].mean is not None
    ]
    # alike to one decimal; and of the other backbone there is one result, beside which stands none
    assert marked == [("No COSAM, size as COSAM", False), ("No COSAM", True), ("COSAM_4,5", True)]
    published = [one.labels for one in rows(table) if one.cells[0][0].best_published]
    assert published == [("ResNet50", "COSAM_4,5"), ("SE-ResNet50", "COSAM_5"), ("SE-ResNet50", "COSAM_4,5")]


def test_table_5_marks_one_row_among_all_and_takes_re_ranked_results() -> None:
    table = arranged("table5", record(SE_COSAM, 0, 80.0), record(SE_COSAM, 0, 88.0, reranked=True))

    label = "SE-ResNet50 + COSAM_4,5 + TP_avg (ours)"
    assert row(table, label, "Yes").cells[0][0].ours == "80.0"
    best = row(table, f"{label} + Re-ranking[61]", "Yes").cells[0][0]
    assert (best.ours, best.difference, best.best, best.best_published) == ("88.0", "+0.6", True, True)
    assert [one.cells[0][0].best_published for one in rows(table)].count(True) == 1
    others = row(table, "LOMO+XQDA[28]", "No").cells
    assert (others[0][0].ours, others[0][0].published, others[1][0]) == ("", "16.4", Cell())


def test_table_7_takes_results_by_attribute() -> None:
    hats = record(SE_COSAM, 0, 95.0, data="duke", attribute="hat", valid_queries=120)

    table = arranged("table7", hats, record(SE_COSAM, 0, 50.0, data="duke"))

    cells = row(table, "SE50+C_4,5+TP").cells
    assert [ours(group) for group in cells] == [["–"] * 3, ["95.0"] * 3, ["–"] * 3]  # noqa: RUF001
    assert any("no results with handbag, 120 valid queries with hat" in line for line in table.caption)


def test_the_caption_names_protocol_and_valid_queries() -> None:
    duke = record(SE_COSAM, 0, 94.0, data="duke", valid_queries=702)

    caption = arranged("table3", record(SE_COSAM, 0, 80.0), duke).caption

    assert "MARS: protocol released, 1840 valid queries." in caption
    assert "DukeMTMC-VideoReID: protocol released, 702 valid queries." in caption
    assert "Ours: recipe paper, 60000 iterations." in caption


def test_ilids_vid_is_a_mean_of_ten_splits() -> None:
    told = {"data": "ilids_vid", "protocol": "cross_camera", "valid_queries": 150}
    table = arranged("table4", *(record(SE_COSAM, 0, 70.0 + n, split=n, **told) for n in range(10)))

    assert ours(row(table, "SE-ResNet50", "TP_avg", "COSAM_4,5").cells[2]) == ["74.5", "74.5"]
    assert "iLIDS-VID: protocol cross_camera, 150 valid queries; mean of 10 splits." in table.caption


def test_a_result_under_another_protocol_is_named_and_left_out() -> None:
    table = arranged("table3", record(SE_COSAM, 0, 80.0, protocol="official"))

    assert row(table, "SE-ResNet50", "COSAM_4,5").cells[0][0].ours == "–"  # noqa: RUF001
    assert any(note.endswith("seed 0 left out: protocol official, not released") for note in table.notes)


def test_missing_cells_are_counted_with_the_command_that_fills_them() -> None:
    notes = arranged("table6", record(replace(SE_COSAM, num_frames=2), 0, 70.0)).notes

    assert notes == [
        "Missing on MARS: 8 of 12 cells (N = 4; N = 8). To fill them: "
        "`reid-cosam train experiment=table6 num_frames=4,8 data=mars data.root=...`",
        "Missing on DukeMTMC-VideoReID: 12 of 12 cells (N = 2; N = 4; N = 8). To fill them: "
        "`reid-cosam train experiment=table6 data=duke data.root=...`",
    ]


def test_a_run_that_lacks_a_score_is_to_be_evaluated_and_not_trained_again() -> None:
    notes = arranged("table5", record(SE_COSAM, 0, 80.0)).notes
    attributes = arranged("table7", record(SE_COSAM, 0, 94.0, data="duke")).notes

    evaluate = "`reid-cosam evaluate ckpt=<run>/checkpoints/last.ckpt"
    (reranked,) = [note for note in notes if "Re-ranking" in note]
    assert reranked.endswith(f"{evaluate} rerank=true`")
    (carriers,) = [note for note in attributes if "(SE50+C_4,5+TP)" in note]
    assert carriers.endswith(f"{evaluate} data=duke data.root=... data.attributes=...`")


def test_rows_as_their_source_trained_them_have_a_sweep_of_their_own() -> None:
    (note,) = [note for note in arranged("table2").notes if "MARS" in note and "[13]" in note]

    assert "12 of 36 cells" in note
    assert note.endswith("`reid-cosam train experiment=source_baseline data=mars data.root=...`")


def test_synthetic_tables_hold_no_number_and_no_name_of_the_papers() -> None:
    for name in ("table2", "table3", "table4", "table5", "table6", "table7"):
        table = on_synthetic(name, small(TINY, 0, 50.0), record(SE_COSAM, 0, 80.0))

        cells = [cell for one in rows(table) for group in one.cells for cell in group]
        assert not any(cell.published or cell.difference for cell in cells)
        assert "synthetic small at 128x64 (rendered walkers, no data set of the paper)" in table.title
        shown = [table.title, *(label for one in rows(table) for label in one.labels)]
        assert not any(
            word in text for text in shown for word in ("MARS", "Duke", "iLIDS", "ResNet50", "R50")
        )
        assert all(one.labels for one in rows(table))


def test_small_backbones_stand_for_the_papers_on_synthetic_data() -> None:
    records = [small(TINY, 0, 50.0), small(R_TINY, 0, 40.0)]

    table = on_synthetic("table3", *records)

    filled = {one.labels: one.cells[0][0].ours for one in rows(table) if one.cells[0][0].mean is not None}
    # the baseline stands there once: no other source trained it in another way
    assert filled == {("ResNet-tiny", "No COSAM"): "40.0", ("SE-ResNet-tiny", "COSAM_4,5"): "50.0"}
    assert len(rows(table)) == 12
    assert len(table.results) == 2
    assert [*table.groups] == ["synthetic small at 128x64"]


def test_sizes_of_synthetic_sets_stand_side_by_side() -> None:
    records = [small(TINY, 0, 50.0), small(replace(TINY, height=64, width=32), 0, 30.0)]

    table = on_synthetic("table6", *records)

    assert [*table.groups] == ["synthetic small at 64x32", "synthetic small at 128x64"]
    assert [cells[0].ours for cells in row(table, "N = 4").cells] == ["30.0", "50.0"]


def test_results_of_the_papers_backbones_on_synthetic_data_stand_in_no_table() -> None:
    misfit = small(SE_COSAM, 0, 50.0)

    for name in ("table2", "table3", "table4", "table5", "table6", "table7"):
        assert arranged(name, misfit).results.empty
        assert on_synthetic(name, misfit).results.empty


def test_missing_synthetic_cells_name_the_small_sweep() -> None:
    table = on_synthetic("table3", small(TINY, 0, 50.0))

    (note,) = table.notes
    assert note.startswith("Missing on synthetic small at 128x64: 44 of 48 cells (ResNet-tiny / No COSAM; ")
    assert note.endswith("'experiment=[table3,tables_synthetic]' data.height=128 data.width=64`")


def test_a_table_shows_results_that_were_trained_alike_and_names_the_others() -> None:
    usual = [record(network, seed, 70.0) for network in (SE_PLAIN, SE_COSAM) for seed in (0, 1)]
    attentive = [replace(one, settings="0123abcd-77777777") for one in usual[2:]]
    other = [record(SE_COSAM, seed, 90.0, settings="ffffffff-77777777", run=f"new/{seed}") for seed in (0, 1)]

    table = arranged("table3", *other, *usual[:2], *attentive)

    assert row(table, "SE-ResNet50", "COSAM_4,5").cells[0][0].ours == "70.0 ± 0.0"
    (note,) = [note for note in table.notes if "left out" in note]
    assert note.startswith("2 results on MARS left out, as most are trained otherwise (theirs: paper recipe")
    assert "settings ffffffff; the first: new/0)" in note


def test_every_table_shows_results_that_were_trained_alike() -> None:
    """Even one that by itself could not tell which are the usual ones: most results of all decide."""
    usual = [record(SE_PLAIN, 0, 60.0), record(SE_COSAM, 0, 70.0, settings="0123abcd-77777777")]
    other = record(SE_COSAM, 0, 90.0, settings="00000000-77777777")

    table = arranged("table6", other, *usual)

    assert row(table, "N = 4").cells[0][0].ours == "70.0"


def test_snippets_of_random_frames_are_in_no_table() -> None:
    table = arranged("table6", record(SE_COSAM, 0, 90.0, sampling="random"))

    assert (len(table.results), row(table, "N = 4").cells[0][0].ours) == (0, "–")  # noqa: RUF001


def test_runs_on_unlike_machines_are_named() -> None:
    kinds = ["bf16-mixed on cpu", "bf16-mixed on cpu", "32-true on cpu by 2 processes", ""]
    runs = [
        replace(record(SE_COSAM, seed, 78.0), run=f"run{seed}", computed=kind)
        for seed, kind in enumerate(kinds)
    ]

    mixed, alike = arranged("table3", *runs), arranged("table3", *runs[:2], runs[3])

    told = "Not all runs were computed alike. 32-true on cpu by 2 processes: 1; bf16-mixed on cpu: 2"
    assert told in mixed.notes
    assert not [note for note in alike.notes if "computed" in note]


def test_rows_with_fewer_seeds_are_named() -> None:
    longer = replace(SE_COSAM, num_frames=8)

    table = arranged("table6", *(record(longer, seed, 70.0) for seed in range(3)), record(SE_COSAM, 0, 70.0))

    assert [note for note in table.notes if "seeds" in note] == ["Fewer than 3 seeds: N = 4 (1/–)"]  # noqa: RUF001


def test_the_command_trains_no_more_than_is_lacking() -> None:
    notes = arranged("table5", record(SE_COSAM, 0, 70.0)).notes

    (sweep,) = [note for note in notes if "experiment=table4" in note and "MARS" in note]
    assert "experiment=table4 backbone=resnet50,se_resnet50 'cosam=[]' agg=ta,tp_avg data=mars" in sweep
    (source,) = [note for note in notes if "source_baseline" in note and "MARS" in note]
    assert "experiment=source_baseline agg=ta data=mars" in source


def best_row(*records: Record) -> tuple[Row, list[str]]:
    """The row of the best network, and the remarks on the results for it."""
    table = arranged("table4", *records)
    return row(table, "SE-ResNet50", "TP_avg", "COSAM_4,5"), [note for note in table.notes if "N=4" in note]


def split(seed: int, number: int, percent: float) -> Record:
    return record(SE_COSAM, seed, percent, data="ilids_vid", split=number, protocol="cross_camera")


def test_mean_and_sample_deviation_over_seeds() -> None:
    found, notes = best_row(*(record(SE_COSAM, seed, value) for seed, value in enumerate((40.0, 42.0, 38.0))))

    cell = found.cells[0][2]
    assert cell.mean == pytest.approx(40)
    assert cell.deviation == pytest.approx(2)  # sqrt((0 + 4 + 4) / 2)
    assert (found.seeds, notes) == ([3, 0, 0], [])


def test_one_seed_has_no_deviation_and_none_has_nothing() -> None:
    (mars, duke, _), seeds = best_row(record(SE_COSAM, 0, 40.0))[0][1:]

    assert (mars[0].ours, mars[0].deviation) == ("40.0", None)
    assert ({(cell.mean, cell.deviation) for cell in duke}, seeds) == ({(None, None)}, [1, 0, 0])


@pytest.fixture
def _two_splits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATA_SETS, "ilids_vid", DataSet("iLIDS-VID", "cross_camera", splits=2))


@pytest.mark.usefixtures("_two_splits")
def test_a_seed_is_the_mean_of_its_splits() -> None:
    found, _ = best_row(split(0, 0, 70.0), split(0, 1, 74.0), split(1, 0, 80.0), split(1, 1, 76.0))

    cell = found.cells[2][0]
    assert cell.mean == pytest.approx(75)  # of 72 and 78
    assert cell.deviation == pytest.approx(18**0.5)  # of splits it would be 4.2


@pytest.mark.usefixtures("_two_splits")
def test_a_seed_without_all_splits_is_named_and_does_not_count() -> None:
    found, notes = best_row(split(0, 0, 70.0), split(0, 1, 74.0), split(1, 0, 99.0))

    assert found.cells[2][0].mean == pytest.approx(72)
    assert found.seeds[2] == 1
    (note,) = notes
    assert "ilids_vid, seed 1 left out: 1 of 2 splits have a result, not 1" in note


def test_of_two_results_of_one_key_the_last_counts_and_both_are_named() -> None:
    found, notes = best_row(record(SE_COSAM, 0, 40.0, run="first"), record(SE_COSAM, 0, 50.0, run="again"))

    assert found.cells[0][0].mean == pytest.approx(50)
    assert found.seeds[0] == 1
    (note,) = notes
    assert note.endswith("seed 0: 2 results, of which the last counts: first (mAP 40.0), again (mAP 50.0)")


def test_results_of_other_settings_do_not_mix() -> None:
    """Settings of the attention, which the rows of a table need not share."""
    others = [record(SE_COSAM, seed, 90.0, settings="0123abcd-77777777") for seed in (0, 1)]

    found, notes = best_row(others[0], *(record(SE_COSAM, seed, 40.0) for seed in range(3)), others[1])

    assert found.cells[0][0].mean == pytest.approx(40)
    assert found.seeds[0] == 3
    (note,) = notes
    assert "2 seeds of other settings left out (paper recipe, 60000 iterations, settings 0123abcd-7" in note
