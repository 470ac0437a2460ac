"""Crops of many tracks that come in any order become snippets, and these one descriptor per track."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from reid_cosam.data.snippets import dense
from reid_cosam.footage.crops import Crop, Track, Unusable
from reid_cosam.galleries.extraction import Extract
from reid_cosam.galleries.parts import Faults, Part

Strip = list[tuple[UInt8[np.ndarray, "_ _ 3"], Float32[np.ndarray, "_ _"] | None]]
"""Pictures of a track, each with the mask that COSAM made of it."""


@dataclass
class _Open:
    """A track whose crops still come. `crops` are those of the snippet that is being filled."""

    track: Track
    crops: list[Crop] = field(default_factory=list)
    first: tuple[int, float | None] | None = None  # frame and time
    last: tuple[int, float | None] | None = None
    used: int = 0
    broken: int = 0
    snippets: int = 0
    total: Tensor | float = 0.0  # of the descriptors of its snippets, in float64
    strip: Strip = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return self.used + self.broken == self.track.length


class Collector:
    """Takes the crops of a group of tracks; holds one snippet per open track, and one batch of snippets.

    Batches are made of this group alone, in the order of its crops: whatever happens elsewhere, the same
    crops give the same descriptors, bit by bit.

    Args:
        batch: snippets that the network gets at once.
        min_frames: tracks with fewer crops that can be used are left out.
        save_strip: is given the pictures of a track; returns the name of the file.
    """

    def __init__(
        self,
        tracks: Sequence[Track],
        extract: Extract,
        num_frames: int,
        batch: int,
        min_frames: int,
        save_strip: Callable[[Track, Strip], str],
    ) -> None:
        self._open = {track.name: _Open(track) for track in tracks}
        self._names = list(self._open)
        self._extract, self._num_frames, self._batch = extract, num_frames, batch
        self._min_frames, self._save_strip = min_frames, save_strip
        self._waiting: list[tuple[_Open, list[Crop]]] = []
        self._left = len(tracks)
        self._faults = Faults()

    def add(self, item: Crop | Unusable) -> bool:
        """Takes one crop; returns whether it was the last of the group."""
        one = self._open[item.track]
        if isinstance(item, Unusable):
            one.broken += 1
            self._faults.add(f"crops {item.kind}", item.text)
        else:
            one.used += 1
            one.last = (item.frame, item.time)
            one.first = one.first or one.last
            one.crops.append(item)
        if one.crops and (len(one.crops) == self._num_frames or one.is_complete):
            self._waiting.append((one, one.crops))
            one.crops = []
            if len(self._waiting) == self._batch:
                self._embed()
        self._left -= one.is_complete
        return self._left == 0

    def _embed(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        snippets = np.stack([self._filled([crop.image for crop in crops]) for _, crops in waiting])
        found = self._extract(torch.from_numpy(snippets))
        for index, (one, crops) in enumerate(waiting):
            one.total = found.descriptors[index].double() + one.total
            one.snippets += 1
            for place, crop in enumerate(crops):
                if crop.picture is not None:
                    mask = None if found.masks is None else found.masks[index, place].numpy()
                    one.strip.append((crop.picture, mask))

    def _filled(self, images: list[UInt8[np.ndarray, "h w 3"]]) -> UInt8[np.ndarray, "t h w 3"]:
        (places,) = dense(len(images), self._num_frames)
        return np.stack([images[place] for place in places])

    def part(self) -> Part:
        """The descriptors of the tracks that can be used, once all their crops have come."""
        self._embed()
        tracks = [self._open[name] for name in self._names]
        kept = [one for one in tracks if one.used >= self._min_frames]
        for one in tracks:
            if one.used < self._min_frames:
                text = (
                    f"track {one.track.name} of camera {one.track.camera}: {one.used} of {one.track.length}"
                )
                self._faults.add(f"tracks with fewer than {self._min_frames} usable crops", text)
        descriptors = [(one.total / one.snippets).float() for one in kept]  # type: ignore[union-attr]
        rows = [self._row(one) for one in kept]
        return Part(torch.stack(descriptors) if kept else torch.zeros(0, 0), rows, self._faults)

    def _row(self, one: _Open) -> dict[str, Any]:
        assert one.first is not None
        assert one.last is not None
        return {
            "camera": one.track.camera,
            "track": one.track.name,
            "person": one.track.person,
            "first_frame": one.first[0],
            "last_frame": one.last[0],
            "start": _to_a_millisecond(one.first[1]),
            "end": _to_a_millisecond(one.last[1]),
            "frames": one.track.length,
            "tested_frames": one.used,
            "broken": one.broken,
            "source": one.track.source,
            "thumbnail": self._save_strip(one.track, one.strip),
        }


def _to_a_millisecond(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def grouped(tracks: Iterable[Track], size: int) -> list[list[Track]]:
    """Groups of tracks that end one after the other, so that few groups are open at a time."""
    ordered = sorted(tracks, key=lambda track: track.last)
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]
