"""Your own tracklets in a table: one row per frame, or one per folder of frames."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from reid_cosam.data.readers import DatasetReader
from reid_cosam.data.readers.listing import READ, images, is_folder, is_image, names_in
from reid_cosam.data.readers.own import PARTS, Split, check_parts, natural, split_rule, splits_of
from reid_cosam.data.tables import check_columns, read_text
from reid_cosam.data.tracklet import ReidSplits

_NEEDED = ("path", "person", "camera", "tracklet")
_TRACKLET = ["person", "camera", "tracklet"]
_OPTIONAL = ("part", "clothes", "view")


@dataclass(frozen=True)
class Csv(DatasetReader):
    """A CSV file: columns path, person, camera, tracklet and, as far as known, part, clothes and view.

    A path is that of an image, or of a folder of images, relative to the data set's folder. Frames come in
    the order of the rows, those of a folder in the natural order of their names. Other columns are ignored,
    as are blanks around names and values.

    >>> splits = Csv(file="datasets/own/tracklets.csv", split=0).read("datasets/own")
    >>> len(splits.train), len(splits.query), len(splits.gallery)
    (6, 2, 4)

    Attributes:
        file: the file.
        split: number of a seeded split, for a table without the column part.
    """

    file: str
    split: Split = None

    def read(self, root: Path | str) -> ReidSplits:
        table = self._table()
        check_columns(table, self.file, _NEEDED, _OPTIONAL)
        for name in _NEEDED:
            if (empty := table.index[table[name] == ""]).size:
                raise ValueError(
                    f"{self.file}, row {empty[0]}: {name} is empty: each row needs {', '.join(_NEEDED)}"
                )
        parts = _parts(table)
        for part in parts:
            if part not in PARTS:
                row = table.index[table["part"] == part][0]
                raise ValueError(
                    f"{self.file}, row {row}: part is {part!r}, expected one of {', '.join(PARTS)}"
                )
        check_parts(parts, self.split, self.file)
        table = table.assign(**{name: "" for name in _OPTIONAL if name not in table})
        self._check_tracklets(table)
        return splits_of(self._with_frames(table, Path(root)), self.split, self.file)

    def _check_tracklets(self, table: pd.DataFrame) -> None:
        """Raise ValueError if one tracklet has two parts, clothes or views."""
        distinct = table.drop_duplicates([*_TRACKLET, *_OPTIONAL])
        again = distinct.duplicated(_TRACKLET)
        if not again.any():
            return
        second = distinct[again].iloc[0]
        first = distinct[(distinct[_TRACKLET] == second[_TRACKLET]).all(axis=1)].iloc[0]
        name = next(name for name in _OPTIONAL if first[name] != second[name])
        raise ValueError(
            f"{self.file}: rows {first.name} and {second.name} are of one person, camera and tracklet, but "
            f"their {name} are {first[name]!r} and {second[name]!r}: correct one, or name the tracklets apart"
        )

    def splits_file(self, root: Path | str) -> Path | None:  # noqa: ARG002
        return Path(self.file) if _parts(self._table()) else None

    def split_rule(self, root: Path | str) -> str | None:  # noqa: ARG002
        return split_rule(_parts(self._table()), self.split)

    def _table(self) -> pd.DataFrame:
        """All columns, as text, by the number of the line in the file (where no field has several)."""
        try:
            table: pd.DataFrame = read_text(self.file, ",".join(_NEEDED), skip_blank_lines=False)
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.file} is missing: name your table with data.file=...") from None
        if not isinstance(table.index, pd.RangeIndex):  # pandas takes what is first for names of rows
            raise ValueError(f"{self.file} has more values in a row than names of columns in its first line")
        table = table.set_axis(table.index + 2).fillna("")  # a row that ends early
        table = table.rename(columns=str.strip)
        if not table.columns.is_unique:
            raise ValueError(f"{self.file} has two columns of one name: {', '.join(table.columns)}")
        table = table.apply(lambda column: column.str.strip())
        table = table[(table != "").any(axis=1)]
        if table.empty:
            raise ValueError(f"{self.file} has no rows: name a frame, or a folder of frames, in each")
        return table

    def _with_frames(self, table: pd.DataFrame, root: Path) -> pd.DataFrame:
        """One row per frame: folders are replaced by what is in them, paths are those to open.

        Raises:
            FileNotFoundError, ValueError: a path does not exist, is empty or outside `root`, or occurs twice.
        """
        listed = cache(lambda folder: names_in(Path(folder)))
        start = f"{root / '_'}"[:-1]  # Path(".") puts nothing before its files
        paths = [
            self._frames(start, path, row, listed)
            for row, path in zip(table.index, table["path"], strict=True)
        ]
        table = table.assign(path=pd.Series(paths, index=table.index)).explode("path")
        again = table["path"].duplicated()
        if again.any():
            path = table["path"][again].iloc[0]
            first, second = table.index[table["path"] == path][:2]
            raise ValueError(f"{self.file}: rows {first} and {second} both name {path}: name a frame once")
        return table

    def _frames(self, start: str, path: str, row: int, listed: Callable[[str], frozenset[str]]) -> list[str]:
        """The frames that a path stands for; `start` is the folder, `listed` gives the names in one."""
        place = os.path.normpath(path)
        place = place.removeprefix(start) if place.startswith("/") else place
        if place.startswith(("/", "..")):
            raise ValueError(
                f"{self.file}, row {row}: {path} lies outside the data set's folder {start}: name another "
                "one with data.root=..."
            )
        folder, _, name = f"{start}{place}".rpartition("/")
        if name not in listed(folder or "."):
            raise FileNotFoundError(f"{self.file}, row {row}: {start}{place} does not exist")
        if is_image(name):
            return [f"{start}{place}"]
        if not is_folder(Path(start, place)):
            raise ValueError(
                f"{self.file}, row {row}: {start}{place} is neither a folder nor an image that is "
                f"read, which ends in {', '.join(sorted(READ))}"
            )
        try:
            return sorted(images(Path(start, place)), key=natural)
        except ValueError as error:  # which names the folder
            raise ValueError(f"{self.file}, row {row}: {error}") from None


def _parts(table: pd.DataFrame) -> list[str]:
    return list(table["part"].unique()) if "part" in table else []
