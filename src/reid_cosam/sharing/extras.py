"""Packages that only some formats need."""

import os
import sys
from importlib import import_module
from typing import Any

from reid_cosam.settings.footage import Format


def check_installed(format: Format) -> None:
    """Raises ImportError, which names what to install, where a package for a format is missing."""
    if format in ("openvino", "openvino_int8"):
        import_extra("openvino", "openvino")
    if format != "torch_export":
        for name in ("onnx", "onnxscript", "onnxruntime"):
            import_extra(name, "onnx")


def import_extra(name: str, extra: str) -> Any:
    """The package, which an extra of this one brings; without its telemetry.

    Importing ONNX Runtime (from 1.32 on, on Linux too) or OpenVINO would send an event to its maker.

    Raises:
        ImportError: it is not installed; names the extra.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # as if not installed
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ImportError(f"{name} is not installed: pip install 'reid-cosam[{extra}]'") from error
