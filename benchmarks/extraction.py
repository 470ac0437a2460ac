"""Extracting the descriptors of whole tracklets: one stream of full batches against one tracklet at a time.

    python -m benchmarks.extraction [released=PATH] [--size quick] [--device cuda]

From JPEG files to descriptors on the CPU, SE-ResNet50 with COSAM after blocks 4 and 5, N = 4. The reference
reads a tracklet by Pillow and torchvision's transforms and extracts at most 16 snippets at a time in
float32, without data loading processes, as the released program does unless told otherwise (on a GPU a second
reference has as many as ours); its network is the released code's with `released=PATH`, else ours with
literal COSAM, channels first.
"""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from benchmarks.harness import command
from benchmarks.harness.apart import Apart, Work
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.frames import HEIGHT, WIDTH, render, tracklets_of
from benchmarks.harness.measure import Steps, repeated, seconds
from benchmarks.harness.records import Record
from benchmarks.harness.steps import IDENTITIES, PLACEMENT, Scale, quiet, settings
from benchmarks.references import released
from benchmarks.references.literal_cosam import write_out
from benchmarks.references.loading import PlainTracklets
from reid_cosam import build
from reid_cosam.data.datasets import DenseSnippets
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.evaluation.extraction import Extraction
from reid_cosam.models.network import VideoReidNet
from reid_cosam.settings import TrainSettings
from reid_cosam.training.datamodule import TrackletDataModule

LENGTHS = {"check": (2, 5), "quick": (2, 3, 7, 18, 46), "full": (2, 5, 13, 34, 89, 230, 920)}
ON_GPU = 20  # times as many, as setting out costs a second there
FRAMES, CHUNK = 4, 16
AIM = 5.0
NOTES = """\
- `extraction`: frames a second from JPEG files to descriptors, the median of {rounds} in turn. Tracklets of
  {lengths} frames, {workers} data loading processes for ours; none for the reference unless its name says so.
"""
ROUNDS = {"check": 1, "quick": 1, "full": 3}


def workers(options: Options) -> int:
    """Data loading processes of ours."""
    return 8 if options.on_gpu else 0


def against(options: Options) -> dict[str, int]:
    """The references by name, and their data loading processes; on a GPU also one with as many as ours."""
    name = "released network" if options.released else "tracklet by tracklet"
    return {name: 0} | ({f"{name}, {workers(options)} workers": workers(options)} if workers(options) else {})


def lengths(options: Options) -> tuple[int, ...]:
    return LENGTHS[options.size] * (ON_GPU if options.on_gpu else 1)


def measure(options: Options) -> Sequence[Record]:
    size = Scale("se_resnet50", HEIGHT, WIDTH, 4, FRAMES)
    if options.size == "check":
        size = size._replace(backbone="se_resnet_tiny")
    if options.released is not None:
        released.source_of(options.released)
    chosen = settings(size, PLACEMENT, options.device.type, "auto")
    with tempfile.TemporaryDirectory() as folder, quiet():
        splits = render(Path(folder))
        tracklets, warm_up = tracklets_of(lengths(options), splits), tracklets_of((8,), splits)
        network = build.make_network(chosen, IDENTITIES)
        _ours(options, chosen, network, warm_up)
        with Apart(partial(reference, options, chosen, warm_up, tracklets), options.threads) as apart:
            apart("warm up")
            ways: list[Steps] = [repeated(lambda: _ours(options, chosen, network, tracklets))]
            ways += [partial(apart, name) for name in against(options)]
            rounds = [
                [seconds(way, options.device) for way in ways]  # results lie on the CPU
                for _ in range(ROUNDS[options.size])
            ]
    frames = sum(lengths(options))
    ours, *theirs = (frames / median(column) for column in zip(*rounds, strict=True))
    return [
        Record("extraction", ours, one, name, "frames/s", "more", None if number else AIM)
        for number, (one, name) in enumerate(zip(theirs, against(options), strict=True))
    ]


def reference(
    options: Options, chosen: TrainSettings, warm_up: Sequence[Tracklet], tracklets: Sequence[Tracklet]
) -> Work:
    """The plain way to extract the descriptors of tracklets."""
    network = _network(options, chosen)
    torch.backends.cudnn.benchmark = True  # as the released program sets it
    extract = partial(_one_by_one, options, network)
    ways = {name: partial(extract, tracklets, count) for name, count in against(options).items()}
    return {"warm up": partial(extract, warm_up, 0), **ways}


def _network(options: Options, chosen: TrainSettings) -> nn.Module:
    if options.released is not None:
        return released.make_network(released.load(options.released), IDENTITIES, FRAMES).to(options.device)
    network = build.make_network(chosen, IDENTITIES)
    write_out(network)
    return _Descriptors(network).to(options.device)


class _Descriptors(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, clips: Tensor) -> Tensor:
        descriptors: Tensor = self.network(clips).descriptors
        return descriptors


def _ours(
    options: Options, chosen: TrainSettings, network: VideoReidNet, tracklets: Sequence[Tracklet]
) -> Tensor:
    snippets = DenseSnippets(tracklets, FRAMES, HEIGHT, WIDTH, tail="cycle")
    data = TrackletDataModule(snippets, chosen.data.eval_batch_size, workers(options))
    extraction = Extraction(network, len(tracklets))
    with tempfile.TemporaryDirectory() as folder:
        trainer = build.make_test_trainer(chosen.trainer, Path(folder))
        trainer.test(extraction, datamodule=data, verbose=False)
    return extraction.descriptors


def _one_by_one(
    options: Options, network: nn.Module, tracklets: Sequence[Tracklet], num_workers: int
) -> Tensor:
    data, on_gpu = PlainTracklets(tracklets, FRAMES, HEIGHT, WIDTH), options.on_gpu
    loader = DataLoader(data, batch_size=1, num_workers=num_workers, pin_memory=on_gpu)
    network.eval()
    found = []
    with torch.no_grad():
        for (clips,) in loader:
            parts = clips.to(options.device).split(CHUNK)
            found.append(torch.cat([network(part) for part in parts]).mean(0).cpu())
            if on_gpu:
                torch.cuda.empty_cache()  # after each tracklet, as there
    return torch.stack(found)


def _notes(options: Options) -> str:
    listed = ", ".join(map(str, LENGTHS[options.size]))
    if workers(options):
        listed += f" (each {ON_GPU} times)"
    return NOTES.format(lengths=listed, workers=workers(options) or "no", rounds=ROUNDS[options.size])


BENCHMARK = Benchmark(
    "extraction",
    "Extraction of descriptors",
    _notes,
    measure,
    reads=("device", "released", "threads"),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
