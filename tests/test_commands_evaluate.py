"""The evaluation command, on one process and on two."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.commands import QUERIES, SMALL, command, render_walkers, run_folders, train

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
    assert printed.count("describing") == 1


def test_the_synthetic_set_brings_its_attributes(ckpt: Path, tmp_path: Path) -> None:
    metrics, printed = evaluate(tmp_path / "out", ckpt, "rerank=true", "reranking.k1=4", "reranking.k2=2")

    assert {"handbag", "hat", "backpack"} == metrics["results"][0]["carriers"].keys()
    assert "released, re-ranked" in printed
    assert "hardest queries: " in printed


def test_a_wrong_input_is_one_line(ckpt: Path, tmp_path: Path) -> None:
    done = command("evaluate", tmp_path, f"ckpt={ckpt}", "data=duke", f"data.root={tmp_path / 'nowhere'}")

    assert done.returncode == 1
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("error: ")]
    assert "nowhere" in line
