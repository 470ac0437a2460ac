"""Settings of `python -m reid_cosam.verify`."""

from reid_cosam.config.base import Settings
from reid_cosam.config.parts import DataSettings


class VerifySettings(Settings):
    """Everything that `python -m reid_cosam.verify` composes."""

    data: DataSettings
