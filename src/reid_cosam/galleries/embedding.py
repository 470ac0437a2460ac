"""From footage to a gallery on disk, in parts that survive an interruption."""

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from PIL import Image

from reid_cosam.footage.boxed import BoxedCamera
from reid_cosam.footage.crops import Track
from reid_cosam.footage.layouts import Camera, Footage
from reid_cosam.footage.prefetch import prefetched
from reid_cosam.galleries.collector import Collector, Strip, grouped
from reid_cosam.galleries.extraction import Extract
from reid_cosam.galleries.gallery import COLUMNS, Gallery, write_gallery
from reid_cosam.galleries.parts import PARTS, Faults, Part, PartStore, concatenated
from reid_cosam.results.descriptors import FILE
from reid_cosam.results.figures.masks import overlays
from reid_cosam.results.store import write_json, write_text
from reid_cosam.settings.base import Distance

_GROUP = 64  # tracks that are finished, and kept, together
_UNFINISHED = (PARTS, "thumbnails", "masks", "boxes", "gallery.json", "tracklets.csv")  # of a gallery
_AHEAD = 256  # crops that wait for the network

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Embedding:
    """How to embed.

    Attributes:
        network, model: fingerprint of the network, and where it was read from.
        num_frames, height, width: of the snippets that the network takes.
        batch: snippets at once.
        min_frames: tracks with fewer crops that can be used are left out.
        computation: in words; descriptors of different computations may differ in their last digits.
        distance: by which the network's descriptors are compared.
    """

    network: str
    model: str
    num_frames: int
    height: int
    width: int
    batch: int
    min_frames: int
    computation: str
    distance: Distance = "euclidean"


class _Group(NamedTuple):
    number: int
    tracks: list[Track]
    first: int  # number of its first track


def embed(
    footage: Footage,
    extract: Extract,
    how: Embedding,
    out: Path,
    progress: Callable[[int], AbstractContextManager[Advance]],
) -> tuple[Gallery, Faults]:
    """Embeds every track of the footage and writes the gallery to `out`; takes up an interrupted run.

    Args:
        progress: given the number of crops to come, yields what is told of those that are done.

    Raises:
        ValueError: `out` as in `check_out`, or with parts of another run; a video is broken; nothing can be
            used.
        OSError: something cannot be written.
    """
    check_out(out)
    groups = _groups(footage)
    store = PartStore(out, _origin(footage, how))
    left = {
        camera.name: [one for one in groups[camera.name] if not store.has(one.number)]
        for camera in footage.cameras
    }
    total = sum(track.length for found in left.values() for group in found for track in group.tracks)
    with progress(total) as advance:
        for camera in footage.cameras:
            for number, part in _parts(camera, left[camera.name], extract, how, out, advance):
                store.write(number, part)
    found = concatenated([store.read(one.number) for ones in groups.values() for one in ones])
    gallery = _gallery(found, how, out)
    _write_beside(footage, found.faults, out)
    write_gallery(gallery, out)
    shutil.rmtree(store.folder)
    return gallery, found.faults


def check_out(out: Path) -> None:
    """Whether a gallery may be written to `out`: there is nothing yet, or what an interrupted run left.

    Raises:
        ValueError: it is a file, or holds a gallery or something else; it stays as it is.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise ValueError(f"out={out} is a file, but a gallery is a folder: name another one")
    if (out / FILE).exists():
        raise ValueError(f"out={out} already holds a gallery: delete the folder, or name another one")
    own = _UNFINISHED if (out / PARTS).is_dir() else ()
    if others := sorted({one.name for one in out.iterdir() if not one.name.startswith(".")} - {*own}):
        raise ValueError(
            f"out={out} holds other files, such as {others[0]}: name a folder that is new or empty"
        )


def _groups(footage: Footage) -> dict[str, list[_Group]]:
    groups: dict[str, list[_Group]] = {}
    number, first = 0, 0
    for camera in footage.cameras:
        groups[camera.name] = []
        for tracks in grouped(camera.tracks, _GROUP):
            groups[camera.name].append(_Group(number, tracks, first))
            number, first = number + 1, first + len(tracks)
    return groups


def _origin(footage: Footage, how: Embedding) -> Mapping[str, str]:
    digest = hashlib.sha256(repr([(one.name, one.signature) for one in footage.cameras]).encode())
    return {
        "network": how.network,
        "footage": digest.hexdigest(),
        "batch": str(how.batch),
        "min_frames": str(how.min_frames),
        "computation": how.computation,
    }


def _parts(
    camera: Camera, groups: list[_Group], extract: Extract, how: Embedding, out: Path, advance: Advance
) -> Iterator[tuple[int, Part]]:
    """The parts of one camera as they are completed; its footage is read once."""
    collectors: dict[int, Collector] = {}
    group_of = {track.name: group for group in groups for track in group.tracks}
    if not group_of:
        return
    for item in prefetched(camera.crops(group_of.keys(), how.height, how.width), _AHEAD):
        group = group_of[item.track]
        if group.number not in collectors:
            collectors[group.number] = _collector(group, extract, how, out)
        advance(1)
        if collectors[group.number].add(item):
            yield group.number, collectors.pop(group.number).part()


def _collector(group: _Group, extract: Extract, how: Embedding, out: Path) -> Collector:
    numbers = {track: group.first + place for place, track in enumerate(group.tracks)}

    def save_strip(track: Track, strip: Strip) -> str:
        return _save_strip(f"{numbers[track]:05d}.jpg", strip, out)

    return Collector(group.tracks, extract, how.num_frames, how.batch, how.min_frames, save_strip)


def _save_strip(name: str, strip: Strip, out: Path) -> str:
    """Writes the pictures side by side and, where there are masks, the same under the masks."""
    if not strip:
        return ""
    thumbnail = f"thumbnails/{name}"
    _save_jpeg(Image.fromarray(np.hstack([picture for picture, _ in strip])), out / thumbnail)
    masks = [mask for _, mask in strip if mask is not None]
    if masks:
        pictures, strengths = np.stack([picture for picture, _ in strip]), np.stack(masks)
        size = (pictures.shape[2], pictures.shape[1])
        drawn = overlays(pictures, strengths, float(strengths.min()), float(strengths.max()))
        masked = np.hstack([np.asarray(one.resize(size, Image.Resampling.BILINEAR)) for one in drawn])
        _save_jpeg(Image.fromarray(masked), out / "masks" / name)
    return thumbnail


def _save_jpeg(image: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, quality=85)  # if this is interrupted, the part is made again, and its pictures too


def _gallery(found: Part, how: Embedding, out: Path) -> Gallery:
    if not found.rows:
        counted = ", ".join(f"{kind}: {number:,}" for kind, number in found.faults.counts.items())
        raise ValueError(f"nothing could be embedded, so {out} gets no gallery; {counted}")
    table = pd.DataFrame(found.rows, columns=list(COLUMNS)).astype(dict(COLUMNS))
    table = table.sort_values(["camera", "start", "first_frame", "track"], kind="stable")
    order = torch.from_numpy(table.index.to_numpy().copy())
    table = table.reset_index(drop=True)
    return Gallery(found.descriptors[order], table, how.network, how.model, how.distance)


def _write_beside(footage: Footage, faults: Faults, out: Path) -> None:
    for camera in footage.cameras:
        if isinstance(camera, BoxedCamera):
            write_text(out / "boxes" / f"{camera.name}.txt", camera.boxes.text())
    cameras = {camera.name: dict(camera.about) for camera in footage.cameras}
    content = {"layout": footage.layout, "cameras": cameras, "faults": faults.counts}
    write_json(out / "gallery.json", content)
