"""What may be searched for in a gallery: its tracks, those of another one, or frames."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from reid_cosam.data.readers.listing import is_image
from reid_cosam.data.readers.own import natural
from reid_cosam.galleries.gallery import Gallery, read_gallery
from reid_cosam.results.descriptors import FILE


@dataclass(frozen=True, eq=False)
class Queries:
    """What is searched for.

    Attributes:
        names: one per descriptor, for people.
        cameras: likewise; empty where none is known.
        own: the row of the searched gallery that a query is itself, -1 where it is none.
        judged: whether it gets verdicts, which are calibrated on tracklets: a single image is none.
    """

    names: Sequence[str]
    descriptors: Float32[Tensor, "q d"]
    cameras: Sequence[str]
    own: Int64[np.ndarray, " q"]
    judged: Bool[np.ndarray, " q"]

    @classmethod
    def of_images(
        cls, frames: Mapping[str, Sequence[str]], descriptors: Float32[Tensor, "q d"], camera: str = ""
    ) -> "Queries":
        """Queries that are in no gallery, by the names and paths that `frames_of` returned."""
        count = len(frames)
        judged = np.array([len(paths) > 1 for paths in frames.values()])
        return cls(list(frames), descriptors, [camera] * count, np.full(count, -1), judged)

    def __getitem__(self, number: int) -> "Queries":
        """One of them."""
        one = slice(number, number + 1)
        return Queries(
            self.names[one], self.descriptors[one], self.cameras[one], self.own[one], self.judged[one]
        )


def check_network(gallery: Gallery, where: str, other: str, network: str) -> None:
    """Raises ValueError if `other`, which belongs to that network, is not comparable with a gallery."""
    if gallery.network != network:
        raise ValueError(
            f"{where} was made by the network {gallery.network[:12]} ({gallery.model}), {other} belongs to "
            f"{network[:12]}: their descriptors cannot be compared; embed one of them again"
        )


def track_names(gallery: Gallery) -> list[str]:
    """`camera/track` of each row."""
    table = gallery.tracklets
    return [f"{camera}/{track}" for camera, track in zip(table["camera"], table["track"], strict=True)]


def all_tracks(gallery: Gallery) -> Queries:
    """Each tracklet of a gallery as a query."""
    cameras = gallery.tracklets["camera"].tolist()
    own, judged = np.arange(len(gallery)), np.ones(len(gallery), dtype=bool)
    return Queries(track_names(gallery), gallery.descriptors, cameras, own, judged)


def find_tracks(query: str, gallery: Gallery, folder: Path) -> Queries | None:
    """The tracklets that a text names; None if it is the path of frames.

    Args:
        query: `CAMERA/TRACK` of the gallery, the folder of any gallery (all its tracklets), or
            `FOLDER/CAMERA/TRACK`.
        gallery: that is searched.
        folder: where it was read from.

    Raises:
        ValueError: there is no such track and no such path, the name is that of two tracks, or the other
            gallery belongs to another network.
    """
    names = track_names(gallery)
    if query in names:
        return all_tracks(gallery)[_place_of(query, gallery)]
    path = Path(query)
    place = next((one for one in (path, *path.parents) if (one / FILE).exists()), None)
    if place is not None:
        return _of_another(path, place, gallery, folder)
    if path.exists():
        return None
    near = get_close_matches(query, names, 3)
    hint = f"; it has {', '.join(near)}" if near else ", which a query names as camera/track"
    raise ValueError(f"query={query}: {folder} has no such track{hint}; nor is there such a file or folder")


def _of_another(path: Path, place: Path, gallery: Gallery, folder: Path) -> Queries:
    itself = place.resolve() == folder.resolve()
    other = gallery if itself else read_gallery(place)
    check_network(gallery, str(folder), str(place), other.network)
    queries = all_tracks(other)
    if not itself:
        queries = replace(queries, own=np.full(len(other), -1))
    if path == place:
        return queries
    name = path.relative_to(place).as_posix()
    if name not in queries.names:
        near = ", ".join(get_close_matches(name, queries.names, 3)) or "tracks as camera/track"
        raise ValueError(f"query={path}: the gallery {place} has no track {name}; it has {near}")
    return queries[_place_of(name, other)]


def _place_of(name: str, gallery: Gallery) -> int:
    """The row of the only track of this name; ValueError if a slash in names makes it that of several."""
    rows = [row for row, one in enumerate(track_names(gallery)) if one == name]
    if len(rows) > 1:
        table = gallery.tracklets.iloc[rows]
        readings = " and ".join(
            f"track {track} of camera {camera}"
            for camera, track in zip(table["camera"], table["track"], strict=True)
        )
        raise ValueError(
            f"query={name} is both {readings}: rename one of them in the footage, and embed it again"
        )
    return rows[0]


def frames_of(path: Path) -> dict[str, list[str]]:
    """Paths of the frames of each tracklet that is a query: an image, a folder of images, or folders of such.

    Frames are in the natural order of their names, in which `embed` takes them; hidden files are left out.

    Raises:
        ValueError: there are no frames.
    """
    if path.is_file():
        found = {str(path): [str(path)]} if is_image(path.name) else {}
    else:
        found = {}
        for folder, inner, names in os.walk(path):
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            images = [name for name in names if is_image(name) and not name.startswith(".")]
            if images:
                found[folder] = [f"{folder}/{name}" for name in sorted(images, key=natural)]
    if not found:
        raise ValueError(f"query={path} has no frames: name an image, or a folder with images of a tracklet")
    return found
