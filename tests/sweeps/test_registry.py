"""The state of a registered run, and the outputs of earlier ones."""

from pathlib import Path
from typing import Any

import pytest

from reid_cosam.results.store import write_record, write_text
from reid_cosam.sweeps import registry
from reid_cosam.training.origin import Origin
from tests.test_settings import settings

ORIGIN = Origin("tracklets", "images", 1, "cpu", "32-true", False)


def metrics(**changes: Any) -> dict[str, Any]:
    return {
        "mAP": 0.5,
        "valid_queries": 6,
        "protocol": "released",
        "data": {"attributes": None},
        "made_with": ORIGIN._asdict(),
    } | changes


def test_a_finished_run_has_metrics(tmp_path: Path) -> None:
    assert registry.finished_metrics(tmp_path) is None

    write_record(tmp_path / "metrics.json", metrics())

    assert registry.finished_metrics(tmp_path) == metrics()


@pytest.mark.parametrize("content", ["", '{"mAP": 0.5, "sha256": "0"}', "null", "{}", '{"mAP": null}'])
def test_damaged_metrics_are_named_and_finish_no_run(
    content: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "metrics.json").write_text(content)

    assert registry.finished_metrics(tmp_path) is None
    assert f"{tmp_path / 'metrics.json'} is damaged" in caplog.text


def test_what_an_earlier_run_left_is_set_aside_one_by_one(tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / "curves").mkdir()
        (tmp_path / "metrics.json").touch()
        assert registry.move_earlier_outputs(tmp_path, same_run=True) is None

    assert {path.name for path in tmp_path.iterdir()} == {
        *("curves_before_1", "curves_before_2", "metrics_before_1.json", "metrics_before_2.json")
    }


def test_another_run_in_the_same_folder_stays_a_run_of_its_own(tmp_path: Path) -> None:
    outputs = {"checkpoints/last.ckpt", "config.yaml", "metrics.json", "pictures/cmc.png"}
    for name in outputs:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "train.log").touch()  # which is being written

    assert registry.move_earlier_outputs(tmp_path, same_run=False) == tmp_path / "before_1"
    assert registry.move_earlier_outputs(tmp_path, same_run=False) is None

    aside = {
        path.relative_to(tmp_path / "before_1").as_posix() for path in (tmp_path / "before_1").rglob("*.*")
    }
    assert aside == outputs
    assert {path.name for path in tmp_path.iterdir()} == {"before_1", "train.log"}


def test_a_finished_run_is_what_was_asked_for(tmp_path: Path) -> None:
    registry.check_as_asked(metrics(), settings(), ORIGIN.images, tmp_path)


@pytest.mark.parametrize(
    ("found", "asked_for", "message"),
    [
        (metrics(protocol="cross_camera"), (), r"protocol=cross_camera; .*last\.ckpt protocol=released"),
        (
            metrics(),
            ("+data.attributes=a.csv",),
            r"data\.attributes=None; .*last\.ckpt data\.attributes=a\.csv",
        ),
        (metrics(made_with={"images": "other"}), (), "other images with the same names"),
    ],
)
def test_a_finished_run_that_holds_other_scores_says_how_to_get_these(
    found: dict[str, Any], asked_for: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        registry.check_as_asked(found, settings(*asked_for), ORIGIN.images, tmp_path)


def test_a_job_whose_pointer_is_damaged_takes_no_other_along(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "run.json").write_text("{")
    write_record(tmp_path / "1" / "metrics.json", metrics(made_with=None))
    write_text(tmp_path / "1" / "config.yaml", "seed: 1\n")

    (run,) = registry.finished_runs(tmp_path)
    assert (run.folder, run.metrics) == (tmp_path / "1", metrics(made_with=None))
    assert f"{tmp_path / '0' / 'run.json'} is damaged" in caplog.text
