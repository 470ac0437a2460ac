"""`read(root)` reads MARS; the reader itself is `readers/mars.py`."""

from pathlib import Path

from reid_cosam.data.readers.mars import Mars
from reid_cosam.data.tracklet import ReidSplits


def read(root: Path | str) -> ReidSplits:
    """The splits of a MARS folder, or of one in its layout; raises as `Mars.read`."""
    return Mars().read(root)
