"""Real MARS lists: identities and cameras of the data set, descriptors by rule."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from reid_cosam.data.readers.mars import read_info
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.metrics.protocols import score

GOLDEN = Path(__file__).parents[1] / "data" / "golden"


def _descriptors(pids: np.ndarray[Any, Any], camids: np.ndarray[Any, Any]) -> Tensor:
    real, identity = np.unique(pids, return_inverse=True)
    rng = np.random.default_rng(0)
    centre, camera, noise, stray = (rng.standard_normal((n, 32)) for n in (len(real), 6, *[len(pids)] * 2))
    person = centre[identity] + 0.6 * camera[camids - 1] + 1.1 * noise
    return torch.from_numpy(np.where(pids[:, None] <= 0, 1.5 * stray, person))


def _galleries(splits: ReidSplits) -> dict[str, list[str]]:
    parts = {
        "released": splits.gallery,
        "with_queries": splits.query + splits.gallery,
        "official": splits.query + splits.gallery + splits.junk,
    }
    return {name: [tracklet.frames[0] for tracklet in gallery] for name, gallery in parts.items()}


@pytest.mark.parametrize("protocol", ["released", "with_queries", "official"])
def test_real_mars_lists(protocol: str) -> None:
    folder = os.environ.get("REID_COSAM_MARS_INFO")
    if folder is None:
        pytest.skip("REID_COSAM_MARS_INFO does not name the folder with the MARS lists")
    expected = json.loads((GOLDEN / "mars_protocol.json").read_text())[protocol]
    splits = read_info(Path(folder), Path("mars"))
    # Frame paths sort the test tracklets back into the order of the lists, which the rule draws in.
    test = sorted(splits.query + splits.gallery + splits.junk, key=lambda tracklet: tracklet.frames[0])
    row = {tracklet.frames[0]: index for index, tracklet in enumerate(test)}
    pids, camids = np.array([t.pid for t in test]), np.array([t.camid for t in test])
    descriptors = _descriptors(pids, camids)
    query = [row[tracklet.frames[0]] for tracklet in splits.query]
    gallery = [row[name] for name in _galleries(splits)[protocol]]

    distances = torch.cdist(descriptors[query], descriptors[gallery])
    scores = score(distances, pids[query], camids[query], pids[gallery], camids[gallery], protocol)

    assert len(gallery) == expected["gallery"]
    assert scores.valid_queries == expected["valid_queries"]
    assert scores.mean_ap == pytest.approx(expected["mAP"], abs=1e-6)
    for k in (1, 5, 20):
        assert scores.rank(k) == pytest.approx(expected[f"R{k}"], abs=1e-6)
