"""The folder that `reid-cosam link` writes: who is who, as a table, and boxes with identities as ids."""

import logging
from pathlib import Path

from reid_cosam.galleries.linked import Linked
from reid_cosam.results.store import write_json, write_text

_log = logging.getLogger(__name__)


def write_linked(linked: Linked, out: Path, boxes: Path) -> None:
    """Writes `identities.csv`, `link.json` and, for each camera with boxes, MOT text with identities as ids.

    Boxes of tracks that are not in the gallery (too short to be embedded) are left out, and counted in the
    log.

    Args:
        out: the folder to write.
        boxes: the folder of `<camera>.txt` with tracks as ids; need not exist.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: a line of boxes is no MOT text; names it.
    """
    write_text(
        out / "identities.csv",
        linked.table.round({"own_distance": 6, "nearest_distance": 6}).to_csv(index=False),
    )
    for camera, rows in linked.table.groupby("camera"):
        path = boxes / f"{camera}.txt"
        if path.is_file():
            write_text(
                out / path.name,
                _with_identities(path, dict(zip(rows["track"], rows["identity"], strict=True))),
            )
    write_json(out / "link.json", linked.summary)


def _with_identities(path: Path, identities: dict[str, int]) -> str:
    lines, left_out = [], set[str]()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        frame, *fields = line.split(",")
        if len(fields) < 5:
            raise ValueError(f"{path}, line {number}: not MOT text, which is frame,id,x,y,w,h,...: {line}")
        if (identity := identities.get(fields[0])) is None:
            left_out.add(fields[0])
            continue
        lines.append(",".join([frame, str(identity), *fields[1:]]))
    if left_out:
        _log.warning("%s: %s tracks are not in the gallery; their boxes are left out", path, len(left_out))
    return "".join(f"{line}\n" for line in lines)
