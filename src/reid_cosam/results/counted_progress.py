"""Progress of work that can be counted: a bar on a terminal, elsewhere ten plain lines."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def counted(
    total: int, things: str, doing: str = "reading", done: str = "read"
) -> Iterator[Callable[[int], None]]:
    """Yields a function to be called with the number of `things` that were read since the last call."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield PlainLines(total, things, console, doing, done).advance
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        yield partial(bar.advance, bar.add_task(f"{doing} {things}", total=total))


class PlainLines:
    """Ten lines, whatever the number of things."""

    def __init__(
        self, total: int, things: str, console: Console, doing: str = "reading", done: str = "read"
    ) -> None:
        self._total, self._things, self._console, self._verb = total, things, console, done
        self._done, self._started = 0, time.monotonic()
        console.print(f"{doing} {total:,} {things}")

    def advance(self, number: int) -> None:
        before, self._done = self._done, self._done + number
        if 10 * self._done // self._total > 10 * before // self._total:
            left = (time.monotonic() - self._started) * (self._total - self._done) / self._done
            self._console.print(
                f"{self._verb} {self._done:,} of {self._total:,} {self._things}, {duration(left)} left"
            )


def duration(seconds: float) -> str:
    """A length of time as people say it: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
