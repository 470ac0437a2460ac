"""One result: the settings that tell it from others, and its scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SCORES = ("mAP", "R1", "R5", "R20")


@dataclass(frozen=True)
class Network:
    """What is trained, and at which size and stride."""

    backbone: str
    agg: str
    cosam: tuple[int, ...]
    num_frames: int
    height: int
    width: int
    last_stride: int

    def __str__(self) -> str:
        cosam = "[" + ",".join(map(str, self.cosam)) + "]"
        size = f"{self.height}x{self.width}, stride {self.last_stride}"
        return f"{self.backbone} cosam={cosam} {self.agg} N={self.num_frames} ({size})"


@dataclass(frozen=True)
class Scored:
    """What was scored: `attribute` names a group of queries, "" all; `size` is that of a synthetic set."""

    data: str
    size: str
    split: int | None
    attribute: str
    reranked: bool
    protocol: str


@dataclass(frozen=True)
class Record:
    """Scores of one run, as fractions of 1.

    Attributes:
        recipe: its name; `iterations` of training.
        sampling: how the frames of a training snippet are chosen.
        settings: a hash of everything else that tells one run's numbers from another's; after a dash that of
            the attention's settings, where there is attention.
        run: folder or address of the run.
        computed: precision, kind of device and number of processes; empty where that is not known.
    """

    network: Network
    scored: Scored
    seed: int
    recipe: str
    iterations: int
    sampling: str
    settings: str
    valid_queries: int
    scores: Mapping[str, float]
    run: str
    computed: str = ""

    def __post_init__(self) -> None:
        for name in SCORES:
            if not 0 <= self.scores[name] <= 1:  # NaN is refused as well
                raise ValueError(f"{name} is {self.scores[name]}, not a fraction of 1")
        if self.valid_queries < 1:
            raise ValueError(f"valid_queries is {self.valid_queries}")

    @property
    def key(self) -> tuple[object, ...]:
        """Two results that agree in it were made alike."""
        made = self.recipe, self.iterations, self.sampling, self.settings
        return self.network, self.scored, self.seed, made

    def __str__(self) -> str:
        scored = self.scored
        parts = [
            f"{self.network} on {' '.join(filter(None, (scored.data, scored.size)))}",
            f"seed {self.seed}",
            *([f"split {scored.split}"] if scored.split is not None else []),
            *([scored.attribute] if scored.attribute else []),
            *(["re-ranked"] if scored.reranked else []),
        ]
        return ", ".join(parts)


def placement(cosam: Sequence[int]) -> str:
    """As on the command line: `[4,5]`."""
    return f"[{','.join(map(str, cosam))}]"
