"""The network that a run trained, as its configuration names it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import NonNegativeInt

from reid_cosam.settings.identity import network_names


@dataclass(frozen=True)
class NetworkSpec:
    """What is trained, and at which image size and stride of the last block."""

    backbone: str
    agg: str
    cosam: tuple[NonNegativeInt, ...]
    num_frames: NonNegativeInt
    height: NonNegativeInt
    width: NonNegativeInt
    last_stride: NonNegativeInt

    @property
    def columns(self) -> dict[str, Any]:
        """By the columns that tables of results and of published numbers have."""
        return {**vars(self), "cosam": placement(self.cosam)}

    def __str__(self) -> str:
        size = f"{self.height}x{self.width}, stride {self.last_stride}"
        return f"{self.backbone} cosam={placement(self.cosam)} {self.agg} N={self.num_frames} ({size})"


# The setting that each field of a NetworkSpec is read from.
SETTINGS = {
    "backbone": "backbone._target_",
    "agg": "agg._target_",
    "cosam": "cosam",
    "num_frames": "num_frames",
    "height": "data.height",
    "width": "data.width",
    "last_stride": "backbone.last_stride",
}
# All that is set with a part: in a comparison of aggregators these settings vary together.
BACKBONE, AGGREGATOR, ATTENTION = "backbone.", "agg.", "recipe.attention."


def network_of(config: Mapping[str, Any]) -> NetworkSpec:
    """The network of a run's plain settings.

    Raises:
        KeyError, TypeError: the settings are not those of a run.
    """
    backbone, agg, last_stride = network_names(config)
    data = config["data"]
    sizes = config["num_frames"], data["height"], data["width"], last_stride
    return NetworkSpec(backbone, agg, tuple(config["cosam"]), *sizes)


def placement(cosam: Sequence[int]) -> str:
    """The blocks with COSAM as on the command line: `[4,5]`."""
    return f"[{','.join(map(str, cosam))}]"
