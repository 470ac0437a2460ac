"""MARS-DL: MARS with its people detected and linked anew, by Liu et al. (CVPR workshops 2021)."""

from dataclasses import dataclass
from pathlib import Path

from reid_cosam.data.readers import DatasetReader
from reid_cosam.data.readers.mars import CLEANED, Mars, read_info
from reid_cosam.data.tracklet import ReidSplits


@dataclass(frozen=True)
class MarsDl(DatasetReader):
    """MARS-DL, which has the layout of MARS.

    Its cleaned test list corrects persons of test tracklets, so scores on it are others: with
    `data=mars_dl_cleaned`, all records name it. It also names a second person where several are seen, whom
    the authors' program accepts as well; only the corrected person counts here.

    >>> len(MarsDl(cleaned=False).read("datasets/mars_dl").query)
    6

    Attributes:
        cleaned: the test tracklets are those of `info/clean_tracks_test_info.mat`.
    """

    cleaned: bool

    # It has the people of MARS.
    unverified = {name: Mars.counts[name] for name in ("train tracklets", "train identities", "cameras")}  # noqa: RUF012
    unknown = "nothing published says how many frames or, in the cleaned list, how many people are tested"

    def read(self, root: Path | str) -> ReidSplits:
        """As `DatasetReader.read`.

        Raises:
            ValueError: also if the cleaned list corrects a query to nobody.
        """
        root = Path(root)
        splits = Mars().read(root)
        if not self.cleaned:
            return splits
        splits = read_info(root / "info", root, cleaned=True)
        for query in splits.query:
            if query.pid < 1:
                raise ValueError(
                    f"{root / 'info' / CLEANED} says that the query {query.frames[0]} shows pid {query.pid}, "
                    "which is nobody: take the file from the data set again"
                )
        return splits
