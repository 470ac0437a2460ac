"""Writes `index.html` and the pictures that it shows: a folder that can be moved and needs no network."""

import math
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

import reid_cosam
from reid_cosam.galleries.gallery import Gallery
from reid_cosam.galleries.linked import Linked
from reid_cosam.galleries.page.matches import nearest_matches
from reid_cosam.galleries.page.pictures import Picture, copied_picture
from reid_cosam.galleries.times import NO_TRAVELS, Constraints, Travels
from reid_cosam.metrics.retrieval import unit_length
from reid_cosam.results.store import write_text

PAGE = "index.html"
_MATCHES = 5
_DAY = 86_400  # seconds; clocks beyond are not counted from a start of the recording
Row = dict[str, Any]


def write_page(
    gallery: Gallery, linked: Linked, folder: Path, out: Path, travels: Travels = NO_TRAVELS
) -> Path:
    """Copies thumbnails and masks into `out` and writes the page beside them.

    Args:
        gallery: that was linked.
        linked: its identities.
        folder: of the gallery.
        out: that `write_linked` wrote to.
        travels: those that it was linked with.

    Returns:
        The path of the page.

    Raises:
        OSError: a file cannot be written.
        ValueError: the table names a thumbnail outside of the gallery's folder.
    """
    pictures = [copied_picture(name, folder, out) for name in gallery.tracklets["thumbnail"]]
    write_text(out / PAGE, page(gallery, linked, pictures, travels))
    return out / PAGE


def page(
    gallery: Gallery, linked: Linked, pictures: list[Picture | None], travels: Travels = NO_TRAVELS
) -> str:
    """HTML that needs the pictures, and nothing else.

    Args:
        gallery: that was linked.
        linked: its identities.
        pictures: of each tracklet, None where it has none.
        travels: those that it was linked with.
    """
    summary, table = linked.summary, linked.table
    cameras = list(dict.fromkeys(table["camera"]))
    origin = _origin(table)
    records = cast("list[Row]", table.to_dict("records"))
    tracklets = [
        {
            **row,
            "row": number,
            "picture": picture,
            "color": cameras.index(row["camera"]),
            "when": _when(row, origin),
        }
        for number, (row, picture) in enumerate(zip(records, pictures, strict=True))
    ]
    by_identity: dict[int, list[Row]] = {}
    for one in tracklets:
        by_identity.setdefault(one["identity"], []).append(one)
    content = {
        "summary": summary,
        "cameras": cameras,
        "short": _short(cameras),
        "identities": sorted((_identity(*one) for one in by_identity.items()), key=_place),
        "timeline": _timeline(by_identity, table),
        "untimed": int((table["start"] + table["end"]).isna().sum()),
        "origin": origin,
        "without_picture": sum(one is None for one in pictures),
        "has_masks": any(one is not None and one.masked for one in pictures),
        "data": _data(gallery, linked, travels) | {"origin": origin},
        "version": reid_cosam.__version__,
        "made": f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M UTC}",
    }
    environment = Environment(
        loader=FileSystemLoader(Path(reid_cosam.__file__).parent),  # the report's style is used here too
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("galleries/page/page.html").render(content) + "\n"


def _short(cameras: list[str]) -> list[str]:
    """The names without what all begin with, for small places."""
    first, last = min(cameras), max(cameras)
    same = next((place for place, one in enumerate(first) if not last.startswith(one, place)), len(first))
    start = len(first[:same].rstrip("0123456789"))
    return [name[start:] or name for name in cameras]


def _origin(table: pd.DataFrame) -> float:
    """Seconds on the cameras' clock at which the page's clock starts."""
    first = float(table["start"].min())
    return first if first > _DAY else 0.0


def _clock(seconds: float) -> str:
    minutes, rest = divmod(math.floor(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _when(row: Mapping[str, Any], origin: float) -> str:
    if not pd.isna(row["start"] + row["end"]):
        return f"{_clock(row['start'] - origin)}\u2013{_clock(row['end'] - origin)}"
    return "" if pd.isna(row["first_frame"]) else f"frames {row['first_frame']}\u2013{row['last_frame']}"


def _identity(number: int, rows: list[Row]) -> Row:
    """A line of the grid. `words` are what a reader may type to find it."""
    by_camera: dict[str, list[Row]] = {}
    for one in rows:
        by_camera.setdefault(one["camera"], []).append(one)
    people = Counter(one["person"] for one in rows if one["person"])
    words = ["identity", str(number), *people]
    words += [word for one in rows for word in (one["track"], f"{one['camera']}/{one['track']}")]
    return {
        "number": number,
        "by_camera": by_camera,
        "tracklets": len(rows),
        "uncertain": sum(one["verdict"] == "uncertain" for one in rows),
        "people": people,
        "words": [word.lower() for word in dict.fromkeys(words)],
    }


def _place(identity: Row) -> tuple[int, int, int]:
    """Those in most cameras first, then those of most tracklets."""
    return -len(identity["by_camera"]), -identity["tracklets"], identity["number"]


def _timeline(by_identity: Mapping[int, list[Row]], table: pd.DataFrame) -> list[Row]:
    """Bars of each identity, in percent of the whole time; on several levels where they overlap."""
    first, last = table["start"].min(), table["end"].max()
    scale = 100 / max(last - first, 1e-6)
    lanes = []
    for number, rows in sorted(by_identity.items()):
        free, bars = list[float](), []
        timed = [row for row in rows if not np.isnan(row["start"] + row["end"])]
        for one in sorted(timed, key=lambda row: row["start"]):
            level = next((place for place, end in enumerate(free) if end < one["start"]), len(free))
            free[level : level + 1] = [one["end"]]
            left, width = (one["start"] - first) * scale, (one["end"] - one["start"]) * scale
            bars.append({**one, "level": level, "left": round(left, 3), "width": round(width, 3)})
        if bars:
            uncertain = any(one["verdict"] == "uncertain" for one in bars)
            lanes.append({"number": number, "bars": bars, "levels": len(free), "uncertain": uncertain})
    return lanes


def _data(gallery: Gallery, linked: Linked, travels: Travels) -> Row:
    """What the script knows of each tracklet, by column, and the limits of its verdicts on pairs."""
    summary, table = linked.summary, linked.table
    descriptors = unit_length(gallery.descriptors) if summary["unit_length"] else gallery.descriptors
    constraints = Constraints(gallery.tracklets, travels)
    matches = nearest_matches(descriptors, table["identity"].to_numpy(), constraints, _MATCHES)
    columns = ["camera", "track", "person", "identity", "verdict", "own_distance", "nearest_identity"]
    columns += ["nearest_distance", "start", "end", "why"]
    return {
        "columns": {name: [_plain(one) for one in table[name].tolist()] for name in columns}
        | {"frames": [_plain(one) for one in gallery.tracklets["frames"].tolist()]},
        "matches": [
            [[[one.row, float(f"{one.distance:.4g}"), one.rule] for one in side] for side in sides]
            for sides in matches
        ],
        "threshold": summary["threshold"],
        "one_camera_covered": summary["one_camera_covered"],
        "uncertain_up_to": summary["uncertain_up_to"],
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it: missing ones as null, distances with six digits."""
    if pd.isna(value):
        return None
    return round(value, 6) if isinstance(value, float) else value
