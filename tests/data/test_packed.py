"""A packed data set reads as the same one in files of their own."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from reid_cosam.data import mars, packed, synthetic
from reid_cosam.data.datasets import DenseSnippets, collate_dense
from reid_cosam.data.frames import read_clip, read_frame
from reid_cosam.data.masks import read_masks
from reid_cosam.data.readers import listing
from reid_cosam.data.readers.ccvid import Ccvid
from reid_cosam.data.readers.duke import Duke
from reid_cosam.data.readers.g2a_vreid import G2aVreid
from reid_cosam.data.readers.ilids_vid import IlidsVid
from reid_cosam.data.readers.ls_vid import LsVid
from reid_cosam.data.readers.market1501 import Market1501
from reid_cosam.data.readers.mars_dl import MarsDl
from reid_cosam.data.readers.mevid import Mevid
from reid_cosam.data.readers.prid2011 import Prid2011
from reid_cosam.data.readers.ward import Ward
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.data.verification import split_hash
from tests.data.walkers import TINY
from tests.support import layouts
from tests.support.packs import pack_tree
from tests.support.tree import (
    write_duke_tree,
    write_ilids_vid_tree,
    write_mars_tree,
    write_prid2011_tree,
    write_ward_tree,
)

Case = tuple[Callable[[Path], Path], Callable[[Path], ReidSplits]]

LAYOUTS: dict[str, Case] = {
    "mars": (write_mars_tree, mars.read),
    "duke": (write_duke_tree, Duke().read),
    "duke, nested": (lambda root: write_duke_tree(root / "DukeMTMC-VideoReID").parent, Duke().read),
    "ilids_vid": (write_ilids_vid_tree, IlidsVid(2, "first").read),
    "prid2011": (write_prid2011_tree, Prid2011(2).read),
    "ward": (lambda root: write_ward_tree(root) / "toolbox/Datasets/WARD", Ward(2).read),
    "mevid": (layouts.write_mevid_tree, Mevid().read),
    "ls_vid": (layouts.write_ls_vid_tree, LsVid().read),
    "ccvid": (layouts.write_ccvid_tree, Ccvid().read),
    "market1501": (layouts.write_market1501_tree, Market1501().read),
    "mars_dl": (layouts.write_mars_dl_tree, MarsDl(cleaned=True).read),
    "g2a_vreid": (write_mars_tree, G2aVreid().read),
    "synthetic": (lambda root: synthetic.ensure(root, TINY, processes=1), mars.read),
}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return pack_tree(write_mars_tree(tmp_path / "mars", train_ids=1, test_ids=1), tmp_path / "packed")


def _relative(splits: ReidSplits, root: Path) -> list[list[tuple[list[str], int, int]]]:
    return [
        [([frame.removeprefix(f"{root}/") for frame in one.frames], one.pid, one.camid) for one in part]
        for part in (splits.train, splits.query, splits.gallery, splits.junk)
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_splits_hashes_and_clips_are_those_of_the_loose_files(layout: str, tmp_path: Path) -> None:
    write, read = LAYOUTS[layout]
    loose = write(tmp_path / "loose")
    folder = pack_tree(loose, tmp_path / "packed")

    expected, found = read(loose), read(folder)

    assert [path.suffix for path in folder.rglob("*.*") if path.suffix in (".jpg", ".png")] == []
    assert _relative(found, folder) == _relative(expected, loose)
    assert all(frame.startswith(f"{folder}/") for frame in found.frames())
    assert split_hash(found, folder) == split_hash(expected, loose)
    np.testing.assert_array_equal(read_clip(found.frames(), 64, 32), read_clip(expected.frames(), 64, 32))


def test_masks_are_read_from_the_pack_as_well(tmp_path: Path) -> None:
    loose = synthetic.ensure(tmp_path / "loose", TINY, processes=1)
    folder = pack_tree(loose, tmp_path / "packed")

    expected, found = (
        read_masks(mars.read(root).query[0].frames, root, TINY.height, TINY.width) for root in (loose, folder)
    )

    assert expected.any()
    np.testing.assert_array_equal(found, expected)


# "-" and "." come before "/" and "0" after it, so that names with them stand around the folder "1".
PATHS = ("1.jpg", "1/2.jpg", "1/2/3.jpg", "1-/f.jpg", "10/f.jpg", "1/é.jpg", "2/1/f.jpg", "0/f.png")


def test_folders_are_listed_as_if_they_were_there(tmp_path: Path) -> None:
    for path in PATHS:
        (tmp_path / "loose" / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2)).save(tmp_path / "loose" / path)
    pack_tree(tmp_path / "loose", tmp_path / "packed")

    def listed(root: Path) -> list[tuple[list[str], list[str], bool]]:
        folders = (root, *(root / name for name in ("1", "1/2", "1-", "10", "2", "2/1", "0")))
        return [
            (
                [path.name for path in listing.subfolders(folder)],
                sorted(name for name, _ in listing._entries(folder)),
                listing.is_folder(folder),
            )
            for folder in folders
        ]

    assert listed(tmp_path / "packed") == listed(tmp_path / "loose")
    for absent in ("1.jpg", "11", "2/1/f", "3", "1/2/3.jpg/deeper/than/any/name/in/the/pack"):
        assert not listing.is_folder(tmp_path / "packed" / absent)
        assert not listing.is_folder(tmp_path / "loose" / absent)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.slow)])
def test_workers_read_the_same(method: str, tmp_path: Path) -> None:
    loose = write_mars_tree(tmp_path / "mars", train_ids=1)
    folder = pack_tree(loose, tmp_path / "packed")

    def clips(root: Path, **workers: object) -> torch.Tensor:
        snippets = DenseSnippets(mars.read(root).query, 2, 64, 32, "cycle")
        loader = DataLoader(snippets, batch_size=2, collate_fn=collate_dense, **workers)  # type: ignore[arg-type]
        return torch.cat([batch.clips for batch in loader])

    expected = clips(loose)

    assert torch.equal(clips(folder), expected)  # forked workers inherit the pack that this opened
    assert torch.equal(clips(folder, num_workers=2, multiprocessing_context=method), expected)


def test_a_pack_is_found_from_relative_roots(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pack)
    packed.forget()
    (frame,) = (tracklet.frames[0] for tracklet in mars.read(".").query[:1])

    assert frame.startswith("bbox_test/")
    expected = read_frame(str(pack / frame), 64, 32)
    for path in (frame, f"./{frame}", f"../packed/{frame}"):
        np.testing.assert_array_equal(read_frame(path, 64, 32), expected)
    # Loose files beside the pack are not looked for in it.
    np.testing.assert_array_equal(read_frame(f"../mars/{frame}", 64, 32), expected)
    packed.forget()


def test_a_pack_is_found_through_a_link(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(pack)

    splits = mars.read(tmp_path / "link")

    assert split_hash(splits, tmp_path / "link") == split_hash(mars.read(pack), pack)
    assert read_clip(splits.query[0].frames, 64, 32).any()


def test_a_frame_that_was_not_packed_is_named(pack: Path) -> None:
    for name in ("bbox_test/0101/gone.jpg", "zzz.jpg", f"{'x' * 300}.jpg"):
        with pytest.raises(FileNotFoundError, match=rf"^{pack}/{name} is missing"):
            read_clip([f"{pack}/{name}"], 64, 32)


def test_a_pipe_in_the_place_of_an_image_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")

    assert packed.read_bytes(str(tmp_path / "a.jpg")) == b""
