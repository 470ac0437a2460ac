"""CSV files that users write."""

from collections.abc import Sequence
from os import PathLike

import pandas as pd


def read_table(
    path: str | PathLike[str], needed: Sequence[str], optional: Sequence[str] = (), setting: str = ""
) -> pd.DataFrame:
    """All columns of a CSV file, as text; the index counts from 0.

    Args:
        needed: columns that it must have.
        optional: columns that it may have, for messages.
        setting: that names the file, as `persons=`, for messages.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it cannot be read.
        ValueError: it is no table, or lacks a column; names the file.
    """
    try:
        table = read_text(path, _header(needed, optional))
    except FileNotFoundError:
        columns = _header(needed, optional)
        raise FileNotFoundError(
            f"{setting}{path} does not exist: name a CSV file with the columns {columns}"
        ) from None
    check_columns(table, path, needed, optional)
    return table


def read_text(path: str | PathLike[str], columns: str, skip_blank_lines: bool = True) -> pd.DataFrame:
    """As `read_table`, whatever its columns are.

    Args:
        columns: those that it should have, for messages.

    Raises:
        FileNotFoundError: there is no such file; names nothing.
    """
    try:
        table: pd.DataFrame = pd.read_csv(
            path, dtype=str, keep_default_na=False, skip_blank_lines=skip_blank_lines
        )
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path} is empty: it needs the columns {columns}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8 ({error.reason}): save it in UTF-8") from error
    except ValueError as error:  # pandas derives its own errors from it
        raise ValueError(f"{path} is not a readable table: {' '.join(str(error).split())}") from error
    return table


def check_columns(
    table: pd.DataFrame, path: str | PathLike[str], needed: Sequence[str], optional: Sequence[str] = ()
) -> None:
    """Raises ValueError, which says what the file at `path` needs, if a column is missing or repeated."""
    again = [name for name in (*needed, *optional) if f"{name}.1" in table]  # so pandas calls the second
    if again:
        raise ValueError(f"{path} has two columns of the name {again[0]}: rename or delete one of them")
    missing = [name for name in needed if name not in table]
    if not missing:
        return
    columns, found = _header(needed, optional), ", ".join(map(str, table.columns))
    if ";" in found:
        raise ValueError(f"{path} has semicolons between its columns: save it with commas, as {columns}")
    noun = "column" if len(missing) == 1 else "columns"
    renamed = "; tracklet is called track here" if "track" in missing and "tracklet" in table else ""
    raise ValueError(
        f"{path} lacks the {noun} {', '.join(missing)}: it needs {columns}, and has {found}{renamed}"
    )


def _header(needed: Sequence[str], optional: Sequence[str]) -> str:
    """As `path,track,camera[,person]`."""
    return ",".join(needed) + "".join(f"[,{name}]" for name in optional)
