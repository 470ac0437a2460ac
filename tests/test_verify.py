"""`reid-cosam verify`: what it says of damaged data sets, and how it exits."""

import os
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reid_cosam import verify
from tests.support.in_process import call
from tests.support.packs import pack_tree
from tests.support.tree import write_mars_tree

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Runs the command in a folder that it must leave empty."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    yield partial(call, verify.main, folder)
    assert list(folder.iterdir()) == []


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


def test_whatever_lies_in_a_frame_s_place_is_named_and_the_rest_is_read(tmp_path: Path, run: Run) -> None:
    root = write_mars_tree(tmp_path / "mars")
    claims, folder, loop, tiff, white = sorted((root / "bbox_test").rglob("*.jpg"))[:5]
    huge = b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    claims.write_bytes(
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + huge + struct.pack(">I", zlib.crc32(huge))
    )
    Image.fromarray(np.zeros((8, 4), dtype=np.int32)).save(tiff, "TIFF")
    Image.fromarray(np.full((8, 4), 1000, dtype=np.uint16)).save(white, "PPM")
    for path in (folder, loop):
        path.unlink()
    folder.mkdir()
    loop.symlink_to(loop)

    code, out, err = run("data=mars", f"data.root={root}", "data.workers=2")

    assert code == 1
    assert "Traceback" not in out + err
    assert re.findall(r"^  cannot (decode|read) (\S+?)[: ]", out, re.MULTILINE) == [
        ("decode", str(claims)),
        ("read", str(folder)),
        ("read", str(loop)),
        ("decode", str(tiff)),
        ("decode", str(white)),
    ]
    assert "frames: 110, 5 of them missing or unreadable" in out


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
    assert err.startswith(f"error: {tmp_path / 'typo'} has no rendered data set synthetic ")
    assert "data.size=small, data.seed=0" in err
    assert not (tmp_path / "typo").exists()


def test_a_bad_value_is_named(run: Run) -> None:
    code, out, err = run("data=mars", "data.workers=-1")

    assert (code, out) == (1, "")
    assert re.search(r"error: .*workers", err, re.DOTALL)


def test_a_flipped_bit_in_a_pack_is_named_with_its_frame(tmp_path: Path, run: Run) -> None:
    root = pack_tree(write_mars_tree(tmp_path / "mars"), tmp_path / "packed")
    row = np.load(root / "frames.pack.npy")[7]
    with (root / "frames.pack").open("r+b") as file:
        file.seek(int(row["offset"]) + 300)
        (old,) = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([old ^ 1]))

    code, out, _ = run("data=mars", f"data.root={root}")

    assert code == 1
    assert f"\n  {root}/frames.pack differs from what was packed: it has another SHA-256\n" in out
    assert "frames: 110, 1 of them missing or unreadable" in out
    assert f"\n  {root}/{row['path'].decode()} is damaged: " in out
    assert out.splitlines()[-2].endswith(
        "; frames.pack differs from what was packed; 1 of 110 frames missing or unreadable"
    )


def test_a_flipped_bit_in_an_index_is_named(tmp_path: Path, run: Run) -> None:
    root = pack_tree(write_mars_tree(tmp_path / "mars"), tmp_path / "packed")
    table = np.load(root / "frames.pack.npy")
    table["crc32"][3] ^= 1
    np.save(root / "frames.pack.npy", table)

    code, out, _ = run("data=mars", f"data.root={root}")

    assert code == 1
    assert "; frames.pack.npy differs from what was packed; 1 of 110 frames missing or unreadable\n" in out


def test_a_truncated_pack_is_an_error(tmp_path: Path, run: Run) -> None:
    root = pack_tree(write_mars_tree(tmp_path / "mars"), tmp_path / "packed")
    size = (root / "frames.pack").stat().st_size
    os.truncate(root / "frames.pack", size - 1)

    code, out, err = run("data=mars", f"data.root={root}")

    assert (code, out) == (1, "")
    assert err.startswith(f"error: {root}/frames.pack is truncated: it has {size - 1:,} bytes")


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
    assert "no file was changed" in done.stdout
    assert done.stderr.splitlines() == ["reading 110 frames", "read 110 of 110 frames, 0 s left"]
    assert [path.name for path in tmp_path.iterdir()] == ["mars"]
