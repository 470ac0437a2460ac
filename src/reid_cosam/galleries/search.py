"""Ranked hits of queries in a gallery, each with a verdict where there is a calibration."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float32, Float64, Int64
from torch import Tensor

from reid_cosam.data.readers.listing import is_image
from reid_cosam.galleries.calibration import Calibration
from reid_cosam.galleries.gallery import Gallery, read_gallery
from reid_cosam.galleries.neighbours import NearestRows
from reid_cosam.metrics.reranking import k_reciprocal
from reid_cosam.metrics.retrieval import unit_length
from reid_cosam.results.descriptors import FILE

_OF_GALLERY = ("camera", "track", "person", "first_frame", "last_frame", "start", "end")
HITS = ("query", "rank", "distance", "verdict", *_OF_GALLERY)
"""The columns of `hits.csv`; those after `verdict` are of the hit."""

_K1 = 20  # as the paper of the re-ranking has it
_MOST_RERANKED = 20_000  # tracklets; each is compared with each


@dataclass(frozen=True, eq=False)
class Queries:
    """What is searched for.

    Attributes:
        names: one per descriptor, for people.
        cameras: likewise; empty where none is known.
        own: the row of the searched gallery that a query is itself, -1 where it is none.
    """

    names: Sequence[str]
    descriptors: Float32[Tensor, "q d"]
    cameras: Sequence[str]
    own: Int64[np.ndarray, " q"]

    @classmethod
    def of_images(cls, names: Sequence[str], descriptors: Float32[Tensor, "q d"]) -> "Queries":
        """Queries that are in no gallery."""
        return cls(names, descriptors, [""] * len(names), np.full(len(names), -1))

    def __getitem__(self, number: int) -> "Queries":
        """One of them."""
        one = slice(number, number + 1)
        return Queries(self.names[one], self.descriptors[one], self.cameras[one], self.own[one])


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
    return Queries(track_names(gallery), gallery.descriptors, cameras, np.arange(len(gallery)))


def find_tracks(query: str, gallery: Gallery, folder: Path) -> Queries | None:
    """The tracklets that a text names; None if it is the path of frames.

    Args:
        query: `CAMERA/TRACK` of the gallery, the folder of any gallery (all its tracklets), or
            `FOLDER/CAMERA/TRACK`.
        gallery: that is searched.
        folder: where it was read from.

    Raises:
        ValueError: there is no such track and no such path, or the other gallery belongs to another network.
    """
    names = track_names(gallery)
    if query in names:
        return all_tracks(gallery)[names.index(query)]
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
    if place.resolve() == folder.resolve():
        queries = all_tracks(gallery)
    else:
        other = read_gallery(place)
        check_network(gallery, str(folder), str(place), other.network)
        queries = all_tracks(other)
        queries = replace(queries, own=np.full(len(other), -1))
    if path == place:
        return queries
    name = path.relative_to(place).as_posix()
    if name not in queries.names:
        near = ", ".join(get_close_matches(name, queries.names, 3)) or "tracks as camera/track"
        raise ValueError(f"query={path}: the gallery {place} has no track {name}; it has {near}")
    return queries[queries.names.index(name)]


def frames_of(path: Path) -> dict[str, list[str]]:
    """Paths of the frames of each tracklet that is a query: an image, a folder of images, or folders of such.

    Raises:
        ValueError: there are no frames.
    """
    if path.is_file():
        found = {str(path): [str(path)]} if is_image(path.name) else {}
    else:
        folders = [path, *sorted(one for one in path.rglob("*") if one.is_dir())]
        images = {
            str(one): sorted(str(file) for file in one.iterdir() if is_image(file.name)) for one in folders
        }
        found = {name: files for name, files in images.items() if files}
    if not found:
        raise ValueError(f"query={path} has no frames: name an image, or a folder with images of a tracklet")
    return found


def num_searched(gallery: Gallery, cameras: Sequence[str]) -> int:
    """Tracklets under these cameras; all where none are named."""
    return len(_rows_of(gallery, cameras))


def hits(
    queries: Queries,
    gallery: Gallery,
    calibration: Calibration | None = None,
    *,
    top: int = 10,
    far: float = 0.01,
    cameras: Sequence[str] = (),
    rerank: bool = False,
) -> pd.DataFrame:
    """The nearest tracklets of each query, the nearest first; a query's own tracklet is none of them.

    The verdict on a query is that on its first hit which has one. A calibration of pairs under different
    cameras says nothing about hits under the query's own camera, so these have none. Distances are L2, or
    cosine if the calibration says so.

    Args:
        queries: made by the network of the gallery.
        gallery: at least one tracklet.
        calibration: of the same network; without it `verdict` is empty.
        top: hits per query.
        far: in at most this share of searches a person who is not in the gallery gets `same`.
        cameras: searches these alone; all where it is empty.
        rerank: ranks by k-reciprocal distances, for which no calibration holds: `verdict` is empty.

    Returns:
        A table with the columns `HITS`.

    Raises:
        ValueError: nothing is left to search, a camera is unknown, or there are too few or too many
            tracklets to re-rank.
    """
    chosen = _rows_of(gallery, cameras)
    own = np.searchsorted(chosen, queries.own)  # among the chosen
    own[~np.isin(queries.own, chosen)] = -1
    distance = calibration.distance if calibration is not None else "euclidean"
    searched = gallery.descriptors if len(chosen) == len(gallery) else gallery.descriptors[chosen]
    if rerank:
        distances, rows = _reranked(queries.descriptors, searched, top + 1, distance == "cosine")
    else:
        index = NearestRows(searched, distance)
        found = index.nearest(queries.descriptors, top + 1)
        distances, rows = found[0].numpy(), found[1].numpy()
    others = rows != own[:, None]
    others &= np.cumsum(others, axis=1) <= top
    query, place = np.nonzero(others)
    if not len(query):
        raise ValueError("the query's own tracklet is the only one that there is to search")
    table: pd.DataFrame = gallery.tracklets[list(_OF_GALLERY)].iloc[chosen[rows[query, place]]]
    table = table.reset_index(drop=True)
    near = distances[query, place]
    table.insert(0, "query", np.array(queries.names, dtype=object)[query])
    table.insert(1, "rank", np.cumsum(others, axis=1)[query, place])
    table.insert(2, "distance", near)
    table.insert(3, "verdict", "")
    if calibration is not None and not rerank:
        table["verdict"] = calibration.verdicts(near, len(chosen), far)
        if calibration.source["labelled"]:
            table.loc[np.array(queries.cameras)[query] == table["camera"], "verdict"] = ""
    return table


def deciding(table: pd.DataFrame) -> pd.DataFrame:
    """Of the hits of each query the first that has a verdict; the first one where none has."""
    by_verdict = table.assign(none=table["verdict"] == "").sort_values("none", kind="stable")
    return table.loc[by_verdict.drop_duplicates("query").index.sort_values()]


def _rows_of(gallery: Gallery, cameras: Sequence[str]) -> Int64[np.ndarray, " n"]:
    if not len(gallery):
        raise ValueError("the gallery is empty: there is no tracklet to search")
    known = gallery.tracklets["camera"]
    if unknown := sorted({*cameras} - {*known}):
        raise ValueError(
            f"cameras={unknown[0]}: the gallery has no such camera; it has {', '.join(known.unique())}"
        )
    return np.flatnonzero(known.isin(cameras)) if cameras else np.arange(len(gallery))


def _reranked(
    queries: Float32[Tensor, "q d"], searched: Float32[Tensor, "n d"], k: int, cosine: bool
) -> tuple[Float64[np.ndarray, "q k"], Int64[np.ndarray, "q k"]]:
    if len(searched) > _MOST_RERANKED:
        raise ValueError(
            f"rerank=true compares each tracklet with each, which is too much for {len(searched):,}: search "
            f"at most {_MOST_RERANKED:,}, for example with cameras=..."
        )
    if len(queries) + len(searched) <= _K1:
        raise ValueError(
            f"rerank=true compares the {_K1} nearest neighbours of each tracklet, more than there are: leave "
            "it out"
        )
    if cosine:
        queries, searched = unit_length(queries), unit_length(searched)
    distances, rows = torch.sort(k_reciprocal(queries, searched, k1=_K1), dim=1, stable=True)
    return distances[:, :k].double().numpy(), rows[:, :k].numpy()
