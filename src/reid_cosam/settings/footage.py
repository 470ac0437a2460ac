"""Settings of the commands that take a trained network to footage."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from reid_cosam.settings.base import PathText, Settings, listed
from reid_cosam.settings.commands import Modules
from reid_cosam.settings.train import DataSettings

Format = Literal["onnx", "torch_export", "openvino"]


class ExportSettings(Settings):
    ckpt: PathText
    out: PathText
    calibration: PathText | None
    format: Annotated[tuple[Format, ...], BeforeValidator(listed)]
    data: DataSettings | None = None
    trust: Modules
