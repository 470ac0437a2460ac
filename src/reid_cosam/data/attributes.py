"""Which people carry a handbag, hat or backpack: the groups of queries in the paper's table 7.

Read from the public files: Duke's `.mat` (an entry a person), the CSV files of DukeMTMC-VideoReID and MARS
(a row a tracklet), and a synthetic set's `attributes.csv` (a row a person).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int64
from scipy.io import loadmat

from reid_cosam.data.tracklet import Tracklet

ATTRIBUTES = ("handbag", "hat", "backpack")


class _Format(NamedTuple):
    """Columns of the person and of `ATTRIBUTES`, and how these say no and yes."""

    pid: str
    attributes: tuple[str, str, str]
    no: str
    yes: str


_FORMATS = (
    _Format("pid", ("handbag", "hat", "backpack"), "0", "1"),  # synthetic
    _Format("person_id", ("handbag", "hat", "backpack"), "0", "1"),  # Duke, tracklets
    _Format("person_id", ("hand bag", "hat", "backpack"), "0", "1"),  # MARS, tracklets
    _Format("image_index", ("handbag", "hat", "backpack"), "1", "2"),  # Duke, people
)


@dataclass(frozen=True, slots=True)
class Attributes:
    """Who carries what, by person: someone carries what any of their tracklets shows.

    Tracklets of one person differ where a view hides the bag (MARS: handbags of 136 of 1259 people), and the
    paper's figures for Duke fit whole people: 25, 120 and 443 of its 702 queries.

    Attributes:
        path: the file they come from.
        pids: everyone in the file.
        carrying: for each of `ATTRIBUTES`, those who carry it.
    """

    path: Path
    pids: frozenset[int]
    carrying: Mapping[str, frozenset[int]]

    def carriers(self, attribute: str, queries: Sequence[Tracklet]) -> Bool[np.ndarray, " q"]:
        """Which queries show someone who carries `attribute`.

        Raises:
            ValueError: no such attribute, or a query's person is not in the file.
        """
        if attribute not in self.carrying:
            raise ValueError(f"unknown attribute {attribute!r}; choose from {', '.join(self.carrying)}")
        unknown = sorted({query.pid for query in queries} - self.pids)
        if unknown:
            raise ValueError(
                f"{self.path} lacks {len(unknown)} of the people queried, first pid {unknown[0]}: "
                "name the file that belongs to the data set"
            )
        return np.array([query.pid in self.carrying[attribute] for query in queries], dtype=np.bool_)


def read(path: Path | str) -> Attributes:
    """Read a file of attributes; its suffix and its columns tell the format.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: unknown format, or a value that says neither yes nor no.
    """
    path = Path(path)
    table = _table(path)
    known = (one for one in _FORMATS if {one.pid, *one.attributes} <= set(table.columns))
    form = next(known, None)
    if form is None:
        raise ValueError(
            f"{path}: these are not the columns of an attribute file: {', '.join(table.columns)}; "
            "expected a person (pid, person_id or image_index), handbag or hand bag, hat, backpack"
        )
    pids = _pids(table, form.pid, path)
    carrying = {
        name: frozenset(pids[_says_yes(table, column, form, path)].tolist())
        for name, column in zip(ATTRIBUTES, form.attributes, strict=True)
    }
    return Attributes(path, frozenset(pids.tolist()), carrying)


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
    # The fields of the two parts differ in order: joined by name.
    return pd.concat(
        [pd.DataFrame(parts[part]) for part in ("train", "test")], join="inner", ignore_index=True
    ).astype(str)


def _pids(table: pd.DataFrame, column: str, path: Path) -> Int64[np.ndarray, " n"]:
    values = table[column]
    wrong = ~values.str.fullmatch(r"-?\d+")
    if wrong.any():
        raise ValueError(f"{path}: {column} must be a number, got {values[wrong].iloc[0]!r}")
    return values.astype(np.int64).to_numpy()


def _says_yes(table: pd.DataFrame, column: str, form: _Format, path: Path) -> Bool[np.ndarray, " n"]:
    values = table[column]
    wrong = ~values.isin((form.no, form.yes))
    if wrong.any():
        first = table[wrong].iloc[0]
        raise ValueError(
            f"{path}: {column} of {form.pid} {first[form.pid]} is {first[column]!r}, "
            f"expected {form.no} (no) or {form.yes} (yes)"
        )
    return values.eq(form.yes).to_numpy(dtype=np.bool_)
