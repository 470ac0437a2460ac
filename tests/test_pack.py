"""`reid-cosam pack`: what it writes, what it says, and what it refuses to pack."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reid_cosam import pack
from reid_cosam.data import mars, packed
from reid_cosam.data.pack_file import IMAGES, INDEX, RECORD
from tests.support.commands import command, render_walkers
from tests.support.in_process import call
from tests.support.tree import write_duke_tree, write_ilids_vid_tree, write_mars_tree, write_prid2011_tree

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the command in `tmp_path`; returns exit code, and what it printed or the error."""

    def command(*arguments: str) -> tuple[int, str]:
        code, out, err = call(pack.main, tmp_path, *arguments)
        return code, err[err.index("error: ") :] if code else out

    return command


def _files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_a_data_set_is_packed_and_what_was_written_is_said(run: Run, tmp_path: Path) -> None:
    root = write_mars_tree(tmp_path / "mars")
    size = sum(path.stat().st_size for path in root.rglob("*.jpg"))

    code, printed = run("data=mars", f"data.root={root}", f"out={tmp_path}/fast/mars", "data.workers=2")

    out = tmp_path / "fast" / "mars"
    assert (code, printed) == (
        0,
        f"written: {out} (110 images, {size / 1e6:.2f} MB; other files: 5)\n",
    )
    lists = (
        "train_name.txt",
        "test_name.txt",
        "tracks_train_info.mat",
        "tracks_test_info.mat",
        "query_IDX.mat",
    )
    assert _files(tmp_path / "fast") == {
        *(f"mars/{name}" for name in (IMAGES, INDEX, RECORD)),
        *(f"mars/info/{name}" for name in lists),
    }
    for path in mars.read(out).frames():
        assert packed.read_bytes(path) == (root / Path(path).relative_to(out)).read_bytes()


@pytest.mark.parametrize(
    ("name", "write"),
    [("duke", write_duke_tree), ("ilids_vid", write_ilids_vid_tree), ("prid2011", write_prid2011_tree)],
)
def test_the_other_layouts_are_packed(
    run: Run, tmp_path: Path, name: str, write: Callable[[Path], Path]
) -> None:
    root = write(tmp_path / "loose")

    code, printed = run(f"data={name}", f"data.root={root}", "out=packed")

    assert code == 0, printed
    assert len(np.load(tmp_path / "packed" / "frames.pack.npy")) == len(
        [*root.rglob("*.jpg"), *root.rglob("*.png")]
    )


def test_walkers_are_packed_where_data_synthetic_looks_for_them(run: Run, tmp_path: Path) -> None:
    (walkers,) = render_walkers(tmp_path / "walkers").iterdir()

    code, printed = run("data.size=small", f"data.root={walkers.parent}", "out=packed")

    assert code == 0, printed
    assert printed.startswith(f"written: {tmp_path}/packed/{walkers.name} (")
    others = {file for file in _files(walkers) if Path(file).suffix not in (".jpg", ".png")}
    assert "attributes.csv" in others
    assert _files(tmp_path / "packed" / walkers.name) == others | {IMAGES, INDEX, RECORD}


def test_images_that_cannot_be_read_are_named_and_nothing_is_left(run: Run, tmp_path: Path) -> None:
    root = write_mars_tree(tmp_path / "mars")
    broken = sorted(root.rglob("*.jpg"))[3:9]
    for path in broken:
        os.truncate(path, 100)

    code, printed = run("data=mars", f"data.root={root}", "out=packed")

    first, *lines = printed.splitlines()
    assert (code, first) == (1, "error: 6 images are unreadable, and nothing was written:")
    assert [line.partition(" (100 bytes)")[0] for line in lines[:5]] == [
        f"  cannot decode {path}" for path in broken[:5]
    ]
    assert lines[5:] == ["  and 1 more"]
    assert [path.name for path in tmp_path.iterdir()] == ["mars"]


