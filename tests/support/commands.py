"""Runs the commands as a user does, on a handful of rendered walkers."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from reid_cosam.data import synthetic

TINY = synthetic.SyntheticSpec("tiny", 64, 32, 8, 3, 2, 2, 2, (4, 6), 2, 1)
QUERIES = 6  # of TINY: 3 identities x 2 cameras

SMALL = (
    "experiment=quickstart",
    "trainer=cpu",
    "trainer.max_steps=2",
    "trainer.eval_every=2",
    "trainer.log_every=1",
    "data.height=64",
    "data.width=32",
    "data.workers=0",
    "recipe.sampling.tracklets=2",
)


def render_walkers(root: Path, spec: synthetic.SyntheticSpec = TINY) -> Path:
    """Renders `spec` and lets it pass for the small data set, which would take a minute: for tests only."""
    folder = synthetic.ensure(root, spec, processes=1)
    folder.rename(root / synthetic.spec("small", 0).folder_name)
    return root


def train(folder: Path, *arguments: str, timeout: int = 300) -> subprocess.CompletedProcess[str]:
    """`reid-cosam train` in `folder`, with nobody at a terminal."""
    return command("train", folder, *arguments, timeout=timeout)


def command(verb: str, folder: Path, *arguments: str, timeout: int = 300) -> subprocess.CompletedProcess[str]:
    """`python -m reid_cosam.<verb>` in `folder`, with nobody at a terminal."""
    variables = {name: value for name, value in os.environ.items() if name != "HYDRA_FULL_ERROR"}
    return subprocess.run(
        [sys.executable, "-m", f"reid_cosam.{verb}", *arguments],
        cwd=folder,
        env={"OMP_NUM_THREADS": "1"} | variables,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def run_folders(folder: Path) -> list[Path]:
    """The folders under `folder` that hold a finished run."""
    return sorted(path.parent for path in folder.rglob("metrics.json"))


def read_config(run: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((run / "config.yaml").read_text())
    return content
