"""`reid-cosam visualize`: what it draws, measures, says and refuses."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from reid_cosam import build, visualize
from reid_cosam.data.readers.mars import Mars
from reid_cosam.training.checkpoint_files import WholeCheckpointIO
from tests.support.commands import QUERIES, command, render_walkers
from tests.support.in_process import call
from tests.support.tree import write_mars_tree
from tests.test_settings import settings

Run = Callable[..., tuple[int, str, str]]
TINY = ("backbone=se_resnet_tiny", "data.height=64", "data.width=32", "data.workers=0")


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_walkers(tmp_path_factory.mktemp("walkers"))


@pytest.fixture(scope="module")
def ckpt(walkers: Path) -> Path:
    return write_checkpoint(walkers / "model.ckpt", "data.size=small", f"data.root={walkers}")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return partial(call, visualize.main, tmp_path)


def write_checkpoint(path: Path, *overrides: str) -> Path:
    """An untrained network."""
    torch.manual_seed(0)
    chosen = settings(*TINY, "backbone.pretrained=false", *overrides)
    network = build.make_network(chosen, num_identities=8)
    state = {f"network.{name}": value for name, value in network.state_dict().items()}
    content = {"state_dict": state, "config": chosen.model_dump(mode="json")}
    WholeCheckpointIO().save_checkpoint(content, path)
    return path


def written(printed: str) -> Path:
    """The folder of the last line."""
    return Path(printed.splitlines()[-1].removeprefix("written: "))


def pictures(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "pictures").iterdir())


def strip(printed: str) -> np.ndarray:
    """The pixels of `strip.png`."""
    with Image.open(written(printed) / "pictures" / "strip.png") as picture:
        return np.asarray(picture)


def test_everything_is_left_in_its_folder(run: Run, ckpt: Path, tmp_path: Path) -> None:
    code, printed, errors = run(f"ckpt={ckpt}")

    assert code == 0, errors
    folder = written(printed)
    assert folder.parent == tmp_path / "logs" / "visualize" / "runs"
    assert {path.name for path in folder.iterdir()} - {".hydra"} == {
        *("config.yaml", "environment.json", "pictures", "masks.csv"),
        *("coverage.csv", "coverage.json", "coverage.md"),
    }
    shown = pd.read_csv(folder / "masks.csv")
    assert shown["stage"].tolist() == [4, 5] * 4
    stems = [Path(name).stem for name in shown["first_frame"][::2]]
    assert pictures(folder) == sorted(
        [
            "figure6.png",
            "strip.png",
            *(f"tracklet{number}_{stem}.png" for number, stem in enumerate(stems, 1)),
        ]
    )
    assert f"read {QUERIES} of {QUERIES} queries" in errors


def test_the_command_says_where_it_wrote_and_how_far_it_is(ckpt: Path, tmp_path: Path) -> None:
    done = command("visualize", tmp_path, f"ckpt={ckpt}", "count=1", "data.workers=1")

    assert done.returncode == 0, done.stderr
    assert (written(done.stdout) / "coverage.md").is_file()
    assert "on synthetic small: 6 queries, first snippet of each" in done.stdout
    assert done.stderr.splitlines() == ["reading 6 queries", "read 6 of 6 queries, 0 s left"]


def test_coverage_is_a_table_over_all_queries(run: Run, ckpt: Path) -> None:
    _, printed, _ = run(f"ckpt={ckpt}")

    folder = written(printed)
    rows = json.loads((folder / "coverage.json").read_text())["rows"]
    assert [(row["stage"], row["instead"]) for row in rows] == [
        (stage, instead) for stage in (4, 5) for instead in (None, "mean mask", "mean outline", "flat mask")
    ]
    table = pd.read_csv(folder / "coverage.csv")
    assert len(table) == 2 * QUERIES
    assert table["first_frame"][0].startswith("bbox_test/")
    for row in rows:
        numbers = [f"{row[name]:.3f}" for name in ("inside", "outside", "iou", "threshold", "energy_inside")]
        assert " ".join(numbers) in " ".join(printed.split())
        assert " | ".join(numbers) in (folder / "coverage.md").read_text()
    flat = rows[3]
    persons = table["person_share"][table["stage"] == 4]
    assert flat["inside"] == pytest.approx(flat["outside"], rel=1e-4)
    assert [flat["energy_inside"], flat["iou"]] == pytest.approx([persons.mean()] * 2, rel=1e-4)


def test_a_tracklet_is_named_by_a_part_of_its_first_frames_path(run: Run, ckpt: Path) -> None:
    _, printed, _ = run(f"ckpt={ckpt}", "tracklet=0010C2T0002", "coverage=false")

    folder = written(printed)
    shown = pd.read_csv(folder / "masks.csv")
    assert shown[["pid", "camid"]].to_numpy().tolist() == [[10, 2]] * 2
    assert pictures(folder) == ["figure6.png", "strip.png", "tracklet1_0010C2T0002F001.png"]
    assert not (folder / "coverage.csv").exists()


def test_tracklets_are_drawn_from_where_and_whom_one_says(run: Run, ckpt: Path) -> None:
    _, printed, _ = run(f"ckpt={ckpt}", "part=gallery", "pid=[9,11]", "count=20", "coverage=false")

    shown = pd.read_csv(written(printed) / "masks.csv")
    assert set(shown["pid"]) == {9, 11}
    queries = {"C1T0001", "C2T0001"}
    assert not {Path(name).stem[4:11] for name in shown["first_frame"]} & queries


def test_one_stage_alone_may_be_shown(run: Run, ckpt: Path) -> None:
    _, whole, _ = run(f"ckpt={ckpt}", "count=1", "coverage=false")
    _, printed, _ = run(f"ckpt={ckpt}", "count=1", "stages=5", "coverage=false")

    assert pd.read_csv(written(printed) / "masks.csv")["stage"].tolist() == [5]
    assert len(strip(whole)) - len(strip(printed)) > 192  # a row less


def test_a_later_snippet_shows_other_frames(run: Run, ckpt: Path) -> None:
    sheets = []
    for snippet in (0, 1):
        _, printed, errors = run(f"ckpt={ckpt}", "count=1", "seed=1", f"snippet={snippet}", "coverage=false")
        assert printed, errors
        sheets.append(strip(printed))

    assert sheets[0].shape == sheets[1].shape
    assert (sheets[0] != sheets[1]).mean() > 0.1


def test_another_data_set_is_shown_and_without_person_masks_not_measured(
    run: Run, ckpt: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mars, "counts", {})
    root = write_mars_tree(tmp_path / "mars")

    code, printed, errors = run(f"ckpt={ckpt}", "data=mars", f"data.root={root}", "tracklet=0102C1T0005")

    assert code == 0, errors
    assert f"coverage is not measured: {root} has no folder masks" in printed
    folder = written(printed)
    assert not (folder / "coverage.md").exists()
    assert "energy_inside" not in pd.read_csv(folder / "masks.csv")


def test_the_checkpoints_own_data_may_have_moved(run: Run, ckpt: Path, walkers: Path, tmp_path: Path) -> None:
    (tmp_path / "moved").symlink_to(walkers)

    code, printed, errors = run(f"ckpt={ckpt}", "data.root=moved", "coverage=false")

    assert code == 0, errors
    assert pd.read_csv(written(printed) / "masks.csv")["first_frame"][0].startswith("bbox_test/")


def test_a_network_without_cosam_is_refused(run: Run, walkers: Path, tmp_path: Path) -> None:
    plain = write_checkpoint(tmp_path / "plain.ckpt", "data.size=small", f"data.root={walkers}", "cosam=[]")

    code, _, errors = run(f"ckpt={plain}")

    assert code == 1
    assert errors.startswith(f"error: {plain}: the network has no COSAM layer")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("stages=[3]",), "no COSAM layer after block 3: choose stages of [4, 5]"),
        (("stages=[]",), "stages=[] is empty"),
        (("tracklet=nobody",), "tracklet=nobody occurs in no path"),
        (("tracklet=[a]", "pid=3"), "leave one out"),
        (("pid=77",), "pid=77 has no tracklet in this part"),
        (("snippet=9",), "snippet=9: "),
        (("count=0",), "count=0: "),
        (("data=mars", "data.height=128"), "data.height=128: "),
        (("data=mars", "data.root=nowhere"), "nowhere/info is missing"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(
    run: Run, ckpt: Path, arguments: tuple[str, ...], said: str
) -> None:
    code, _, errors = run(f"ckpt={ckpt}", *arguments)

    assert code == 1
    assert errors.startswith("error: ")
    assert said in errors


def test_data_that_are_gone_are_told_how_to_find(run: Run, tmp_path: Path) -> None:
    lost = write_checkpoint(tmp_path / "lost.ckpt", "data=mars", "data.root=gone")

    code, _, errors = run(f"ckpt={lost}")

    assert code == 1
    assert errors.startswith("error: gone/info is missing")
    assert errors.rstrip().endswith("add data.root=FOLDER.")


@pytest.mark.skipif(torch.cuda.is_available(), reason="here is a GPU")
def test_a_gpu_that_is_not_there_is_named(run: Run, ckpt: Path) -> None:
    code, _, errors = run(f"ckpt={ckpt}", "trainer.accelerator=gpu")

    assert (code, errors.strip()) == (
        1,
        "error: trainer.accelerator=gpu, but torch finds no GPU on this machine: "
        "run on the CPU with trainer.accelerator=cpu",
    )
