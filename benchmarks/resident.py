"""The resident peak of this process, when it evaluates or trains on many tracklets of a few frames.

    python -m benchmarks.resident evaluate 2000
    python -m benchmarks.resident train se_resnet_tiny 8000

Many tracklets share a few real frames on disk, each under a path string of its own, as from a data set's
lists. A peak never falls: a process measures one case. `benchmarks/memory.py` starts one for each.
"""

import json
import logging
import resource
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import simplejpeg
from hydra import compose, initialize_config_dir

from reid_cosam import build
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.paths import CONF
from reid_cosam.settings import TrainSettings
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.lightning_module import ReidModule

CAMERAS = 6
FRAMES = 4
WARM_UP = 300
COMMON = ("logger=none", "trainer=cpu", "data.workers=0", "backbone.pretrained=false")
EVALUATION = ("experiment=quickstart", "data.height=64", "data.width=32", "data.eval_batch_size=64")
TRAINING = {
    "se_resnet_tiny": ("backbone=se_resnet_tiny", "recipe.attention.reduced_channels_narrow=64"),
    "se_resnet50": ("backbone=se_resnet50",),
}
STEPS = 2


class Probe(pl.Callback):
    """The resident peak after the last described batch."""

    peak = 0

    def on_validation_batch_end(self, *_: object) -> None:
        self.peak = resident_peak()


def resident_peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def settings(*overrides: str) -> TrainSettings:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return build.read_settings(compose("train", overrides=[*COMMON, *overrides]))


def evaluate(count: int, folder: Path) -> dict[str, int]:
    """Bytes by which the peak grows from `WARM_UP` tracklets to `count`, and what of them is owed."""
    chosen = settings(*EVALUATION)
    frames = write_frames(folder, chosen.data.height, chosen.data.width)
    trained = make_tracklets(chosen.recipe.sampling.identities * CAMERAS, frames)
    _validate(chosen, ReidSplits(trained, *_split(make_tracklets(WARM_UP, frames))), folder)
    before = resident_peak()
    query, gallery = _split(make_tracklets(count, frames))
    module, describing = _validate(chosen, ReidSplits(trained, query, gallery), folder)
    return {
        "queries": len(query),
        "describing": describing - before,
        "all": resident_peak() - before,
        "descriptors": 3 * count * module.network.descriptor_size * 4,
        "lists": _list_bytes((*query, *gallery)),
        "distances": len(query) * len(gallery) * 4,
    }


def _validate(chosen: TrainSettings, splits: ReidSplits, folder: Path) -> tuple[ReidModule, int]:
    """The evaluated module, and the peak before it scored."""
    datamodule, module = _parts(chosen, splits)
    trainer, probe = build.make_trainer(chosen.trainer, folder, []), Probe()
    trainer.callbacks.append(probe)  # type: ignore[attr-defined]
    trainer.validate(module, datamodule=datamodule, verbose=False)
    return module, probe.peak


def train(backbone: str, count: int, folder: Path) -> dict[str, int]:
    """Peak bytes of a few steps on batches out of `count` tracklets."""
    chosen = settings("data=synthetic", *TRAINING[backbone], f"trainer.max_steps={STEPS}")
    frames = write_frames(folder, chosen.data.height, chosen.data.width)
    splits = ReidSplits(make_tracklets(count, frames), *_split(make_tracklets(12, frames)))
    datamodule, module = _parts(chosen, splits)
    build.make_trainer(chosen.trainer, folder, []).fit(module, datamodule=datamodule)
    return {"peak": resident_peak()}


def _parts(chosen: TrainSettings, splits: ReidSplits) -> tuple[ReidDataModule, ReidModule]:
    datamodule = build.make_datamodule(chosen, splits)
    return datamodule, build.make_module(chosen, datamodule)


def write_frames(folder: Path, height: int, width: int) -> list[str]:
    """A few frames of noise."""
    rng = np.random.default_rng(0)
    paths = [folder / f"{number}.jpg" for number in range(8)]
    for path in paths:
        path.write_bytes(simplejpeg.encode_jpeg(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)))
    return list(map(str, paths))


def make_tracklets(count: int, frames: Sequence[str]) -> tuple[Tracklet, ...]:
    """Identity after identity, each once under every camera."""
    return tuple(
        Tracklet(tuple(_copies(frames, number)), number // CAMERAS + 1, number % CAMERAS + 1)
        for number in range(count)
    )


def _copies(frames: Sequence[str], number: int) -> Iterator[str]:
    for place in range(FRAMES):
        yield "".join(list(frames[(number + place) % len(frames)]))  # a string of its own


def _split(tracklets: Sequence[Tracklet]) -> tuple[tuple[Tracklet, ...], tuple[Tracklet, ...]]:
    """The first camera's tracklets are the queries."""
    query = tuple(one for one in tracklets if one.camid == 1)
    return query, tuple(one for one in tracklets if one.camid > 1)


def _list_bytes(tracklets: Sequence[Tracklet]) -> int:
    return sum(
        sys.getsizeof(one) + sys.getsizeof(one.frames) + sum(map(sys.getsizeof, one.frames))
        for one in tracklets
    )


def main(arguments: Sequence[str]) -> None:
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # it advertises
    verb, *rest = arguments
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        found = evaluate(int(rest[0]), path) if verb == "evaluate" else train(rest[0], int(rest[1]), path)
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
