"""Folders whose names mean something to Hydra, to a shell or to YAML."""

from pathlib import Path

import pytest

from tests.faults.commands import SMALL_RUN, TWO_RANKS, finished, metrics

pytestmark = pytest.mark.slow

ODD = """it's a "te\\st", [x]=1 {é} $HOME % # @ ; & <*?>~:!(y)"""


@pytest.mark.parametrize(
    "how",
    [TWO_RANKS, ("-m", "launcher=joblib", "hydra.launcher.n_jobs=2"), ("-m", "launcher=slurm_local")],
    ids=["two ranks", "joblib", "slurm_local"],
)
def test_a_run_works_in_a_folder_of_any_name(how: tuple[str, ...], walkers: Path, tmp_path: Path) -> None:
    folder = tmp_path / ODD
    folder.mkdir()

    done = finished("train", folder, *how, *SMALL_RUN, f"data.root={walkers}", "trainer.max_steps=2")

    assert done.end() == 0, done.errors
    assert metrics(folder)["step"] == 2
