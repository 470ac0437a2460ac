"""Networks as files for other programs: ONNX, torch.export and OpenVINO.

Each file computes descriptors from float32 RGB images that are normalised as ImageNet's, `(x / 255 - mean) /
std`: what programs that load networks for re-identification feed them. The batch may have any size; all that
a program must know beside that (size, N, mean, deviation) is in the metadata of the file.
"""

import copy
import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from reid_cosam import __version__
from reid_cosam.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from reid_cosam.models.fusing import fuse_conv_bn
from reid_cosam.models.network import VideoReidNet
from reid_cosam.models.single_frame import single_frame_network
from reid_cosam.settings.footage import Format
from reid_cosam.sharing.extras import check_installed, import_extra
from reid_cosam.sharing.quantising import EXAMPLES, quantise
from reid_cosam.sharing.sharable import SharableEncoder

Form = Literal["clips", "single_frame"]
FORMS: tuple[Form, ...] = ("clips", "single_frame")
OPSET = 18
SUFFIXES: Mapping[Format, str] = {
    "onnx": ".onnx",
    "torch_export": ".pt2",
    "openvino": ".xml",
    "openvino_int8": "_int8.xml",
}
_TRACED = ("stack_trace", "nn_module_stack", "source_fn_stack", "torch_fn", "from_node")
_CHATTY = ("onnxscript", "onnx_ir", "torch.onnx", "torch.export")
METADATA = "reid_cosam"  # the name of the metadata in files that hold others' as well


