"""Output that never ends a command."""

import io
import os

from reid_cosam.command_line.output import _Unbreakable


def test_output_that_nobody_reads_ends_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    stream = _Unbreakable(os.fdopen(write, "wb"), encoding="ascii", errors="backslashreplace")

    for _ in range(3):
        stream.write("é\udcca" * 10_000)
        stream.flush()
    stream.close()


def test_what_cannot_be_encoded_is_escaped() -> None:
    held = io.BytesIO()
    stream = _Unbreakable(held, encoding="ascii", errors="backslashreplace")

    stream.write("é\udcca")
    stream.flush()

    assert held.getvalue() == b"\\xe9\\udcca"
