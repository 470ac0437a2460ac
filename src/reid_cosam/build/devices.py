"""Where and how a command computes, as far as the settings leave it to the machine."""

import logging
import os
import sys
import sysconfig
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import torch
from torch import nn

from reid_cosam.settings import DeviceSettings, TrainerSettings
from reid_cosam.training.cpu_memory import keep_memory

_LONG = 20_000  # iterations that are worth compiling for
_CXX = "clang++" if sys.platform == "darwin" else "g++"  # the one that torch.compile takes

_log = logging.getLogger(__name__)


def check_gpus(accelerator: str, devices: int = 1) -> None:
    """
    Raises:
        ValueError: the settings ask for GPUs that this machine does not have.
    """
    found = torch.cuda.device_count()
    remedy = "run on the CPU with trainer.accelerator=cpu"
    if accelerator == "gpu" and found == 0:
        raise ValueError(f"trainer.accelerator=gpu, but torch finds no GPU on this machine: {remedy}")
    if accelerator != "cpu" and 0 < found < devices:
        raise ValueError(
            f"trainer.devices={devices} needs as many GPUs, but torch finds {found} on this machine: "
            f"lower trainer.devices, or {remedy}"
        )


def compiles(settings: TrainerSettings) -> bool:
    """Whether training is compiled: where it pays, unless the settings say otherwise.

    It saves passes over the maps, milliseconds an iteration on a GPU that is fast in bfloat16, and costs
    minutes. With several GPUs, DDP could no longer send gradients while the backward pass goes on.
    """
    if settings.compile != "auto":
        return settings.compile
    alone = settings.devices * settings.num_nodes == 1
    fast = runs_on_gpu(settings) and precision(settings) == "bf16-mixed"
    return alone and fast and settings.max_steps >= _LONG and not _lacking(on_gpu=True)


def check_compiler(settings: TrainerSettings) -> None:
    """
    Raises:
        ValueError: the settings ask for compiling, and torch.compile lacks something here.
    """
    lacking = _lacking(runs_on_gpu(settings)) if settings.compile is True else []
    if lacking:
        remedy = "install it, or leave trainer.compile=auto"
        raise ValueError(f"trainer.compile=true needs {' and '.join(lacking)}: {remedy}")


def _lacking(on_gpu: bool) -> list[str]:
    """What torch.compile needs and does not find; for a GPU a C compiler starts its kernels."""
    variable, usual = ("CC", ["gcc", "clang"]) if on_gpu else ("CXX", [_CXX])
    names = [os.environ[variable]] if variable in os.environ else usual
    lacking = []
    if not any(map(which, names)):
        lacking.append(f"a compiler ({' or '.join(names)}; {variable} names another)")
    if not Path(sysconfig.get_paths()["include"], "Python.h").is_file():
        lacking.append("Python's headers (python3-dev)")
    if on_gpu and find_spec("triton") is None:
        lacking.append("Triton")
    return lacking


def prepare_memory(on_gpu: bool) -> None:
    """Before a trainer is made: what memory must not cost."""
    if on_gpu:  # determinism fills each new tensor before use: a pass for memory that nobody reads
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    else:
        keep_memory()


def runs_on_gpu(settings: DeviceSettings) -> bool:
    return settings.accelerator == "gpu" or (settings.accelerator == "auto" and torch.cuda.is_available())


def precision(settings: DeviceSettings, backbone: Callable[[], nn.Module] = nn.Identity) -> Any:
    """`bf16-mixed` where the device is faster in bfloat16, unless the settings say otherwise.

    A CPU is not, by a factor of up to three, where each channel has a convolution of its own.

    Args:
        backbone: makes the one that will run, and is called only where that matters.
    """
    if settings.precision != "auto":
        return settings.precision
    if not _computes_in_bfloat16(settings):
        return "32-true"
    return "bf16-mixed" if runs_on_gpu(settings) or not _is_depthwise(backbone()) else "32-true"


def announce_precision(settings: DeviceSettings, taken: str) -> None:
    """Logs what `precision` took and why, if the settings left it open."""
    if settings.precision == "auto":
        device = "GPU" if runs_on_gpu(settings) else "CPU"
        reason = f"this {device} computes in bfloat16"
        if not _computes_in_bfloat16(settings):
            reason = f"this {device} does not compute in bfloat16"
        elif taken == "32-true":
            reason = f"in bfloat16 a {device} takes longer for depthwise convolutions, which this network has"
        _log.info("trainer.precision=auto is %s: %s", taken, reason)


def _computes_in_bfloat16(settings: DeviceSettings) -> bool:
    if runs_on_gpu(settings):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def _is_depthwise(network: nn.Module) -> bool:
    return any(
        isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels > 1 for layer in network.modules()
    )
