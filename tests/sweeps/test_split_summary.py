"""Mean and standard deviation over the splits of a sweep, of training runs and of evaluations."""

import json
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn
from omegaconf import DictConfig, OmegaConf

from reid_cosam.paths import CONF
from reid_cosam.results.store import write_json, write_text
from reid_cosam.sweeps.split_summary import SplitSummary, summary

SCORES = {"mAP": 0.1, "R1": 0.5, "R5": 0.75, "R10": 1.0, "R20": 1.0, "valid_queries": 150}
RESULT = {"protocol": "cross_camera"} | SCORES


HOW = {
    **{"queries": 151, "gallery": ["gallery"], "distance": "euclidean", "reranking": None},
    **{"tested_frames": "all frames in snippets of 4, tail cycle", "camera_input": False},
}


def data(split: int | None, root: str = "/data") -> dict[str, Any]:
    file = f"{root}/splits.json"
    return {"name": "ilids_vid", "split": split, "tested_half": "last", "splits_file": file, "root": root}


def train(sweep: Path, number: int, rank1: float, **changes: Any) -> None:
    """A job whose run is kept elsewhere."""
    kept = sweep.parent / "kept" / f"net{number}-split{number}-0a1b"
    config = {"cosam": [4], "seed": 0, "data": {"name": "ilids_vid", "split": number}} | changes
    write_text(kept / "config.yaml", OmegaConf.to_yaml(config))
    write_json(sweep / str(number) / "run.json", {"folder": str(kept), "key": str(number)})
    write_json(kept / "metrics.json", RESULT | {"R1": rank1, "data": data(number)})


def evaluate(sweep: Path, number: int, trained_on: int, split: int | None, *results: dict[str, Any]) -> None:
    """A job that scored the network trained on one split on that or another split."""
    trained = {"run_name": f"net-split{trained_on}", "cosam": [4], "data.split": trained_on, "seed": 0}
    how = {"distance": "euclidean", "snippet_tail": "cycle", "precision": "32-true", "reranking": None}
    content = how | {"trained": trained, "data": data(split), "results": list(results)}
    write_json(sweep / str(number) / "metrics.json", results[0] | content)


def sweep_config(sweep: Path) -> DictConfig:
    return OmegaConf.create({"hydra": {"sweep": {"dir": str(sweep)}}})


def test_mean_and_standard_deviation_worked_out_by_hand(tmp_path: Path) -> None:
    for number, rank1 in ((0, 0.5), (2, 0.6), (10, 0.7)):
        train(tmp_path / "sweep", number, rank1)
    (tmp_path / "sweep" / "3").mkdir()  # has not finished

    (found,) = summary(tmp_path / "sweep").values()

    assert [run["split"] for run in found["splits"]] == [0, 2, 10]
    assert [run["R1"] for run in found["splits"]] == [0.5, 0.6, 0.7]  # 10 after 2
    assert found["mean"]["R1"] == pytest.approx(0.6)
    assert found["standard_deviation"]["R1"] == pytest.approx(0.1)
    assert found["standard_deviation"]["R5"] == 0


def test_it_is_told_who_was_tested_and_by_which_file(tmp_path: Path) -> None:
    for number in (0, 1):
        train(tmp_path / "sweep", number, 0.5)

    (found,) = summary(tmp_path / "sweep").values()

    for run in found["splits"]:
        assert (run["name"], run["tested_half"], run["splits_file"]) == (
            *("ilids_vid", "last", "/data/splits.json"),
        )


def test_networks_are_not_mixed(tmp_path: Path) -> None:
    for number, rank1, cosam in ((0, 0.5, [4]), (1, 0.9, []), (2, 0.7, [4])):
        train(tmp_path / "sweep", number, rank1, cosam=cosam)

    found = summary(tmp_path / "sweep")

    assert {name: group["mean"]["R1"] for name, group in found.items()} == {
        "1: net0": pytest.approx(0.6),
        "2: net1": pytest.approx(0.9),
    }


def test_evaluations_of_a_network_a_split_have_a_mean_a_result(tmp_path: Path) -> None:
    for split, ranks in enumerate(((0.5, 0.7), (0.6, 0.9))):
        plain, reranked = ({"R1": rank1, "reranked": bool(number)} for number, rank1 in enumerate(ranks))
        evaluate(tmp_path, split, split, split, RESULT | plain, RESULT | reranked)

    found = summary(tmp_path)

    assert list(found) == ["1: net", "2: net"]
    assert [group["splits"][0]["reranked"] for group in found.values()] == [False, True]
    assert [group["mean"]["R1"] for group in found.values()] == [pytest.approx(0.55), pytest.approx(0.8)]
    deviations = [group["standard_deviation"]["R1"] for group in found.values()]
    assert deviations == [pytest.approx(0.1 / 2**0.5), pytest.approx(0.2 / 2**0.5)]


