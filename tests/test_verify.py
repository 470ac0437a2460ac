"""`python -m reid_cosam.verify`: what it says of whole and damaged data sets, and how it exits."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from reid_cosam import verify
from tests.commands import QUERIES, render_walkers
from tests.tree import write_duke_tree, write_ilids_vid_tree, write_mars_tree, write_prid2011_tree

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Runs the command in an empty folder, as `python -m` does; returns exit code, output and errors."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["verify", *arguments])
        capsys.readouterr()
        code: object = 0
        try:
            verify.main()
        except SystemExit as stop:
            code = stop.code
        out, err = capsys.readouterr()
        assert list(folder.iterdir()) == []
        return (code, out, err) if isinstance(code, int) else (1, out, f"{err}{code}")

    return command


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
        ["all is as it should be", "this was a report: no file was changed"],
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
    assert _row(out, "with_queries") == _row(out, "official") == ["12", "6", "6", "0"]
    assert "frames: 110, 0 of them missing or unreadable" in out
    assert re.search(r"^off: \d+ of \d+ counts$", out, re.MULTILINE)
    assert _snapshot(root) == before


def test_a_tiny_duke_tree(tmp_path: Path, run: Run) -> None:
    root = write_duke_tree(tmp_path / "duke")

    code, out, _ = run("data=duke", f"data.root={root}")

    assert code == 1
    assert _row(out, "query")[:2] == ["3", "3"]
    assert _row(out, "released") == ["4", "3", "3", "0"]  # the other camera's three, and the distractor
    assert _row(out, "with_queries") == _row(out, "official") == ["7", "3", "3", "0"]
    assert re.search(r"^off: \d+ of \d+ counts$", out, re.MULTILINE)


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
    assert re.search(r"^off: \d+ of \d+ counts$", out, re.MULTILINE)


def test_expected_counts_that_are_met_are_marked(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_mars_tree(tmp_path / "mars")
    monkeypatch.setattr("reid_cosam.build.expected_counts", lambda _: {"train frames": 44, "queries": 7})

    code, out, _ = run("data=mars", f"data.root={root}")

    assert code == 1
    assert _row(out, "train frames") == ["44", "44", "ok"]
    assert _row(out, "queries") == ["7", "6", "wrong"]
    assert "\noff: 1 of 2 counts\n" in out


def test_missing_and_broken_frames_are_named(tmp_path: Path, run: Run) -> None:
    root = write_mars_tree(tmp_path / "mars")
    frames = sorted((root / "bbox_test").rglob("*.jpg"))
    frames[0].write_bytes(frames[0].read_bytes()[:-100])
    for frame in frames[1:7]:
        frame.unlink()

    code, out, _ = run("data=mars", f"data.root={root}", "data.workers=0")

    assert code == 1
    assert "frames: 110, 7 of them missing or unreadable" in out
    assert re.search(rf"^  cannot decode {frames[0]} .*replace the file", out, re.MULTILINE)
    assert [line for line in out.splitlines() if line.endswith("is missing")] == [
        f"  {frame} is missing" for frame in frames[1:5]
    ]
    assert "\n  and 2 more\n" in out
    assert "; 7 of 110 frames missing or unreadable\n" in out


def test_a_query_that_no_protocol_can_score_is_named(tmp_path: Path, run: Run) -> None:
    root = write_mars_tree(tmp_path / "mars", cameras=1)

    code, out, _ = run("data=mars", f"data.root={root}")

    assert code == 1
    assert _row(out, "released") == ["3", "3", "0", "3"]
    assert "\n  query of pid 101, camera 1: no other camera shows this person\n" in out
    assert "; 3 of 3 queries without a match under any protocol\n" in out


def test_two_copies_have_the_same_hash(tmp_path: Path, run: Run) -> None:
    copies = [write_mars_tree(tmp_path / name) for name in ("one", "two")]
    other = write_mars_tree(tmp_path / "three", frames=6)

    hashes = [
        re.findall(r"^splits: sha256 (\w{64})$", run("data=mars", f"data.root={root}")[1], re.MULTILINE)
        for root in (*copies, Path("../two"), other)
    ]

    assert hashes[0] == hashes[1] == hashes[2] != hashes[3]
    assert all(len(found) == 1 for found in hashes)


def test_an_incomplete_layout_is_an_error(tmp_path: Path, run: Run) -> None:
    root = write_mars_tree(tmp_path / "mars")
    (root / "info" / "query_IDX.mat").unlink()

    code, out, err = run("data=mars", f"data.root={root}")

    assert (code, out) == (1, "")
    assert err.startswith(f"error: {root}/info/query_IDX.mat is missing; expected\n")


def test_walkers_that_are_not_there_are_not_rendered(tmp_path: Path, run: Run) -> None:
    code, out, err = run("data=synthetic", "data.size=small", f"data.root={tmp_path / 'typo'}")

    assert (code, out) == (1, "")
    assert err.startswith(f"error: {tmp_path / 'typo'} holds no synthetic small set of seed 0")
    assert not (tmp_path / "typo").exists()


def test_a_bad_value_is_named(run: Run) -> None:
    code, out, err = run("data=mars", "data.workers=-1")

    assert (code, out) == (1, "")
    assert re.search(r"error: .*workers", err, re.DOTALL)


def test_without_a_terminal_progress_is_ten_lines(capsys: pytest.CaptureFixture[str]) -> None:
    lines = verify._PlainLines(1000, Console(stderr=True))

    for _ in range(100):
        lines.advance(10)

    printed = capsys.readouterr().err.splitlines()
    assert printed[0] == "reading 1,000 frames"
    assert [line.partition(" frames, ")[0] for line in printed[1:]] == [
        f"read {done:,} of 1,000" for done in range(100, 1001, 100)
    ]


def test_the_command_exits_with_1_when_something_is_off(tmp_path: Path) -> None:
    root = write_mars_tree(tmp_path / "mars")

    done = subprocess.run(
        [sys.executable, "-m", "reid_cosam.verify", "data=mars", f"data.root={root}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 1
    assert "this was a report" in done.stdout
    assert done.stderr.splitlines() == ["reading 110 frames", "read 110 of 110 frames, 0 s left"]
    assert [path.name for path in tmp_path.iterdir()] == ["mars"]
