"""The nearest rows of a matrix of descriptors: exact, by torch or, among many rows, by faiss."""

import logging
import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float32, Float64, Int64
from torch import Tensor

from reid_cosam.metrics.retrieval import unit_length
from reid_cosam.settings.base import Distance

FAISS_FROM = 100_000
"""Rows above which faiss is faster by more than its index takes to build."""

_MARGIN = 120  # candidates beyond those asked for
_FAISS_CANDIDATES = 2048  # above which its heaps are slower than a scan
_QUERIES_AT_ONCE = 64
_MANY_QUERIES = 16  # from which one matrix product for all of them is faster than faiss
_ROWS_AT_ONCE = 65_536
_PAIRS_AT_ONCE = 2**22  # entries of candidates compared at a time, in float64

_log = logging.getLogger(__name__)


class NearestRows:
    """Finds the nearest of `n` rows, in the same order whether faiss is used or not.

    Candidates come from float32 products or from an index in float16. They are then ranked by their distances
    in float64, equal ones by row, lower first. Both sources have a known largest error: as long as a row that
    is no candidate could be among the nearest, there are more candidates.

    The index takes two bytes per number beside the rows, about 2 s to build for a million rows of 512.

    Args:
        rows: `[n, d]`, finite, not copied if they are contiguous and the distance is euclidean.
        distance: L2, or 1 - cosine.
        faiss: whether to use it; None where it pays and is installed.

    Raises:
        ImportError: `faiss` is True and it is not installed.
    """

    def __init__(
        self, rows: Float32[Tensor, "n d"], distance: Distance = "euclidean", faiss: bool | None = None
    ) -> None:
        self.distance = distance
        self._rows = (unit_length(rows) if distance == "cosine" else rows).float().contiguous()
        self._squares = torch.linalg.vector_norm(self._rows, dim=1).square()  # needs no copy of the rows
        self._longest = float(self._squares.max().sqrt()) if len(rows) else 0.0
        self._find: Callable[[Tensor, int], tuple[Tensor, Tensor]] | None = None
        self._error = 0.0
        if faiss or (faiss is None and len(rows) > FAISS_FROM):
            self._use_faiss(required=faiss is True)

    def __len__(self) -> int:
        return len(self._rows)

    def nearest(
        self, queries: Float32[Tensor, "q d"], k: int
    ) -> tuple[Float64[Tensor, "q k"], Int64[Tensor, "q k"]]:
        """Distances and numbers of the `k` nearest rows of each query, the nearest first; all if there are
        fewer.

        Raises:
            ValueError: queries are as wide as no row.
        """
        if queries.shape[1] != self._rows.shape[1]:
            raise ValueError(
                f"queries have {queries.shape[1]} numbers, the descriptors of the gallery "
                f"{self._rows.shape[1]}: take both from one network"
            )
        queries = (unit_length(queries) if self.distance == "cosine" else queries).float()
        k = min(k, len(self))
        parts = [
            self._nearest(block, k, min(len(self), k + _MARGIN)) for block in queries.split(_QUERIES_AT_ONCE)
        ]
        distances, rows = (torch.cat(part) for part in zip(*parts, strict=True))
        return (distances.square() / 2 if self.distance == "cosine" else distances), rows

    def _nearest(
        self, queries: Float32[Tensor, "b d"], k: int, candidates: int
    ) -> tuple[Float64[Tensor, "b k"], Int64[Tensor, "b k"]]:
        if self._find is None or candidates > _FAISS_CANDIDATES or len(queries) >= _MANY_QUERIES:
            (squares, rows), error = self._scan(queries, candidates), 0.0
        else:
            (squares, rows), error = self._find(queries, candidates), self._error
        rows = rows.sort(dim=1).values
        exact, order = self._distances(queries, rows).sort(dim=1, stable=True)
        exact, rows = exact[:, :k], rows.gather(1, order[:, :k])
        if candidates == len(self):
            return exact, rows
        width = queries.shape[1]
        largest = queries.norm(dim=1) + self._longest
        rounding = (width + 8) * 2.0**-24 * largest.square()  # of float32, at worst (Higham, section 3.1)
        others = (squares.amax(dim=1) - rounding).clamp_(min=0).sqrt() - error
        unsure = others <= exact[:, -1]
        if unsure.any():
            more = self._nearest(queries[unsure], k, min(len(self), 8 * candidates))
            exact[unsure], rows[unsure] = more
        return exact, rows

    def _scan(
        self, queries: Float32[Tensor, "b d"], k: int
    ) -> tuple[Float32[Tensor, "b k"], Int64[Tensor, "b k"]]:
        """Squared distances and numbers of `k` rows, to float32 rounding the nearest."""
        squares, rows = queries.new_empty(len(queries), 0), torch.empty(len(queries), 0, dtype=torch.int64)
        own = queries.square().sum(1, keepdim=True)
        for start in range(0, len(self), _ROWS_AT_ONCE):
            block = slice(start, start + _ROWS_AT_ONCE)
            found = torch.addmm(self._squares[block], queries, self._rows[block].T, alpha=-2).add_(own)
            near, index = found.topk(min(k, found.shape[1]), dim=1, largest=False)
            squares, rows = torch.cat([squares, near], dim=1), torch.cat([rows, index + start], dim=1)
            squares, index = squares.topk(min(k, squares.shape[1]), dim=1, largest=False)
            rows = rows.gather(1, index)
        return squares, rows

    def _distances(
        self, queries: Float32[Tensor, "b d"], rows: Int64[Tensor, "b m"]
    ) -> Float64[Tensor, "b m"]:
        """L2 by summed differences: the same for equal rows, wherever they stand."""
        at_once = max(1, _PAIRS_AT_ONCE // queries.shape[1])
        return torch.stack(
            [
                torch.cat(
                    [(self._rows[part].double() - query).square_().sum(1) for part in row.split(at_once)]
                )
                for query, row in zip(queries.double(), rows, strict=True)
            ]
        ).sqrt_()

    def _use_faiss(self, required: bool) -> None:
        """Builds an index in float16: half the memory to read is half the time."""
        try:
            import faiss
        except ImportError:
            if required:
                raise ImportError("faiss is not installed: pip install 'reid-cosam[faiss]'") from None
            _log.warning("searching without faiss is exact but slower: pip install 'reid-cosam[faiss]'")
            return
        largest = max(abs(float(one)) for one in self._rows.aminmax())
        scale = 2.0 ** -math.ceil(math.log2(max(largest, 1e-30)))  # float16 ends at 65504
        width = self._rows.shape[1]
        library: Any = faiss  # its stubs know nothing of these calls
        index = library.IndexShards(width, True, True)  # a thread per shard, as one query is one thread
        shards = []
        for part in self._rows.chunk(torch.get_num_threads()):
            shard = library.IndexScalarQuantizer(width, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_L2)
            for block in part.split(_ROWS_AT_ONCE):
                shard.add((block * scale).numpy())
            index.add_shard(shard)
            shards.append(shard)

        def find(queries: Tensor, k: int) -> tuple[Tensor, Tensor]:
            squares, rows = index.search((queries * scale).numpy(), k)
            return torch.from_numpy(squares) / scale**2, torch.from_numpy(rows)

        self._shards, self._find = shards, find  # the index does not own its shards
        self._error = 2.0**-11 * self._longest + math.sqrt(width) * 2.0**-25 / scale