def test_one_network_may_be_evaluated_on_every_split(tmp_path: Path) -> None:
    for split, rank1 in enumerate((0.5, 0.7)):
        evaluate(tmp_path, split, 7, split, RESULT | {"R1": rank1, "reranked": False})

    (found,) = summary(tmp_path).values()

    assert [run["split"] for run in found["splits"]] == [0, 1]
    assert found["mean"]["R1"] == pytest.approx(0.6)


def test_there_is_no_mean_where_a_split_stands_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, (trained_on, split) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        evaluate(tmp_path, number, trained_on, split, RESULT | {"reranked": False})

    SplitSummary().on_multirun_end(sweep_config(tmp_path))

    (found,) = summary(tmp_path).values()
    assert (len(found["splits"]), found["mean"], found["standard_deviation"]) == (4, {}, {})
    assert "one checkpoint per split" in capsys.readouterr().out


@pytest.mark.parametrize("splits", [(None, None), (3, 3), (3, None)])
def test_a_sweep_over_something_else_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], splits: tuple[int | None, ...]
) -> None:
    for number, split in enumerate(splits):
        evaluate(tmp_path, number, 3, split, RESULT | {"reranked": False, "protocol": f"p{number}"})
    callback = SplitSummary()

    callback.on_multirun_start(sweep_config(tmp_path))
    callback.on_job_end(sweep_config(tmp_path), JobReturn())
    callback.on_multirun_end(sweep_config(tmp_path))

    assert not (tmp_path / "splits.json").exists()
    assert capsys.readouterr().out == ""


def test_what_has_finished_is_written_after_every_job(tmp_path: Path) -> None:
    sweep = tmp_path / "sweep"
    callback = SplitSummary()
    callback.on_multirun_start(sweep_config(sweep))
    for number in range(3):
        train(sweep, number, 0.5)
        callback.on_job_end(sweep_config(sweep), JobReturn())  # the next may be killed

        if number:
            (found,) = json.loads((sweep / "splits.json").read_text()).values()
            assert len(found["splits"]) == number + 1


def test_a_single_run_has_no_sweep_to_look_at(tmp_path: Path) -> None:
    SplitSummary().on_job_end(sweep_config(tmp_path / "never made"), JobReturn())


def test_the_end_of_a_sweep_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep = tmp_path / "sweep"
    train(sweep, 0, 0.5)
    train(sweep, 1, 0.6)

    SplitSummary().on_multirun_end(sweep_config(sweep))

    (group,) = json.loads((sweep / "splits.json").read_text()).values()
    assert group["mean"]["R1"] == pytest.approx(0.55)
    printed = capsys.readouterr().out
    assert "55.0 ± 7.1" in printed
    assert "ilids_vid, last half tested, cross_camera, 2 splits" in printed
    assert "splits: /data/splits.json" in printed
    assert f"mean and standard deviation: {sweep / 'splits.json'}" in printed


@pytest.mark.parametrize("recorded", [2, 1])
def test_it_is_kept_and_said_how_each_split_was_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], recorded: int
) -> None:
    for split, (valid, gallery) in enumerate(((150, 1200), (140, 1000))):
        how = HOW | {"gallery_tracklets": gallery} if split < recorded else {}  # an older file lacks it
        result = RESULT | {"reranked": False} | how | {"valid_queries": valid}
        evaluate(tmp_path, split, split, split, result)

    SplitSummary().on_multirun_end(sweep_config(tmp_path))

    (group,) = json.loads((tmp_path / "splits.json").read_text()).values()
    for run in group["splits"][:recorded]:
        assert {key: run[key] for key in HOW} == HOW
    assert [run.get("gallery_tracklets") for run in group["splits"]] == [1200, 1000 if recorded > 1 else None]
    assert group["mean"]["R1"] == pytest.approx(0.5)
    line = (
        "gallery: 1,000 to 1,200 tracklets (gallery), 140 to 150 of 151 queries valid; euclidean distance; "
        "tested: all frames in snippets of 4, tail cycle; camera: not given to the network\n"
    )
    assert capsys.readouterr().out.count(line) == recorded - 1


@pytest.mark.parametrize("name", ["ilids_vid", "prid2011"])
def test_the_experiment_sweeps_all_ten_splits(name: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", overrides=[f"experiment={name}_splits"], return_hydra_config=True)

    (swept,) = config.hydra.sweeper.params.items()
    (override,) = OverridesParser.create().parse_overrides([f"{swept[0]}={swept[1]}"])
    assert list(override.sweep_iterator()) == list(range(10))
    assert (config.data.name, config.data.protocol) == (name, "cross_camera")
