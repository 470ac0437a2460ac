"""Your own tracklets in folders, with people, cameras and tracklets in the names of folders or files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pandas as pd

from reid_cosam.data.masks import MASKS
from reid_cosam.data.readers import DatasetReader
from reid_cosam.data.readers.listing import images, is_folder, subfolders
from reid_cosam.data.readers.name_pattern import FIELDS, compiled
from reid_cosam.data.readers.own import PARTS, Split, check_parts, natural, split_rule, splits_of
from reid_cosam.data.tracklet import ReidSplits

_COLUMNS = ("path", "part", *FIELDS)
_ONE_PATTERN = "name all frames with one pattern, and move other images elsewhere"


@dataclass(frozen=True)
class Folder(DatasetReader):
    """A folder with the parts train, query and gallery (and junk), or train and test, or with none of them.

    Every image in it is a frame; where there are no parts, the folder `masks` is left out. Where there are
    parts, other folders are not read, which `remarks` say.

    >>> splits = Folder(split=0).read("datasets/own")
    >>> len(splits.train), len(splits.query), len(splits.gallery)
    (6, 2, 4)

    Attributes:
        pattern: what the path of a frame says, below its part or else below the folder, as `{person}`,
            `{camera}`, `{tracklet}`, `{frame}`, `{clothes}`, `{view}`, `{person:4}` (exactly four
            characters), or `{}` for what does not matter.
        split: number of a seeded split, for a folder without parts.
    """

    pattern: str = "{person}/{camera}/{tracklet}/{frame}"
    split: Split = None

    def read(self, root: Path | str) -> ReidSplits:
        root = Path(root)
        pattern = compiled(self.pattern)
        if not is_folder(root):
            raise FileNotFoundError(
                f"{root} is missing: it should have frames named {self.pattern}, or parts of them"
            )
        parts = self._parts(root)
        check_parts(parts, self.split, str(root))
        rows = [row for part in parts or [""] for row in self._rows(root, part, pattern)]
        splits = splits_of(pd.DataFrame(rows, columns=_COLUMNS), self.split, str(root))
        remarks = [*splits.remarks, *self._single_frames(splits)]
        others = sorted({one.name for one in subfolders(root)} - {*parts, MASKS})
        if parts and others:
            remarks.append(f"not read, as they are no parts: {', '.join(others)}")
        return replace(splits, remarks=tuple(remarks))

    def _single_frames(self, splits: ReidSplits) -> list[str]:
        """What may be wrong with the pattern where nearly all tracklets have one frame."""
        lengths = [len(one) for one in splits.tracklets()]
        if lengths.count(1) < 0.9 * len(lengths):
            return []
        lacks = (
            "lack {frame}"
            if "{frame" not in self.pattern
            else "have a {tracklet} that is another in each frame"
        )
        single = f"{lengths.count(1):,} of {len(lengths):,} tracklets have one frame"
        return [f"{single}: does data.pattern={self.pattern} {lacks}?"]

    def split_rule(self, root: Path | str) -> str | None:
        return split_rule(self._parts(Path(root)), self.split)

    def _parts(self, root: Path) -> list[str]:
        names = [folder.name for folder in subfolders(root)]
        for name in names:
            if name.lower() in PARTS and name not in PARTS:
                raise ValueError(f"{root / name} must be named {name.lower()} to be a part: rename it")
        return [name for name in names if name in PARTS]

    def _rows(self, root: Path, part: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, ...]]:
        """One row of `_COLUMNS` per frame of a part, by person, camera, tracklet and frame."""
        folder = root / part
        start = len(f"{folder / '_'}") - 1
        sort_key = cache(natural)  # names of people and cameras come again with every frame
        rows = []
        for path in images(folder, skipped=None if part else MASKS):
            found = pattern.fullmatch(path[start:])
            if found is None:
                ending = Path(path).suffix
                case = self.pattern.lower().endswith(ending.lower()) and not self.pattern.endswith(ending)
                remedy = f"it ends in {ending}: leave the ending out of the pattern" if case else _ONE_PATTERN
                raise ValueError(f"{path} does not match pattern={self.pattern} below {folder}: {remedy}")
            said = found.groupdict()
            named = tuple(said.get(field) or "" for field in FIELDS)
            order = tuple(map(sort_key, named)), natural(path)
            rows.append((order, (path, part, *named)))
        rows.sort(key=lambda row: row[0])
        return (row for _, row in rows)
