"""The last thing a run says."""

from pathlib import Path
from typing import Any

import pytest

from reid_cosam.results.summary import print_evaluation, print_splits, print_summary

HOW = {
    **{"gallery": ["gallery"], "gallery_tracklets": 9330, "distance": "euclidean", "reranking": None},
    **{"tested_frames": "all frames in snippets of 4, tail cycle", "camera_input": False, "queries": 7},
}
METRICS: dict[str, Any] = HOW | {
    **{"mAP": 0.4567, "R1": 0.5, "R5": 0.75, "R10": 0.8, "R20": 1.0},
    **{"valid_queries": 6, "protocol": "released", "step": 3},
    "data": {"name": "ward", "split": 3, "tested_half": None},
    "chance": {"mAP": 0.1234, "R1": 0.05, "R5": 0.25, "R10": 0.5, "R20": 0.999},
}


def test_scores_stand_in_percent_beside_chance(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(METRICS | {"attention": None}, {}, Path("/runs/1"))

    out = capsys.readouterr().out
    cells = [line.strip("│").split("│") for line in out.splitlines() if line.startswith("│")]
    rows = [[cell.strip() for cell in row] for row in cells]
    assert rows == [
        ["this run", "45.7", "50.0", "75.0", "100.0"],
        ["chance", "12.3", "5.0", "25.0", "99.9"],
    ]
    assert "ward, split 3: 6 queries, protocol released" in " ".join(out.split())
    assert "COSAM" not in out


@pytest.mark.parametrize(
    ("camera_input", "said"),
    [(False, "not given to"), (True, "given to"), ("unknown", "unknown whether given to")],
)
def test_below_the_scores_stands_what_they_depend_on(
    camera_input: object, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = METRICS | {"attention": None, "distance": "cosine", "camera_input": camera_input}

    print_summary(metrics, {}, Path("/runs/1"))

    assert (
        "gallery: 9,330 tracklets (gallery), 6 of 7 queries valid; cosine distance; "
        f"tested: all frames in snippets of 4, tail cycle; camera: {said} the network\n"
    ) in capsys.readouterr().out


def test_attention_is_told_by_block(capsys: pytest.CaptureFixture[str]) -> None:
    seen = {"4": {"inside": 0.75, "outside": 0.25}, "5": {"inside": 0.5, "outside": 0.125}}

    print_summary(METRICS | {"attention": seen}, {}, Path("/runs/1"))

    lines = capsys.readouterr().out.splitlines()
    assert "COSAM after block 4: mean mask 0.750 on the person, 0.250 elsewhere" in lines
    assert "COSAM after block 5: mean mask 0.500 on the person, 0.125 elsewhere" in lines


def test_long_paths_stay_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    folder = Path("/a/folder/whose/name/is/longer/than/the/terminal/is/wide[red]/2026-01-01")

    print_summary(METRICS | {"attention": None}, {"ranked_lists": folder / "ranked_lists.png"}, folder)

    lines = capsys.readouterr().out.splitlines()
    assert f"ranked lists: {folder}/ranked_lists.png" in lines
    assert f"everything else: {folder}" in lines


def test_an_evaluation_has_a_row_a_result_and_fits_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    scores = METRICS | {"mINP": 0.25, "queries": 1980, "valid_queries": 1840, "reranked": False}
    parameters = {"k1": 20, "k2": 6, "lambda_value": 0.3, "squared": True}
    both = {"gallery": ["gallery", "query"], "gallery_tracklets": 11_310, "reranking": parameters}
    reranked = scores | both | {"reranked": True, "mAP": 1.0, "protocol": "with_queries"}
    rows = [scores | {"by_attribute": {"hat": scores, "handbag": None}}, reranked | {"by_attribute": {}}]
    metrics = METRICS | {"precision": "32-true", "results": rows}

    print_evaluation(metrics, {}, Path("/runs/1"))

    out = capsys.readouterr().out
    assert (
        "gallery: released 9,330 tracklets (gallery), with_queries 11,310 tracklets (gallery + query); "
        "euclidean distance, re-ranked with k1 20, k2 6, lambda_value 0.3, squared True; "
        "tested: all frames in snippets of 4, tail cycle; camera: not given to the network\n"
    ) in out
    lines = [line.split() for line in out.splitlines()]
    assert ["ward,", "split", "3,", "32-true,", "percent"] in lines
    assert ["released", "1840/1980", "45.7", "25.0", "50.0", "75.0", "80.0", "100.0"] in lines
    assert ["with", "hat", "1840/1980", "45.7", "25.0", "50.0", "75.0", "80.0", "100.0"] in lines
    assert ["with", "handbag", "0", "-", "-", "-", "-", "-", "-"] in lines
    assert ["chance,", "released", "12.3", "-", "5.0", "25.0", "50.0", "99.9"] in lines
    assert [
        "with_queries,",
        "re-ranked",
        "1840/1980",
        "100.0",
        "25.0",
        "50.0",
        "75.0",
        "80.0",
        "100.0",
    ] in lines


def test_one_camera_against_the_other_has_ranks_only(capsys: pytest.CaptureFixture[str]) -> None:
    scores = METRICS | {"protocol": "cross_camera", "mINP": 0.2, "queries": 6, "reranked": False}
    metrics = METRICS | {
        "data": {"name": "prid2011", "split": None, "tested_half": "first"},
        "precision": "32-true",
        "results": [scores | {"by_attribute": {}}],
    }

    print_evaluation(metrics, {}, Path("/runs/1"))

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["prid2011,", "first", "half", "tested,", "32-true,", "percent"] in lines
    assert ["cross_camera", "6/6", "-", "-", "50.0", "75.0", "80.0", "100.0"] in lines
    assert ["chance,", "cross_camera", "-", "-", "5.0", "25.0", "50.0", "99.9"] in lines


@pytest.mark.parametrize(("protocol", "shown"), [("released", True), ("cross_camera", False)])
def test_a_sweep_over_splits_has_a_row_a_split_and_its_mean(
    capsys: pytest.CaptureFixture[str], protocol: str, shown: bool
) -> None:
    about = {"name": "prid2011", "tested_half": None, "splits_file": "/data/splits.json", "reranked": True}
    scores = {"mAP": 0.25, "R1": 0.5, "R5": 0.75, "R10": 0.8, "R20": 1.0}
    runs = [about | scores | {"protocol": protocol, "split": split} for split in (0, 1)]
    deviation = dict.fromkeys(scores, 0.0625)
    group = {"splits": runs, "mean": scores, "standard_deviation": deviation}

    print_splits({"1: net": group}, Path("/sweep/splits.json"))

    out = capsys.readouterr().out
    assert f"1: net, prid2011, {protocol}, re-ranked, 2 splits, percent\nsplits: /data/splits.json\n" in out
    cells = [line.strip("│").split("│") for line in out.splitlines() if line.startswith("│")]
    rows = [[cell.strip() for cell in row] for row in cells]
    kept = 1 if shown else 2
    assert rows[1] == ["1", *["", "25.0", "50.0", "75.0", "80.0", "100.0"][kept:]]
    assert rows[2] == ["mean", *(f"{cell} ± 6.2" for cell in rows[1][1:])]


def test_nothing_is_said_where_no_splits_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    print_splits({}, Path("/sweep/splits.json"))

    assert capsys.readouterr().out == ""
