"""Ranked hits of queries in a gallery, each with a verdict where there is a calibration."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float32, Float64, Int64
from torch import Tensor

from reid_cosam.galleries.calibration import Calibration
from reid_cosam.galleries.gallery import Gallery
from reid_cosam.galleries.neighbours import NearestRows
from reid_cosam.galleries.queries import Queries
from reid_cosam.metrics.reranking import k_reciprocal
from reid_cosam.metrics.retrieval import unit_length
from reid_cosam.results.store import write_text
from reid_cosam.settings.base import Distance

_OF_GALLERY = ("camera", "track", "person", "first_frame", "last_frame", "start", "end", "thumbnail")
HITS = ("query", "rank", "distance", "verdict", *_OF_GALLERY)
"""The columns of `hits.csv`; those after `verdict` are of the hit."""

_DIGITS = {"distance": 6, "start": 3, "end": 3}

_K1 = 20  # as the paper of the re-ranking has it
_MOST_RERANKED = 20_000  # tracklets; each is compared with each


def check_table(out: Path) -> None:
    """Raises ValueError if `out` is there and is no table of hits: no other file is overwritten."""
    if out.is_dir():
        raise ValueError(f"out={out} is a folder: name a file, such as {out / 'hits.csv'}")
    check_place(out)
    if not out.exists():
        return
    with out.open("rb") as file:
        header = file.readline(1000).strip()
    if not header.startswith(",".join(HITS[:-1]).encode()):  # earlier versions wrote no thumbnails
        raise ValueError(f"out={out} is there, and is no table of hits: name another file, or move it away")


def check_place(out: Path) -> None:
    """Raises ValueError if a folder that `out` lies in is a file."""
    if file := next((one for one in out.parents if one.is_file()), None):
        raise ValueError(f"out={out} lies in the file {file}, which is no folder: name another place")


def write_hits(table: pd.DataFrame, folder: Path, out: Path) -> None:
    """Writes a table of hits; its thumbnails are named from where it lies.

    Args:
        table: that `hits` returned.
        folder: of the gallery.
        out: the file to write, which `check_table` let pass.

    Raises:
        OSError: it cannot be written.
    """
    way = Path(os.path.relpath(folder.resolve(), out.resolve().parent))
    pictures = [(way / name).as_posix() if name else "" for name in table["thumbnail"]]
    write_text(out, table.assign(thumbnail=pictures).round(_DIGITS).to_csv(index=False))


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
    cameras says nothing about hits under the query's own camera, so these have none; nor have those of a
    single image. Distances are those of the calibration, or else of the network.

    Args:
        queries: made by the network of the gallery.
        gallery: at least one tracklet.
        calibration: of the same network; without it `verdict` is empty.
        top: hits per query.
        far: in at most this share of searches a person who is not in the gallery gets `same`.
        cameras: searches these alone; all where it is empty.
        rerank: ranks by k-reciprocal distances, for which no calibration holds: `verdict` is empty.

    Returns:
        A table with the columns `HITS`; `thumbnail` is named from the gallery's folder.

    Raises:
        ValueError: nothing is left to search, a camera is unknown, or there are too few or too many
            tracklets to re-rank.
    """
    chosen = _rows_of(gallery, cameras)
    own = np.searchsorted(chosen, queries.own)  # among the chosen
    own[~np.isin(queries.own, chosen)] = -1
    distance = gallery.distance if calibration is None else calibration.distance
    searched = gallery.descriptors if len(chosen) == len(gallery) else gallery.descriptors[chosen]
    nearest = _reranked if rerank else _nearest
    distances, rows = nearest(queries.descriptors, searched, top + 1, distance)
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
        _take_back(table, queries, query, calibration)
    return table


def _take_back(
    table: pd.DataFrame, queries: Queries, query: Int64[np.ndarray, " h"], calibration: Calibration
) -> None:
    """Verdicts on hits, each of its `query`, that the calibration does not cover."""
    if calibration.source["labelled"]:
        table.loc[np.array(queries.cameras)[query] == table["camera"], "verdict"] = ""
    table.loc[~queries.judged[query], "verdict"] = ""


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


def _nearest(
    queries: Float32[Tensor, "q d"], searched: Float32[Tensor, "n d"], k: int, distance: Distance
) -> tuple[Float64[np.ndarray, "q k"], Int64[np.ndarray, "q k"]]:
    distances, rows = NearestRows(searched, distance).nearest(queries, k)
    return distances.numpy(), rows.numpy()


def _reranked(
    queries: Float32[Tensor, "q d"], searched: Float32[Tensor, "n d"], k: int, distance: Distance
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
    if distance == "cosine":
        queries, searched = unit_length(queries), unit_length(searched)
    distances, rows = torch.sort(k_reciprocal(queries, searched, k1=_K1), dim=1, stable=True)
    return distances[:, :k].double().numpy(), rows[:, :k].numpy()
