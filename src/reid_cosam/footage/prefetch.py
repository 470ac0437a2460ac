"""Reading ahead in a thread, so that decoding goes on while a network computes."""

from collections.abc import Iterator
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")


class _End:
    """What comes after the last item, with the error that ended the reading."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def prefetched(items: Iterator[T], size: int) -> Iterator[T]:
    """The same items, at most `size` of which wait; an error is raised where it came."""
    queue: Queue[T | _End] = Queue(size)
    stop = Event()
    reader = Thread(target=_read, args=(items, queue, stop), daemon=True)
    reader.start()
    try:
        while not isinstance(item := queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        stop.set()
        reader.join()


def _read(items: Iterator[T], queue: "Queue[T | _End]", stop: Event) -> None:
    try:
        for item in items:
            if not _put(item, queue, stop):
                return
        _put(_End(None), queue, stop)
    except BaseException as error:
        _put(_End(error), queue, stop)


def _put(item: "T | _End", queue: "Queue[T | _End]", stop: Event) -> bool:
    """Whether somebody still wants it."""
    while not stop.is_set():
        try:
            queue.put(item, timeout=0.1)
        except Full:
            continue
        return True
    return False
