"""Settings of `python -m reid_cosam.verify`."""

from reid_cosam.settings.base import Settings
from reid_cosam.settings.parts import DataSettings


class VerifySettings(Settings):
    """Everything that `python -m reid_cosam.verify` composes."""

    data: DataSettings