def test_frames_that_are_listed_and_missing_are_named(run: Run, tmp_path: Path) -> None:
    root = write_mars_tree(tmp_path / "mars")
    frame = sorted(root.rglob("*.jpg"))[3]
    frame.unlink()

    code, printed = run("data=mars", "data.root=mars", "out=packed")

    assert (code, printed.splitlines()) == (
        1,
        [
            "error: 1 images are missing, and nothing was written:",
            f"  {frame.relative_to(tmp_path)} is missing",
        ],
    )


def test_an_incomplete_layout_is_an_error(run: Run, tmp_path: Path) -> None:
    root = write_duke_tree(tmp_path / "duke")
    (root / "query").rename(root / "queries")

    code, printed = run("data=duke", f"data.root={root}", "out=packed")

    assert (code, printed.partition(";")[0]) == (1, f"error: {root}/query is missing")


@pytest.mark.parametrize("name", ["mars", "duke", "prid2011", "ilids_vid"])
def test_a_wrong_root_is_answered_with_the_layout_and_its_key(run: Run, tmp_path: Path, name: str) -> None:
    code, printed = run(f"data={name}", "data.root=nowhere", "out=packed")

    assert code == 1
    assert re.match(r"error: nowhere/\S+ is missing; expected\n  nowhere/\n", printed)
    assert "Another folder is named with data.root=..." in printed
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_left_as_it_is(run: Run, tmp_path: Path) -> None:
    root = write_mars_tree(tmp_path / "mars")
    (tmp_path / "packed").mkdir()

    code, printed = run("data=mars", f"data.root={root}", "out=packed")

    assert (code, printed) == (
        1,
        "error: out=packed exists and was left as it is: choose another folder, or delete it",
    )
    assert list((tmp_path / "packed").iterdir()) == []


def test_a_pack_is_not_packed_again(run: Run, tmp_path: Path) -> None:
    root = write_mars_tree(tmp_path / "mars")
    run("data=mars", f"data.root={root}", "out=packed")

    code, printed = run("data=mars", f"data.root={tmp_path}/packed", "out=twice")

    assert (code, printed) == (
        1,
        f"error: {tmp_path}/packed is packed already: copy the folder instead",
    )


def test_a_data_set_is_not_packed_into_itself(run: Run, tmp_path: Path) -> None:
    root = write_mars_tree(tmp_path / "mars")

    code, printed = run("data=mars", f"data.root={root}", "out=mars/packed")

    assert (code, printed.partition(":")[0]) == (1, "error")
    assert f"out=mars/packed lies in the data set itself, {root}" in printed
    assert not (root / "packed").exists()


def test_walkers_that_are_not_there_are_not_rendered(run: Run, tmp_path: Path) -> None:
    code, printed = run("data.size=small", f"data.root={tmp_path / 'typo'}", "out=packed")

    assert code == 1
    assert printed.startswith(f"error: {tmp_path / 'typo'} has no rendered data set synthetic ")
    assert "data.size=small, data.seed=0" in printed
    assert "data.root=" in printed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((), "out is missing: add out=..."), (("out=packed", "data.workers=-1"), "workers=-1: ")],
)
def test_a_bad_setting_is_named(run: Run, arguments: tuple[str, ...], said: str) -> None:
    code, printed = run("data=mars", *arguments)

    assert code == 1
    assert re.match(rf"error: .*{re.escape(said)}", printed)


def test_an_interrupted_pack_leaves_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_mars_tree(tmp_path / "mars")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reid_cosam.data.packing.np.save", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run("data=mars", f"data.root={root}", "out=packed")

    assert [path.name for path in tmp_path.iterdir()] == ["mars"]


def test_the_command_says_where_it_wrote_and_how_far_it_is(tmp_path: Path) -> None:
    write_mars_tree(tmp_path / "mars")

    done = command("pack", tmp_path, "data=mars", "data.root=mars", "out=packed")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"written: {tmp_path}/packed (110 images, ")
    first, *lines = done.stderr.splitlines()
    assert (first, len(lines), lines[-1]) == ("reading 110 images", 10, "read 110 of 110 images, 0 s left")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mars", "packed"]
