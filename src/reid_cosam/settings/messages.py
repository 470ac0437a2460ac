"""What is wrong with settings, in words, and under the names that were typed."""

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

# Where a model keeps a setting under another name than the command line.
_TYPED = {"own_data": "data"}
# What Hydra's grammar makes a number or a truth value of.
_NUMBER = re.compile(r"[+-]?(?:[\d_]*\.?[\d_]+\.?(?:e[+-]?[\d_]+)?|inf|nan)|true|false", re.IGNORECASE)


def faults_in_words(faults: Sequence[Mapping[str, Any]], content: object) -> str:
    """The errors of a pydantic model that was to hold `content`."""
    said: dict[str, list[str]] = {}
    for fault in faults:
        name, reason = _name(fault, content), str(fault["msg"]).removeprefix("Value error, ")
        if fault["type"] == "missing" and isinstance(fault["loc"][-1], int):
            said[f"{name}={fault['input']}"] = ["too few values"]
        elif fault["type"] == "missing":
            said[f"{name} is missing"] = [f"name it, {name}=..."]
        else:
            said.setdefault(f"{name}={fault['input']}" if name else "", []).append(reason)
    return "; ".join(": ".join(filter(None, (what, " or ".join(why)))) for what, why in said.items())


def _name(fault: Mapping[str, Any], content: Any) -> str:
    """As on the command line. What pydantic adds for a place in a list or a choice of types is left out."""
    names: list[str] = []
    for part in fault["loc"]:
        part = _TYPED.get(part, part)
        if isinstance(content, Mapping) and (part in content or fault["type"] == "missing"):
            names.append(str(part))
            content = content.get(part)
        elif isinstance(part, int) and isinstance(content, list | tuple) and part < len(content):
            content = content[part]
        else:
            break
    return ".".join(names)


def unlike_its_spelling(settings: BaseModel, override: str) -> str | None:
    """The override with its text quoted, where the settings hold other text: 1000 for 1_000."""
    name, _, value = override.lstrip("+").partition("=")
    found: Any = {_TYPED.get(key, key): one for key, one in settings.model_dump(by_alias=True).items() if one}
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
