"""Results of run folders as training and evaluation write them, and of a Weights & Biases project."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import yaml

from reid_cosam.results.run_settings import NetworkSpec
from reid_cosam.results.tables import read
from reid_cosam.results.tables.records import results_csv, results_table
from tests.results.tables.made_up import SE_COSAM, record
from tests.test_settings import settings


def from_places(places: Sequence[Path]) -> tuple[list[Any], list[str]]:
    """One named tuple per result, and the faults."""
    found = read.from_places(places)
    return [*found.table.itertuples()], found.faults


SCORES = {"mAP": 0.8, "R1": 0.85, "R5": 0.95, "R20": 0.98, "valid_queries": 1840, "protocol": "released"}
HATS = SCORES | {"mAP": 0.6, "valid_queries": 300}
RERANKING = {"k1": 20, "k2": 6, "lambda_value": 0.3, "squared": True}


def config(*overrides: str) -> dict[str, Any]:
    """What a run's config.yaml holds."""
    return settings("data=mars", *overrides).model_dump(mode="json")


def row(reranked: bool, **by_attribute: object) -> dict[str, Any]:
    return SCORES | {"reranked": reranked, "by_attribute": by_attribute}


def write(folder: Path, told: object, metrics: object) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(told))
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder


def evaluation(run: Path, **changes: Any) -> dict[str, Any]:
    """What an evaluation's config.yaml holds."""
    told = {"ckpt": str(run / "checkpoints" / "last.ckpt"), "data": None, "distance": "euclidean"}
    return told | {"snippet_tail": "cycle"} | changes


def test_a_run_is_told_by_its_settings(tmp_path: Path) -> None:
    run = write(tmp_path / "a" / "deep", config("seed=3", "agg=ta", "num_frames=8"), SCORES)

    (found,), faults = from_places([tmp_path])

    assert faults == []
    network = NetworkSpec("se_resnet50", "ta", (4, 5), 8, 256, 128, 2)
    assert {name: getattr(found, name) for name in network.columns} == network.columns
    assert (found.data, found.protocol, pd.isna(found.split)) == ("mars", "released", True)
    assert (found.seed, found.recipe, found.iterations, found.run) == (3, "paper", 60000, str(run))
    assert (found.mAP, found.R1, found.R5, found.R20) == (0.8, 0.85, 0.95, 0.98)
    assert found.valid_queries == 1840


@pytest.mark.parametrize("key", ["by_attribute", "carriers"])
def test_re_ranked_scores_and_those_by_attribute_are_results_of_their_own(key: str, tmp_path: Path) -> None:
    """Earlier versions wrote `carriers`."""
    rows = [row(False, hat=HATS, handbag=None), row(True, hat=HATS)]
    rows = [{key if name == "by_attribute" else name: value for name, value in one.items()} for one in rows]
    write(tmp_path / "run", config(), SCORES | {"results": rows})

    found, _ = from_places([tmp_path])

    assert [(one.attribute, one.reranked, one.mAP) for one in found] == [
        *(("", False, 0.8), ("hat", False, 0.6)),
        *(("", True, 0.8), ("hat", True, 0.6)),
    ]
    assert [one.valid_queries for one in found] == [1840, 300, 1840, 300]


@pytest.mark.parametrize(
    ("change", "alike"),
    [
        ("data.root=elsewhere", True),
        ("data.workers=1", True),
        ("logger=csv", True),
        ("recipe.loss.margin=0.5", False),
        ("recipe.attention.variant=released", False),
    ],
)
def test_runs_that_differ_in_more_than_seed_are_told_apart(change: str, alike: bool, tmp_path: Path) -> None:
    write(tmp_path / "one", config("seed=0"), SCORES)
    write(tmp_path / "other", config("seed=1", change), SCORES)

    (one, other), _ = from_places([tmp_path])

    assert (one.settings == other.settings) == alike


def test_an_evaluation_adds_what_the_run_did_not_score(tmp_path: Path) -> None:
    run = write(tmp_path / "train" / "run", config("seed=2"), SCORES)
    results = [row(False, hat=HATS), row(True)]
    write(tmp_path / "evaluate" / "x", evaluation(run), {"results": results, "reranking": RERANKING})

    found, faults = from_places([tmp_path / "evaluate", tmp_path / "train"])

    assert [(one.attribute, one.reranked) for one in found] == [
        *(("", False), ("hat", False), ("", True)),
    ]
    assert {(one.seed, one.run) for one in found} == {(2, str(run))}
    assert faults == []


