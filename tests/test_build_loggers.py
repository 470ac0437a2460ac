"""Which record a run keeps, that it is its own, and that it ends."""

from pathlib import Path

import pytest
import wandb
from PIL import Image
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger, WandbLogger
from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
    EventAccumulator,
)

from reid_cosam import build
from reid_cosam.build import loggers
from reid_cosam.settings import LoggerSettings
from reid_cosam.training.loggers import GuardedLogger, log_summary
from tests.test_settings import settings


def make(name: str, folder: Path) -> list[GuardedLogger]:
    mode = "offline" if name == "wandb" else None
    return build.make_loggers(LoggerSettings(name=name, mode=mode, project="tests"), "a-run", folder)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("none", []),
        ("csv", [CSVLogger]),
        ("tensorboard", [CSVLogger, TensorBoardLogger]),
        ("wandb", [CSVLogger, WandbLogger]),
    ],
)
def test_curves_are_kept_as_csv_beside_every_service(name: str, kinds: list[type], tmp_path: Path) -> None:
    assert [type(guarded.logger) for guarded in make(name, tmp_path)] == kinds


def test_a_missing_tensorboard_is_said_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loggers, "find_spec", lambda _: None)

    with pytest.raises(ImportError, match="pip install tensorboard, or choose logger=csv"):
        make("tensorboard", tmp_path)


def test_curves_lie_in_the_run_folder(tmp_path: Path) -> None:
    made = make("csv", tmp_path)
    made[0].log_metrics({"loss": 0.5}, step=3)

    for one in made:
        one.finish("finished")

    assert (tmp_path / "curves" / "metrics.csv").read_text().splitlines() == ["loss,step", "0.5,3"]


def test_tensorboard_shows_the_pictures(tmp_path: Path) -> None:
    picture = tmp_path / "cmc.png"
    Image.new("RGB", (5, 3), "red").save(picture)
    made = make("tensorboard", tmp_path)

    log_summary(made, {"mAP": 0.5}, {"cmc": picture})
    for one in made:
        one.finish("finished")

    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    (image,) = events.Images("cmc")
    assert (image.width, image.height) == (5, 3)


def test_two_runs_of_a_process_keep_two_records(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        made = make("wandb", tmp_path / name)
        log_summary(made, {"mAP": 0.5}, {})
        for one in made:
            one.finish("finished")

        assert wandb.run is None
        assert len(list((tmp_path / name).glob("wandb/offline-run-*/*.wandb"))) == 1
    assert "WARNING" not in capfd.readouterr().err


def test_a_project_that_weights_and_biases_does_not_accept_is_refused_in_its_words(tmp_path: Path) -> None:
    refused = LoggerSettings(name="wandb", mode="offline", project="a/b")

    with pytest.raises(RuntimeError, match="'a/b'"):
        build.make_loggers(refused, "a-run", tmp_path)


def test_wandb_runs_are_logged_with_what_dashboards_group_them_by() -> None:
    network = ("data=mars", "backbone=se_resnet50", "cosam=[4,5]", "agg=tp_avg")

    logged = build.logged_settings(settings(*network, "logger=wandb"))

    assert logged["placement"] == "[4,5]"
    assert logged["network"] == "se_resnet50 cosam=[4,5] tp_avg N=4 (256x128, stride 1)"
    assert logged["tables"] == "table3, table4, table5, table6, table7"


def test_other_loggers_get_the_settings_alone() -> None:
    chosen = settings("data=mars", "backbone=se_resnet50", "logger=csv")

    assert build.logged_settings(chosen) == chosen.model_dump(mode="json")
