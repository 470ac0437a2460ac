"""Scores WARD with ImageNet's features alone: a network that is not trained on any person.

    python experiments/ward/yardsticks.py DATA_ROOT OUT.csv MODEL WEIGHTS HEIGHT WIDTH

MODEL is a CNN of timm, WEIGHTS its file of weights or `pretrained`. Each tracklet's descriptor is the mean of
its frames' last maps over locations and frames, of unit length (cosine distance). One row per split.
"""

import sys
from pathlib import Path

import pandas as pd
import torch
from rich.progress import track

from reid_cosam.data.frames import read_clip
from reid_cosam.data.readers.ward import SPLITS, Ward
from reid_cosam.encoder import Encoder
from reid_cosam.metrics.chance import expected_by_chance
from reid_cosam.metrics.scoring import ScoringConfig, score_protocols
from reid_cosam.metrics.testset import TestSet
from reid_cosam.models.aggregators import TemporalAveragePooling
from reid_cosam.models.network import VideoReidNet
from reid_cosam.models.timm_backbones import timm_backbone
from reid_cosam.results.store import write_text


def untrained(model: str, weights: str, height: int, width: int) -> Encoder:
    """The network without any training on people."""
    file = None if weights == "pretrained" else weights
    backbone = timm_backbone(model, pretrained=file is None, weights=file, last_stride=1)
    network = VideoReidNet(backbone, {}, TemporalAveragePooling(backbone.channels[-1]), num_identities=1)
    return Encoder(network, 4, height, width)


def score_split(encoder: Encoder, root: Path, split: int) -> dict[str, float]:
    """Scores of one split in percent, with those of a ranking by chance."""
    splits = Ward(split).read(root)
    test_set, tracklets = TestSet.of(splits.query, splits.gallery), [*splits.query, *splits.gallery]
    clips = (read_clip(one.frames, encoder.height, encoder.width) for one in tracklets)
    descriptors = torch.cat([encoder.embed(clip[None]) for clip in clips])
    (result,) = score_protocols(descriptors, test_set, ScoringConfig(distance="cosine"))
    chance = expected_by_chance(*test_set.compared("released"), (1, 5))
    scores = {"mAP": result.scores.mean_ap, "R1": result.scores.rank(1), "R5": result.scores.rank(5)}
    by_chance = {"chance mAP": chance.mean_ap, **{f"chance R{k}": value for k, value in chance.ranks.items()}}
    return {"split": split, **{name: 100 * value for name, value in (scores | by_chance).items()}}


def main(root: str, out: str, model: str, weights: str, height: str, width: str) -> None:
    encoder = untrained(model, weights, int(height), int(width))
    rows = [score_split(encoder, Path(root), split) for split in track(range(SPLITS), "splits")]
    found = pd.DataFrame(rows).assign(model=model, size=f"{height}x{width}")
    write_text(Path(out), found.to_csv(index=False, float_format="%.4f"))
    print(found.describe().loc[["mean", "std"]].round(1).to_string())


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit("usage: python experiments/ward/yardsticks.py DATA_ROOT OUT.csv MODEL WEIGHTS HEIGHT WIDTH")
    main(*sys.argv[1:])
