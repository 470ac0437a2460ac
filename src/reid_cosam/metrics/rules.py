"""The evaluation protocols in use for video re-identification, by name.

They share one ranking and differ in the gallery, in the entries that take no rank for a query, and in average
precision (AP). In all of them an entry of the query's person under the query's camera takes no rank, nor does
junk (pid -1). Who uses them:

- `released`: the gallery without queries and junk; step AP. The COSAM paper's numbers; LS-VID as SINet and
  VSLA-CLIP score it (7,829 tracklets).
- `with_queries`: the same gallery plus the queries; step AP. AP3D, PSTA, BiCnet, GRL; LS-VID as BiCnet and
  TF-CLIP score it (11,333 tracklets).
- `official`: every test tracklet; trapezoidal AP. The evaluation program of MARS.
- `cross_camera`: one camera queries, the other is the gallery; ranks only, since each person has one match,
  whose AP is the inverse of its rank. iLIDS-VID and PRID2011, as mean and deviation over 10 splits.
- `clothes_changing`: as `released`; the query's person in the query's clothes takes no rank either. CCVID.
- `same_clothes`: as `released`; the query's person in other clothes takes no rank either. CCVID.
- `cross_view`: as `released`; nobody of the query's own view takes a rank, so that aerial queries search the
  ground and ground queries the air. Sets with several views, both directions together.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64, Int64, Shaped
from torch import Tensor

from reid_cosam.metrics.ranking import step_average_precision, trapezoid_average_precision
from reid_cosam.pids import JUNK_PID


@runtime_checkable
class Identified(Protocol):
    """Anything with a person and a camera, such as `data.tracklet.Tracklet`, and maybe clothes and a view."""

    @property
    def pid(self) -> int: ...
    @property
    def camid(self) -> int: ...


class Labels(NamedTuple):
    """Who is seen by which camera, in which clothes and from which view; one entry per tracklet.

    Names of clothes need be unique only within a person. Clothes and views are None where they are not known
    of every tracklet.
    """

    pids: Int64[np.ndarray, " n"]
    camids: Int64[np.ndarray, " n"]
    clothes: Shaped[np.ndarray, " n"] | None = None
    views: Shaped[np.ndarray, " n"] | None = None

    @classmethod
    def of(cls, tracklets: Iterable[Identified]) -> "Labels":
        """The labels of these tracklets."""
        found = list(tracklets)
        pids, camids = (
            np.array([getattr(one, name) for one in found], np.int64) for name in ("pid", "camid")
        )
        optional = ([getattr(one, name, None) for one in found] for name in ("clothes", "view"))
        clothes, views = (None if None in values else np.array(values) for values in optional)
        return cls(pids, camids, clothes, views)

    def at(self, rows: Int64[np.ndarray, " k"] | slice) -> "Labels":
        """Those of some of the tracklets."""
        return Labels(*(None if values is None else values[rows] for values in self))  # type: ignore[arg-type]


Mask = Bool[np.ndarray, " g"]


@dataclass(frozen=True)
class ScoringProtocol:
    """How a ranking is scored.

    Attributes:
        gallery: the parts of the test set (`gallery`, `query`, `junk`) that are searched, in this order.
        ranks_only: whether its users report ranks without mAP.
        needs: which of the optional labels it looks at.
        removes: which entries take no rank beyond those of every protocol: a function of two masks over the
            gallery, `has the query's person` and `has the query's label`.
        match: in words, where a query must find its person.
    """

    name: str
    average_precision: Callable[[Int64[Tensor, "q m"]], Float64[Tensor, " q"]]
    gallery: tuple[str, ...] = ("gallery",)
    ranks_only: bool = False
    needs: Literal["clothes", "views"] | None = None
    removes: Callable[[Mask, Mask], Mask] | None = None
    match: str = "under another camera"

    def compared(self, query: Labels, gallery: Labels) -> Iterator[tuple[Mask, Mask]]:
        """For each query two masks over the gallery: what takes a rank, and what shows the query's person."""
        codes = _codes(getattr(query, self.needs), getattr(gallery, self.needs)) if self.needs else None
        junk = gallery.pids == JUNK_PID
        for number, (pid, camid) in enumerate(zip(query.pids, query.camids, strict=True)):
            same_pid = gallery.pids == pid
            removed = same_pid & (gallery.camids == camid) | junk
            if self.removes is not None and codes is not None:
                removed |= self.removes(same_pid, codes[1] == codes[0][number])
            yield ~removed, same_pid


def _codes(query: Any, gallery: Any) -> tuple[Int64[np.ndarray, " q"], Int64[np.ndarray, " g"]]:
    """Labels as numbers, which are compared faster than names."""
    _, codes = np.unique(np.concatenate([query, gallery]), return_inverse=True)
    return codes[: len(query)], codes[len(query) :]


_step = step_average_precision
PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        ScoringProtocol("released", _step),
        ScoringProtocol("with_queries", _step, ("gallery", "query")),
        ScoringProtocol("official", trapezoid_average_precision, ("gallery", "query", "junk")),
        ScoringProtocol("cross_camera", _step, ranks_only=True),
        ScoringProtocol(
            "clothes_changing",
            _step,
            needs="clothes",
            removes=lambda same_pid, same_clothes: same_pid & same_clothes,
            match="under another camera in other clothes",
        ),
        ScoringProtocol(
            "same_clothes",
            _step,
            needs="clothes",
            removes=lambda same_pid, same_clothes: same_pid & ~same_clothes,
            match="under another camera in the same clothes",
        ),
        ScoringProtocol(
            "cross_view",
            _step,
            needs="views",
            removes=lambda _, same_view: same_view,
            match="in another view",
        ),
    )
}


def protocol_named(name: str) -> ScoringProtocol:
    """The protocol of this name.

    Raises:
        ValueError: there is none.
    """
    if name not in PROTOCOLS:
        raise ValueError(f"unknown protocol {name!r}; choose from {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