@pytest.mark.parametrize(
    ("changes", "reranking"),
    [
        ({"distance": "cosine"}, RERANKING),
        ({"snippet_tail": "weighted"}, RERANKING),
        ({"data": {"name": "duke", "split": None}}, RERANKING),
        ({"ckpt": "best.ckpt"}, RERANKING),
        ({}, RERANKING | {"k1": 30}),
    ],
)
def test_an_evaluation_made_otherwise_adds_nothing(
    changes: dict[str, Any], reranking: object, tmp_path: Path
) -> None:
    run = write(tmp_path / "run", config(), SCORES)
    told = evaluation(run)
    told |= changes
    if "ckpt" in changes:
        told["ckpt"] = str(run / "checkpoints" / changes["ckpt"])
    write(tmp_path / "x", told, {"results": [row(True)], "reranking": reranking})

    found, _ = from_places([tmp_path])

    assert [one.reranked for one in found] == [False]


@pytest.mark.parametrize(
    ("told", "metrics", "reason"),
    [
        ("[", SCORES, "left out: "),
        (config(), {"mAP": 0.5}, "left out: 'protocol' is missing"),
        (config(), SCORES | {"R5": 95.0}, "left out: R5 is 95.0"),
        (config() | {"backbone": None}, SCORES, "left out: "),
        ({}, SCORES, "left out: 'data' is missing"),
        (config(), [], "metrics.json is damaged: it holds no JSON object"),
    ],
)
def test_a_damaged_run_is_named_and_the_others_are_kept(
    told: object, metrics: object, reason: str, tmp_path: Path
) -> None:
    bad = write(tmp_path / "bad", told, metrics)
    if told == "[":
        (bad / "config.yaml").write_text("[")
    write(tmp_path / "good", config(), SCORES)

    found, faults = from_places([tmp_path])

    assert [one.run for one in found] == [str(tmp_path / "good")]
    (fault,) = faults
    assert fault.startswith(f"{bad} left out: ")
    assert reason in fault


def test_folders_and_files_of_results_go_together(tmp_path: Path) -> None:
    write(tmp_path / "logs" / "run", config(), SCORES)
    (tmp_path / "results.csv").write_text(
        results_csv(results_table([record(SE_COSAM, 5, 50.0)])) + "garbage\n"
    )

    found, faults = from_places([tmp_path / "logs", tmp_path / "results.csv"])

    assert sorted(one.seed for one in found) == [0, 5]
    assert faults == [f"{tmp_path / 'results.csv'}, line 3 left out: 1 fields instead of 24"]


def test_a_file_of_something_else_costs_no_other_file(tmp_path: Path) -> None:
    good, other = tmp_path / "good.csv", tmp_path / "other.csv"
    good.write_text(
        results_csv(results_table([record(SE_COSAM, 5, 50.0)])), encoding="utf-8-sig"
    )  # as spreadsheets save it
    other.write_text("a,b\n1,2\n")

    found, faults = from_places([other, good])

    assert [one.seed for one in found] == [5]
    assert faults[0].startswith(
        f"{other} left out: it is no file of results: its first line must be data,size"
    )


def test_a_missing_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no .*nowhere; name folders of runs, or a results"):
        from_places([tmp_path / "nowhere"])


def test_runs_of_a_project_are_read_as_those_of_a_folder(tmp_path: Path) -> None:
    metrics = SCORES | {"results": [row(False, hat=HATS)], "loss": 0.5, "_step": 7}
    write(tmp_path / "run", config(), metrics)
    (local, *_), _ = from_places([tmp_path])
    run = SimpleNamespace(url="https://w/1", state="finished", config=config(), summary_metrics=metrics)
    crashed = SimpleNamespace(url="https://w/2", state="crashed", config=config(), summary_metrics={})
    foreign = SimpleNamespace(url="https://w/3", state="finished", config={"lr": 1}, summary_metrics={})

    found, _, faults = read.from_wandb([run, crashed, foreign])

    first: Any = next(found.itertuples())
    assert first._replace(run=local.run) == local
    assert [*found["run"]] == ["https://w/1"] * 2
    assert [*found["attribute"]] == ["", "hat"]
    assert faults == ["https://w/2 left out: it is crashed", "https://w/3 left out: 'data' is missing"]
