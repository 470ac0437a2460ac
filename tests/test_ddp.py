"""Two ranks do what one does: the same gradients, the same scores, every tracklet counted once."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.tree import write_mars_tree


def run_ranks(tree: Path, out: Path, ranks: int, recipe: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={ranks}"]
    command += ["-m", "tests.support.ddp_worker", str(tree), str(out), str(ranks), recipe]
    out.mkdir()
    done = subprocess.run(
        command,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = torch.load(out / "seen.pt", weights_only=True)
    return seen


@pytest.fixture(scope="module", params=["from_scratch", "strong"])
def one_and_two(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("ddp")
    tree = write_mars_tree(folder / "mars")
    recipe = request.param
    return run_ranks(tree, folder / "one", 1, recipe), run_ranks(tree, folder / "two", 2, recipe)


def test_a_step_has_the_gradients_of_a_single_process(
    one_and_two: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    one, two = one_and_two

    assert sorted(one["gradients"]) == sorted(two["gradients"]) == sorted(one["parameters"])
    largest = max(float(gradient.abs().max()) for gradient in one["gradients"].values())
    torch.testing.assert_close(two["gradients"], one["gradients"], rtol=1e-4, atol=1e-6 * largest)


def test_the_scores_are_those_of_a_single_process(one_and_two: tuple[dict[str, Any], dict[str, Any]]) -> None:
    one, two = one_and_two

    assert two["mAP"] == one["mAP"]
    torch.testing.assert_close(two["distances"], one["distances"], rtol=1e-4, atol=1e-6)


def test_every_snippet_is_counted_once(one_and_two: tuple[dict[str, Any], dict[str, Any]]) -> None:
    # Queries have 5 frames and the others 6: two snippets of four each, for 3 identities x 2 cameras.
    for seen in one_and_two:
        assert seen["counts"].tolist() == [2] * 12
