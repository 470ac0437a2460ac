"""A whole table: what every format shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from reid_cosam.results.tables.slots import Group

SUBSCRIPT = r"(?<=[A-Z])_([a-z]+|[\d,]*\d)"  # of `TP_avg`, `COSAM_4,5`


@dataclass(frozen=True)
class Cell:
    """Ours, and the published value as printed ("" for none), in percent.

    `expected` says whether a result of ours belongs here.
    """

    expected: bool = False
    mean: float | None = None
    deviation: float | None = None
    published: str = ""
    best: bool = False
    best_published: bool = False

    @property
    def ours(self) -> str:
        """`77.0 ± 0.4`, a dash where it is missing, nothing where none belongs."""
        if self.mean is None:
            return "–" if self.expected else ""  # noqa: RUF001, an en dash
        return f"{self.mean:.1f}" + ("" if self.deviation is None else f" ± {self.deviation:.1f}")

    @property
    def difference(self) -> str:
        """Ours minus the published value, signed; nothing without both."""
        if self.mean is None or not self.published:
            return ""
        return f"{round(self.mean - float(self.published), 1) + 0.0:+.1f}"


@dataclass(frozen=True)
class Row:
    """Cells by group, then by metric; `seeds` by group."""

    labels: tuple[str, ...]
    cells: Sequence[Sequence[Cell]]
    seeds: Sequence[int]

    @property
    def shown_seeds(self) -> str:
        """One number where all groups that have any results agree."""
        counts = [str(count) if count else "–" for count in self.seeds]  # noqa: RUF001
        return counts[0] if len(set(counts)) == 1 else "/".join(counts)


@dataclass(frozen=True)
class Table:
    """Attributes: `caption` says what the numbers are, `notes` what is missing or was left out."""

    name: str
    title: str
    caption: Sequence[str]
    notes: Sequence[str]
    headings: tuple[str, ...]
    groups: Sequence[Group]
    rows: Sequence[Row]

    @property
    def is_synthetic(self) -> bool:
        return any(group.data == "synthetic" for group in self.groups)

    @property
    def is_sparse(self) -> bool:
        """Whether fewer than half of the cells that results of ours belong in hold one."""
        expected = [cell for row in self.rows for cells in row.cells for cell in cells if cell.expected]
        return 2 * sum(cell.mean is not None for cell in expected) < len(expected)

    def group_title(self, group: Group) -> str:
        """The data set where there are several, and the group of queries where it is one."""
        several = len({one.place for one in self.groups}) > 1
        return ", ".join(
            filter(None, (group.place if several or not group.attribute else "", group.attribute))
        )
