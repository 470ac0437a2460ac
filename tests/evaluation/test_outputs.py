"""Results are written one at a time."""

import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from reid_cosam.data.tracklet import Tracklet
from reid_cosam.evaluation import outputs as evaluation_outputs
from reid_cosam.evaluation.extracted_set import TestExtraction
from reid_cosam.evaluation.scoring import ProtocolResult, ScoringConfig
from reid_cosam.metrics.protocols import score
from tests.support.tree import write_mars_tree

PIDS = torch.tensor([101, 102])
PROTOCOLS = ("released", "with_queries", "official", "cross_camera")


class TwoPeople(TestExtraction):
    """Queried under camera 1 and found under camera 2."""

    def __init__(self, root: Path) -> None:
        frames = [str(next((root / f"bbox_test/0{pid}").iterdir())) for pid in PIDS]
        query, gallery = (
            [Tracklet((frame,), int(pid), cam) for pid, frame in zip(PIDS, frames, strict=True)]
            for cam in (1, 2)
        )
        self.plan = ScoringConfig(
            {"query": query, "gallery": gallery, "junk": []}, PROTOCOLS, "euclidean", None, None
        )
        self.root, self.size = root, (64, 32)

    def about(self) -> dict[str, Any]:
        return {"distance": "euclidean"}


def test_no_more_than_two_matrices_are_held(tmp_path: Path) -> None:
    evaluation = TwoPeople(write_mars_tree(tmp_path / "mars", test_ids=2))
    made: list[weakref.ref[torch.Tensor]] = []
    held: list[int] = []

    def score_protocols() -> Iterator[ProtocolResult]:
        for protocol in PROTOCOLS:
            distances = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
            made.append(weakref.ref(distances))
            held.append(sum(one() is not None for one in made))
            scores = score(distances, PIDS, torch.tensor([1, 1]), PIDS, torch.tensor([2, 2]), protocol)
            yield ProtocolResult(protocol, False, scores, evaluation.plan.tracklets["gallery"], distances, {})

    metrics, _ = evaluation_outputs.write_evaluation(evaluation, score_protocols(), tmp_path / "out")

    assert held == [1, 2, 2, 2]  # the one that is being made, and the one before it
    assert [row["protocol"] for row in metrics["results"]] == list(PROTOCOLS)
