"""What the path of a frame says, as a user writes it: `{person}_c{camera}s{tracklet}_{frame}_{}.jpg`."""

import re

FIELDS = ("person", "camera", "tracklet", "frame", "clothes", "view")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_REASONS = {
    "person": "it says whom a tracklet shows",
    "camera": "without it nothing can be scored, as a query is searched among the tracklets of other cameras",
}


def compiled(pattern: str) -> re.Pattern[str]:
    """The regular expression of a pattern of paths; each field that the pattern has is a named group.

    `{name}` is some text without a slash, as short as the rest allows, `{name:4}` exactly four characters of
    it, and `{}` text that does not matter. A field that occurs twice must be the same text both times.

    >>> compiled("{person:4}C{camera}/{}_{frame}.jpg").fullmatch("0007C2/a_12.jpg").groupdict()
    {'person': '0007', 'camera': '2', 'frame': '12'}

    Raises:
        ValueError: an unknown field, a brace too many, or no person or no camera.
    """
    *_, tail = literals = _PLACEHOLDER.split(pattern)
    found: list[str] = []
    expression = ""
    for literal, placeholder in zip(literals[::2], literals[1::2], strict=False):
        expression += re.escape(literal) + _group(placeholder, found, pattern)
    expression += re.escape(tail)
    if set("{}") & set("".join(literals[::2])):
        raise ValueError(f"pattern={pattern}: a brace opens or closes nothing; fields are written {{person}}")
    for field, reason in _REASONS.items():
        if field not in found:
            raise ValueError(f"pattern={pattern} has no {{{field}}}: {reason}")
    return re.compile(expression)


def _group(placeholder: str, found: list[str], pattern: str) -> str:
    """The expression of one placeholder; adds the name of its field to `found`."""
    name, _, width = placeholder.partition(":")
    if (name and name not in FIELDS) or (":" in placeholder and not re.fullmatch("[1-9][0-9]*", width)):
        fields = ", ".join(f"{{{field}}}" for field in FIELDS)
        raise ValueError(
            f"pattern={pattern}: {{{placeholder}}} is unknown; write {fields}, {{}} for what does not "
            "matter, or {person:4} for exactly four characters"
        )
    if name in found:
        return f"(?P={name})"
    found += [name] if name else []
    text = f"[^/]{{{width}}}" if width else "[^/]+?"
    return f"(?P<{name}>{text})" if name else text
