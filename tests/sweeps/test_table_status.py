"""What a table still needs, and how long that takes."""

import fcntl
from pathlib import Path

import pytest
import torch
from hydra import initialize_config_dir
from omegaconf import OmegaConf

from reid_cosam.data.readers.mars import Mars
from reid_cosam.paths import CONF
from reid_cosam.results.store import write_json, write_text
from reid_cosam.settings.train import part_name
from reid_cosam.sweeps import planned_runs
from reid_cosam.sweeps.attempts import record_failure
from reid_cosam.sweeps.planned_runs import PlannedRun
from reid_cosam.sweeps.table_status import Paces, State, seconds_left, state, table_status
from reid_cosam.training.pace import MeasuredPace
from tests.support.tree import write_mars_tree
from tests.test_settings import settings


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(Mars, "counts", {})
    planned_runs._split.cache_clear()
    planned_runs._composed.cache_clear()
    return write_mars_tree(tmp_path / "mars")


FINISHED = {"mAP": 0.5, "protocol": "released", "valid_queries": 6}


def settings_of(tree: Path) -> tuple[str, ...]:
    return ("data=mars", f"data.root={tree}", f"registry={tree.parent / 'kept'}", "trainer.max_steps=1000")


def plan(tree: Path, table: str, *overrides: str) -> list[PlannedRun]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return planned_runs.planned_runs(table, [*settings_of(tree), *overrides])


def measure(run: PlannedRun, iteration: float, evaluation: float, device: str = "cpu") -> None:
    write_text(run.folder / "config.yaml", OmegaConf.to_yaml(run.settings.model_dump(mode="json")))
    pace = {"seconds_per_iteration": iteration, "seconds_per_evaluation": evaluation, "device": device}
    write_json(run.folder / "pace.json", pace)


def checkpoint(folder: Path, iterations: int) -> None:
    (folder / "checkpoints").mkdir(parents=True)
    torch.save({"global_step": iterations, "config": {}}, folder / "checkpoints" / "last.ckpt")


@pytest.mark.parametrize(
    ("table", "count"),
    [
        *(("table2", 9), ("table3", 13), ("table4", 15), ("table5", 4), ("table6", 3), ("table7", 5)),
        *(("figure6", 1), ("placements", 16), ("frame_selection", 2)),
    ],
)
def test_a_table_consists_of_its_sweep_and_its_source_baseline(tree: Path, table: str, count: int) -> None:
    runs = plan(tree, table, "seeds=[0]")

    assert len(runs) == len({run.folder for run in runs}) == count


def test_tables_share_runs(tree: Path) -> None:
    folders = {
        table: {run.folder for run in plan(tree, table, "seeds=[0,1]")}
        for table in ("table2", "table3", "table4", "table6", "table7", "figure6")
    }

    assert folders["table2"] < folders["table4"]
    assert folders["table7"] < folders["table3"]
    assert folders["figure6"] < folders["table6"]
    assert len(folders["table3"] & folders["table4"]) == 2 * 5  # TP_avg, and the source's baseline of it


def test_a_planned_run_lies_where_train_puts_it(tree: Path) -> None:
    (run,) = plan(tree, "figure6", "seeds=[2]")

    assert run.folder.parent == tree.parent / "kept"
    assert run.folder.name.startswith("se_resnet50-cosam45-tp_avg-n4-seed2-")
    assert run.settings.seed == 2


def test_the_source_baseline_is_of_the_papers_network_only(tree: Path) -> None:
    runs = plan(tree, "table2", "seeds=[0]", "experiment=tables_synthetic")

    assert {part_name(run.settings.backbone) for run in runs} == {"resnet_tiny", "se_resnet_tiny"}


def test_an_unknown_table_lists_the_known_ones(tree: Path) -> None:
    with pytest.raises(ValueError, match="table8: no such table; there are table2, table3"):
        plan(tree, "table8")


def test_the_state_of_a_run_is_read_from_its_folder(tmp_path: Path) -> None:
    names = ("missing", "begun", "interrupted", "failed", "running", "finished")
    folders = {name: tmp_path / name for name in names}
    folders["begun"].mkdir()
    for name in ("interrupted", "failed", "running", "finished"):
        checkpoint(folders[name], 40)
    record_failure(folders["failed"], ValueError("no memory"), 0)
    write_json(folders["finished"] / "metrics.json", FINISHED)

    with (folders["running"] / "run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        states = {name: state(folder) for name, folder in folders.items()}

    assert states == {
        "missing": State("missing", 0),
        "begun": State("interrupted", 0),
        "interrupted": State("interrupted", 40),
        "failed": State("failed", 40, "no memory"),
        "running": State("running", 40),
        "finished": State("finished", 0),
    }


@pytest.mark.parametrize(
    ("done", "every", "seconds"),
    [
        (0, 500, 1000 * 2 + 2 * 60),
        (600, 500, 400 * 2 + 1 * 60),
        (0, 300, 1000 * 2 + 4 * 60),  # after 300, 600, 900 and at the end
        (0, 5000, 1000 * 2 + 1 * 60),
        (1000, 300, 60),  # interrupted before its last evaluation
        (1000, 500, 60),
    ],
)
def test_the_time_left_counts_iterations_and_evaluations(done: int, every: int, seconds: float) -> None:
    run = settings("trainer.max_steps=1000", f"trainer.eval_every={every}")

    assert seconds_left(run, done, MeasuredPace(2.0, 60.0, "cpu")) == seconds


def test_a_pace_comes_from_the_most_similar_runs(tree: Path) -> None:
    sweep = plan(tree, "table3", "seeds=[0,1,2]")
    by_name = {run.settings.run_name: run for run in sweep}
    measure(by_name["se_resnet50-cosam4-tp_avg-n4-seed0"], 3.0, 30.0, "H200")
    measure(by_name["se_resnet50-cosam4-tp_avg-n4-seed1"], 5.0, 50.0, "H200")
    measure(by_name["se_resnet50-cosam5-tp_avg-n4-seed0"], 1.0, 10.0, "A100")

    paces = Paces(tree.parent / "kept")

    def of(name: str) -> MeasuredPace | None:
        return paces.of(by_name[name].settings)

    assert of("se_resnet50-cosam4-tp_avg-n4-seed2") == MeasuredPace(4.0, 40.0, "H200")
    assert of("se_resnet50-no-cosam-tp_avg-n4-seed0") == MeasuredPace(3.0, 30.0, "A100, H200")
    assert of("resnet50-cosam4-tp_avg-n4-seed0") is None


def test_the_time_left_of_unfinished_runs_is_printed(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = plan(tree, "figure6")
    write_json(first.folder / "metrics.json", FINISHED)
    measure(first, 36.0, 60.0)
    checkpoint(second.folder, 400)

    table_status(["figure6", *settings_of(tree)])

    printed = capsys.readouterr().out
    assert "figure6: 3 runs: 1 finished, 1 interrupted, 1 missing" in printed
    assert first.folder.name not in printed
    rows = {line.split()[1]: line for line in printed.splitlines() if "seed" in line}
    assert "interrupted at 400 of 1000" in rows[second.folder.name]
    assert "6.0 h" in rows[second.folder.name]
    assert "10.0 h" in rows[third.folder.name]
    assert "left: 16.0 h for 2 runs, one after the other, as measured on cpu" in printed


def test_without_measured_runs_there_is_no_estimate(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table_status(["figure6", *settings_of(tree), "seeds=[0]"])

    assert "1 runs without a measured time" in capsys.readouterr().out


def test_missing_data_of_a_named_table_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        table_status(["table3", "data=mars", f"data.root={tmp_path / 'nowhere'}"])
