"""A tiny data set in the MARS layout: noisy frames whose colour is their identity's."""

from pathlib import Path

import numpy as np
import simplejpeg
from scipy.io import savemat

Row = tuple[int, int]  # pid, camera


def write_mars_tree(
    root: Path,
    train_ids: int = 4,
    test_ids: int = 3,
    cameras: int = 2,
    frames: int = 5,
    size: tuple[int, int] = (64, 32),
) -> Path:
    """Writes one training tracklet, one query and one more test tracklet for each identity and camera.

    Tracklets have `frames` frames, every second one a frame more, so that some end in a short snippet.
    """
    train = [(pid, cam) for pid in range(1, train_ids + 1) for cam in range(1, cameras + 1)]
    test = [
        (pid, cam) for pid in range(101, test_ids + 101) for cam in range(1, cameras + 1) for _ in range(2)
    ]
    _write_part(root, "train", train, frames, size)
    _write_part(root, "test", test, frames, size)
    queries = np.arange(1, len(test) + 1, 2, dtype=np.uint16)[None]
    savemat(root / "info" / "query_IDX.mat", {"query_IDX": queries})
    return root


def _write_part(root: Path, part: str, rows: list[Row], frames: int, size: tuple[int, int]) -> None:
    names: list[str] = []
    table: list[tuple[int, int, int, int]] = []
    for number, (pid, cam) in enumerate(rows):
        length = frames + number % 2
        table.append((len(names) + 1, len(names) + length, pid, cam))
        for frame in range(1, length + 1):
            name = f"{pid:04d}C{cam}T{number + 1:04d}F{frame:03d}.jpg"
            _write_frame(root / f"bbox_{part}" / f"{pid:04d}" / name, pid, (number, frame), size)
            names.append(name)
    info = root / "info"
    info.mkdir(exist_ok=True)
    (info / f"{part}_name.txt").write_bytes("".join(f"{name}\r\n" for name in names).encode())
    savemat(info / f"tracks_{part}_info.mat", {f"track_{part}_info": np.array(table, dtype=np.int32)})


def _write_frame(path: Path, pid: int, seed: tuple[int, int], size: tuple[int, int]) -> None:
    colour = np.random.default_rng(pid).integers(40, 215, 3)
    pixels = np.random.default_rng(seed).normal(colour, 30, (*size, 3)).clip(0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(simplejpeg.encode_jpeg(pixels, quality=95))
