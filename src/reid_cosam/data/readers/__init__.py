"""One reader per data set, and what a reader offers: `DatasetReader`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from reid_cosam.data.tracklet import ReidSplits


class DatasetReader(ABC):
    """Reads the splits of a data set; `root` is its folder.

    A subclass takes its own options, such as the number of a split, in its constructor. Only `read` is
    required; the other defaults suit a data set of plain files without published counts.

    Example:
        >>> class Pairs(DatasetReader):
        ...     def read(self, root):
        ...         train, query, gallery = (Tracklet((f"{root}/{n}.jpg",), n, 1) for n in (1, 2, 3))
        ...         return ReidSplits((train,), (query,), (gallery,))
        >>> Pairs().read("pairs").query
        (Tracklet(frames=('pairs/2.jpg',), pid=2, camid=1, clothes=None, view=None),)
        >>> Pairs().splits_file("pairs") is None
        True

    Attributes:
        counts: what `reid_cosam.data.counts.count` finds in a whole copy, as far as it is published.
        unverified: further counts, which `verify` compares without calling a difference a problem.
        unknown: a sentence about what cannot be checked of a copy, if there is something.
        own_layout: the option of `data` that reads a data set of one's own in this layout, if there is one.
    """

    counts: ClassVar[Mapping[str, int]] = {}
    unverified: ClassVar[Mapping[str, int]] = {}
    unknown: ClassVar[str | None] = None
    own_layout: ClassVar[str | None] = None

    @abstractmethod
    def read(self, root: Path | str) -> ReidSplits:
        """The splits. The frames themselves are not opened.

        Raises:
            FileNotFoundError: a part of the layout is missing; names it, and the layout.
            ValueError: the files contradict themselves or the reader's options.
        """

    def folder(self, root: Path | str) -> Path:
        """The folder in which all frames lie; a data set that is rendered is rendered first."""
        return Path(root)

    def is_rendered(self, root: Path | str) -> bool:  # noqa: ARG002
        """Whether the frames exist already; only those of a data set that is rendered may not."""
        return True

    def splits_file(self, root: Path | str) -> Path | None:  # noqa: ARG002
        """The file that divides the people into training and test; None where the layout does."""
        return None

    def split_rule(self, root: Path | str) -> str | None:  # noqa: ARG002
        """How people and queries are chosen where neither the layout nor a file says so."""
        return None

    def attributes_file(self, root: Path | str) -> Path | None:  # noqa: ARG002
        """The data set's own file of attributes (`reid_cosam.data.attributes`), if it has one."""
        return None

    def gaps(self, splits: ReidSplits) -> tuple[str, ...]:  # noqa: ARG002
        """One sentence per tracklet that lacks frames, where the numbers of frames are the only evidence."""
        return ()
