"""Which people have a handbag, hat or backpack: the groups of queries in the paper's table 7.

Read from the public files: Duke's `.mat` (one entry per person), the CSV files of DukeMTMC-VideoReID and MARS
(one row per tracklet), and a synthetic set's `attributes.csv` (one row per person).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool
from scipy.io import loadmat

from reid_cosam.data.tracklet import Tracklet

ATTRIBUTES = ("handbag", "hat", "backpack")

# Columns of the person: of a synthetic set, of the files of tracklets, and of Duke's file of people. That one
# says no with 1 and yes with 2, the others with 0 and 1.
_PERSON = ("pid", "person_id", "image_index")


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of people: a person has what at least one of their tracklets shows.

    Tracklets of one person differ where a view hides the bag (MARS: handbags of 136 of 1259 people), and the
    paper's figures for Duke fit whole people: 25, 120 and 443 of its 702 queries.

    Attributes:
        path: the file they come from.
        pids: everyone in the file.
        people: for each of `ATTRIBUTES`, the people who have it.
    """

    path: Path
    pids: frozenset[int]
    people: Mapping[str, frozenset[int]]

    def having(self, attribute: str, queries: Sequence[Tracklet]) -> Bool[np.ndarray, " q"]:
        """Which queries are of a person who has `attribute`.

        Raises:
            ValueError: no such attribute, or a query's person is not in the file.
        """
        if attribute not in self.people:
            raise ValueError(f"unknown attribute {attribute!r}; choose from {', '.join(self.people)}")
        unknown = sorted({query.pid for query in queries} - self.pids)
        if unknown:
            raise ValueError(
                f"{self.path} lacks {len(unknown)} of the people queried, first pid {unknown[0]}: "
                "name the file that belongs to the data set"
            )
        return np.array([query.pid in self.people[attribute] for query in queries], dtype=np.bool_)


def read(path: Path | str) -> Attributes:
    """Read a file of attributes; its suffix and its columns tell the format.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: unknown format, or a value that says neither yes nor no.
    """
    path = Path(path)
    original = _table(path)
    table = original.rename(columns={"hand bag": "handbag"})
    person = next((name for name in _PERSON if name in table), None)
    if person is None or not set(ATTRIBUTES) <= set(table):
        raise ValueError(
            f"{path}: these are not the columns of an attribute file: {', '.join(original.columns)}; "
            "expected a person (pid, person_id or image_index), handbag or hand bag, hat, backpack"
        )
    numbers = table[person]
    wrong = numbers[~numbers.str.fullmatch(r"-?\d+")]
    if len(wrong):
        raise ValueError(f"{path}: {person} must be a number, got {wrong.iloc[0]!r}")
    pids = numbers.astype(np.int64)
    people = {name: frozenset(pids[_says_yes(table[name], numbers, path)]) for name in ATTRIBUTES}
    return Attributes(path, frozenset(pids), people)


def _table(path: Path) -> pd.DataFrame:
    """The file's columns, all text."""
    readers = {".csv": _csv_table, ".mat": _duke_table}
    if path.suffix not in readers:
        raise ValueError(f"{path}: attributes are read from {' and '.join(readers)} files")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: name the file with the data set's attributes")
    try:
        return readers[path.suffix](path)
    except Exception as error:  # pandas and scipy raise several unrelated types, none of which names the file
        raise ValueError(f"{path} cannot be read as a file of attributes: {error!r}") from error


def _csv_table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _duke_table(path: Path) -> pd.DataFrame:
    parts = loadmat(path, simplify_cells=True)["duke_attribute"]
    tables = [pd.DataFrame(parts[part]) for part in ("train", "test")]
    # The fields of the two parts differ in order: joined by name.
    return pd.concat(tables, join="inner", ignore_index=True).astype(str)


def _says_yes(values: pd.Series, pids: pd.Series, path: Path) -> pd.Series:
    no, yes = ("1", "2") if pids.name == "image_index" else ("0", "1")
    wrong = values[~values.isin((no, yes))]
    if len(wrong):
        raise ValueError(
            f"{path}: {values.name} of {pids.name} {pids[wrong.index[0]]} is {wrong.iloc[0]!r}, "
            f"expected {no} (no) or {yes} (yes)"
        )
    return values == yes
