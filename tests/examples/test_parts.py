"""Parts from outside the package, through the command line: as their files and docs/extending.md say."""

import json
from pathlib import Path

import pytest
from examples.folders import Folders

from tests.support.commands import SMALL, command, render_walkers, train
from tests.support.tree import write_frame

ROOT = Path(__file__).parents[2]
FOREIGN = (
    *("--config-dir", "examples/conf", "backbone=mobilenet", "agg=gem", "recipe/loss=circle"),
    "recipe/attention=non_local",
)
TYPED = (
    *(
        "backbone._target_=examples.mobilenet.mobilenet_v3_small",
        "agg._target_=examples.gem.GeM",
        "+agg.p=2.5",
    ),
    *("recipe.loss._target_=examples.circle_loss.CircleLoss", "+recipe.loss.gamma=32"),
    *("~recipe.loss.triplet_weight", "~recipe.loss.label_smoothing"),
    *("recipe.attention._target_=examples.non_local.NonLocal", "~recipe.attention.variant"),
    "~recipe.attention.reduced_channels_narrow",
)


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_walkers(tmp_path_factory.mktemp("walkers"))


@pytest.fixture(scope="module")
def run(walkers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with a backbone, an aggregator, a loss and an attention layer of `examples/`."""
    folder = tmp_path_factory.mktemp("run")
    done = train(ROOT, *FOREIGN, *SMALL, f"data.root={walkers}", "logger=csv", f"hydra.run.dir={folder}")
    assert done.returncode == 0, done.stderr
    return folder


def test_parts_from_a_folder_of_settings_train_and_are_scored(run: Path) -> None:
    assert 0 < json.loads((run / "metrics.json").read_text())["mAP"] <= 1
    assert "train/circle" in (run / "curves" / "metrics.csv").read_text()
    assert (run / "pictures" / "ranked_lists.png").is_file()
    assert not (run / "pictures" / "attention.png").exists()  # a non-local block makes no mask


def test_a_data_set_of_ones_own_is_read_and_verified(tmp_path: Path) -> None:
    for number, part in enumerate(("train", "train", "query", "gallery")):
        person, camera = min(number, 2) + 1, number + 1  # the third person is searched
        for frame in range(number + 1):
            path = tmp_path / part / str(person) / str(camera) / f"{frame}.jpg"
            write_frame(path, person, (camera, frame), (64, 32))

    splits = Folders().read(tmp_path)
    done = command("verify", ROOT, "--config-dir", "examples/conf", "data=folders", f"data.root={tmp_path}")

    assert [(one.pid, one.camid, len(one.frames)) for one in splits.train] == [(1, 1, 1), (2, 2, 2)]
    assert [(one.pid, one.camid, len(one.frames)) for one in splits.query + splits.gallery] == [
        *((3, 3, 3), (3, 4, 4))
    ]
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no problems found" in done.stdout


@pytest.mark.slow
def test_their_checkpoint_is_evaluated_where_their_module_is_trusted(run: Path, tmp_path: Path) -> None:
    arguments = (
        f"ckpt={run / 'checkpoints' / 'last.ckpt'}",
        f"hydra.run.dir={tmp_path}",
        f"store={tmp_path}/store",
    )

    refused = command("evaluate", ROOT, *arguments)
    done = command("evaluate", ROOT, *arguments, "trust=[examples]")

    assert refused.returncode == 1
    assert "backbone._target_=examples.mobilenet.mobilenet_v3_small" in refused.stderr
    assert "trust=[examples]" in refused.stderr
    assert done.returncode == 0, done.stderr
    scores = [json.loads((folder / "metrics.json").read_text())["mAP"] for folder in (run, tmp_path)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, 2])
def test_typed_parts_do_the_same_on_every_rank(ranks: int, walkers: Path, tmp_path: Path) -> None:
    several = ("trainer=ddp", "trainer.devices=2", "trainer.accelerator=cpu") if ranks == 2 else ()
    done = train(
        ROOT, *SMALL, *several, *TYPED, f"data.root={walkers}", "logger=none", f"hydra.run.dir={tmp_path}"
    )

    assert done.returncode == 0, done.stderr
    assert 0 < json.loads((tmp_path / "metrics.json").read_text())["mAP"] <= 1


@pytest.mark.slow
def test_a_run_is_repeated_from_its_folder_where_its_module_is_trusted(run: Path, tmp_path: Path) -> None:
    again = ("-cp", str(run / ".hydra"), "-cn", "config", f"hydra.run.dir={tmp_path}")

    refused = train(ROOT, *again)
    done = train(ROOT, *again, "trust=[examples]")

    assert refused.returncode == 1
    assert "trust=[examples]" in refused.stderr
    assert done.returncode == 0, done.stderr
    found = [json.loads((folder / "metrics.json").read_text())["mAP"] for folder in (run, tmp_path)]
    assert found[0] == found[1]
