"""Rendered frames of 256x128 pixels on disk, in the layout of MARS."""

from contextlib import nullcontext
from pathlib import Path

from reid_cosam.data import mars, packing, synthetic
from reid_cosam.data.synthetic import SyntheticSpec
from reid_cosam.data.tracklet import ReidSplits, Tracklet

HEIGHT, WIDTH = 256, 128
SPEC = SyntheticSpec("bench", HEIGHT, WIDTH, 8, 1, 2, 2, 2, (8, 8), 0, 0)


def render(folder: Path) -> ReidSplits:
    """8 people, each in 4 tracklets of 8 frames to train on; one to test."""
    return mars.read(synthetic.ensure(folder, SPEC))


def packed(folder: Path) -> ReidSplits:
    """What `render` put into `folder`, out of one file."""
    root, target = synthetic.ensure(folder, SPEC), folder / "packed"
    packing.pack(root, (), target, 1, lambda *_: nullcontext(lambda _: None))
    return mars.read(target)


def tracklets_of(lengths: tuple[int, ...], splits: ReidSplits) -> tuple[Tracklet, ...]:
    """Tracklets of the wanted lengths, from the rendered frames over and over."""
    frames = [path for one in splits.train for path in one.frames]
    return tuple(
        Tracklet(tuple(frames[place % len(frames)] for place in range(length)), number + 1, 1)
        for number, length in enumerate(lengths)
    )
