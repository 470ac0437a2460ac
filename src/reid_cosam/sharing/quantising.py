"""An ONNX network whose convolutions compute in 8-bit integers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from reid_cosam.data.frames import read_clip
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.data.transforms import normalise
from reid_cosam.sharing.extras import import_extra
from reid_cosam.sharing.sharable import SharableEncoder

TRACKLETS = 32
EXAMPLES = "clips of people, from which the ranges of the 8-bit numbers are taken"
# Stem and first block lose most in 8 bits and take little of the time; COSAM compares what it is given.
KEPT = (".stages.0.", ".stages.1.", ".attention.")


def example_clips(encoder: SharableEncoder, tracklets: Sequence[Tracklet]) -> Float[Tensor, "b t 3 h w"]:
    """The first N frames of 32 tracklets that are spread evenly over the list, normalised.

    Raises:
        ValueError: there are no tracklets.
        OSError: a frame cannot be read.
    """
    if not tracklets:
        raise ValueError(f"the data set has no training part: openvino_int8 needs {EXAMPLES}")
    places = torch.linspace(0, len(tracklets) - 1, min(TRACKLETS, len(tracklets))).round().int().tolist()
    frames = torch.stack([_snippet(encoder, tracklets[place]) for place in places])
    return normalise(frames.permute(0, 1, 4, 2, 3), torch.float32)


def _snippet(encoder: SharableEncoder, tracklet: Tracklet) -> Tensor:
    paths = [tracklet.frames[number % len(tracklet.frames)] for number in range(encoder.num_frames)]
    return torch.from_numpy(read_clip(paths, encoder.height, encoder.width))


def quantise(source: Path, target: Path, examples: Tensor) -> None:
    """Writes the network of `source` with convolutions of 8-bit weights and activations.

    Activations get the range that they have for `examples`, weights one per output channel. The stem, the
    first block and COSAM are left as they are.
    """
    library = import_extra("onnxruntime.quantization", "onnx")
    shapes = import_extra("onnxruntime.quantization.shape_inference", "onnx")
    prepared = target.with_suffix(".prepared.onnx")
    shapes.quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    graph = import_extra("onnx", "onnx").load(str(prepared)).graph
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    library.quantize_static(
        str(prepared),
        str(target),
        _Batches(graph.input[0].name, examples),
        quant_format=library.QuantFormat.QDQ,
        per_channel=True,
        activation_type=library.QuantType.QUInt8,
        weight_type=library.QuantType.QInt8,
        op_types_to_quantize=["Conv"],
        nodes_to_exclude=[node.name for node in convolutions if _is_kept(node.input[1])],
    )
    prepared.unlink()


def _is_kept(weight: str) -> bool:
    return any(part in weight for part in KEPT)


class _Batches:
    """The inputs as `onnxruntime.quantization` asks for them."""

    def __init__(self, name: str, examples: Tensor) -> None:
        self._left = iter([{name: part.cpu().contiguous().numpy()} for part in examples.split(4)])

    def get_next(self) -> dict[str, Any] | None:
        return next(self._left, None)
