"""Tiny data sets in the layouts of the real ones: noisy frames whose colour is their identity's.

As in the real ones, frame numbers have gaps (but in MARS and PRID2011), numbers of people have gaps, the
gallery of Duke holds its queries, and some people of PRID2011 are in one camera only.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image
from scipy.io import savemat

Row = tuple[int, int]  # pid, camera
Size = tuple[int, int]  # height, width


def write_mars_tree(
    root: Path,
    train_ids: int = 4,
    test_ids: int = 3,
    cameras: int = 2,
    frames: int = 5,
    size: Size = (64, 32),
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


def _write_part(root: Path, part: str, rows: list[Row], frames: int, size: Size) -> None:
    names: list[str] = []
    table: list[tuple[int, int, int, int]] = []
    for number, (pid, cam) in enumerate(rows):
        length = frames + number % 2
        table.append((len(names) + 1, len(names) + length, pid, cam))
        for frame in range(1, length + 1):
            name = f"{pid:04d}C{cam}T{number + 1:04d}F{frame:03d}.jpg"
            write_frame(root / f"bbox_{part}" / f"{pid:04d}" / name, pid, (number, frame), size)
            names.append(name)
    info = root / "info"
    info.mkdir(exist_ok=True)
    (info / f"{part}_name.txt").write_bytes("".join(f"{name}\r\n" for name in names).encode())
    savemat(info / f"tracks_{part}_info.mat", {f"track_{part}_info": np.array(table, dtype=np.int32)})


def write_duke_tree(
    root: Path,
    train_ids: int = 4,
    test_ids: int = 3,
    cameras: int = 2,
    frames: int = 5,
    size: Size = (64, 32),
) -> Path:
    """Writes one tracklet for each identity and camera, and one of a distractor.

    Test identities are queried in camera 1.
    """
    rows = [(pid, cam) for pid in range(1, train_ids + test_ids + 1) for cam in range(1, cameras + 1)]
    for number, (pid, cam) in enumerate([*rows, (7140, 1)], start=1):
        gallery = ["gallery", "query"] if cam == 1 and pid != 7140 else ["gallery"]
        for part in ["train"] if pid <= train_ids else gallery:
            for frame in range(frames + number % 2):
                name = f"{pid:04d}_C{cam}_F{2 * frame + 1:04d}_X{30000 + 24 * frame}.jpg"
                path = root / part / f"{pid:04d}" / f"{number:04d}" / name
                write_frame(path, pid, (number, frame), size)
    return root


def write_ilids_vid_tree(root: Path, people: int = 6, frames: int = 5, size: Size = (64, 32)) -> Path:
    """Writes both tracklets of each person, numbered 1, 3, 5, ..., and ten splits in a `.mat`."""
    numbers = range(1, 2 * people, 2)
    for cam in (1, 2):
        for number in numbers:
            folder = root / "i-LIDS-VID" / "sequences" / f"cam{cam}" / f"person{number:03d}"
            names = [f"cam{cam}_{folder.name}_{5 * frame + 90:05d}.png" for frame in range(frames + cam)]
            _write_frames(folder, names, number, (number, cam), size)
    splits = root / "train-test people splits"
    splits.mkdir()
    order = np.random.default_rng(0).permuted(np.tile(np.arange(1, people + 1), (10, 1)), axis=1)
    savemat(splits / "train_test_splits_ilidsvid.mat", {"ls_set": order.astype(np.uint16)})
    return root


def write_prid2011_tree(root: Path, people: int = 6, frames: int = 21, size: Size = (64, 32)) -> Path:
    """Writes both tracklets of each person, one of somebody else in each camera, and ten JSON splits."""
    for cam, camera in enumerate("ab", start=1):
        for number in [*range(1, people + 1), people + cam]:
            folder = root / "prid_2011" / "multi_shot" / f"cam_{camera}" / f"person_{number:04d}"
            names = [f"{frame + 1:04d}.png" for frame in range(frames)]
            _write_frames(folder, names, number, (number, cam), size)
    everyone = np.array([f"person_{number:04d}" for number in range(1, people + 1)])
    orders = [np.random.default_rng(split).permutation(everyone).tolist() for split in range(10)]
    splits = [{"train": order[: people // 2], "test": order[people // 2 :]} for order in orders]
    (root / "splits_prid2011.json").write_text(json.dumps(splits))
    return root


def write_ward_tree(root: Path, people: int = 4, frames: int = 5, size: Size = (64, 32)) -> Path:
    """Writes one passage of each person, numbered 1, 3, 5, ..., through each of three cameras."""
    folder = root / "toolbox" / "Datasets" / "WARD"
    for number in range(1, 2 * people, 2):
        for cam in (1, 2, 3):
            names = [f"{number:04d}{cam:04d}{frame:04d}.png" for frame in range(1, frames + cam)]
            _write_frames(folder, names, number, (number, cam), size)
    return root


def write_own_tree(root: Path, parts: Sequence[str] = (), frames: int = 4, size: Size = (64, 32)) -> Path:
    """Four people with one tracklet in the camera `door` and two in `hall`, and `tracklets.csv` of these.

    With parts, two people are in the first of them; the others are in the second where the door sees them,
    and in the last where the hall does.
    """
    rows = ["path,person,camera,tracklet" + (",part" if parts else "")]
    for number, person in enumerate(("anna", "ben", "carl", "dora")):
        for camera, tracklet in (("door", "1"), ("hall", "1"), ("hall", "2")):
            place_of = 0 if number < 2 else 1 if camera == "door" else -1
            part = parts[place_of] if parts else ""
            place = "/".join(filter(None, (part, person, camera, tracklet)))
            names = [f"{frame}.jpg" for frame in range(8, 8 + frames)]  # 10 comes after 9
            seed = (number, int(tracklet) + 2 * (camera == "hall"))
            _write_frames(root / place, names, number, seed, size)
            rows.append(",".join(filter(None, (place, person, camera, tracklet, part))))
    (root / "tracklets.csv").write_text("\n".join(rows) + "\n")
    return root


def _write_frames(folder: Path, names: Sequence[str], pid: int, seed: tuple[int, int], size: Size) -> None:
    for frame, name in enumerate(names):
        write_frame(folder / name, pid, (*seed, frame), size)


def write_frame(path: Path, pid: int, seed: tuple[int, ...], size: Size) -> None:
    colour = np.random.default_rng(pid).integers(40, 215, 3)
    pixels = np.random.default_rng(seed).normal(colour, 30, (*size, 3)).clip(0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".png":
        Image.fromarray(pixels).save(path)
    else:
        path.write_bytes(simplejpeg.encode_jpeg(pixels, quality=95))
