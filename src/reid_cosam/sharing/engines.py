"""What computes an encoder's descriptors: torch, or the files that `exchange` wrote, by other libraries."""

import ctypes
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from reid_cosam.models.fusing import FusedNetwork
from reid_cosam.models.network import VideoReidNet
from reid_cosam.sharing import exchange
from reid_cosam.sharing.extras import import_extra
from reid_cosam.sharing.sharable import SharableEncoder

Encoder = TypeVar("Encoder", bound=SharableEncoder)
EngineName = Literal["torch", "onnx", "openvino", "openvino_int8"]
Precision = Literal["float32", "bfloat16"]
Compute = Callable[[Tensor], Tensor]
"""Normalised clips `[b, t, 3, h, w]`, or frames `[b, 3, h, w]`, to descriptors `[b, d]`."""


class Opened(NamedTuple):
    """A file that computes descriptors, and its metadata."""

    compute: Compute
    metadata: Mapping[str, str]


def with_engine(
    encoder: Encoder, engine: EngineName, folder: Path | None = None, precision: Precision = "float32"
) -> Encoder:
    """An encoder that gives the same descriptors, to rounding or to 8 bits, computed by `engine`.

    It shares the network of `encoder`, which does not change. As many threads are used as torch uses.

    Args:
        folder: with the files of the same network for clips; `torch` needs none.
        precision: of the products; with `openvino_int8`, of those that are not in 8 bits. In bfloat16
            descriptors are exact to about 1 %; ONNX Runtime has none.

    Raises:
        ImportError: the engine is not installed; names what to install.
        FileNotFoundError: `folder` has no such file.
        ValueError: the file was made from another network, or the engine does not know the precision.
    """
    if engine == "torch":
        return encoder.computed_by(_torch(encoder.network, precision))
    if folder is None:
        raise ValueError(f"engine={engine} computes from a file of a model folder: name one as model=...")
    path = exchange.file_of(folder, engine, "clips")
    if not path.is_file():
        data = " data=..." if engine == "openvino_int8" else ""
        command = f"reid-cosam export ckpt={folder} out={folder} format={engine}{data}"
        raise FileNotFoundError(f"{path} does not exist: {command} writes it")
    opened = open_file(path, precision)
    fingerprint = opened.metadata.get("fingerprint", "unknown")
    if fingerprint != encoder.fingerprint:
        raise ValueError(
            f"{path} was made from another network ({fingerprint[:12]}) than the weights beside it "
            f"({encoder.fingerprint[:12]}): reid-cosam export format={engine} writes it anew"
        )
    return encoder.computed_by(opened.compute)


def open_file(path: Path, precision: Precision = "float32") -> Opened:
    """A file of `exchange.write_files`, by its suffix.

    Raises:
        ImportError: what reads it is not installed; names what to install.
        ValueError: it is damaged, or what reads it does not compute in that precision.
    """
    readers = {".onnx": _onnx, ".pt2": _torch_export, ".xml": _openvino}
    try:
        return readers[path.suffix](path, precision)
    except (ImportError, ValueError, OSError):
        raise
    except Exception as error:  # each library has errors of its own
        raise ValueError(f"{path} cannot be read: {str(error).strip().splitlines()[0]}") from error


def _torch(network: VideoReidNet, precision: Precision) -> Compute:
    fused = FusedNetwork(network)

    def compute(clips: Float[Tensor, "b t 3 h w"]) -> Float[Tensor, "b d"]:
        with torch.autocast(clips.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
            return fused(clips).descriptors  # type: ignore[no-any-return]

    return compute


def _torch_export(path: Path, precision: Precision) -> Opened:
    if precision != "float32":
        raise ValueError(f"precision={precision}: {path.name} computes in float32")
    metadata: dict[str, Any] = {"fingerprint": ""}
    return Opened(torch.export.load(path, extra_files=metadata).module(), metadata)


def _onnx(path: Path, precision: Precision) -> Opened:
    if precision != "float32":
        raise ValueError(f"precision={precision}: ONNX Runtime computes in float32 on a CPU")
    runtime = import_extra("onnxruntime", "onnx")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    (given,) = (one.name for one in session.get_inputs())

    def compute(clips: Tensor) -> Tensor:
        (descriptors,) = session.run(None, {given: clips.contiguous().cpu().numpy()})
        return torch.from_numpy(descriptors)

    return Opened(compute, session.get_modelmeta().custom_metadata_map)


def _openvino(path: Path, precision: Precision) -> Opened:
    core = import_extra("openvino", "openvino").Core()
    model = core.read_model(str(path))
    # Its own choice of precision depends on the processor.
    hints = {"INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[precision]}
    with _same_signal_stack():
        compiled = core.compile_model(
            model, "CPU", hints | {"INFERENCE_NUM_THREADS": torch.get_num_threads()}
        )
    metadata = {name: str(model.get_rt_info([exchange.METADATA, name]).value) for name in ("fingerprint",)}

    def compute(clips: Tensor) -> Tensor:
        with _same_signal_stack():
            return torch.from_numpy(compiled(clips.contiguous().cpu().numpy())[0].copy())

    return Opened(compute, metadata)


class _SignalStack(ctypes.Structure):
    """`stack_t` of sigaltstack(2)."""

    _fields_ = (("address", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


@contextmanager
def _same_signal_stack() -> Iterator[None]:
    """OpenVINO 2026.4 gives the calling thread a stack for signal handlers that is too small for Python's.

    The next signal, such as Ctrl-C, would then end the process in a segmentation fault.
    """
    if sys.platform != "linux":
        yield
        return
    system, before = ctypes.CDLL(None), _SignalStack()
    system.sigaltstack(None, ctypes.byref(before))
    try:
        yield
    finally:
        system.sigaltstack(ctypes.byref(before), None)
