"""Registered runs that failed, or that another process works on."""

import fcntl
import json
from pathlib import Path

import pytest

from reid_cosam import train
from reid_cosam.data.readers.mars import Mars
from reid_cosam.sweeps.attempts import FailedBefore
from tests.support.tree import write_mars_tree
from tests.test_train import small


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mars_tree(tmp_path_factory.mktemp("data") / "mars")


@pytest.fixture(autouse=True)
def tiny_mars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mars, "counts", {})


def test_a_failed_registered_run_is_left_out_until_it_is_asked_for(tree: Path, tmp_path: Path) -> None:
    kept = small(tree, f"registry={tmp_path / 'kept'}", "recipe.sampling.identities=8")
    with pytest.raises(ValueError, match="identities=8"):
        train.run(kept, tmp_path / "first")
    (folder,) = (tmp_path / "kept").iterdir()
    recorded = (folder / "failure.json").read_text()

    with pytest.raises(FailedBefore, match=r"failed before: recipe.sampling.identities=8.*retry_failed=true"):
        train.run(kept, tmp_path / "second")
    assert (folder / "failure.json").read_text() == recorded
    with pytest.raises(ValueError, match="identities=8"):
        train.run(kept, tmp_path / "third", retry_failed=True)

    assert json.loads(recorded)["type"] == "ValueError"
    assert "make_datamodule" in json.loads(recorded)["traceback"]


def test_a_registered_run_that_another_process_works_on_is_left_to_it(tree: Path, tmp_path: Path) -> None:
    kept = small(tree, f"registry={tmp_path / 'kept'}", "trainer.max_steps=1")
    assert train.run(kept, tmp_path / "first") == "trained"
    (folder,) = (tmp_path / "kept").iterdir()
    (folder / "metrics.json").unlink()

    with (folder / "run.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert train.run(kept, tmp_path / "second") == "running elsewhere"

    assert not (folder / "metrics.json").exists()
    assert train.run(kept, tmp_path / "third") == "trained"
    assert train.run(kept, tmp_path / "fourth") == "finished before"
