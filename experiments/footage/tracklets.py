"""What a tracklet brings over single frames: one network, the same frames, descriptors made in two ways.

    python experiments/footage/tracklets.py MODEL OUT.csv [DATA_ROOT]

On the test set of `data=synthetic data.size=small`, under protocol `released`:

- `snippets`: snippets of N frames, with COSAM comparing them; the mean over the tracklet's snippets.
- `single frames, mean`: every frame on its own, COSAM passed over; the mean over the tracklet's frames.
- `one frame`: the tracklet's middle frame alone, as image re-identification has it.
"""

import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from reid_cosam import Encoder, Synthetic, Tracklet, load, read_clip, score
from reid_cosam.models.single_frame import single_frame_network


def descriptors(encoder: Encoder, tracklets: Iterable[Tracklet], whole: bool = True) -> Tensor:
    """One descriptor `[d]` per tracklet, of all its frames or of the middle one."""
    paths = (
        one.frames if whole else one.frames[len(one.frames) // 2 : len(one.frames) // 2 + 1]
        for one in tracklets
    )
    return encoder.embed_tracklets(read_clip(frames, encoder.height, encoder.width) for frames in paths)


def compare(encoder: Encoder, query: list[Tracklet], gallery: list[Tracklet]) -> pd.DataFrame:
    """mAP and rank 1 (percent) of each way, and the seconds that it took."""
    single = Encoder(single_frame_network(encoder.network), 1, encoder.height, encoder.width)
    ways = {
        f"snippets of {encoder.num_frames} frames": (encoder, True),
        "single frames, mean": (single, True),
        "one frame": (single, False),
    }
    rows = []
    for name, (used, whole) in ways.items():
        start = time.perf_counter()
        found = descriptors(used, [*query, *gallery], whole)
        seconds = time.perf_counter() - start
        distances = torch.cdist(found[: len(query)], found[len(query) :])
        queries, entries = (
            [torch.tensor([getattr(one, label) for one in part]) for label in ("pid", "camid")]
            for part in (query, gallery)
        )
        scores = score(distances, queries[0], queries[1], entries[0], entries[1])
        percent = {"mAP": 100 * scores.mean_ap, "R1": 100 * float(scores.cmc[0])}
        rows.append({"descriptors": name, **percent, "seconds": seconds})
    return pd.DataFrame(rows)


def main() -> None:
    model, out, root = [*sys.argv[1:], "datasets"][:3]
    splits = Synthetic(size="small", seed=0).read(root)
    table = compare(load(model), list(splits.query), list(splits.gallery))
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    table.round(2).to_csv(out, index=False)
    print(table.to_string(index=False, float_format=lambda number: f"{number:.1f}"))


if __name__ == "__main__":
    main()
