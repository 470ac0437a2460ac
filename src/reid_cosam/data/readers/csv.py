"""Your own tracklets in a table: one row per frame, or one per folder of frames."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from reid_cosam.data.readers import DatasetReader
from reid_cosam.data.readers.listing import images, is_image, names_in
from reid_cosam.data.readers.own import PARTS, Split, check_parts, natural, split_rule, splits_of
from reid_cosam.data.tracklet import ReidSplits

_NEEDED = ("path", "person", "camera", "tracklet")
_OPTIONAL = ("part", "clothes", "view")


@dataclass(frozen=True)
class Csv(DatasetReader):
    """A CSV file with the columns path, person, camera, tracklet and, as far as known, part, clothes and view.

    A path is that of an image, or of a folder of images, relative to the data set's folder. Frames come in the
    order of the rows, those of a folder in the natural order of their names. Other columns are left alone.

    Attributes:
        file: the file.
        split: number of a seeded split, for a table without the column part.
    """

    file: str
    split: Split

    def read(self, root: Path | str) -> ReidSplits:
        table = self._table()
        for name in _NEEDED:
            if name not in table:
                raise ValueError(
                    f"{self.file} has no column {name}: expected {', '.join(_NEEDED)} and, where known, "
                    f"{', '.join(_OPTIONAL)}; it has {', '.join(table.columns)}"
                )
            if name != "tracklet" and (empty := table.index[table[name] == ""]).size:
                raise ValueError(f"{self.file}, row {empty[0] + 2}: {name} is empty")
        parts = _parts(table)
        for part in parts:
            if part not in PARTS:
                row = table.index[table["part"] == part][0] + 2
                raise ValueError(f"{self.file}, row {row}: part is {part!r}, expected one of {', '.join(PARTS)}")
        check_parts(parts, self.split, self.file)
        table = table.assign(**{name: "" for name in _OPTIONAL if name not in table})
        return splits_of(self._with_frames(table, Path(root)), self.split, self.file)

    def splits_file(self, root: Path | str) -> Path | None:  # noqa: ARG002
        return Path(self.file) if _parts(self._table()) else None

    def split_rule(self, root: Path | str) -> str | None:  # noqa: ARG002
        return split_rule(_parts(self._table()), self.split)

    def _table(self) -> pd.DataFrame:
        """All columns, as text; numbered from 0, where row 2 of the file is."""
        try:
            return pd.read_csv(self.file, dtype=str, keep_default_na=False, skip_blank_lines=False)
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.file} is missing: it should be the table of the frames") from None
        except ValueError as error:  # which pandas' own errors are, and those of wrong encodings
            raise ValueError(f"{self.file} cannot be read as a CSV file: {error}") from error

    def _with_frames(self, table: pd.DataFrame, root: Path) -> pd.DataFrame:
        """One row per frame: folders are replaced by what is in them, paths are those to open.

        Raises:
            FileNotFoundError, ValueError: a path does not exist, lies outside `root`, or occurs twice.
        """
        listed = cache(lambda folder: names_in(Path(folder)))
        paths = [
            self._frames(root, path, f"{self.file}, row {row}", listed)
            for row, path in enumerate(table["path"], start=2)
        ]
        table = table.assign(path=paths).explode("path")
        again = table["path"].duplicated()
        if again.any():
            path = table["path"][again].iloc[0]
            first, second = table.index[table["path"] == path][:2] + 2
            raise ValueError(f"{self.file}: rows {first} and {second} both name {path}: name a frame once")
        return table

    def _frames(
        self, root: Path, path: str, row: str, listed: Callable[[str], frozenset[str]]
    ) -> list[str]:
        """The frames that a path stands for; `listed` gives the names in a folder."""
        start = f"{root / '_'}"[:-1]
        place = os.path.normpath(path)
        place = place.removeprefix(start) if place.startswith("/") else place
        if place.startswith(("/", "..")):
            raise ValueError(f"{row}: {path} lies outside the data set's folder {root}: name that with data.root=...")
        folder, _, name = f"{start}{place}".rpartition("/")
        if name not in listed(folder or "."):
            raise FileNotFoundError(f"{row}: {start}{place} does not exist")
        if is_image(name):
            return [f"{start}{place}"]
        return sorted(images(root / place), key=natural)


def _parts(table: pd.DataFrame) -> list[str]:
    return list(table["part"].unique()) if "part" in table else []
