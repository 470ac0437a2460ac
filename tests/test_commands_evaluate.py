"""The evaluation command, on one process and on two."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from reid_cosam.data.readers.ilids_vid import IlidsVid
from reid_cosam.evaluate import main as evaluate_main
from reid_cosam.train import run as train_run
from tests.support.commands import QUERIES, SMALL, command, render_walkers, run_folders, train
from tests.support.in_process import call
from tests.support.tree import write_ilids_vid_tree
from tests.test_train import small

pytestmark = pytest.mark.slow

ON_CPU = ("trainer.accelerator=cpu", "trainer.precision=32-true")


@pytest.fixture(scope="module")
def ckpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("walkers")
    walkers = render_walkers(folder / "datasets")
    done = train(folder, *SMALL, f"data.root={walkers}", "logger=none")
    assert done.returncode == 0, done.stderr
    (run,) = run_folders(folder)
    return run / "checkpoints" / "last.ckpt"


def evaluate(folder: Path, ckpt: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    folder.mkdir()
    store = f"store={folder / 'store'}"
    done = command("evaluate", folder, f"ckpt={ckpt}", store, *ON_CPU, *arguments)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert "deprecated" not in done.stderr
    (out,) = run_folders(folder)
    content: dict[str, Any] = json.loads((out / "metrics.json").read_text())
    return content, done.stdout


def test_two_processes_give_the_scores_of_one(ckpt: Path, tmp_path: Path) -> None:
    protocols = "protocol=[released,with_queries,official]"
    one, _ = evaluate(tmp_path / "one", ckpt, protocols)
    two, printed = evaluate(tmp_path / "two", ckpt, protocols, "trainer.devices=2")

    assert two["results"] == one["results"]
    assert [row["valid_queries"] for row in one["results"]] == [QUERIES] * 3
    descriptors = [
        load_file(tmp_path / name / "store" / "descriptors.safetensors") for name in ("one", "two")
    ]
    torch.testing.assert_close(descriptors[1], descriptors[0], rtol=1e-4, atol=1e-5)
    assert printed.count("extracting") == 1
    assert "Initializing" not in printed  # as Lightning says of each process


def test_the_synthetic_set_brings_its_attributes(ckpt: Path, tmp_path: Path) -> None:
    metrics, printed = evaluate(tmp_path / "out", ckpt, "rerank=true", "reranking.k1=4", "reranking.k2=2")

    assert {"handbag", "hat", "backpack"} == metrics["results"][0]["by_attribute"].keys()
    assert "released, re-ranked" in printed
    assert "hardest queries: " in printed


def test_a_sweep_over_the_networks_of_several_splits_ends_with_their_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(IlidsVid, "counts", {})
    root = write_ilids_vid_tree(tmp_path / "ilids", people=8)
    ckpts = [str(tmp_path / str(split) / "checkpoints" / "last.ckpt") for split in (0, 1)]
    for split in (0, 1):
        train_run(small(root, "data=ilids_vid", f"data.split={split}", "logger=none"), tmp_path / str(split))

    arguments = [f"ckpt={ckpts[0]},nowhere.ckpt,{ckpts[1]}", "rerank=true", "reranking.k1=3", *ON_CPU]
    code, printed, errors = call(evaluate_main, tmp_path, "-m", *arguments)

    assert (code, errors) == (1, "")  # one of three failed
    (file,) = (tmp_path / "logs" / "evaluate").rglob("splits.json")
    groups = json.loads(file.read_text()).values()
    assert [[run["split"] for run in group["splits"]] for group in groups] == [[0, 1], [0, 1]]
    assert [group["splits"][0]["reranked"] for group in groups] == [False, True]
    assert f"mean and standard deviation: {file.relative_to(tmp_path)}" in printed
    assert printed.count("nowhere.ckpt: there is no such checkpoint") == 1
    assert re.fullmatch("failed: logs/evaluate/multiruns/.*/1, as said above", printed.splitlines()[-1])


def test_a_size_of_images_is_refused(ckpt: Path, tmp_path: Path) -> None:
    done = command("evaluate", tmp_path, f"ckpt={ckpt}", "data=mars", "data.height=128")

    assert done.returncode == 1
    assert done.stderr.startswith("error: data.height=128: ")
    assert done.stderr.count("\n") == 1


def test_a_wrong_input_is_one_line(ckpt: Path, tmp_path: Path) -> None:
    done = command("evaluate", tmp_path, f"ckpt={ckpt}", "data=duke", f"data.root={tmp_path / 'nowhere'}")

    assert done.returncode == 1
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("error: ")]
    assert "nowhere" in line
