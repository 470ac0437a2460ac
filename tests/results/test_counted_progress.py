"""What a counted piece of work says of its progress."""

import pytest
from rich.console import Console

from reid_cosam.results.counted_progress import PlainLines, counted, duration


def test_without_a_terminal_progress_is_ten_lines(capsys: pytest.CaptureFixture[str]) -> None:
    lines = PlainLines(1000, "frames", Console(stderr=True))

    for _ in range(100):
        lines.advance(10)

    printed = capsys.readouterr().err.splitlines()
    assert printed[0] == "reading 1,000 frames"
    assert [line.partition(" frames, ")[0] for line in printed[1:]] == [
        f"read {done:,} of 1,000" for done in range(100, 1001, 100)
    ]


def test_what_is_counted_is_named_and_goes_to_the_errors(capsys: pytest.CaptureFixture[str]) -> None:
    with counted(2, "MB of the pack") as advance:
        advance(2)

    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["reading 2 MB of the pack", "read 2 of 2 MB of the pack, 0 s left"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (720, "12 min"), (5399, "90 min"), (12600, "3.5 h")],
)
def test_durations_read_as_people_say_them(seconds: int, said: str) -> None:
    assert duration(float(seconds)) == said
