import csv
import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from PIL import Image
from scipy.io import loadmat

from reid_cosam.data import mars, synthetic
from reid_cosam.data.masks import mask_path
from reid_cosam.data.synthetic.listing import identities
from reid_cosam.data.synthetic.people import ATTRIBUTES
from reid_cosam.data.synthetic.randomness import TEST, TRAIN
from reid_cosam.data.synthetic.tracklets import identity_look
from tests.data.walkers import TINY


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.ensure(tmp_path_factory.mktemp("synthetic"), TINY, processes=1)


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_two_processes_write_the_same_bytes_as_one(folder: Path, tmp_path: Path) -> None:
    twin = synthetic.ensure(tmp_path, TINY, processes=2)

    assert _digests(twin) == _digests(folder)


def test_the_mars_reader_reads_it(folder: Path) -> None:
    splits = mars.read(folder)

    assert Counter((t.pid, t.camid) for t in splits.train) == {(p, c): 1 for p in (1, 2, 3) for c in (1, 2)}
    expected = {(pid, camera): 1 for pid in (4, 5, 6, 7) for camera in (1, 2)}
    assert Counter((t.pid, t.camid) for t in splits.query) == expected
    assert Counter((t.pid, t.camid) for t in splits.gallery if t.pid) == expected
    assert [t.pid for t in splits.gallery if not t.pid] == [0, 0, 0]
    assert [t.pid for t in splits.junk] == [-1, -1]


def test_lists_and_files_agree(folder: Path) -> None:
    splits = mars.read(folder)
    listed = [
        f
        for part in (splits.train, splits.query, splits.gallery, splits.junk)
        for t in part
        for f in t.frames
    ]

    stored = {str(path) for path in folder.glob("bbox_*/*/*.jpg")}
    assert set(listed) == stored
    assert len(listed) == len(stored)
    assert all(3 <= len(t) <= 5 for part in (splits.train, splits.query, splits.gallery) for t in part)


def test_names_follow_mars(folder: Path) -> None:
    assert (folder / "bbox_train/0001/0001C1T0001F001.jpg").is_file()
    assert (folder / "bbox_test/0004/0004C2T0002F001.jpg").is_file()
    assert (folder / "bbox_test/0000/0000C1T0001F001.jpg").is_file()
    assert (folder / "bbox_test/00-1/00-1C1T0001F001.jpg").is_file()
    names = (folder / "info/test_name.txt").read_bytes()
    assert names.startswith(b"00-1C1T0001F001.jpg\r\n")
    assert names.count(b"\r\n") == names.count(b"\n")


def test_queries_are_the_first_tracklet_of_every_identity_and_camera(folder: Path) -> None:
    query = loadmat(folder / "info/query_IDX.mat")["query_IDX"]

    # Rows of the test list: 2 junk, 3 distractors, then 4 identities x 2 cameras x 2 tracklets.
    assert query.dtype == np.uint16
    assert query.tolist() == [[6, 8, 10, 12, 14, 16, 18, 20]]


def test_mat_files_do_not_name_the_hour(folder: Path) -> None:
    assert b"Created on" not in (folder / "info/query_IDX.mat").read_bytes()


def test_frames_and_masks_have_the_size_of_the_spec(folder: Path) -> None:
    frames = [str(path) for path in folder.glob("bbox_test/*/*.jpg")]

    for frame in frames:
        assert simplejpeg.decode_jpeg(Path(frame).read_bytes()).shape == (64, 32, 3)
        with Image.open(mask_path(frame, folder)) as mask:
            assert mask.size == (32, 64)
    assert len(list(folder.glob("masks/**/*.png"))) == len(frames)


def test_attributes_are_those_of_the_identities(folder: Path) -> None:
    with (folder / "attributes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert list(rows[0]) == ["split", "pid", *ATTRIBUTES]
    assert [(row["split"], row["pid"]) for row in rows] == [
        *(("train", str(pid)) for pid in (1, 2, 3)),
        *(("test", str(pid)) for pid in (4, 5, 6, 7)),
    ]
    looks = [identity_look(TINY, split, pid) for split in (TRAIN, TEST) for pid in identities(TINY, split)]
    for row, look in zip(rows, looks, strict=True):
        for name in ATTRIBUTES:
            assert row[name] == ("0" if getattr(look, name) is None else "1")


def test_spec_file_gives_the_spec_back(folder: Path) -> None:
    record = json.loads((folder / "spec.json").read_text())

    assert synthetic.SyntheticSpec.from_record(record) == TINY
    assert record["renderer_version"] == synthetic.RENDERER_VERSION


def test_a_rendered_folder_is_reused_untouched(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}

    assert synthetic.ensure(folder.parent, TINY) == folder

    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_contact_sheet_shows_frames_and_masks(folder: Path) -> None:
    sheet = np.asarray(synthetic.contact_sheet(folder, identities=2, frames=3))

    # 2 rows of 64 with a gap of 4; 2 cameras of 3 frames and a mask, 32 wide, with a gap of 4.
    assert sheet.shape == (132, 260, 3)
    mask = sheet[:64, 96:128]
    assert set(np.unique(mask)) == {0, 255}
    with Image.open(sorted((folder / "bbox_test/0004").glob("0004C1T0001F*.jpg"))[0]) as first:
        assert np.array_equal(sheet[:64, :32], np.asarray(first))


def test_contact_sheet_wants_a_rendered_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no rendered test identities"):
        synthetic.contact_sheet(tmp_path)
