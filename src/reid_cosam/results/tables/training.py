"""How the results of a table were trained, apart from what its rows and columns name: all of them alike."""

from collections import Counter
from collections.abc import Iterable

from reid_cosam.results.tables.records import Record

# Recipe, iterations, and the hash of other settings without those of the attention, which a row may lack.
Training = tuple[str, int, str]
IN_A_ROW = ("consecutive", "consecutive_released")  # frames of a snippet, section 4


def training(record: Record) -> Training:
    return record.recipe, record.iterations, record.settings.partition("-")[0]


def as_the_paper(record: Record) -> bool:
    """Whether its snippets are frames in a row; the paper's tables hold no others."""
    return record.sampling in IN_A_ROW


def most_common(records: Iterable[Record]) -> Training | None:
    """How the most of them were trained, a repeated one counted once; of equals the first in order."""
    counted = Counter(training(one) for one in {record.key: record for record in records}.values())
    return min(counted, key=lambda made: (-counted[made], made), default=None)
