"""Extraction by torch, ONNX Runtime and OpenVINO, and frame by frame as libraries for single images do it.

    python -m benchmarks.exchange [--size quick] [--threads 2]

From JPEG files of tracklets to descriptors on the CPU: ResNet50 with COSAM after blocks 4 and 5, 256x128, N =
4. What torch computes in float32 by `Encoder.embed` is the reference. Reading frames is part of every way.
"""

import copy
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity

from benchmarks.harness import command
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.frames import HEIGHT, WIDTH, render, tracklets_of
from benchmarks.harness.measure import medians, repeated
from benchmarks.harness.records import Record
from benchmarks.harness.steps import IDENTITIES, PLACEMENT, Scale, quiet, settings
from benchmarks.references.frame_by_frame import FrameByFrame
from reid_cosam import Encoder, build
from reid_cosam.data.frames import read_clip
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.data.transforms import normalise
from reid_cosam.models.network import VideoReidNet
from reid_cosam.sharing import engines, exchange
from reid_cosam.sharing.quantising import example_clips

FRAMES = 4
TRACKLETS = {"check": 2, "quick": 3, "full": 16}
EXAMPLES = 16  # other tracklets, from which the ranges of 8-bit numbers are taken
ROUNDS = {"check": 1, "quick": 2, "full": 7}
AIM, AIM_FRAME_BY_FRAME, LEAST_COSINE = 2.0, 4.0, 0.999
NOTES = """\
- `tracklets/s`: the median of {rounds} in turn; {tracklets} tracklets of 8 frames, JPEG files to descriptors.
- The network's weights are random, its BatchNorms have the statistics of these frames. `cosine` is the
  smallest one between a descriptor and torch's in float32.
- `frame by frame`: the same backbone without COSAM, Pillow, torchvision's transforms, one image at a time,
  the mean over a tracklet.
"""
Way = Callable[[Sequence[Tracklet]], Tensor]


def measure(options: Options) -> Sequence[Record]:
    size = Scale("resnet50" if options.size != "check" else "resnet_tiny", HEIGHT, WIDTH, 4, FRAMES)
    torch.set_num_threads(options.threads)
    chosen = settings(size, PLACEMENT, "cpu", "32-true")
    with tempfile.TemporaryDirectory() as folder, quiet():
        drawn = tracklets_of((8,) * (EXAMPLES + TRACKLETS[options.size]), render(Path(folder)))
        examples, tracklets = drawn[:EXAMPLES], drawn[EXAMPLES:]
        network = build.make_network(chosen, IDENTITIES)
        _set_statistics(network, tracklets)
        ways = _ways(network, Path(folder, "model"), examples)
        found = {name: way(tracklets) for name, way in ways.items()}
        steps = [repeated(partial(way, tracklets)) for way in ways.values()]
        times = medians(steps, options.device, 0, ROUNDS[options.size])
    rates = dict(zip(ways, (len(tracklets) / time for time in times), strict=True))
    return _records(rates, found)


def _records(rates: Mapping[str, float], found: Mapping[str, Tensor]) -> list[Record]:
    first, *others = (name for name in rates if name != "frame by frame")
    cosines = {
        name: float(cosine_similarity(found[name].double(), found[first].double()).min()) for name in others
    }
    best = max((name for name in others if cosines[name] > LEAST_COSINE), key=lambda name: rates[name])
    records = []
    for name in others:
        label = f"{name}, cosine {cosines[name]:.6f}"
        records.append(
            Record(
                label, rates[name], rates[first], first, "tracklets/s", "more", AIM if name == best else None
            )
        )
    reference = rates["frame by frame"]
    records.append(
        Record(best, rates[best], reference, "frame by frame", "tracklets/s", "more", AIM_FRAME_BY_FRAME)
    )
    return [*records, Record(first, rates[first], reference, "frame by frame", "tracklets/s", "more")]


def _ways(network: VideoReidNet, folder: Path, examples: Sequence[Tracklet]) -> Mapping[str, Way]:
    frame_by_frame = FrameByFrame(copy.deepcopy(network.backbone), HEIGHT, WIDTH)  # channels first, as there
    encoder = Encoder(network, FRAMES, HEIGHT, WIDTH)
    clips = example_clips(encoder, examples)
    exchange.write_files(encoder, folder, ["onnx", "openvino", "openvino_int8"], clips)
    encoders = {
        "torch float32": encoder,
        "torch float32, BatchNorms fused": engines.with_engine(encoder, "torch"),
        "torch bfloat16": engines.with_engine(encoder, "torch", precision="bfloat16"),
        "ONNX Runtime": engines.with_engine(encoder, "onnx", folder),
        "OpenVINO float32": engines.with_engine(encoder, "openvino", folder),
        "OpenVINO bfloat16": engines.with_engine(encoder, "openvino", folder, "bfloat16"),
        "OpenVINO int8 and bfloat16": engines.with_engine(encoder, "openvino_int8", folder, "bfloat16"),
    }
    return {name: partial(_extract, one) for name, one in encoders.items()} | {
        "frame by frame": frame_by_frame
    }


def _extract(encoder: Encoder, tracklets: Sequence[Tracklet]) -> Tensor:
    clips = [torch.from_numpy(read_clip(one.frames, HEIGHT, WIDTH)) for one in tracklets]
    return encoder.embed(torch.stack(clips))


def _set_statistics(network: VideoReidNet, tracklets: Sequence[Tracklet]) -> None:
    """Gives BatchNorms the statistics of these clips, without which random weights make all clips alike."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None  # the mean over batches
    clips = torch.stack(
        [torch.from_numpy(read_clip(one.frames[:FRAMES], HEIGHT, WIDTH)) for one in tracklets]
    )
    with torch.no_grad():
        network.train()(normalise(clips[:4].permute(0, 1, 4, 2, 3), torch.float32))
    network.eval()


BENCHMARK = Benchmark(
    "exchange",
    "Extraction by other libraries",
    lambda options: NOTES.format(rounds=ROUNDS[options.size], tracklets=TRACKLETS[options.size]),
    measure,
    reads=("threads",),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
