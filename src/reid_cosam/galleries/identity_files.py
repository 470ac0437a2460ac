"""The folder that `reid-cosam link` writes: who is who, as a table, and boxes with identities as ids."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reid_cosam.galleries.linked import Linked
from reid_cosam.galleries.search import check_place
from reid_cosam.results.store import read_record, write_json, write_text
from reid_cosam.scratch import scratch_for
from reid_cosam.words import number_of

_SUMMARY = "link.json"
_ALWAYS = frozenset({_SUMMARY, "identities.csv", "index.html", "thumbnails", "masks"})
_OF_LINK = frozenset({"network", "identities", "verdicts", "threshold"})  # in every summary
_DIGITS = {"own_distance": 6, "nearest_distance": 6, "start": 3, "end": 3}

_log = logging.getLogger(__name__)


def check_folder(out: Path, gallery: Path) -> None:
    """Raises ValueError unless `out` is new or empty, or link wrote all of it: no other file is lost.

    Args:
        out: the folder to write.
        gallery: the folder of the gallery, which it may not be.
    """
    if out.resolve() == gallery.resolve():
        raise ValueError(f"out={out} is the folder of the gallery itself: name another one")
    check_place(out)
    if not out.exists():
        return
    if not out.is_dir():
        raise ValueError(f"out={out} is a file: name a folder")
    written = _written(out / _SUMMARY)
    if foreign := sorted(one.name for one in out.iterdir() if one.name[0] != "." and one.name not in written):
        raise ValueError(
            f"out={out} holds files that link did not write, such as {foreign[0]}: name a folder that is new "
            "or empty, or one that link wrote before"
        )


def _written(path: Path) -> set[str]:
    """Names that link wrote beside its summary at `path`; none if that is no summary of link."""
    try:
        summary = read_record(path)
    except (OSError, ValueError):
        return set()
    return {*_ALWAYS, *summary.get("boxes", [])} if _OF_LINK.issubset(summary) else set()


@contextmanager
def replaced(out: Path) -> Iterator[Path]:
    """Yields an empty folder, which takes the place of `out` when it is left without an error.

    Until then `out` stays as it is, so files of two runs are never mixed.

    Args:
        out: the folder to write, which `check_folder` let pass.

    Raises:
        OSError: it cannot be written.
    """
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    with scratch_for(out) as staged:
        yield staged
        if out.exists():
            out.rename(staged.with_name("earlier"))  # removed with what is around it
        staged.rename(out)


def write_linked(linked: Linked, out: Path, boxes: Path) -> None:
    """Writes `identities.csv`, `link.json` and, for each camera with boxes, MOT text with identities as ids.

    Boxes of tracks that are not in the gallery (too short to be embedded) are left out, and counted in the
    log. All of them are read before anything is written; `link.json` lists the files of boxes.

    Args:
        out: the folder to write.
        boxes: the folder of `<camera>.txt` with tracks as ids; need not exist.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: a line of boxes is no MOT text; names it.
    """
    of_boxes = {
        path.name: _with_identities(path, dict(zip(rows["track"], rows["identity"], strict=True)))
        for camera, rows in linked.table.groupby("camera")
        if (path := boxes / f"{camera}.txt").is_file()
    }
    write_json(out / _SUMMARY, {**linked.summary, "boxes": sorted(of_boxes)})
    table = linked.table.round(_DIGITS)
    write_text(out / "identities.csv", table.to_csv(index=False))
    for name, text in of_boxes.items():
        write_text(out / name, text)


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
        text = "%s: boxes of %s that the gallery lacks are left out"
        _log.warning(text, path, number_of(len(left_out), "track"))
    return "".join(f"{line}\n" for line in lines)
