"""Settings of `python -m reid_cosam.convert`."""

from reid_cosam.settings.base import Frames, PathText, Settings


class ConvertSettings(Settings):
    """What `python -m reid_cosam.convert` composes beside the data set."""

    released: PathText
    out: PathText
    num_frames: Frames | None
