"""Your own tracklets in a table."""

from pathlib import Path

import pytest

from reid_cosam.data.readers.csv import Csv
from reid_cosam.data.readers.folder import Folder
from tests.support.tree import write_own_tree

PARTS = ("train", "query", "gallery")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_own_tree(tmp_path / "own", PARTS)


def by_frame(root: Path) -> Path:
    """A table with one row per frame instead of one per folder."""
    heading, *rows = (root / "tracklets.csv").read_text().splitlines()
    lines = [
        f"{folder}/{frame}.jpg,{rest}"
        for folder, rest in (row.split(",", 1) for row in rows)
        for frame in (8, 9, 10, 11)
    ]
    file = root / "frames.csv"
    file.write_text("\n".join([heading, *lines, ""]))
    return file


def replace(file: Path, old: str, new: str) -> Csv:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    return Csv(str(file), None)


def test_folders_and_frames_read_as_the_folder_does(root: Path) -> None:
    expected = Folder("{person}/{camera}/{tracklet}/{frame}", None).read(root)

    assert Csv(str(root / "tracklets.csv"), None).read(root) == expected
    assert Csv(str(by_frame(root)), None).read(root) == expected


def test_a_table_without_parts_is_split(tmp_path: Path) -> None:
    root = write_own_tree(tmp_path)

    for split in range(10):
        expected = Folder("{person}/{camera}/{tracklet}/{frame}", split).read(root)
        assert Csv(str(root / "tracklets.csv"), split).read(root) == expected


def test_frames_come_in_the_order_of_the_rows(root: Path) -> None:
    file = by_frame(root)
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], *reversed(lines[1:])]))

    splits = Csv(str(file), None).read(root)

    assert splits.query[0].frames == tuple(
        f"{root}/query/dora/door/1/{frame}.jpg" for frame in (11, 10, 9, 8)
    )


def test_clothes_view_and_unknown_columns(root: Path) -> None:
    file = root / "more.csv"
    heading, *rows = (root / "tracklets.csv").read_text().splitlines()
    file.write_text("\n".join([f"{heading},clothes,view,note", *(f"{row},red,ground,x" for row in rows)]))

    assert {(one.clothes, one.view) for one in Csv(str(file), None).read(root).tracklets()} == {
        ("red", "ground")
    }


def test_the_table_says_whether_it_divides_the_people(tmp_path: Path, root: Path) -> None:
    without = write_own_tree(tmp_path / "without") / "tracklets.csv"

    assert Csv(str(root / "tracklets.csv"), None).splits_file(root) == root / "tracklets.csv"
    assert Csv(str(root / "tracklets.csv"), None).split_rule(root) is None
    assert Csv(str(without), 0).splits_file(without.parent) is None
    assert Csv(str(without), 0).split_rule(without.parent) is not None


@pytest.mark.parametrize(
    ("old", "new", "error", "named"),
    [
        ("person,", "who,", ValueError, ["lacks the column person", "path, who, camera"]),
        ("query/carl/door/1,", "query/carl/porch/1,", FileNotFoundError, ["row 8", "query/carl/porch/1"]),
        ("query/carl/door/1,", "query/carl/door/1/99.jpg,", FileNotFoundError, ["row 8", "99.jpg"]),
        ("query/carl/door/1,", "../carl/1.jpg,", ValueError, ["row 8", "../carl/1.jpg", "data.root"]),
        ("query/carl/door/1,", "/etc/hosts.jpg,", ValueError, ["row 8", "/etc/hosts.jpg"]),
        ("train/anna/hall/2,", "train/anna/hall/1,", ValueError, ["rows 3 and 4", "train/anna/hall/1/8.jpg"]),
        ("carl,door,1,query", "carl,door,1,probe", ValueError, ["row 8", "probe", "gallery"]),
        ("carl,door,1,query", ",door,1,query", ValueError, ["row 8", "person"]),
        ("carl,door,1,query", "carl,door, ,query", ValueError, ["row 8: tracklet is empty: each row needs"]),
        ("carl,door,1,query", "carl,door,1", ValueError, ["row 8", "part"]),
        ("carl,door,1,query", "anna,porch,1,query", ValueError, ["anna"]),
        ("anna,hall,2,train", "anna,hall,1,query", ValueError, ["rows 3 and 4", "part", "train", "query"]),
        ("query/carl/door/1,", "tracklets.csv,", ValueError, ["row 8", "tracklets.csv is neither", ".jpg"]),
        ("train/anna/door/1,anna,door,1,train", "a,anna,door,1,train,", ValueError, ["more values"]),
        ("camera,", "person ,", ValueError, ["two columns"]),
        ("camera,", "camera,person,", ValueError, ["two columns of the name person: rename"]),
        ("path,", '"path,', ValueError, ["tracklets.csv"]),
    ],
)
def test_what_is_wrong_is_named(
    root: Path, old: str, new: str, error: type[Exception], named: list[str]
) -> None:
    reader = replace(root / "tracklets.csv", old, new)

    with pytest.raises(error) as raised:
        reader.read(root)

    assert all(word in str(raised.value) for word in ("tracklets.csv", *named)), raised.value


