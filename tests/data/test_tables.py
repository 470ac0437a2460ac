"""A table that does not fit is refused with what it needs and what it has."""

from pathlib import Path

import pytest

from reid_cosam.data.tables import read_table


def test_all_columns_are_text(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("track,seconds,note\n007,1.50,\n")

    assert read_table(path, ("track",)).to_dict("list") == {
        "track": ["007"],
        "seconds": ["1.50"],
        "note": [""],
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            "track,place\n1,a\n",
            r"lacks the columns camera, person: it needs track,camera,person\[,note\], and has track, place",
        ),
        ("tracklet,camera,person\n", r"lacks the column track: .*tracklet is called track here"),
        ("track;camera;person\n", r"has semicolons .*as track,camera,person\[,note\]"),
        ("", "is empty: it needs the columns track,camera"),
        ('"track,camera,person\n', "is not a readable table"),
        ("track,camera,person,track\n", "has two columns of the name track: rename or delete one of them"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text)

    with pytest.raises(ValueError, match=rf"list\.csv {named}"):
        read_table(path, ("track", "camera", "person"), ("note",))


def test_a_missing_file_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=f"persons={tmp_path}/list.csv does not exist.*track,camera"):
        read_table(tmp_path / "list.csv", ("track", "camera"), setting="persons=")
