"""What a tracklet brings over single frames: one network, the same frames, descriptors made in two ways.

    python experiments/footage/tracklets.py MODEL OUT.csv [DATA_ROOT]

On the test set of `data=synthetic data.size=small`, under protocol `released`:

- `snippets`: snippets of N frames, with COSAM comparing them; the mean over the tracklet's snippets.
- `repeated frames, mean`: a snippet of N copies of every frame; the mean over the tracklet's frames.
- `repeated frame`: such a snippet of the tracklet's middle frame alone, as image re-identification has it.
- `single frames, mean` and `single frame`: the same with COSAM passed over, as trackers need it. The network
  was not trained like that.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from reid_cosam import Encoder, Synthetic, Tracklet, load, read_clip, score
from reid_cosam.models.single_frame import single_frame_network


def compare(encoder: Encoder, query: list[Tracklet], gallery: list[Tracklet]) -> pd.DataFrame:
    """mAP and rank 1 (percent) of each way, and the seconds that it took."""
    single = Encoder(single_frame_network(encoder.network), 1, encoder.height, encoder.width)
    copies = encoder.num_frames

    def repeated(frames: np.ndarray) -> Tensor:
        return encoder.embed(np.repeat(frames[:, None], copies, axis=1)).mean(dim=0)

    ways: dict[str, Callable[[np.ndarray], Tensor]] = {
        f"snippets of {copies} frames": lambda frames: encoder.embed(frames[None])[0],
        "repeated frames, mean": repeated,
        "repeated frame": lambda frames: repeated(middle(frames)),
        "single frames, mean": lambda frames: single.embed(frames[None])[0],
        "single frame": lambda frames: single.embed(middle(frames)[None])[0],
    }
    queries, entries = (
        [torch.tensor([getattr(one, label) for one in part]) for label in ("pid", "camid")]
        for part in (query, gallery)
    )
    rows = []
    for name, embed in ways.items():
        start = time.perf_counter()
        clips = (read_clip(one.frames, encoder.height, encoder.width) for one in (*query, *gallery))
        found = torch.stack([embed(frames) for frames in clips])
        seconds = time.perf_counter() - start
        distances = torch.cdist(found[: len(query)], found[len(query) :])
        scores = score(distances, queries[0], queries[1], entries[0], entries[1])
        percent = {"mAP": 100 * scores.mean_ap, "R1": 100 * scores.rank(1)}
        rows.append({"descriptors": name, **percent, "seconds": seconds})
    return pd.DataFrame(rows)


def middle(frames: np.ndarray) -> np.ndarray:
    """The middle frame, still `[1, h, w, 3]`."""
    half = len(frames) // 2
    return frames[half : half + 1]


def main() -> None:
    model, out, root = [*sys.argv[1:], "datasets"][:3]
    splits = Synthetic(size="small", seed=0).read(root)
    table = compare(load(model), list(splits.query), list(splits.gallery))
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    table.round(2).to_csv(out, index=False)
    print(table.to_string(index=False, float_format=lambda number: f"{number:.1f}"))


if __name__ == "__main__":
    main()
