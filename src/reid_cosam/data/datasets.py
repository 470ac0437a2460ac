"""Data sets of snippets, and the batches they are collated into.

Clips leave here as `[b, t, 3, h, w]` views of frames stored with the channels last: no layout copy.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, Int64, UInt8
from torch import Tensor
from torch.utils.data import Dataset

from reid_cosam.data.frames import read_clip
from reid_cosam.data.snippets import SAMPLING, dense, dense_count
from reid_cosam.data.tracklet import Tracklet


class Draw(NamedTuple):
    """Which training sample to read: a tracklet's index, and the seed of its choice of frames."""

    tracklet: int
    seed: int


class TrainSample(NamedTuple):
    """One training snippet; `label` counts the training identities from 0."""

    clip: UInt8[np.ndarray, "t h w 3"]
    label: int
    camid: int


class DenseSample(NamedTuple):
    """One snippet of an evaluated tracklet, that tracklet's index, and the snippet's weight in its mean."""

    clip: UInt8[np.ndarray, "t h w 3"]
    tracklet: int
    weight: float


class ClipBatch(NamedTuple):
    """Training snippets; `labels` count the training identities from 0."""

    clips: UInt8[Tensor, "b t 3 h w"]
    labels: Int64[Tensor, " b"]
    camids: Int64[Tensor, " b"]


class SnippetBatch(NamedTuple):
    """Snippets of evaluated tracklets; `tracklets` are indices into the evaluated tracklets."""

    clips: UInt8[Tensor, "b t 3 h w"]
    tracklets: Int64[Tensor, " b"]
    weights: Float32[Tensor, " b"]


class TrainSnippets(Dataset[TrainSample]):
    """One sampled snippet a draw. A sample depends on its draw alone: not on workers, ranks or history.

    Raises:
        ValueError: a tracklet is empty, or `sampling` is not a key of `SAMPLING`.
    """

    def __init__(
        self,
        tracklets: Sequence[Tracklet],
        labels: Mapping[int, int],
        num_frames: int,
        height: int,
        width: int,
        sampling: str,
    ) -> None:
        if sampling not in SAMPLING:
            raise ValueError(f"sampling must be one of {sorted(SAMPLING)}, got {sampling!r}")
        _require_frames(tracklets)
        self._tracklets, self._labels = tracklets, labels
        self._num_frames, self._height, self._width = num_frames, height, width
        self._sample = SAMPLING[sampling]

    def __len__(self) -> int:
        return len(self._tracklets)

    def __getitem__(self, draw: Draw) -> TrainSample:
        tracklet = self._tracklets[draw.tracklet]
        positions = self._sample(len(tracklet), self._num_frames, np.random.default_rng(draw.seed))
        clip = _read(tracklet, positions, self._height, self._width)
        return TrainSample(clip, self._labels[tracklet.pid], tracklet.camid)


class DenseSnippets(Dataset[DenseSample]):
    """All snippets of all tracklets in one row, each tracklet's together.

    Under the tail `cycle` a last snippet that was filled up counts as the others do; under `weighted` it
    counts by its own frames only.

    Args:
        num_frames: frames of a snippet; None: each tracklet is one snippet, whatever its length.

    Attributes:
        counts: how many snippets each tracklet has.

    Raises:
        ValueError: a tracklet is empty.
    """

    def __init__(
        self,
        tracklets: Sequence[Tracklet],
        num_frames: int | None,
        height: int,
        width: int,
        tail: Literal["cycle", "weighted"],
    ) -> None:
        _require_frames(tracklets)
        self._tracklets, self._tail = tracklets, tail
        self._num_frames, self._height, self._width = num_frames, height, width
        counts = [dense_count(len(one), num_frames or len(one)) for one in tracklets]
        self.counts = np.array(counts, dtype=np.int64)
        firsts = np.cumsum(self.counts) - self.counts
        self._tracklet = np.repeat(np.arange(len(tracklets), dtype=np.int32), self.counts)
        self._number = np.arange(self.counts.sum(), dtype=np.int32) - firsts.astype(np.int32)[self._tracklet]

    def __len__(self) -> int:
        return len(self._tracklet)

    def __getitem__(self, index: int) -> DenseSample:
        position = int(self._tracklet[index])
        tracklet = self._tracklets[position]
        number, num_frames = int(self._number[index]), self._num_frames or len(tracklet)
        positions = dense(len(tracklet), num_frames)[number]
        own = min(num_frames, len(tracklet) - number * num_frames)
        weight = own / num_frames if self._tail == "weighted" else 1.0
        return DenseSample(_read(tracklet, positions, self._height, self._width), position, weight)


def collate_train(samples: Sequence[TrainSample]) -> ClipBatch:
    """Stack training samples into a batch."""
    clips, labels, camids = zip(*samples, strict=True)
    return ClipBatch(_stack(clips), torch.tensor(labels), torch.tensor(camids))


def collate_dense(samples: Sequence[DenseSample]) -> SnippetBatch:
    """Stack evaluated snippets into a batch."""
    clips, tracklets, weights = zip(*samples, strict=True)
    return SnippetBatch(_stack(clips), torch.tensor(tracklets), torch.tensor(weights, dtype=torch.float32))


def _stack(clips: Sequence[UInt8[np.ndarray, "t h w 3"]]) -> UInt8[Tensor, "b t 3 h w"]:
    return torch.from_numpy(np.stack(clips)).permute(0, 1, 4, 2, 3)


def _read(
    tracklet: Tracklet, positions: Int64[np.ndarray, " t"], height: int, width: int
) -> UInt8[np.ndarray, "t {height} {width} 3"]:
    return read_clip([tracklet.frames[position] for position in positions], height, width)


def _require_frames(tracklets: Sequence[Tracklet]) -> None:
    for index, tracklet in enumerate(tracklets):
        if not len(tracklet):
            raise ValueError(
                f"tracklet {index} (pid {tracklet.pid}, camid {tracklet.camid}) has no frames: "
                "leave it out of the data set or restore its images"
            )
