"""G2A-VReID: people seen once from the ground and once by a drone, by Zhang et al. (ECCV 2024)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from reid_cosam.data.readers import DatasetReader
from reid_cosam.data.readers.mars import Mars
from reid_cosam.data.tracklet import ReidSplits, Tracklet


@dataclass(frozen=True)
class G2aVreid(DatasetReader):
    """G2A-VReID, which has the layout of MARS.

    One of its two cameras is on the ground, the other on a drone; nothing published says which is which. So
    views are named after cameras: `camera 1` and `camera 2`.

    >>> G2aVreid().read("datasets/g2a_vreid").query[0].view
    'camera 1'
    """

    counts = {  # noqa: RUF012
        "tracklets": 5576,
        "identities": 2788,
        "frames": 185_907,
        "cameras": 2,
    }

    def read(self, root: Path | str) -> ReidSplits:
        splits = Mars().read(root)
        train, query, gallery, junk = map(_with_views, splits.parts().values())
        return ReidSplits(train, query, gallery, junk, splits.remarks)


def _with_views(tracklets: Iterable[Tracklet]) -> tuple[Tracklet, ...]:
    return tuple(replace(one, view=f"camera {one.camid}") for one in tracklets)
