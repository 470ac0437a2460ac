"""Mean and standard deviation over the splits of a sweep."""

import json
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn
from omegaconf import OmegaConf

from reid_cosam.paths import CONF
from reid_cosam.results.store import write_json, write_text
from reid_cosam.split_summary import SplitSummary, summary


def finish(sweep: Path, number: int, rank1: float, **changes: Any) -> None:
    """A job whose run is kept elsewhere."""
    kept = sweep.parent / "kept" / f"net{number}-split{number}-0a1b"
    config = {"cosam": [4], "seed": 0, "data": {"name": "ilids_vid", "split": number}} | changes
    write_text(kept / "config.yaml", OmegaConf.to_yaml(config))
    write_json(sweep / str(number) / "run.json", {"folder": str(kept), "key": str(number)})
    ranks = {"R1": rank1, "R5": 0.75, "R10": 1.0, "R20": 1.0}
    write_json(kept / "metrics.json", {"protocol": "cross_camera", "valid_queries": 150, "mAP": 0.1, **ranks})


def test_mean_and_standard_deviation_worked_out_by_hand(tmp_path: Path) -> None:
    for number, rank1 in ((0, 0.5), (2, 0.6), (10, 0.7)):
        finish(tmp_path / "sweep", number, rank1)
    (tmp_path / "sweep" / "3").mkdir()  # has not finished

    (found,) = summary(tmp_path / "sweep").values()

    assert [run["split"] for run in found["splits"]] == [0, 2, 10]
    assert [run["R1"] for run in found["splits"]] == [0.5, 0.6, 0.7]  # 10 after 2
    assert found["mean"]["R1"] == pytest.approx(0.6)
    assert found["standard_deviation"]["R1"] == pytest.approx(0.1)
    assert found["standard_deviation"]["R5"] == 0


def test_networks_are_not_mixed(tmp_path: Path) -> None:
    for number, rank1, cosam in ((0, 0.5, [4]), (1, 0.9, []), (2, 0.7, [4])):
        finish(tmp_path / "sweep", number, rank1, cosam=cosam)

    found = summary(tmp_path / "sweep")

    assert {name: group["mean"]["R1"] for name, group in found.items()} == {
        "1: net0": pytest.approx(0.6),
        "2: net1": pytest.approx(0.9),
    }


def test_what_has_finished_is_written_after_every_job(tmp_path: Path) -> None:
    finish(tmp_path / "sweep", 0, 0.5)
    config = OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path / "sweep")}}})

    SplitSummary().on_job_end(config, JobReturn())  # the sweep may end with the next job's error

    assert (tmp_path / "sweep" / "splits.json").exists()


def test_the_end_of_a_sweep_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = tmp_path / "sweep"
    finish(sweep, 0, 0.5)
    finish(sweep, 1, 0.6)

    SplitSummary().on_multirun_end(OmegaConf.create({"hydra": {"sweep": {"dir": str(sweep)}}}))

    (group,) = json.loads((sweep / "splits.json").read_text()).values()
    assert group["mean"]["R1"] == pytest.approx(0.55)
    printed = capsys.readouterr().out
    assert "55.0 ± 7.1" in printed
    assert f"mean and standard deviation: {sweep / 'splits.json'}" in printed


def test_a_sweep_without_a_finished_run_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    SplitSummary().on_multirun_end(OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}}))

    assert "no split has finished" in capsys.readouterr().out
    assert not (tmp_path / "splits.json").exists()


@pytest.mark.parametrize("name", ["ilids_vid", "prid2011"])
def test_the_experiment_sweeps_all_ten_splits(name: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", overrides=[f"experiment={name}_splits"], return_hydra_config=True)

    (swept,) = config.hydra.sweeper.params.items()
    (override,) = OverridesParser.create().parse_overrides([f"{swept[0]}={swept[1]}"])
    assert list(override.sweep_iterator()) == list(range(10))
    assert (config.data.name, config.data.protocol) == (name, "cross_camera")
