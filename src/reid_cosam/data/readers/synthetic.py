"""The synthetic data set: rendered once under its root, in the layout of MARS."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Ge

from reid_cosam.data import synthetic
from reid_cosam.data.readers import DatasetReader
from reid_cosam.data.readers.mars import Mars
from reid_cosam.data.tracklet import ReidSplits


@dataclass(frozen=True)
class Synthetic(DatasetReader):
    """Rendered walkers: needs no download.

    They are rendered when they are first read, into a folder below `root` that is named after the options,
    which takes a minute for `small` and hours for `full`.

    >>> splits = Synthetic(size="small", seed=0).read("datasets")
    >>> splits.query[0].camid
    1
    """

    size: Literal["small", "medium", "full"]
    seed: Annotated[int, Ge(0)]

    def read(self, root: Path | str) -> ReidSplits:
        """As `DatasetReader.read`; renders the data set first if it does not exist."""
        return Mars().read(self.folder(root))

    def folder(self, root: Path | str) -> Path:
        return synthetic.ensure(Path(root), self._spec)

    def is_rendered(self, root: Path | str) -> bool:
        return (Path(root) / self._spec.folder_name).is_dir()

    def attributes_file(self, root: Path | str) -> Path:
        return self.folder(root) / "attributes.csv"

    @property
    def _spec(self) -> synthetic.SyntheticSpec:
        return synthetic.spec(self.size, self.seed)
