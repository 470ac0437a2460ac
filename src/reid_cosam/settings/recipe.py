"""The parts that a network and its training are made of, and the recipe that names them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from reid_cosam.settings.base import Count, Settings


def _names_a_class(part: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(part.get("_target_"), str):
        raise ValueError("names no class or function: _target_=module.name")
    return part


Part = Annotated[dict[str, Any], AfterValidator(_names_a_class)]
"""A class or function under `_target_`, and its arguments, which `build.parts` checks by its signature."""

# As they stand in file names and tables.
_SHORT_NAMES = {
    "TemporalAveragePooling": "tp_avg",
    "TemporalMaxPooling": "tp_max",
    "TemporalAttention": "ta",
    "TemporalRnn": "rnn",
}


def part_name(part: Mapping[str, Any]) -> str:
    """What a part is called in file names and tables: `se_resnet50`, `tp_avg`, the name of a class.

    >>> part_name({"_target_": "my_nets.GeM", "p": 3})
    'GeM'
    """
    name = str(part["_target_"]).rpartition(".")[2]
    return _SHORT_NAMES.get(name, name)


class SamplingSettings(Settings):
    frames: Literal["consecutive", "consecutive_released", "random", "evenly"]
    identities: Annotated[int, Field(ge=2, le=4096)]
    tracklets: Annotated[int, Field(ge=1, le=4096)]


class RecipeSettings(Settings):
    name: str
    max_steps: Count
    attention: Part
    loss: Part
    optimiser: Part
    schedule: Part
    augmentation: Part
    sampling: SamplingSettings
