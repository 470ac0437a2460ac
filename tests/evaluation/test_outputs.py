"""Results are written one at a time."""

import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from reid_cosam.data.tracklet import Tracklet
from reid_cosam.evaluation.outputs import write_evaluation
from reid_cosam.evaluation.records import TestTracklets
from reid_cosam.metrics.protocols import score
from reid_cosam.metrics.scoring import ProtocolResult
from reid_cosam.metrics.testset import TestSet
from tests.support.tree import write_mars_tree

PIDS = torch.tensor([101, 102])
PROTOCOLS = ("released", "with_queries", "official", "cross_camera")


def two_people(root: Path) -> TestTracklets:
    """Queried under camera 1 and found under camera 2."""
    frames = [str(next((root / f"bbox_test/0{pid}").iterdir())) for pid in PIDS]
    query, gallery = (
        [Tracklet((frame,), int(pid), cam) for pid, frame in zip(PIDS, frames, strict=True)] for cam in (1, 2)
    )
    return TestTracklets(TestSet.of(query, gallery), (*query, *gallery), root, (64, 32))


def test_no_more_than_two_matrices_are_held(tmp_path: Path) -> None:
    test = two_people(write_mars_tree(tmp_path / "mars", test_ids=2))
    made: list[weakref.ref[torch.Tensor]] = []
    held: list[int] = []

    def results() -> Iterator[ProtocolResult]:
        for protocol in PROTOCOLS:
            distances = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
            made.append(weakref.ref(distances))
            held.append(sum(one() is not None for one in made))
            scores = score(distances, PIDS, torch.tensor([1, 1]), PIDS, torch.tensor([2, 2]), protocol)
            yield ProtocolResult(protocol, "euclidean", None, scores, np.array([2, 3]), distances, {})

    about = {"distance": "euclidean", "tested_frames": "all", "camera_input": False}
    metrics, _ = write_evaluation(results(), test, about, tmp_path / "out")

    assert held == [1, 2, 2, 2]  # the one that is being made, and the one before it
    assert [row["protocol"] for row in metrics["results"]] == list(PROTOCOLS)
    assert metrics["distance"] == "euclidean"