class SingleFrame(nn.Module):
    """Descriptors of single images: the network without attention, which compares frames of a clip."""

    def __init__(self, network: VideoReidNet) -> None:
        super().__init__()
        self.network = single_frame_network(_without_classifier(network))

    def forward(self, frames: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d"]:
        descriptors: Tensor = self.network(frames.unsqueeze(1)).descriptors
        return descriptors


class _Clips(nn.Module):
    def __init__(self, network: VideoReidNet) -> None:
        super().__init__()
        self.network = _without_classifier(network)

    def forward(self, clips: Float[Tensor, "b t 3 h w"]) -> Float[Tensor, "b d"]:
        descriptors: Tensor = self.network(clips).descriptors
        return descriptors


def _without_classifier(network: VideoReidNet) -> VideoReidNet:
    """It shares all layers but the classifier, which has no part in descriptors."""
    bare = copy.copy(network)
    bare._modules = {**network._modules, "classifier": nn.Identity()}
    return bare


def file_of(folder: Path, format: Format, form: Form) -> Path:
    """Where `write_files` puts a file; OpenVINO's weights lie beside it, with the suffix `.bin`."""
    return folder / f"{form}{SUFFIXES[format]}"


def write_files(
    encoder: SharableEncoder,
    folder: Path,
    formats: Sequence[Format],
    examples: Float[Tensor, "b t 3 h w"] | None = None,
) -> list[Path]:
    """Writes the network for clips `[b, N, 3, h, w]` and for single frames `[b, 3, h, w]` in each format.

    BatchNorms are fused into the convolutions before them. OpenVINO's files are made from the ONNX graph.

    Args:
        examples: normalised clips of people, which `openvino_int8` needs (`quantising.example_clips`).

    Raises:
        ImportError: a package that a format needs is not installed; names what to install.
        ValueError: a layer of the network cannot be exported; `examples` are missing.
        OSError: a file cannot be written.
    """
    for format in formats:
        check_installed(format)
    if "openvino_int8" in formats and examples is None:
        raise ValueError(f"openvino_int8 needs examples: {EXAMPLES}")
    size = (2, encoder.num_frames, 3, encoder.height, encoder.width)
    clips = torch.randn(size, generator=torch.Generator().manual_seed(0)).to(encoder.device)
    network, metadata = fuse_conv_bn(encoder.network, clips), _metadata(encoder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as staged:
        for form in FORMS:
            module, inputs = (
                (_Clips(network), clips) if form == "clips" else (SingleFrame(network), clips[:, 0])
            )
            fields = metadata | {
                "form": form,
                "num_frames": str(encoder.num_frames if form == "clips" else 1),
            }
            seen = examples if examples is None or form == "clips" else examples[:, 0]
            _write(_exported(module.eval(), inputs), Path(staged), formats, form, fields, seen)
        return [path.replace(folder / path.name) for path in sorted(Path(staged).iterdir())]


def _exported(module: nn.Module, inputs: Tensor) -> torch.export.ExportedProgram:
    batch = {0: torch.export.Dim("batch")}
    try:
        with torch.no_grad(), _quiet():
            return _anonymous(torch.export.export(module, (inputs,), dynamic_shapes=(batch,)))
    except Exception as error:  # whatever the tracing of other people's layers raises
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"this network cannot be exported: {type(error).__name__}: {reason}") from error


def _anonymous(program: torch.export.ExportedProgram) -> torch.export.ExportedProgram:
    """Without what the tracing kept of this machine: the lines and the paths of the code, and the inputs."""
    for module in program.graph_module.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                for name in _TRACED:
                    node.meta.pop(name, None)
    program.example_inputs = None
    return program


def _write(
    program: torch.export.ExportedProgram,
    folder: Path,
    formats: Sequence[Format],
    form: Form,
    metadata: Mapping[str, str],
    examples: Tensor | None,
) -> None:
    if "torch_export" in formats:
        with file_of(folder, "torch_export", form).open("wb") as file, _quiet():
            torch.export.save(program, file, extra_files=dict(metadata))
    if set(formats) - {"torch_export"}:
        onnx_file = file_of(folder, "onnx", form)
        _write_onnx(program, onnx_file, metadata)
        if "openvino" in formats:
            _write_openvino(onnx_file, file_of(folder, "openvino", form), metadata)
        if "openvino_int8" in formats and examples is not None:
            quantised = onnx_file.with_suffix(".int8.onnx")
            with _quiet():
                quantise(onnx_file, quantised, examples)
            _write_openvino(quantised, file_of(folder, "openvino_int8", form), metadata)
            quantised.unlink()
        if "onnx" not in formats:
            onnx_file.unlink()


def _write_onnx(program: torch.export.ExportedProgram, path: Path, metadata: Mapping[str, str]) -> None:
    name = "clips" if path.stem == "clips" else "frames"
    with _quiet():
        made: Any = torch.onnx.export(
            program, dynamo=True, verbose=False, opset_version=OPSET, input_names=[name],
            output_names=["descriptors"],
        )  # fmt: skip
    model = made.model_proto
    _strip(model)
    import_extra("onnx.helper", "onnx").set_model_props(model, dict(metadata))
    path.write_bytes(model.SerializeToString())


def _strip(message: Any) -> None:
    """Takes what torch wrote about the code of the network out of an ONNX model and all that is in it."""
    for name in ("metadata_props", "doc_string"):
        if name in message.DESCRIPTOR.fields_by_name:
            message.ClearField(name)
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in [value] if hasattr(value, "ListFields") else value:
                _strip(inner)


def _write_openvino(onnx_file: Path, path: Path, metadata: Mapping[str, str]) -> None:
    openvino = import_extra("openvino", "openvino")
    model = openvino.Core().read_model(str(onnx_file))
    for key, value in metadata.items():
        model.set_rt_info(value, [METADATA, key])
    openvino.save_model(model, str(path), compress_to_fp16=False)


def _metadata(encoder: SharableEncoder) -> dict[str, str]:
    fields = {
        "fingerprint": encoder.fingerprint,
        "height": encoder.height,
        "width": encoder.width,
        "mean": " ".join(map(str, IMAGENET_MEAN)),
        "std": " ".join(map(str, IMAGENET_STD)),
        "input": "RGB in float32: (pixel / 255 - mean) / std",
        "resizing": "bilinear, antialiased, aspect ratio not kept",
        "descriptor_size": encoder.network.descriptor_size,
        "distance": encoder.distance,
        "version": __version__,
    }
    return {name: str(value) for name, value in fields.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """torch's exporters warn of what is deprecated in torch itself, and log every step."""
    loggers = [logging.getLogger(name) for name in _CHATTY]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
