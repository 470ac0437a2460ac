"""Words of messages."""

from collections.abc import Mapping
from typing import Any


def number_of(count: int, noun: str, plural: str | None = None) -> str:
    """As `1 camera` or `1,204 cameras`."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def data_name(data: Mapping[str, Any]) -> str:
    """As `mars`, or `ward, split 0, first half tested` where the data set has splits: scores are of one."""
    split = None if data["split"] is None else f"split {data['split']}"
    half = f"{data['tested_half']} half tested" if data["tested_half"] else None
    return ", ".join(filter(None, (data["name"], split, half)))
