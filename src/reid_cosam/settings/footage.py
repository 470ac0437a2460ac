"""Settings of the commands that take a trained network to footage."""

from reid_cosam.settings.base import PathText, Settings
from reid_cosam.settings.commands import Modules


class ExportSettings(Settings):
    ckpt: PathText
    out: PathText
    calibration: PathText | None
    trust: Modules