@pytest.mark.parametrize("name", ["clothes", "view"])
def test_a_tracklet_in_two_clothes_or_views_is_refused(root: Path, name: str) -> None:
    file = by_frame(root)
    heading, *rows = file.read_text().splitlines()
    values = ["red", "red ", "red", "blue", *["red"] * (len(rows) - 4)]
    lines = [f"{row},{value}" for row, value in zip(rows, values, strict=True)]
    file.write_text("\n".join([f"{heading},{name}", *lines]))

    with pytest.raises(ValueError, match=rf"frames\.csv: rows 2 and 5 .* {name} are 'red' and 'blue'"):
        Csv(str(file), None).read(root)


def test_blanks_around_names_and_values_do_not_count(root: Path) -> None:
    expected = Csv(str(root / "tracklets.csv"), None).read(root)
    spaced = root / "spaced.csv"
    spaced.write_text((root / "tracklets.csv").read_text().replace(",", " ,\t") + " , ,,,\n")

    assert Csv(str(spaced), None).read(root) == expected


def test_columns_without_a_name_do_not_count(root: Path) -> None:
    file = root / "tracklets.csv"
    expected = Csv(str(file), None).read(root)
    heading, first, *rows = file.read_text().splitlines()
    file.write_text("\n".join([f"\ufeff{heading},,", f"{first},x,", *rows]))

    assert Csv(str(file), None).read(root) == expected


def test_a_table_in_another_encoding_is_named(root: Path) -> None:
    file = root / "tracklets.csv"
    file.write_bytes(file.read_text().replace("anna", "andré").encode("latin-1"))

    with pytest.raises(ValueError, match=r"tracklets\.csv is not text in UTF-8 .*: save it in UTF-8"):
        Csv(str(file), None).read(root)


def test_a_table_with_only_its_heading_says_so(root: Path) -> None:
    (root / "tracklets.csv").write_text("path,person,camera,tracklet\n\n , ,,\n")

    with pytest.raises(ValueError, match=r"tracklets\.csv has no rows"):
        Csv(str(root / "tracklets.csv"), 0).read(root)


def test_an_absolute_path_may_lie_in_the_folder(root: Path) -> None:
    expected = Csv(str(root / "tracklets.csv"), None).read(root)

    assert replace(root / "tracklets.csv", "query/carl", f"{root}/query/carl").read(root) == expected


def test_an_empty_folder_is_named(root: Path) -> None:
    for frame in (root / "query/carl/door/1").iterdir():
        frame.unlink()

    with pytest.raises(ValueError, match=r"tracklets\.csv, row 8: .*query/carl/door/1 is empty"):
        Csv(str(root / "tracklets.csv"), None).read(root)


def test_a_missing_table_is_named(root: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        Csv(str(root / "nowhere.csv"), None).read(root)
