"""Scores WARD with networks not trained on its people: ImageNet features, or a public re-ID network.

    python experiments/ward/yardsticks.py DATA_ROOT OUT.csv MODEL WEIGHTS HEIGHT WIDTH

MODEL is a CNN of timm, WEIGHTS its file of weights or `pretrained`; its descriptors are the means of the last
maps. If WEIGHTS is an ONNX file, from images `[b, 3, h, w]` to descriptors `[b, d]`, MODEL is just a name. A
tracklet's descriptor is the mean over its frames; the distance is the cosine's. One row per split.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float, UInt8
from rich.progress import track
from torch import Tensor

from reid_cosam.data.frames import read_clip
from reid_cosam.data.readers.ward import SPLITS, Ward
from reid_cosam.data.transforms import normalise
from reid_cosam.encoder import Encoder
from reid_cosam.metrics.chance import expected_by_chance
from reid_cosam.metrics.scoring import ScoringConfig, score_protocols
from reid_cosam.metrics.testset import TestSet
from reid_cosam.models.aggregators import TemporalAveragePooling
from reid_cosam.models.network import VideoReidNet
from reid_cosam.models.timm_backbones import timm_backbone
from reid_cosam.results.store import write_text
from reid_cosam.sharing.extras import import_extra

Embed = Callable[[UInt8[np.ndarray, "t h w 3"]], Float[Tensor, "1 d"]]


def imagenet(model: str, weights: str, height: int, width: int) -> Embed:
    """A network without any training on people."""
    file = None if weights == "pretrained" else weights
    backbone = timm_backbone(model, pretrained=file is None, weights=file, last_stride=1)
    network = VideoReidNet(backbone, {}, TemporalAveragePooling(backbone.channels[-1]), num_identities=1)
    encoder = Encoder(network, 4, height, width)
    return lambda frames: encoder.embed(frames[None])


def trained_elsewhere(file: str) -> Embed:
    """An image network in an ONNX file."""
    session = import_extra("onnxruntime", "onnx").InferenceSession(file)
    (given,) = session.get_inputs()

    def embed(frames: UInt8[np.ndarray, "t h w 3"]) -> Float[Tensor, "1 d"]:
        images = normalise(torch.from_numpy(frames)[None].permute(0, 1, 4, 2, 3), torch.float32)[0]
        (descriptors,) = session.run(None, {given.name: images.contiguous().numpy()})
        return torch.from_numpy(descriptors).mean(0, keepdim=True)

    return embed


def score_split(embed: Embed, height: int, width: int, root: Path, split: int) -> dict[str, float]:
    """Scores of one split in percent, with those of a ranking by chance."""
    splits = Ward(split).read(root)
    test_set, tracklets = TestSet.of(splits.query, splits.gallery), [*splits.query, *splits.gallery]
    descriptors = torch.cat([embed(read_clip(one.frames, height, width)) for one in tracklets])
    (result,) = score_protocols(descriptors, test_set, ScoringConfig(distance="cosine"))
    chance = expected_by_chance(*test_set.compared("released"), (1, 5))
    scores = {"mAP": result.scores.mean_ap, "R1": result.scores.rank(1), "R5": result.scores.rank(5)}
    by_chance = {"chance mAP": chance.mean_ap, **{f"chance R{k}": value for k, value in chance.ranks.items()}}
    return {"split": split, **{name: 100 * value for name, value in (scores | by_chance).items()}}


def main(root: str, out: str, model: str, weights: str, height: str, width: str) -> None:
    size = int(height), int(width)
    embed = trained_elsewhere(weights) if weights.endswith(".onnx") else imagenet(model, weights, *size)
    rows = [score_split(embed, *size, Path(root), split) for split in track(range(SPLITS), "splits")]
    found = pd.DataFrame(rows).assign(model=model, size=f"{height}x{width}")
    write_text(Path(out), found.to_csv(index=False, float_format="%.4f"))
    print(found.describe().loc[["mean", "std"]].round(1).to_string())


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit("usage: python experiments/ward/yardsticks.py DATA_ROOT OUT.csv MODEL WEIGHTS HEIGHT WIDTH")
    main(*sys.argv[1:])
