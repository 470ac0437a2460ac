"""`reid-cosam dashboards`: what a dry run writes, and what is said where nothing can be sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from reid_cosam.results.tables.paper import LAYOUTS
from tests.support.commands import command

PROJECT = "project=me/mine"
NAMES = ["MARS", "DukeMTMC-VideoReID", "synthetic data (rendered walkers)"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dashboards")
    done = command("dashboards", folder, PROJECT, "--dry-run", "out=specs")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("nothing sent; written: specs/{workspace,table2,")
    return folder / "specs"


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def blocks(report: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [block for block in report["spec"]["blocks"] if block["type"] == kind]


def filters(run_set: dict[str, Any]) -> dict[str, list[Any]]:
    """The wanted values of each setting."""
    return {one["key"]["name"]: one["value"] for one in run_set["filters"]["filters"]}


def test_there_is_a_workspace_and_a_report_for_every_table(written: Path) -> None:
    assert {path.stem for path in written.iterdir()} == {"workspace", *LAYOUTS}


def test_the_workspace_groups_runs_by_table_placement_and_seed(written: Path) -> None:
    workspace = read(written / "workspace.json")

    assert (workspace["entity"], workspace["project"]) == ("me", "mine")
    section = workspace["spec"]["section"]
    (run_set,) = section["runSets"]
    grouping = [key["name"] for key in run_set["grouping"]]
    assert grouping[0] == "tables.value"
    assert grouping.index("placement.value") < grouping.index("seed.value") == len(grouping) - 1
    sections = section["panelBankConfig"]["sections"]
    assert [one["name"] for one in sections] == ["Scores", "By attribute", "Training", "Attention"]
    kinds = {panel["viewType"] for one in sections for panel in one["panels"]}
    assert kinds == {"Bar Chart", "Run History Line Plot", "Media Browser"}


def test_a_report_holds_the_published_numbers(written: Path) -> None:
    texts = "\n".join(block["content"] for block in blocks(read(written / "table3.json"), "markdown-block"))

    assert "| SE-ResNet50 | COSAM_4,5 | 79.9 | 84.9 | 95.5 | 97.9 |" in texts
    assert "**MARS**" in texts
    assert "**DukeMTMC-VideoReID**" in texts
    assert "reid-cosam train experiment=table3" in texts


def test_each_data_set_has_its_own_runs_and_synthetic_data_say_so(written: Path) -> None:
    report = read(written / "table6.json")

    grids = blocks(report, "panel-grid")
    run_sets = [run_set for grid in grids for run_set in grid["metadata"]["runSets"]]
    assert [run_set["name"] for run_set in run_sets] == NAMES
    assert filters(run_sets[0]) == {
        "data.name": ["mars"],
        "backbone_name": ["se_resnet50"],
        "agg_name": ["tp_avg"],
        "placement": ["[4,5]"],
        "num_frames": [2, 4, 8],
        "data.height": [256],
        "recipe.sampling.frames": ["consecutive", "consecutive_released"],
    }
    assert filters(run_sets[-1])["backbone_name"] == ["se_resnet_tiny"]
    assert filters(run_sets[-1])["data.name"] == ["synthetic"]
    headings = [block["children"][0]["text"] for block in blocks(report, "heading")]
    assert headings == ["Published", *(f"Ours on {name}" for name in NAMES)]


def test_panels_average_over_the_seeds_of_each_network(written: Path) -> None:
    (grid, *_) = blocks(read(written / "table6.json"), "panel-grid")

    panels = grid["metadata"]["panelBankSectionConfig"]["panels"]
    bars = [panel["config"] for panel in panels if panel["viewType"] == "Bar Chart"]
    assert [(bar["metrics"], bar["groupBy"]) for bar in bars] == [
        (["mAP"], "network.value"),
        (["R1"], "network.value"),
    ]
    assert all((bar["groupAgg"], bar["groupArea"]) == ("mean", "stddev") for bar in bars)


def test_the_table_of_attributes_looks_at_the_queries_that_carry_something(written: Path) -> None:
    (grid, *_) = blocks(read(written / "table7.json"), "panel-grid")

    shown = [panel["config"].get("metrics") for panel in grid["metadata"]["panelBankSectionConfig"]["panels"]]
    assert ["handbag/mAP"] in shown
    assert ["mAP"] not in shown


def test_a_second_dry_run_writes_the_same(written: Path, tmp_path: Path) -> None:
    command("dashboards", tmp_path, PROJECT, "--dry-run", "out=again", "tables=[table3]")

    for name in ("workspace", "table3"):
        assert (tmp_path / "again" / f"{name}.json").read_text() == (written / f"{name}.json").read_text()


def test_without_a_login_the_remedy_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # no netrc
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))

    done = command("dashboards", tmp_path, PROJECT)

    assert done.returncode == 1
    assert done.stderr.startswith("error: Weights & Biases rejected it:")
    assert "`wandb login` first" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "error: project is missing: add project=...\n"),
        (["project=mine"], "error: project=mine: String should match pattern"),
        ([PROJECT, "tables=table9"], "error: tables=table9: Input should be"),
    ],
)
def test_bad_settings_are_named(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = command("dashboards", tmp_path, *arguments, "--dry-run")

    assert (done.returncode, done.stderr[: len(said)]) == (1, said)
