"""Settings of `python -m reid_cosam.convert`."""

from pydantic import PositiveInt

from reid_cosam.config.base import PathText, Settings


class ConvertSettings(Settings):
    """What `python -m reid_cosam.convert` composes beside the data set."""

    released: PathText
    out: PathText
    num_frames: PositiveInt | None
