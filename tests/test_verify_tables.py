"""What `reid-cosam verify` finds in whole and tiny data sets: the tables that it prints."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from reid_cosam import verify
from reid_cosam.data.readers.mars import Mars
from reid_cosam.data.readers.mevid import Mevid
from reid_cosam.data.readers.prid2011 import Prid2011
from tests.support import layouts
from tests.support.commands import QUERIES, render_walkers
from tests.support.in_process import call
from tests.support.packs import pack_tree
from tests.support.tree import (
    write_duke_tree,
    write_ilids_vid_tree,
    write_mars_tree,
    write_prid2011_tree,
    write_ward_tree,
)

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs the command in a folder that it must leave empty."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    yield partial(call, verify.main, folder)
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_walkers(tmp_path_factory.mktemp("walkers"))


def _snapshot(root: Path) -> dict[Path, tuple[bytes, int]]:
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in root.rglob("*") if path.is_file()}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split("[│┃]", line)[1:-1]]


def _row(out: str, name: str) -> list[str]:
    (row,) = (cells for cells in map(_cells, out.splitlines()) if cells and cells[0] == name)
    return row[1:]


def test_a_whole_data_set_is_as_it_should_be(walkers: Path, run: Run) -> None:
    code, out, err = run(f"data.root={walkers}", "data.size=small")

    assert (code, out.splitlines()[-2:]) == (
        0,
        ["no problems found", "no file was changed"],
    )
    assert err.startswith("reading ")
    assert _row(out, "query")[:2] == ["3", str(QUERIES)]
    assert _row(out, "official") == ["15", str(QUERIES), str(QUERIES), "0"]


def test_a_tiny_tree_is_not_mars(tmp_path: Path, run: Run) -> None:
    root = write_mars_tree(tmp_path / "mars")
    before = _snapshot(root)

    code, out, _ = run("data=mars", f"data.root={root}")

    assert code == 1
    # 4 identities in 2 cameras, of 5 or 6 frames; so for the 3 that are tested.
    assert _row(out, "train") == ["4", "8", "44", "2", "5", "5.5", "6", "0", "8"]
    assert _row(out, "query") == ["3", "6", "30", "2", "5", "5", "5", "0", "6"]
    assert _row(out, "gallery") == ["3", "6", "36", "2", "6", "6", "6", "0", "6"]
    assert _row(out, "train tracklets") == ["8,298", "8", "wrong"]
    assert _row(out, "released") == ["6", "6", "6", "0"]
    assert _row(out, "with_queries") == ["12", "6", "6", "0"]
    assert "official" not in out  # there is no junk
    assert "frames: 110, 0 of them missing or unreadable" in out
    assert re.search(r"^problems: \d+ of \d+ counts$", out, re.MULTILINE)
    assert _snapshot(root) == before


def test_a_tiny_duke_tree(tmp_path: Path, run: Run) -> None:
    root = write_duke_tree(tmp_path / "duke")

    code, out, _ = run("data=duke", f"data.root={root}")

    assert code == 1
    assert _row(out, "query")[:2] == ["3", "3"]
    assert _row(out, "released") == ["4", "3", "3", "0"]  # the other camera's three, and the distractor
    assert _row(out, "with_queries") == ["7", "3", "3", "0"]
    assert "official" not in out  # there is no junk
    assert re.search(r"^problems: \d+ of \d+ counts$", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "write", "file"),
    [
        (
            "ilids_vid",
            write_ilids_vid_tree,
            "train-test people splits/train_test_splits_ilidsvid.mat, first half tested",
        ),
        ("prid2011", write_prid2011_tree, "splits_prid2011.json"),
    ],
)
def test_tiny_trees_of_two_cameras(
    tmp_path: Path, run: Run, name: str, write: Callable[[Path], Path], file: str
) -> None:
    root = write(tmp_path / name)

    code, out, _ = run(f"data={name}", f"data.root={root}", "data.split=3")

    assert code == 1
    assert out.startswith(f"{name} in {root}, split 3 of {root}/{file}\n")
    assert _row(out, "query")[:2] == _row(out, "gallery")[:2] == ["3", "3"]
    assert _row(out, "cross_camera") == ["3", "3", "3", "0"]
    assert "with_queries" not in out
    assert re.search(r"^problems: \d+ of \d+ counts$", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "write", "query", "gallery"),
    [
        ("ward", write_ward_tree, ["2", "6"], ["2", "6"]),
        ("mevid", layouts.write_mevid_tree, ["1", "2"], ["2", "2"]),
        ("ls_vid", layouts.write_ls_vid_tree, ["2", "2"], ["1", "2"]),
        ("ccvid", layouts.write_ccvid_tree, ["1", "2"], ["2", "3"]),
        ("market1501", layouts.write_market1501_tree, ["1", "2"], ["1", "4"]),
        ("mars_dl", layouts.write_mars_dl_tree, ["3", "6"], ["3", "6"]),
        ("g2a_vreid", write_mars_tree, ["3", "6"], ["3", "6"]),
    ],
)
def test_tiny_trees_of_further_data_sets(
    tmp_path: Path,
    run: Run,
    name: str,
    write: Callable[[Path], Path],
    query: list[str],
    gallery: list[str],
) -> None:
    """Identities and tracklets, through the data set's configuration."""
    root = write(tmp_path / name)

    _, out, _ = run(f"data={name}", f"data.root={root}")

    assert out.startswith(f"{name} in {root}")
    assert (_row(out, "query")[:2], _row(out, "gallery")[:2]) == (query, gallery)
    assert "0 of them missing or unreadable" in out


