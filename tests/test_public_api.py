"""The public names: imported when used, known to type checkers, and explained by examples that run."""

import ast
import doctest
import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import reid_cosam
from reid_cosam.data.readers.mars import Mars
from tests.support import commands, layouts, tree
from tests.support.evaluated import train_checkpoint

NAMES = {name: getattr(reid_cosam, name) for name in reid_cosam.__all__}

COSTS_NOTHING = """
import os, sys
before, modules = dict(os.environ), set(sys.modules)
import reid_cosam
assert reid_cosam.__version__ and "Cosam" in dir(reid_cosam)
assert dict(os.environ) == before
loaded = {name.partition(".")[0] for name in sys.modules.keys() - modules} - sys.stdlib_module_names
assert loaded == {"reid_cosam"}, loaded
from reid_cosam import Tracklet
assert "torch" not in sys.modules, "Tracklet needs no torch"
"""

ERRORS = """
import torch
from reid_cosam import *
maps, frames = torch.rand(1, 1, 16, 8, 4), torch.rand(1, 4, 3, 64, 32)
backbone, pool = resnet_tiny(pretrained=False, last_stride=1), TemporalAveragePooling(256)
wrong = {
    "num_frames": lambda: Cosam(16, num_frames=1, map_size=(8, 4), reduced_channels=8),
    "variant": lambda: Cosam(16, 4, (8, 4), 8, variant="both"),
    "attention": lambda: VideoReidNet(backbone, {6: Cosam(16, 4, (8, 4), 8)}, pool, 10),
    "pretrained": lambda: resnet_tiny(pretrained=True, last_stride=1),
    "last_stride": lambda: resnet_tiny(pretrained=False, last_stride=3),
    "frame": lambda: cost_volume(maps),
    "clips": lambda: normalise(frames, torch.float32),
    "num_identities": lambda: PKBatchSampler([7, 9], 3, 2, 100, seed=0),
    "tested_half": lambda: IlidsVid(split=0, tested_half="middle"),
    "size": lambda: Synthetic(size="tiny", seed=0).read("datasets"),
    "gallery_pids": lambda: score(torch.rand(1, 2), [7], [1], [7], [2, 3]),
    "k1": lambda: k_reciprocal(torch.rand(2, 8), torch.rand(3, 8)),
}
for word, call in wrong.items():
    try:
        call()
    except ValueError as error:
        message = str(error)
    else:
        message = "nothing was raised"
    assert word in message, (word, message)
"""


@pytest.fixture(scope="module")
def working_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data sets and the run that the examples read, each in small."""
    folder = tmp_path_factory.mktemp("examples")
    mars = tree.write_mars_tree(folder / "datasets" / "mars")
    tree.write_duke_tree(folder / "datasets" / "duke")
    tree.write_ilids_vid_tree(folder / "datasets" / "ilids_vid")
    tree.write_prid2011_tree(folder / "datasets" / "prid2011")
    tree.write_ward_tree(folder / "datasets" / "ward")
    tree.write_mars_tree(folder / "datasets" / "g2a_vreid")
    for name in ("mevid", "ls_vid", "ccvid", "market1501", "mars_dl"):
        getattr(layouts, f"write_{name}_tree")(folder / "datasets" / name)
    tree.write_own_tree(folder / "datasets" / "own")
    commands.render_walkers(folder / "datasets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Mars, "counts", {})
        train_checkpoint(mars, folder / "logs" / "train" / "my_run")
    return folder


def run(program: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=False, timeout=300)

    assert done.returncode == 0


def test_importing_the_package_costs_nothing() -> None:
    run(COSTS_NOTHING)


def test_errors_name_arguments_not_settings() -> None:
    """Where nothing checks annotations, as nothing does for users."""
    run(ERRORS)


def test_type_checkers_know_the_same_names_in_the_same_places() -> None:
    known = {
        alias.asname: f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(Path(reid_cosam.__file__).read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname is not None
    }

    assert known == {name: f"{public.__module__}.{name}" for name, public in NAMES.items()}


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'reid_cosam' has no attribute 'Kosam'"):
        reid_cosam.Kosam  # noqa: B018


@pytest.mark.parametrize("name", NAMES)
def test_examples_run(name: str, working_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the name itself and of its methods, after the imports that the package's docstring gives."""
    monkeypatch.chdir(working_folder)
    known = {**NAMES, "np": np, "torch": torch}
    found = doctest.DocTestFinder(exclude_empty=True).find(NAMES[name], name, globs=known)
    runner = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST)

    for examples in found:
        runner.run(examples)

    assert runner.tries > 0, f"{name} has no example"
    assert runner.failures == 0


@pytest.mark.parametrize(
    "name",
    [
        "models.cosam.Cosam",
        *(
            f"models.aggregators.Temporal{kind}"
            for kind in ("AveragePooling", "MaxPooling", "Attention", "Rnn")
        ),
        "models.network.VideoReidNet",
        *(f"models.released.{name}" for name in ("cosam_state_dict", "aggregator_state_dict")),
        "models.released.network_from_released",
        "losses.triplet.batch_hard_triplet_loss",
        "metrics.protocols.score",
        "metrics.reranking.k_reciprocal",
        "data.mars.read",
    ],
)
def test_names_that_scripts_use_stay_where_they_are(name: str) -> None:
    module, _, attribute = f"reid_cosam.{name}".rpartition(".")

    assert callable(getattr(importlib.import_module(module), attribute))
