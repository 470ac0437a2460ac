"""Scores as rows and tables, and the pictures beside them: what runs and evaluations write alike."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float
from PIL import Image

from reid_cosam.data.tracklet import Tracklet
from reid_cosam.metrics.chance import expected_by_chance
from reid_cosam.metrics.protocols import Scores
from reid_cosam.metrics.rules import PROTOCOLS
from reid_cosam.metrics.scoring import ProtocolResult
from reid_cosam.metrics.testset import TestSet
from reid_cosam.results.finished_run import TESTED
from reid_cosam.results.store import save_picture

RANKS = (1, 5, 10, 20)


class TestTracklets(NamedTuple):
    """A test set and its frames.

    Attributes:
        tracklets: in the order of `test_set`.
        root: the data set's folder.
        size: height and width at which the network sees the frames.
    """

    test_set: TestSet
    tracklets: Sequence[Tracklet]
    root: Path
    size: tuple[int, int]

    @property
    def queries(self) -> Sequence[Tracklet]:
        return self.tracklets[: self.test_set.num_queries]

    def table(self) -> pd.DataFrame:
        """One row per tracklet."""
        sizes = np.diff([0, self.test_set.num_queries, len(self.tracklets) - self.test_set.num_junk])
        parts = np.repeat(["query", "gallery", "junk"], [*sizes, self.test_set.num_junk])
        frames = [(len(one), one.first_frame(self.root)) for one in self.tracklets]
        lengths, first_frames = zip(*frames, strict=True)
        ids = {"pid": self.test_set.pids, "camid": self.test_set.camids}
        return pd.DataFrame({"part": parts, **ids, "length": lengths, "first_frame": first_frames})


def score_row(scores: Scores) -> dict[str, Any]:
    """What every `metrics.json` holds of a ranking, as fractions of 1."""
    return {
        "mAP": scores.mean_ap,
        "mINP": scores.mean_inp,
        **{f"R{k}": scores.rank(k) for k in RANKS},
        "queries": len(scores.first_ranks),
        "valid_queries": scores.valid_queries,
        "protocol": scores.protocol,
    }


def result_row(result: ProtocolResult, tested: Mapping[str, object]) -> dict[str, Any]:
    """Scores of all queries and, under `by_attribute`, of those whose person has an attribute.

    With them stands all that makes scores incomparable where it differs.

    Args:
        tested: `TESTED` by name: which frames the descriptors were made of, and whether the network was given
            the camera.
    """
    by_attribute = {
        attribute: None if scores is None else score_row(scores)
        for attribute, scores in result.by_attribute.items()
    }
    return score_row(result.scores) | {
        "gallery": PROTOCOLS[result.protocol].gallery,
        "gallery_tracklets": len(result.gallery),
        "distance": result.distance,
        "reranked": result.reranked,
        "reranking": result.reranking and result.reranking._asdict(),
        **{name: tested[name] for name in TESTED},
        "by_attribute": by_attribute,
    }


def tested_frames(num_frames: int | str, tail: str, trained: int | str) -> str:
    """How the frames of a tracklet are tested by networks of this package, for `metrics.json`.

    Args:
        num_frames: N at the test; `tracklet`: each tracklet is one clip.
        trained: N of the training, which is named where it differs.
    """
    snippets = f"in snippets of {num_frames}, tail {tail}"
    text = f"all frames {'of a tracklet as one clip' if num_frames == 'tracklet' else snippets}"
    return text if num_frames == trained else f"{text} (trained in snippets of {trained})"


def chance_row(test_set: TestSet, protocol: str) -> dict[str, float]:
    """What a ranking by chance would score, with step AP."""
    chance = expected_by_chance(*test_set.compared(protocol), RANKS, protocol)
    return {"mAP": chance.mean_ap, **{f"R{k}": value for k, value in chance.ranks.items()}}


def query_table(scores: Scores, test: TestTracklets) -> pd.DataFrame:
    """One row per query: which, its average precision, and the rank of its nearest match."""
    return tracklet_table(test.queries, test.root).assign(
        average_precision=scores.average_precisions, first_rank=scores.first_ranks
    )


def tracklet_table(tracklets: Sequence[Tracklet], root: Path) -> pd.DataFrame:
    """One row per tracklet. Its first frame, which names it, is relative to `root`, the data set's folder."""
    rows = [(one.first_frame(root), one.pid, one.camid) for one in tracklets]
    return pd.DataFrame(rows, columns=["first_frame", "pid", "camid"])


def cmc_table(curves: Mapping[str, Float[np.ndarray, " _"]]) -> pd.DataFrame:
    """One row per rank, one column per curve, as fractions of 1; empty where a gallery has no such rank."""
    table = pd.DataFrame({name: pd.Series(curve) for name, curve in curves.items()})
    return table.set_axis(table.index + 1).rename_axis("rank")


def save_pictures(pictures: Mapping[str, Image.Image], folder: Path) -> dict[str, Path]:
    """Writes each to `pictures/<name>.png` in `folder`; returns the paths by name."""
    paths = {name: folder / "pictures" / f"{name}.png" for name in pictures}
    for name, picture in pictures.items():
        save_picture(picture, paths[name])
    return paths
