"""A handful of tracklets of noisy frames, and the data module over them."""

from pathlib import Path

import numpy as np
import simplejpeg

from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.training.datamodule import ReidDataModule, SnippetSize, TrainSampling

HEIGHT, WIDTH, NUM_BATCHES = 16, 8, 8


def write_splits(folder: Path) -> ReidSplits:
    """Four training identities, one of them with a single tracklet; two queries, three gallery tracklets."""
    rng = np.random.default_rng(0)

    def tracklet(pid: int, camid: int, length: int) -> Tracklet:
        paths = [folder / f"{pid}-{camid}-{number}.jpg" for number in range(length)]
        for path in paths:
            path.write_bytes(simplejpeg.encode_jpeg(rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)))
        return Tracklet(tuple(map(str, paths)), pid, camid)

    return ReidSplits(
        train=(*(tracklet(pid, camid, 9) for pid in (30, 11, 25) for camid in (1, 2)), tracklet(8, 1, 9)),
        query=(tracklet(50, 1, 6), tracklet(51, 1, 2)),
        gallery=(tracklet(50, 2, 4), tracklet(51, 2, 9), tracklet(0, 2, 5)),
    )


def make_datamodule(splits: ReidSplits, num_workers: int) -> ReidDataModule:
    size, sampling = SnippetSize(4, HEIGHT, WIDTH), TrainSampling("random", 2, 2, NUM_BATCHES, seed=1)
    return ReidDataModule(splits, size, sampling, eval_batch_size=3, num_workers=num_workers)
