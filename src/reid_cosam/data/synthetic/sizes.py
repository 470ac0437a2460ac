"""What a synthetic data set holds: its size, its identities and the seed that everything follows from."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any

RENDERER_VERSION = 1
"""Goes into the folder's name: raise it whenever the same spec would give other images."""


@dataclass(frozen=True, slots=True)
class SyntheticSpec:
    """Size of one data set; `train_tracklets` and `test_tracklets` count per identity and camera.

    Every camera queries every test identity once, so `test_tracklets` is one query and the gallery's share.
    `distractors` (pid 0) and `junk` (pid -1) count tracklets of the test split. `frames` bounds a
    tracklet's length, both ends included.

    Raises:
        ValueError: a value out of range.
    """

    name: str
    height: int
    width: int
    train_ids: int
    test_ids: int
    cameras: int
    train_tracklets: int
    test_tracklets: int
    frames: tuple[int, int]
    distractors: int
    junk: int
    seed: int = 0

    def __post_init__(self) -> None:
        shortest, longest = self.frames
        limits = {
            "name": self.name.isidentifier(),
            "height": 32 <= self.height <= 1024,
            "width": 16 <= self.width <= 512,
            "train_ids": self.train_ids >= 1,
            "test_ids": self.test_ids >= 1 and self.train_ids + self.test_ids <= 9999,
            "cameras": 2 <= self.cameras <= 9,
            "train_tracklets": self.train_tracklets >= 1,
            "test_tracklets": self.test_tracklets >= 2,
            "frames": 1 <= shortest <= longest <= 999,
            "distractors": 0 <= self.distractors <= 9999,
            "junk": 0 <= self.junk <= 9999,
            "seed": self.seed >= 0,
        }
        for field, valid in limits.items():
            if not valid:
                raise ValueError(f"synthetic spec: {field}={getattr(self, field)!r} is out of range")

    @property
    def folder_name(self) -> str:
        """`synthetic-<name>-<hash>`: another spec or renderer gets another folder."""
        digest = hashlib.sha256(json.dumps(self.record(), sort_keys=True).encode()).hexdigest()
        return f"synthetic-{self.name}-{digest[:8]}"

    def record(self) -> dict[str, Any]:
        """What `spec.json` holds."""
        return {"renderer_version": RENDERER_VERSION, **asdict(self)}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "SyntheticSpec":
        """The spec of a `spec.json`.

        Raises:
            ValueError: it was written for another version of the renderer.
        """
        fields = dict(record)
        version = fields.pop("renderer_version")
        if version != RENDERER_VERSION:
            raise ValueError(f"spec.json is of renderer version {version}, this is {RENDERER_VERSION}")
        return cls(**{**fields, "frames": tuple(fields["frames"])})


SIZES: Mapping[str, SyntheticSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            SyntheticSpec("small", 128, 64, 96, 200, 3, 2, 2, (5, 8), 100, 30),
            SyntheticSpec("medium", 256, 128, 150, 160, 4, 2, 2, (8, 16), 200, 60),
            SyntheticSpec("full", 256, 128, 500, 500, 6, 2, 2, (16, 64), 1000, 300),
        )
    }
)
"""The sizes that `data=synthetic` offers by name."""


def spec(size: str, seed: int) -> SyntheticSpec:
    """The named size with another seed: other people, other scenes.

    Raises:
        ValueError: no such size; names those there are.
    """
    if size not in SIZES:
        raise ValueError(f"synthetic size {size!r} is unknown; choose one of {', '.join(SIZES)}")
    return replace(SIZES[size], seed=seed)
