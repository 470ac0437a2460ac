"""Checks settings, and says what is wrong with them under the names that were typed."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

_Settings = TypeVar("_Settings", bound=BaseModel)

RENAMED = {
    "runs": "registry",
    "agg.last_stride": "backbone.last_stride",
    "backbone.name": "backbone",
    "agg.name": "agg",
    "recipe.schedule.name": "recipe/schedule",
}
"""Settings that earlier versions had under another name."""

# What Hydra's grammar reads as a number or a truth value.
_NUMBER = re.compile(r"[+-]?(?:[\d_]*\.?[\d_]+\.?(?:e[+-]?[\d_]+)?|inf|nan)|true|false", re.IGNORECASE)


def checked(settings: type[_Settings], content: object) -> _Settings:
    """Settings from plain containers, such as a checkpoint holds.

    Raises:
        ValueError: names each value that is missing, unknown or out of range, and the range.
    """
    try:
        return settings.model_validate(content)
    except ValidationError as error:
        raise ValueError(faults_in_words(error.errors(), content)) from None


def faults_in_words(faults: Sequence[Mapping[str, Any]], content: object) -> str:
    """The errors of a pydantic model that was to hold `content`."""
    said: dict[str, list[str]] = {}
    for fault in faults:
        name, reason = _name(fault, content), str(fault["msg"]).removeprefix("Value error, ")
        if fault["type"] == "missing" and isinstance(fault["loc"][-1], int):
            said[f"{name}={fault['input']}"] = ["too few values"]
        elif fault["type"] == "missing":
            said[f"{name} is missing"] = [f"add {name}=..."]
        elif fault["type"] == "extra_forbidden":
            said[f"{name}={fault['input']}"] = [renamed(name) or "there is no such setting"]
        else:
            said.setdefault(f"{name}={fault['input']}" if name else "", []).append(reason)
    return "; ".join(": ".join(filter(None, (what, " or ".join(why)))) for what, why in said.items())


def renamed(name: str) -> str | None:
    """One sentence about a setting that has another name now."""
    return f"{name}= is now {RENAMED[name]}=" if name in RENAMED else None


def _name(fault: Mapping[str, Any], content: Any) -> str:
    """As on the command line. What pydantic adds for a place in a list or a choice of types is left out."""
    names: list[str] = []
    *_, last = places = fault["loc"] or ("",)
    for place in places:
        missing = place is last and fault["type"] == "missing"
        if isinstance(content, Mapping) and (place in content or missing):
            names.append(str(place))
            content = content.get(place)
        elif isinstance(place, int) and isinstance(content, list | tuple) and place < len(content):
            content = content[place]
    return ".".join(names)


def unlike_its_spelling(settings: BaseModel, override: str) -> str | None:
    """The override with its text quoted, where the settings hold other text: 1000 for 1_000."""
    name, _, value = override.lstrip("+").partition("=")
    found: Any = settings.model_dump(by_alias=True)
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    texts = found if isinstance(found, tuple) else (found,)
    if not any(isinstance(text, str) for text in texts):
        return None
    spelled = [part.strip() for part in value.strip("[] ").split(",")]
    lost = {part for part in spelled if _NUMBER.fullmatch(part) and part not in texts}
    if not lost:
        return None
    quoted = re.sub(r"[^\[\],\s]+", lambda one: f'"{one[0]}"' if one[0] in lost else one[0], value)
    return shlex.quote(f"{name}={quoted}")
