"""A table that names people fits the gallery, or is refused."""

from pathlib import Path

import pytest

from reid_cosam.galleries.persons import read_persons
from tests.galleries.people import made_up


def table(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_people_are_named_in_the_order_of_the_gallery(tmp_path: Path) -> None:
    gallery = made_up(3, seed=0, named=False)
    camera = gallery.tracklets["camera"]
    lines = f"{camera[2]},2,anna\n{camera[0]},0,01\n"
    found = read_persons(table(tmp_path / "people.csv", f"camera,track,person\n{lines}"), gallery)
    assert found.tolist() == ["01", "", "anna", *[""] * (len(gallery) - 3)]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("camera,track\na,1\n", "lacks the column person"),
        ("camera,track,person\ncam9,1,x\n", "1 track that the gallery lacks, such as 1 of cam9"),
        ("camera,track,person\na,1,x\na,1,y\n", "track 1 of camera a twice"),
        ("", "is empty"),
    ],
)
def test_a_table_that_does_not_fit_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ValueError, match=rf"people\.csv.*{named}"):
        read_persons(table(tmp_path / "people.csv", text), made_up(3, seed=0))


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"persons=.*people\.csv"):
        read_persons(tmp_path / "people.csv", made_up(3, seed=0))