def test_unverified_counts_are_shown_but_are_no_problem(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = layouts.write_mevid_tree(tmp_path / "mevid")
    monkeypatch.setattr(Mevid, "counts", {"train tracklets": 3})
    monkeypatch.setattr(Mevid, "unverified", {"queries": 316, "gallery tracklets": 2})

    code, out, _ = run("data=mevid", f"data.root={root}")

    assert code == 0
    assert _row(out, "count") == ["expected", "unverified", "found", ""]
    assert _row(out, "train tracklets") == ["3", "", "3", "ok"]
    assert _row(out, "queries") == ["", "316", "2", "differs"]
    assert _row(out, "gallery tracklets") == ["", "2", "2", "ok"]
    assert "\nno problems found\n" in out


def test_the_cleaned_list_has_a_name_of_its_own(tmp_path: Path, run: Run) -> None:
    root = layouts.write_mars_dl_tree(tmp_path / "mars_dl")

    _, plain, _ = run("data=mars_dl", f"data.root={root}")
    _, cleaned, _ = run("data=mars_dl_cleaned", f"data.root={root}")

    assert plain.startswith(f"mars_dl in {root}\n")
    assert cleaned.startswith(f"mars_dl_cleaned in {root}\n")
    # The second tracklet of 101 is one of 102, and one of the two of 103 is nobody's.
    assert _row(plain, "gallery")[:2] == _row(cleaned, "gallery")[:2] == ["3", "6"]
    first, second = (re.findall("^splits: .*", out, re.MULTILINE) for out in (plain, cleaned))
    assert len(first) == len(second) == 1
    assert first != second


def test_expected_counts_that_are_met_are_marked(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_mars_tree(tmp_path / "mars")
    monkeypatch.setattr(Mars, "counts", {"train frames": 44, "queries": 7})

    code, out, _ = run("data=mars", f"data.root={root}")

    assert code == 1
    assert _row(out, "train frames") == ["44", "44", "ok"]
    assert _row(out, "queries") == ["7", "6", "wrong"]
    assert "\nproblems: 1 of 2 counts\n" in out


def test_lost_frames_of_prid2011_show_in_their_numbers(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Prid2011, "counts", {})
    root = write_prid2011_tree(tmp_path / "prid2011", frames=40)

    code, out, _ = run("data=prid2011", f"data.root={root}", "data.split=0")

    # Frames lost at the end of a tracklet would not show: this is said.
    assert (code, out.splitlines()[-2]) == (0, "no problems found")
    assert out.splitlines()[-3].startswith("not checked: ")

    for frame in (root / "prid_2011/multi_shot").rglob("*.png"):
        if 10 <= int(frame.stem) < 25:
            frame.unlink()

    code, out, _ = run("data=prid2011", f"data.root={root}", "data.split=0")

    assert code == 1
    found = re.findall(r"^  (\S+) lacks 15 of 40 frames, the first of them 0010\.png$", out, re.MULTILINE)
    assert (len(found), {Path(folder).parent.parent for folder in found}) == (
        5,
        {root / "prid_2011/multi_shot"},
    )
    assert "\n  and 7 more\n" in out
    assert "\nproblems: 12 of 12 tracklets with gaps in the numbers of their frames\n" in out


def test_a_query_that_no_protocol_can_score_is_named(tmp_path: Path, run: Run) -> None:
    root = write_mars_tree(tmp_path / "mars", cameras=1)

    code, out, _ = run("data=mars", f"data.root={root}")

    assert code == 1
    assert _row(out, "released") == ["3", "3", "0", "3"]
    assert "\n  query of pid 101, camera 1: no other camera saw this person\n" in out
    assert "; 3 of 3 queries without a match under any protocol\n" in out


def test_a_whole_pack_is_as_it_should_be(walkers: Path, tmp_path: Path, run: Run) -> None:
    (folder,) = walkers.iterdir()
    pack_tree(folder, tmp_path / "packed" / folder.name)

    loose, packed = (
        run(f"data.root={root}", "data.size=small")[:2] for root in (walkers, tmp_path / "packed")
    )

    assert (packed[0], packed[1].splitlines()[-2:]) == (loose[0], loose[1].splitlines()[-2:])
    (line,) = (line for line in packed[1].splitlines() if line.startswith("pack: "))
    # Every image and every mask of the test split.
    assert line.startswith(
        f"pack: {len(list(folder.rglob('*.jpg'))) + len(list(folder.rglob('*.png')))} images, "
    )
    assert [line for line in loose[1].splitlines() if line.startswith("splits: ")] == [
        line for line in packed[1].splitlines() if line.startswith("splits: ")
    ]
