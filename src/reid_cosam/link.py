"""One identity per person over all cameras of a gallery: `reid-cosam link --help`."""

from pathlib import Path
from typing import Any

from reid_cosam.command_line import command
from reid_cosam.settings.footage import LinkSettings
from reid_cosam.words import number_of


@command("link", LinkSettings)
def main(settings: LinkSettings) -> None:
    """Writes who is who, and prints how many people there are, how sure that is, and where it is written."""
    from reid_cosam.galleries.gallery import read_gallery
    from reid_cosam.galleries.identity_files import check_folder, replaced, write_linked
    from reid_cosam.galleries.linked import link_gallery
    from reid_cosam.galleries.page.page import write_page
    from reid_cosam.galleries.persons import name_people
    from reid_cosam.galleries.times import NO_TRAVELS, read_travel_times
    from reid_cosam.sharing.calibrations import find_calibration

    folder = Path(settings.gallery)
    out = Path(settings.out) if settings.out else folder / "link"
    check_folder(out, folder)
    gallery = read_gallery(folder)
    if settings.persons:
        gallery = name_people(gallery, Path(settings.persons))
    calibration = find_calibration(gallery, folder, settings.calibration)
    cameras = set(gallery.tracklets["camera"])
    travels = read_travel_times(Path(settings.travel_times), cameras) if settings.travel_times else NO_TRAVELS
    linked = link_gallery(
        gallery,
        calibration,
        far=settings.far,
        threshold=settings.threshold,
        travels=travels,
        named_in=settings.persons or "the gallery",
    )
    with replaced(out) as staged:
        write_linked(linked, staged, folder / "boxes")
        page = write_page(gallery, linked, folder, staged, travels)
    print(_printed(linked.summary))
    print(f"written: {out.resolve()}; open {out.resolve() / page.name} in a browser")


def _printed(summary: dict[str, Any]) -> str:
    counts = summary["verdicts"]
    lines = [
        f"{number_of(summary['tracklets'], 'tracklet')} in {number_of(summary['cameras'], 'camera')}: "
        f"{number_of(summary['identities'], 'identity', 'identities')}, "
        f"{summary['one_tracklet']:,} of them of one tracklet",
        "tracklets: " + ", ".join(f"{count:,} {verdict}" for verdict, count in counts.items()),
        _pairs(summary),
        f"impossible pairs: {summary['impossible']['same_time']:,} in one camera at one time, "
        f"{summary['impossible']['travel_time']:,} by travel times",
    ]
    if summary["without_time"]:
        untimed = number_of(summary["without_time"], "tracklet")
        lines.append(f"without times and frames, so that nothing forbids a link: {untimed}")
    lines.append(summary["meaning"])
    if scores := summary["scores"]:
        percent = {name: f"{100 * scores[name]:.1f} %" for name in ("idf1", "precision", "recall", "f1")}
        lines.append(
            f"against {number_of(scores['people'], 'person', 'people')} named in {summary['named_in']}: "
            f"IDF1 {percent['idf1']}; "
            f"of pairs: precision {percent['precision']}, recall {percent['recall']}, F1 {percent['f1']}"
        )
    return "\n".join(lines)


def _pairs(summary: dict[str, Any]) -> str:
    pairs = summary["linked_pairs"]
    text = f"linked pairs: {pairs['all']:,}, of these within one camera: {pairs['of_one_camera']:,}"
    if summary["one_camera_covered"]:
        return text
    return f"{text}; the calibration does not cover those, so identities in one camera only are uncertain"


if __name__ == "__main__":
    main()
