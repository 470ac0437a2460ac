"""A damaged pack is named, and the image that cannot be had."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from torch.utils.data import DataLoader

from reid_cosam.data import mars
from reid_cosam.data.datasets import DenseSnippets, collate_dense
from reid_cosam.data.frames import BrokenFrame, read_clip
from reid_cosam.data.pack_file import IMAGES, INDEX, RECORD, Pack
from tests.support.packs import pack_tree
from tests.support.tree import write_mars_tree


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return pack_tree(write_mars_tree(tmp_path / "mars", train_ids=1, test_ids=1), tmp_path / "packed")


def _flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_flipped_bit_is_named_with_its_frame_alone(pack: Path) -> None:
    first, *others = sorted(mars.read(pack).frames())
    _flip(pack / IMAGES, 400)

    with pytest.raises(
        ValueError, match=rf"^{first} is damaged: {pack}/frames\.pack .*pack the data set again"
    ):
        read_clip([first], 64, 32)
    read_clip(others, 64, 32)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_a_worker_that_reads_a_damaged_pack_says_so_in_one_line(pack: Path) -> None:
    query = mars.read(pack).query
    row = np.load(pack / INDEX)["path"].tolist().index(query[0].frames[0].removeprefix(f"{pack}/").encode())
    _flip(pack / IMAGES, np.load(pack / INDEX)["offset"][row])
    snippets = DenseSnippets(query, 4, 64, 32, tail="cycle")
    loader = DataLoader(snippets, collate_fn=collate_dense, num_workers=1)

    with pytest.raises(BrokenFrame) as raised:
        list(loader)

    assert "\n" not in str(raised.value)
    assert "is damaged: " in str(raised.value)


def test_an_index_that_points_beyond_the_pack_is_refused_with_the_frame(pack: Path) -> None:
    table = np.load(pack / INDEX)
    table["offset"][0] = 2**64 - 1
    np.save(pack / INDEX, table)

    with pytest.raises(ValueError, match=rf"{table['path'][0].decode()} is damaged"):
        read_clip([str(pack / table["path"][0].decode())], 64, 32)


@pytest.mark.parametrize("name", [IMAGES, INDEX, RECORD])
def test_a_file_of_a_pack_that_is_missing_is_named(pack: Path, name: str) -> None:
    (pack / name).unlink()

    with pytest.raises(
        FileNotFoundError, match=rf"^{pack}/{re.escape(name)} is missing, and a pack needs it"
    ):
        mars.read(pack)


@pytest.mark.parametrize("name", [IMAGES, INDEX])
@pytest.mark.parametrize("kept", [0, 20, -1])
def test_a_truncated_file_of_a_pack_is_named(pack: Path, name: str, kept: int) -> None:
    os.truncate(pack / name, kept % (pack / name).stat().st_size)

    with pytest.raises(ValueError, match=rf"^{pack}/{re.escape(name)} is truncated"):
        mars.read(pack)


@pytest.mark.parametrize(
    "content", ["", "{}", '{"images": 3}', '{"format": 2, "images": 1, "bytes": 1, "sha256": {}}']
)
def test_another_record_is_refused(pack: Path, content: str) -> None:
    (pack / RECORD).write_text(content)

    with pytest.raises(ValueError, match=rf"^{pack}/frames\.pack\.json is no record of a pack"):
        mars.read(pack)


@pytest.mark.parametrize(
    ("names", "named"),
    [
        ((INDEX,), INDEX),
        ((IMAGES,), IMAGES),
        ((INDEX, RECORD), IMAGES),
    ],
)
def test_files_of_another_pack_are_named(
    pack: Path, tmp_path: Path, names: tuple[str, ...], named: str
) -> None:
    larger = pack_tree(write_mars_tree(tmp_path / "other", train_ids=2, test_ids=1), tmp_path / "larger")
    for name in names:
        (larger / name).replace(pack / name)

    with pytest.raises(ValueError, match=rf"^{pack}/{re.escape(named)} is (of another pack|truncated)"):
        mars.read(pack)


def test_an_array_that_is_no_index_is_refused(pack: Path) -> None:
    np.save(pack / INDEX, np.arange(3))

    with pytest.raises(ValueError, match=r"frames\.pack\.npy has columns int64"):
        mars.read(pack)


def test_an_index_with_columns_of_another_kind_is_refused(pack: Path) -> None:
    table = np.load(pack / INDEX)
    np.save(
        pack / INDEX, table.astype([("path", "S40"), ("offset", "f8"), ("length", "u4"), ("crc32", "u4")])
    )

    with pytest.raises(ValueError, match=rf"^{pack}/frames\.pack\.npy has columns .*f8"):
        mars.read(pack)


@pytest.mark.parametrize("lost", [b"}", b"'descr'", b"'", b"["])
def test_an_index_whose_header_is_damaged_is_named(pack: Path, lost: bytes) -> None:
    content = (pack / INDEX).read_bytes()
    (pack / INDEX).write_bytes(content.replace(lost, b" " * len(lost), 1))

    with pytest.raises(ValueError, match=rf"^{pack}/frames\.pack\.npy is truncated or damaged"):
        mars.read(pack)


def test_a_whole_pack_has_not_changed_and_one_bit_changes_it(pack: Path) -> None:
    advanced: list[int] = []
    opened = Pack(pack)

    assert opened.changed(advanced.append) == []
    assert sum(advanced) == opened.megabytes
    for name in (IMAGES, INDEX):
        _flip(pack / name, -1)
        assert opened.changed(lambda _: None) == [name]
        _flip(pack / name, -1)
