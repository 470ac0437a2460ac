"""Standard output and errors that never end a command, whatever it prints and wherever that goes."""

import io
import os
import sys


class _Unbreakable(io.TextIOWrapper):
    """Goes on without output where there is nobody to read it (`| head`), or no room for it.

    What cannot be encoded is written as an escape: the path of a data set need not be text in any encoding.
    """

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            self._give_up()
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


def never_fail_to_print() -> None:
    """Makes this process' standard output and errors such streams; those that somebody replaced stay."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if type(stream) is not io.TextIOWrapper or stream is not getattr(sys, f"__{name}__"):
            continue
        stream.flush()
        stream.reconfigure(errors="backslashreplace")  # it stays in use where somebody holds it
        unbreakable = _Unbreakable(
            stream.buffer,
            encoding=stream.encoding,
            errors="backslashreplace",
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        setattr(sys, name, unbreakable)
