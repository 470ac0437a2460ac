"""Who of a gallery is in a query: `reid-cosam search --help`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reid_cosam.command_line import command
from reid_cosam.settings.footage import SearchSettings
from reid_cosam.words import number_of

if TYPE_CHECKING:
    import pandas as pd

    from reid_cosam.galleries.calibration import Calibration
    from reid_cosam.galleries.gallery import Gallery
    from reid_cosam.galleries.queries import Queries

_QUERIES_PRINTED = 20


@command("search", SearchSettings)
def main(settings: SearchSettings) -> None:
    """Writes the hits of all queries, prints those of the first, and what their verdicts mean."""
    from reid_cosam.galleries import search
    from reid_cosam.galleries.gallery import read_gallery
    from reid_cosam.galleries.queries import find_tracks
    from reid_cosam.sharing.calibrations import find_calibration

    folder, out = Path(settings.gallery), Path(settings.out)
    search.check_table(out)
    gallery = read_gallery(folder)
    calibration = find_calibration(gallery, folder, settings.calibration, settings.model)
    queries = find_tracks(settings.query, gallery, folder)
    if queries is not None and settings.camera is not None:
        raise ValueError(
            f"camera={settings.camera} is about images, and query={settings.query} names tracks, whose "
            "cameras are known: leave it out"
        )
    queries = queries or _embedded(settings, gallery)
    table = search.hits(
        queries,
        gallery,
        calibration,
        top=settings.top,
        far=settings.far,
        cameras=settings.cameras,
        rerank=settings.rerank,
    )
    search.write_hits(table, folder, out)
    _print(table.drop(columns="thumbnail"))
    searched = search.num_searched(gallery, settings.cameras)
    print(_meaning(settings, calibration, queries, gallery))
    asked = number_of(len(queries.names), "query", "queries")
    print(f"written: {out.resolve()} ({asked} among {number_of(searched, 'tracklet')})")


def _embedded(settings: SearchSettings, gallery: "Gallery") -> "Queries":
    """Images as queries, by the network of the gallery."""
    import torch

    from reid_cosam.data.frames import read_clip
    from reid_cosam.galleries.queries import Queries, check_network, frames_of
    from reid_cosam.loading import load

    model = settings.model or gallery.model
    frames = frames_of(Path(settings.query))  # first, as it fails faster
    encoder = load(model, settings.trust)
    check_network(gallery, f"the gallery {settings.gallery}", f"model={model}", encoder.fingerprint)
    clips = (read_clip(paths, encoder.height, encoder.width) for paths in frames.values())
    descriptors = torch.cat([encoder.embed(clip[None]).cpu() for clip in clips])
    return Queries.of_images(frames, descriptors, settings.camera or "")


def _meaning(
    settings: SearchSettings, calibration: "Calibration | None", queries: "Queries", gallery: "Gallery"
) -> str:
    from reid_cosam.galleries.promises import in_words
    from reid_cosam.galleries.search import num_searched

    if settings.rerank:
        return (
            "no verdicts: a calibration does not hold for re-ranked distances; leave rerank=true out for them"
        )
    if calibration is None:
        return (
            "no verdicts: neither the gallery nor the model has a calibration; reid-cosam calibrate writes "
            "one, and calibration=FILE names it"
        )
    single = "a query of one image gets no verdict: thresholds are of tracklets, so name a folder of several"
    if not queries.judged.any():
        return single
    lines = [in_words(calibration, settings.far, num_searched(gallery, settings.cameras))]
    cameras = gallery.tracklets["camera"].unique()
    if settings.camera is not None and settings.camera not in cameras:
        lines.append(
            f"camera={settings.camera} is not in the gallery, which has {', '.join(cameras)}: all hits count "
            "as those under other cameras"
        )
    if calibration.source["labelled"] and all(queries.cameras):
        lines.append("no verdict on hits under the query's own camera, which this calibration does not cover")
    elif calibration.source["labelled"]:
        lines.append(
            "which camera took the images of the query is not known, so hits under it have verdicts too, for "
            "which none of this is promised; camera=NAME names it"
        )
    if not queries.judged.all():
        lines.append(single)
    return "\n".join(lines)


def _print(table: "pd.DataFrame") -> None:
    """All hits of one query, or of each of the first queries the hit that decides."""
    from reid_cosam.galleries.search import deciding

    names: Sequence[str] = table["query"].unique().tolist()
    best = table if len(names) == 1 else deciding(table).head(_QUERIES_PRINTED)
    empty = [name for name in best if (best[name].isna() | (best[name] == "")).all()]
    print(best.drop(columns=empty).to_string(index=False, float_format=lambda number: f"{number:.4g}"))
    if len(names) > _QUERIES_PRINTED:
        print(f"... and {number_of(len(names) - _QUERIES_PRINTED, 'more query', 'more queries')}")


if __name__ == "__main__":
    main()
