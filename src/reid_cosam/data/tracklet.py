"""Tracklets and the splits that data-set readers return."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Tracklet:
    """One person seen by one camera.

    >>> tracklet = Tracklet(("0002C1T0001F001.jpg", "0002C1T0001F002.jpg"), pid=2, camid=1)
    >>> len(tracklet)
    2

    Attributes:
        frames: paths of the frames in time order.
        pid: identity as the data set numbers it; 0 is a distractor and -1 junk in MARS.
        camid: camera as the data set numbers it.
        clothes: what the person wears, where the data set says so: a name that is unique for this person.
        view: the kind of camera, such as `ground` or `aerial`, where the data set has several.
    """

    frames: tuple[str, ...]
    pid: int
    camid: int
    clothes: str | None = None
    view: str | None = None

    def __len__(self) -> int:
        return len(self.frames)

    def first_frame(self, root: Path) -> str:
        """Path of the first frame relative to `root`, the data set's folder: names the tracklet in tables."""
        return Path(self.frames[0]).relative_to(root).as_posix()


@dataclass(frozen=True, slots=True)
class ReidSplits:
    """The parts of a re-identification data set.

    `gallery` contains neither queries nor junk: the gallery of the `released` protocol. Protocols that
    want more add `query` and `junk` to it. `remarks` are sentences about how they were read, for `verify`.

    >>> walker = [Tracklet((f"{number}.jpg",), pid=number, camid=1) for number in range(3)]
    >>> splits = ReidSplits(train=(walker[0],), query=(walker[1],), gallery=(walker[1], walker[2]))
    >>> splits.junk
    ()
    """

    train: tuple[Tracklet, ...]
    query: tuple[Tracklet, ...]
    gallery: tuple[Tracklet, ...]
    junk: tuple[Tracklet, ...] = ()
    remarks: tuple[str, ...] = ()

    def parts(self) -> dict[str, tuple[Tracklet, ...]]:
        """The parts by name, in a fixed order."""
        return {"train": self.train, "query": self.query, "gallery": self.gallery, "junk": self.junk}

    def tracklets(self) -> Iterator[Tracklet]:
        """All tracklets, part by part."""
        return chain.from_iterable(self.parts().values())

    def frames(self) -> tuple[str, ...]:
        """Every frame once, in the order of the parts."""
        return tuple(dict.fromkeys(chain.from_iterable(one.frames for one in self.tracklets())))
