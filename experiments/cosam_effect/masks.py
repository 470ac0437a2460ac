"""What trained masks do: how much of them is place, and what the scores lose when parts are taken away.

python experiments/cosam_effect/masks.py RUN [RUN ...]

Each RUN is the folder of a finished run with COSAM. The test set is scored again with each COSAM layer's mask
- as trained;
- flat: every location of a frame has the frame's mean, so that nothing is picked out;
- by place: every frame has the mean mask of the test set, so that only places are picked out.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from jaxtyping import Float
from rich.progress import track
from torch import Tensor

from reid_cosam import build
from reid_cosam.data.datasets import DenseSnippets, SnippetBatch, collate_dense
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.data.transforms import normalise
from reid_cosam.metrics.protocols import score
from reid_cosam.metrics.retrieval import TrackletDescriptors, euclidean_distances
from reid_cosam.models.cosam import Cosam
from reid_cosam.models.network import VideoReidNet
from reid_cosam.results.store import write_text

HERE = Path(__file__).parent
BATCH = 64

Masks = Float[Tensor, "b t 1 h w"]
Change = Callable[[Masks], Masks]


class MaskStatistics:
    """Sums over all masks of one layer."""

    def __init__(self) -> None:
        self.count, self.sums, self.squares = 0, torch.zeros(1), torch.zeros(1)

    def add(self, masks: Masks) -> Masks:
        flat = masks.flatten(0, 2).double()
        self.count += len(flat)
        self.sums, self.squares = self.sums + flat.sum(dim=0), self.squares + flat.square().sum(dim=0)
        return masks

    @property
    def mean_map(self) -> Tensor:
        return self.sums / self.count

    def mean_everywhere(self, masks: Masks) -> Masks:
        return self.mean_map.float().expand_as(masks)

    @property
    def share_of_place(self) -> float:
        """Variance of the mean mask over places, of the variance over all masks and places."""
        of_place = self.mean_map.var(correction=0)
        total = (self.squares / self.count).mean() - self.mean_map.mean().square()
        return float(of_place / total)


def change_masks(layer: Cosam, change: Change) -> None:
    """From now on the layer uses the changed mask."""
    original = type(layer).spatial_mask
    layer.spatial_mask = lambda maps: change(original(layer, maps))  # type: ignore[method-assign]


@torch.inference_mode()
def mean_ap(network: VideoReidNet, splits: ReidSplits, snippets: DenseSnippets, what: str) -> float:
    """mAP in percent under the `released` protocol."""
    descriptors = TrackletDescriptors(len(snippets.counts), network.descriptor_size)
    for start in track(range(0, len(snippets), BATCH), description=what):
        samples = [snippets[number] for number in range(start, min(start + BATCH, len(snippets)))]
        batch: SnippetBatch = collate_dense(samples)
        output = network.eval()(normalise(batch.clips, torch.float32))
        descriptors.update(output.descriptors, batch.tracklets, batch.weights)
    tracklets = (*splits.query, *splits.gallery)
    pids = torch.tensor([one.pid for one in tracklets])
    camids = torch.tensor([one.camid for one in tracklets])
    count, means = len(splits.query), descriptors.compute()
    distances = euclidean_distances(means[:count], means[count:])
    return 100 * score(distances, pids[:count], camids[:count], pids[count:], camids[count:]).mean_ap


def examine(run: Path) -> dict[str, object]:
    """One row: the scores with each change, and the share of place in the masks of each block."""
    trained, network = build.load_network(run / "checkpoints" / "last.ckpt")
    network.to(memory_format=torch.channels_last)
    splits = build.make_splits(trained.data)
    size = (trained.num_frames, trained.data.height, trained.data.width)
    snippets = DenseSnippets((*splits.query, *splits.gallery), *size, tail="cycle")
    layers = {int(stage): layer for stage, layer in network.attention.items() if isinstance(layer, Cosam)}
    seen = {stage: MaskStatistics() for stage in layers}
    for stage, layer in layers.items():
        change_masks(layer, seen[stage].add)
    variant = trained.recipe.attention["variant"]
    row: dict[str, object] = {"variant": variant, "seed": trained.seed}
    row["as trained"] = mean_ap(network, splits, snippets, f"{run.name}, as trained")
    for layer in layers.values():
        change_masks(layer, lambda masks: masks.mean(dim=(-2, -1), keepdim=True).expand_as(masks))
    row["flat"] = mean_ap(network, splits, snippets, f"{run.name}, flat")
    for stage, layer in layers.items():
        change_masks(layer, seen[stage].mean_everywhere)
    row["by place"] = mean_ap(network, splits, snippets, f"{run.name}, by place")
    return row | {f"share of place {stage}": seen[stage].share_of_place for stage in layers}


def main(runs: list[str]) -> None:
    if not runs:
        raise SystemExit(__doc__)
    rows = pd.DataFrame([examine(Path(run)) for run in runs]).sort_values(["variant", "seed"])
    write_text(HERE / "masks.csv", rows.to_csv(index=False, float_format="%.3f"))
    print(rows.to_string(index=False, float_format="%.3f"))
    print(f"written: {HERE / 'masks.csv'}")


if __name__ == "__main__":
    main(sys.argv[1:])
