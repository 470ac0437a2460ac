"""What is left out of a collection because it is damaged: it is named, and the rest goes on."""

from collections.abc import Iterator
from contextlib import contextmanager

UNREADABLE = (KeyError, TypeError, ValueError, OSError, AttributeError)  # what a damaged file raises


def _said(error: Exception) -> str:
    """An error in one line."""
    return f"{error} is missing" if isinstance(error, KeyError) else " ".join(str(error).split())


@contextmanager
def noting(faults: list[str], what: object) -> Iterator[None]:
    """Ends its block where something in it is damaged, and adds to `faults` what is left out, and why."""
    try:
        yield
    except UNREADABLE as error:
        faults.append(f"{what} left out: {_said(error)}")
