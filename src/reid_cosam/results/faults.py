"""Damaged parts of a collection: each is left out and named, and the rest is used."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager

# What a damaged file raises.
UNREADABLE = (KeyError, TypeError, ValueError, OSError, AttributeError, csv.Error)


@contextmanager
def noting(faults: list[str], what: object) -> Iterator[None]:
    """Ends its block where something in it is damaged, and adds to `faults` what is left out, and why."""
    try:
        yield
    except UNREADABLE as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else " ".join(str(error).split())
        faults.append(f"{what} left out: {why}")
