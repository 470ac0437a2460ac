"""What would be sent to Weights & Biases, as plain containers that are the same from run to run."""

import json
from typing import Any


def specification(made: Any) -> dict[str, Any]:
    """That of a workspace or a report, with its made-up names numbered in order."""
    model = made._to_model()
    content: dict[str, Any] = json.loads(model.model_dump_json(by_alias=True, exclude_none=True))
    content.pop("createdAt", None)
    content.pop("updatedAt", None)
    return dict(_numbered(content, {}))


def _numbered(value: Any, numbers: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_numbered(one, numbers) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: numbers.setdefault(inner, f"made-up-{len(numbers) + 1}")
        if key in ("id", "__id__") and isinstance(inner, str) and inner
        else _numbered(inner, numbers)
        for key, inner in value.items()
    }
