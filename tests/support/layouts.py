"""Tiny data sets in the layouts of real ones, written out by hand; they have the traps of the real ones.

Only people, cameras and lengths are made up. Frames are of `size` (height, width).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import h5py
import numpy as np
from scipy.io import loadmat, savemat

from tests.support.tree import Size, write_frame, write_mars_tree

MEVID_TRAIN = [(103, 20, 424, 2), (103, 21, 424, 1), (7, 1, 330, 3)]  # person, outfit, camera, frames
MEVID_TEST = [(201, 3, 330, 3), (201, 4, 424, 2), (201, 3, 509, 1), (88, 20, 330, 2)]
MEVID_QUERIES = [0, 1]

LS_VID_TRAIN = [("tracklet_train/0001/0001_0003_15", 1, 2), ("tracklet_train/0001/0001_0004_02", 1, 1)]
LS_VID_TEST = [
    ("tracklet_test/0009/0009_0001_01", 9, 2),
    ("tracklet_test/0009/0009_0001_011", 9, 3),  # starts as the one above
    ("tracklet_test/0009/0009_0002_03", 9, 1),
    ("tracklet_test/0010/0010_0001_01", 10, 1),
]
LS_VID_QUERIES = [1, 4]

CCVID = {
    "train": [("session1/001_02", "001", "u1_l1", 2), ("session3/001_02", "001", "u2_l1", 1)],
    "query": [("session1/002_01", "002", "u0_l0", 1), ("session3/002_12", "002", "u1_l1", 3)],
    "gallery": [
        ("session2/002_11", "002", "u0_l0", 2),
        ("session3/002_01", "002", "u1_l1", 1),
        ("session1/003_01", "003", "u0_l0", 1),
    ],
}

MARKET_1501 = {
    # One tracklet of two boxes and two frames, out of order; two sequences; two cameras.
    "bounding_box_train": [
        *("0002_c1s1_000451_03.jpg", "0002_c1s1_000451_01.jpg", "0002_c1s1_000401_02.jpg"),
        *("0002_c1s2_000010_01.jpg", "0002_c2s1_000451_01.jpg", "0007_c1s1_000451_02.jpg"),
    ],
    "bounding_box_test": [
        *("0000_c1s1_000151_01.jpg", "0000_c1s1_000151_02.jpg"),
        *("-1_c1s1_000401_03.jpg", "-1_c1s1_000401_04.jpg"),
        *("0003_c1s6_015971_02.jpg", "0003_c3s3_000001_01.jpg", "0003_c3s3_000002_01.jpg"),
    ],
    "query": ["0003_c1s6_015971_00.jpg", "0003_c3s3_000002_00.jpg"],
}


def write_mevid_tree(root: Path, lists: str = ".", size: Size = (8, 4)) -> Path:
    """Writes tables as `numpy.savetxt` does: 0 is `0.000000000000000000e+00`."""
    (root / lists).mkdir(parents=True, exist_ok=True)
    for part, tracks in (("train", MEVID_TRAIN), ("test", MEVID_TEST)):
        names: list[str] = []
        rows: list[tuple[int, ...]] = []
        for number, (pid, outfit, camid, length) in enumerate(tracks):
            rows.append((len(names), len(names) + length - 1, pid, outfit, camid))
            start = f"{pid:04d}O{outfit:03d}C{camid}T{number:03d}"
            names += [f"{start}F{frame:05d}.jpg" for frame in range(length)]
        (root / lists / f"{part}_name.txt").write_text("".join(f"{name}\n" for name in names))
        np.savetxt(root / lists / f"track_{part}_info.txt", np.array(rows))
        _write_frames(root / f"bbox_{part}", (f"{name[:4]}/{name}" for name in names), size)
    np.savetxt(root / lists / "query_IDX.txt", np.array(MEVID_QUERIES))
    return root


def write_ls_vid_tree(
    root: Path, lists: str = "list_sequence", data: str = "test/data", size: Size = (8, 4)
) -> Path:
    (root / lists).mkdir(parents=True)
    for part, tracks in (("train", LS_VID_TRAIN), ("test", LS_VID_TEST)):
        text = "".join(f"{prefix} {pid}\n" for prefix, pid, _ in tracks)
        (root / lists / f"list_seq_{part}.txt").write_text(text)
        names = (f"{prefix}_{frame:04d}.jpg" for prefix, _, length in tracks for frame in range(length))
        _write_frames(root, names, size)
    write_matlab73(root / data / "info_test.mat", query=LS_VID_QUERIES)
    return root


def write_matlab73(path: Path, **variables: Sequence[float] | Sequence[Sequence[float]]) -> None:
    """Columns of numbers, or tables column by column, as MATLAB 7.3 saves them.

    That is HDF5 behind its own header, with the axes in reverse.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in variables.items():
            file[name] = np.atleast_2d(np.array(values, dtype=np.float64))
    with path.open("r+b") as content:
        content.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")


def write_ccvid_tree(root: Path, size: Size = (8, 4)) -> Path:
    for part, tracks in CCVID.items():
        root.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{folder}\t{pid}\t{clothes}\n" for folder, pid, clothes, _ in tracks)
        (root / f"{part}.txt").write_text(text)
        names = (f"{folder}/{n:05d}.jpg" for folder, *_, length in tracks for n in range(1, length + 1))
        _write_frames(root, names, size)
    return root


def write_market1501_tree(root: Path, size: Size = (8, 4)) -> Path:
    for folder, names in MARKET_1501.items():
        _write_frames(root / folder, names, size)
    (root / "bounding_box_test" / "Thumbs.db").touch()
    return root


def write_mars_dl_tree(root: Path, size: Size = (8, 4)) -> Path:
    """That of MARS with 12 test tracklets of 101, 102 and 103.

    The cleaned list says that the second of them shows 102, the tenth nobody (0), and the last 101 as well.
    """
    write_mars_tree(root, size=size)
    rows = loadmat(root / "info" / "tracks_test_info.mat")["track_test_info"]
    cleaned = np.column_stack([rows, rows[:, 2], np.zeros(len(rows), dtype=int)])
    cleaned[1, 4], cleaned[9, 4], cleaned[11, 5] = 102, 0, 101
    savemat(root / "info" / "clean_tracks_test_info.mat", {"track_test_info": cleaned})
    return root


def _write_frames(folder: Path, names: Iterable[str], size: Size) -> None:
    for number, name in enumerate(names):
        write_frame(folder / name, number, (number,), size)
