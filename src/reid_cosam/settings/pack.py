"""Settings of `python -m reid_cosam.pack`."""

from reid_cosam.settings.base import PathText, Settings
from reid_cosam.settings.parts import DataSettings


class PackSettings(Settings):
    """Everything that `python -m reid_cosam.pack` composes."""

    data: DataSettings
    out: PathText
