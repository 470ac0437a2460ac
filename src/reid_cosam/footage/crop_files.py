"""Cameras of crops: folders of images, and CSV files that list images."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from reid_cosam.data.readers.listing import is_image
from reid_cosam.data.readers.own import natural
from reid_cosam.data.tables import read_table
from reid_cosam.footage.clock import Clock
from reid_cosam.footage.cropped import CroppedCamera, numbers
from reid_cosam.footage.crops import Track

_DEPTH = 3  # folders that a layout has, at most


def depths(root: Path) -> set[int]:
    """How deep below `root` there are images; folders deeper than any layout has are not looked into."""
    return {len(Path(folder).relative_to(root).parts) for folder, _ in _folders(root)}


def read_folders(root: Path, depth: int, clock: Clock) -> list[CroppedCamera]:
    """Cameras from folders of crops; `depth` 1: track, 2: camera/track, 3: person/camera/track.

    In the last one a track is named `person/track`: two people may have tracks of one name.

    Raises:
        ValueError: images lie elsewhere.
    """
    tracks: dict[tuple[str, str], tuple[str, list[str]]] = {}
    for folder, names in _folders(root):
        parts = Path(folder).relative_to(root).parts
        if len(parts) != depth:
            raise ValueError(f"{folder} has images, but those of tracks lie {depth} folders below {root}")
        camera = parts[-2] if depth > 1 else root.resolve().name
        paths = [f"{folder}/{name}" for name in sorted(names, key=natural)]
        person = parts[0] if depth == _DEPTH else ""
        track = f"{person}/{parts[-1]}" if person else parts[-1]
        tracks[camera, track] = (person, paths)
    if not tracks:
        raise ValueError(f"{root} has no images")
    return _cameras(tracks, str(root), clock)


def read_csv(path: Path, clock: Clock) -> list[CroppedCamera]:
    """Cameras from a CSV file `path,track,camera[,person]`; paths are relative to the file's folder.

    Raises:
        ValueError: it is no such table, or a line does not fit to an earlier one; names both.
    """
    table = read_table(path, ("path", "track", "camera"), ("person",))
    if table.empty:
        raise ValueError(f"{path} lists no images")
    people = table["person"] if "person" in table else [""] * len(table)
    tracks: dict[tuple[str, str], tuple[str, list[str]]] = {}
    seen: dict[str, int] = {}
    rows = zip(table["path"], table["track"], table["camera"], people, strict=True)
    for line, (image, track, camera, person) in enumerate(rows, start=2):
        if not (image and track and camera):
            raise ValueError(f"{path}, line {line}: path, track and camera must not be empty")
        if image in seen:
            raise ValueError(f"{path}, line {line}: {image} is listed already in line {seen[image]}")
        seen[image] = line
        known, paths = tracks.setdefault((camera, track), (person, []))
        if known != person:
            raise ValueError(
                f"{path}, line {line}: track {track} of camera {camera} belongs to {known!r} further up, "
                f"here to {person!r}"
            )
        paths.append(_image(path, line, image))
    return _cameras(tracks, str(path), clock)


def _image(table: Path, line: int, name: str) -> str:
    path = table.parent / name
    if not is_image(name) and path.is_dir():
        raise ValueError(f"{table}, line {line}: {name} is a folder: name one image per line")
    return str(path)


def _cameras(
    tracks: Mapping[tuple[str, str], tuple[str, list[str]]], source: str, clock: Clock
) -> list[CroppedCamera]:
    listed: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    made: dict[str, list[Track]] = defaultdict(list)
    for (camera, name), (person, paths) in sorted(
        tracks.items(), key=lambda one: tuple(map(natural, one[0]))
    ):
        frames = numbers(paths)
        where = str(Path(paths[0]).parent)
        made[camera].append(Track(camera, name, person, where, len(paths), min(frames), max(frames)))
        listed[camera][name] = tuple(paths)
    return [
        CroppedCamera(
            name,
            tuple(sorted(found, key=lambda track: track.last)),  # as they are embedded
            listed[name],
            {"source": source, "fps": clock.fps, "start": clock.start(name)},
            clock.fps,
            clock.start(name),
        )
        for name, found in made.items()
    ]


def _folders(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Folders that have images, and the names of these; hidden ones are left out."""
    for folder, inner, names in os.walk(root, onerror=_raise):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        if len(Path(folder).relative_to(root).parts) >= _DEPTH:
            inner.clear()
        if images := [name for name in names if is_image(name) and not name.startswith(".")]:
            yield folder, images


def _raise(error: OSError) -> None:
    raise error
