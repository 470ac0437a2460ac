"""Peak memory of evaluating and training against the number of tracklets.

    python -m benchmarks.memory

Every figure is of a fresh process on a CPU, without data loading processes, so that its resident peak
includes everything; a peak never falls, so each process measures one case. Evaluation (64x32 pixels, 4 frames
per tracklet, one query in six) first runs on 300 tracklets; reported is what the larger number needs more.
Training runs two steps at the paper's size: 32 clips of 4 frames of 256x128 pixels. Many tracklets share a
few real frames on disk, each under a path string of its own, as from a data set's lists.
"""

import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import simplejpeg
import torch
from hydra import compose, initialize_config_dir

from benchmarks.harness import command
from benchmarks.harness.apart import in_a_process, resident_peak
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.records import Record
from benchmarks.harness.steps import quiet
from reid_cosam import build
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.paths import CONF
from reid_cosam.settings import TrainSettings
from reid_cosam.training.lightning_module import ReidModule

EVALUATED = {"check": (400,), "quick": (2000,), "full": (500, 2000, 12000)}
TRAINED = {"check": None, "quick": ("se_resnet_tiny", 500, 8000), "full": ("se_resnet50", 500, 8000)}
CAMERAS, FRAMES, WARM_UP, STEPS = 6, 4, 300, 2
COMMON = ("logger=none", "trainer=cpu", "data.workers=0", "backbone.pretrained=false")
EVALUATION = ("experiment=quickstart", "data.height=64", "data.width=32", "data.eval_batch_size=64")
TRAINING = {
    "se_resnet_tiny": ("backbone=se_resnet_tiny", "recipe.attention.reduced_channels_narrow=64"),
    "se_resnet50": ("backbone=se_resnet50",),
}
NOTES = """\
- `extraction`: what the peak grows while descriptors are extracted, beside what must grow then: the lists,
  and the descriptors (n x 256 float32, three times: sums, zeros to start from, and the sums of before).
- `all`: the same with the ranking, beside all that and the distances (float32). Distances and ranking are
  computed in pieces of some 100 MB. Both references are floors, of what no program can do without: 1x is the
  most, and for few tracklets what does not grow with them is nearly all.
- `training`: the peak beside the peak with few tracklets.
"""


def measure(options: Options) -> Iterator[Record]:
    for count in EVALUATED[options.size]:
        queries, extracting, everything, owed, distances = in_a_process(evaluate, count, options.threads)
        name = f"{queries} x {count - queries}"
        yield _record(f"extraction, {name}", extracting, owed, "lists and descriptors")
        yield _record(f"all, {name}", everything, owed + distances, "these and distances")
    trained = TRAINED[options.size]
    if trained is not None:
        backbone, few, many = trained
        less, more = (in_a_process(train, backbone, count, options.threads) for count in (few, many))
        yield _record(f"training, {backbone}, {many} tracklets", more, less, f"{few} tracklets")


def _record(name: str, ours: int, reference: int, against: str) -> Record:
    return Record(name, ours / 1e6, reference / 1e6, against, "MB", "less")


def evaluate(count: int, threads: int) -> tuple[int, int, int, int, int]:
    """Queries; bytes by which the peak grows from `WARM_UP` tracklets to `count`, before scoring and in all;
    bytes of lists and descriptors; bytes of the distances."""
    chosen = _settings(threads, *EVALUATION)
    with tempfile.TemporaryDirectory() as name:
        frames = write_frames(Path(name), chosen.data.height, chosen.data.width)
        trained = make_tracklets(chosen.recipe.sampling.identities * CAMERAS, frames)
        _validate(chosen, ReidSplits(trained, *_split(make_tracklets(WARM_UP, frames))), name)
        before = resident_peak()
        query, gallery = _split(make_tracklets(count, frames))
        module, extracted = _validate(chosen, ReidSplits(trained, query, gallery), name)
    owed = 3 * count * module.network.descriptor_size * 4 + _list_bytes((*query, *gallery))
    distances = len(query) * len(gallery) * 4
    return len(query), extracted - before, resident_peak() - before, owed, distances


def train(backbone: str, count: int, threads: int) -> int:
    """Peak bytes of a few steps on batches out of `count` tracklets."""
    chosen = _settings(threads, "data=synthetic", *TRAINING[backbone], f"trainer.max_steps={STEPS}")
    with tempfile.TemporaryDirectory() as name, quiet():
        frames = write_frames(Path(name), chosen.data.height, chosen.data.width)
        splits = ReidSplits(make_tracklets(count, frames), *_split(make_tracklets(12, frames)))
        datamodule = build.make_datamodule(chosen, splits)
        trainer = build.make_trainer(chosen.trainer, Path(name), [])
        trainer.fit(build.make_module(chosen, datamodule), datamodule=datamodule)
    return resident_peak()


def _settings(threads: int, *overrides: str) -> TrainSettings:
    torch.set_num_threads(threads)
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # it advertises
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return build.read_settings(compose("train", overrides=[*COMMON, *overrides]))


class _Probe(pl.Callback):
    """The resident peak after the last batch of descriptors."""

    peak = 0

    def on_validation_batch_end(self, *_: object) -> None:
        self.peak = resident_peak()


def _validate(chosen: TrainSettings, splits: ReidSplits, folder: str) -> tuple[ReidModule, int]:
    """The evaluated module, and the peak before it scored."""
    datamodule = build.make_datamodule(chosen, splits)
    module = build.make_module(chosen, datamodule)
    trainer, probe = build.make_trainer(chosen.trainer, Path(folder), []), _Probe()
    trainer.callbacks.append(probe)  # type: ignore[attr-defined]
    with quiet():
        trainer.validate(module, datamodule=datamodule, verbose=False)
    return module, probe.peak


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


BENCHMARK = Benchmark("memory", "Memory and the number of tracklets", NOTES, measure, reads=("threads",))

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
