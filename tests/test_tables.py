"""`reid-cosam tables`: what it writes, what it says, and what it leaves as it was."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hydra import compose, initialize_config_dir

from reid_cosam.paths import CONF, EXPERIMENTS
from reid_cosam.results.run_settings import NetworkSpec
from reid_cosam.results.tables.paper import LAYOUTS
from reid_cosam.results.tables.records import Record, results_csv, results_table
from reid_cosam.results.tables.write import write_tables
from reid_cosam.settings import TablesSettings
from reid_cosam.settings.reading import read_settings
from tests.results.tables.made_up import SE_COSAM, SE_PLAIN, record
from tests.support.commands import command
from tests.test_settings import settings as train_settings

TINY = NetworkSpec("se_resnet_tiny", "tp_avg", (4, 5), 4, 64, 32, 1)
FORMATS = {"table.md", "table.tex", "table.html", "table.csv", "results.csv"}


def settings(*overrides: str) -> TablesSettings:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return read_settings(TablesSettings, compose("tables", list(overrides)))


def make_tables(chosen: TablesSettings) -> None:
    write_tables([*map(Path, chosen.runs)], chosen.project, chosen.tables, Path(chosen.out))


def write(path: Path, records: Sequence[Record], *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(results_csv(results_table(records)) + "".join(f"{line}\n" for line in lines))
    return path


def make(tmp_path: Path, records: Sequence[Record], *lines: str) -> Path:
    """The folder of tables of these results and damaged lines."""
    file = write(tmp_path / "in" / "results.csv", records, *lines)
    make_tables(settings(f"runs={file}", f"out={tmp_path / 'out'}"))
    return tmp_path / "out"


def synthetic(network: NetworkSpec, seed: int, percent: float) -> Record:
    return record(network, seed, percent, data="synthetic", size="small", valid_queries=600)


def test_every_table_that_has_results_is_written_in_every_format(tmp_path: Path) -> None:
    out = make(tmp_path, [record(SE_COSAM, 0, 79.0), synthetic(TINY, 0, 50.0)])

    written = {path.parent.relative_to(out).as_posix() for path in out.rglob("*.*")}
    # table 7 has results by attribute only
    assert written == {
        f"{name}/{kind}"
        for name in LAYOUTS.keys() - {"table2", "table7"}
        for kind in ("paper_data", "synthetic")
    }
    assert {path.name for path in (out / "table3" / "synthetic").iterdir()} == FORMATS
    assert "– (**77.2**)" in (out / "table3" / "paper_data" / "table.md").read_text()  # noqa: RUF001
    assert "77.2" not in (out / "table3" / "synthetic" / "table.md").read_text()


def test_the_results_of_a_table_make_the_same_table_again(tmp_path: Path) -> None:
    records = [record(SE_COSAM, seed, 70 + seed / 3) for seed in range(3)] + [synthetic(TINY, 0, 50.0)]
    first = make(tmp_path, records) / "table3" / "paper_data"

    again = tmp_path / "again"
    make_tables(settings(f"runs={first / 'results.csv'}", "tables=table3", f"out={again}"))

    assert (again / "table3" / "paper_data" / "table.md").read_text() == (first / "table.md").read_text()
    assert not (again / "table3" / "synthetic").exists()


def test_a_file_with_faults_of_every_kind_costs_no_other_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = [record(SE_COSAM, seed, 79.0 + seed) for seed in range(3)]
    unknown = record(replace(SE_PLAIN, backbone="vit_b"), 0, 90.0, run="logs/vit")
    misfit = record(replace(SE_PLAIN, cosam=(1, 2)), 0, 90.0, run="logs/elsewhere")
    twin = record(SE_COSAM, 2, 81.5, run="logs/later")
    text = (make(tmp_path / "whole", whole) / "table3" / "paper_data" / "table.md").read_text()
    capsys.readouterr()

    out = make(tmp_path / "faulty", [*whole[:2], unknown, whole[2], misfit, twin], "mars,,,se_resnet50")

    row = re.compile(r"\| SE-ResNet50 \| COSAM<sub>4,5.*", re.MULTILINE)
    faulty = (out / "table3" / "paper_data" / "table.md").read_text()
    assert "80.0 ± 1.0 (**79.9**, +0.1)" in row.search(text).group()  # type: ignore[union-attr]
    assert "80.2 ± 1.3 (**79.9**, +0.3)" in row.search(faulty).group()  # type: ignore[union-attr]
    said = capsys.readouterr().out
    assert "6 results read" in said
    assert "results.csv, line 8 left out: 4 fields instead of 24" in said
    assert "backbone vit_b is none of resnet50, se_resnet50, resnet_tiny, se_resnet_tiny (" in said
    assert "`reid-cosam report` compares any runs): 1 result" in said
    assert (
        "no row for such a network, or left out above: 1 result, the first: se_resnet50 cosam=[1,2]" in said
    )
    assert (
        "seed 2: 2 results, of which the last counts: logs/se_resnet50-tp_avg-2 (mAP 81.0), logs/later (mAP"
        in said
    )
    assert "Missing on MARS: 44 of 52 cells" in said
    assert (out / "table3" / "paper_data" / "results.csv").read_text().count("\n") == 1 + 4  # both twins


def test_how_the_scores_were_made_is_printed_once_and_only_with_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make(tmp_path / "some", [record(SE_COSAM, 0, 79.0), synthetic(TINY, 0, 50.0)])
    said = capsys.readouterr().out
    for part in ("gallery", "Euclidean distance", "snippets", "not given the camera"):
        assert said.count(part) == 1

    make(tmp_path / "none", [record(SE_COSAM, 0, 79.0, data="folder")])
    said = capsys.readouterr().out
    assert "data set folder is none of mars, duke, ilids_vid, synthetic (`reid-cosam report`" in said
    assert "Euclidean" not in said


def test_the_file_that_was_read_stays_as_it_was(tmp_path: Path) -> None:
    damaged = write(tmp_path / "table3" / "paper_data" / "results.csv", [record(SE_COSAM, 0, 79.0)], "x,y")
    before = damaged.read_text()

    make_tables(settings(f"runs={damaged}", f"out={tmp_path}"))

    assert damaged.read_text() == before
    assert damaged.with_name("table.md").is_file()


def test_runs_of_a_project_are_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = {"mAP": 0.8, "R1": 0.8, "R5": 0.8, "R20": 0.8, "valid_queries": 1840, "protocol": "released"}
    config = train_settings("data=mars").model_dump(mode="json")
    asked = []

    class Api:
        def runs(self, project: str) -> list[Any]:
            asked.append(project)
            return [SimpleNamespace(url="u", state="finished", config=config, summary_metrics=scores)]

    monkeypatch.setattr("wandb.Api", Api)

    make_tables(settings("from=wandb", "project=me/mine", "tables=table6", f"out={tmp_path}"))

    assert asked == ["me/mine"]
    assert "| N = 4 | **80.0**" not in (tmp_path / "table6/paper_data/table.md").read_text()
    assert "| N = 4 | 80.0 (**79.9**, +0.1)" in (tmp_path / "table6/paper_data/table.md").read_text()


def test_a_folder_without_results_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no finished run: .*runs="):
        make_tables(settings(f"runs={tmp_path}"))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["from=wandb"], "from=wandb and project=entity/name belong together"),
        (["project=a/b"], "from=wandb and project=entity/name belong together"),
        (["from=disk"], "from=disk: Input should be 'local' or 'wandb'"),
        (["tables=table8"], r"tables=table8: Input should be"),
    ],
)
def test_bad_settings_are_named(overrides: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings(*overrides)


def test_the_command_ends_in_one_line_where_there_is_nothing_to_read(tmp_path: Path) -> None:
    done = command("tables", tmp_path)

    assert done.returncode == 1
    assert done.stderr == "error: runs: there is no logs; name folders of runs, or a results.csv\n"
    assert list(tmp_path.iterdir()) == []


def test_help_names_every_setting(tmp_path: Path) -> None:
    done = command("tables", tmp_path, "--help")

    assert all(name in done.stdout for name in ("runs=", "from=wandb", "project=", "tables=", "out="))


COMMITTED = sorted(EXPERIMENTS.glob("table*/*/results.csv"))


@pytest.mark.parametrize("results", COMMITTED, ids=lambda path: str(path.relative_to(EXPERIMENTS).parent))
def test_committed_tables_are_those_of_the_committed_results(results: Path, tmp_path: Path) -> None:
    name, kind = results.relative_to(EXPERIMENTS).parts[:2]

    make_tables(settings(f"runs={results}", f"tables={name}", f"out={tmp_path}"))

    for file in FORMATS:
        assert (tmp_path / name / kind / file).read_bytes() == results.with_name(file).read_bytes()
