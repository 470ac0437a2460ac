"""Who is who in a gallery, from a table of a user's own."""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from reid_cosam.data.tables import read_table
from reid_cosam.galleries.gallery import Gallery
from reid_cosam.words import number_of

_COLUMNS = ("camera", "track", "person")


def read_persons(path: Path, gallery: Gallery) -> "pd.Series[str]":
    """The person of every tracklet of a gallery; empty where the file names none.

    Args:
        path: a CSV with the columns camera, track, person.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no such table, names a track twice, or one that the gallery lacks; says which.
    """
    table = read_table(path, _COLUMNS, setting="persons=")
    tracks = pd.MultiIndex.from_frame(table[["camera", "track"]])
    if tracks.has_duplicates:
        camera, track = tracks[tracks.duplicated()][0]
        raise ValueError(f"{path} names track {track} of camera {camera} twice")
    there = pd.MultiIndex.from_frame(gallery.tracklets[["camera", "track"]])
    if len(unknown := tracks.difference(there, sort=False)):
        camera, track = unknown[0]
        raise ValueError(
            f"{path} names {number_of(len(unknown), 'track')} that the gallery lacks, such as {track} of "
            f"{camera}"
        )
    named = pd.Series(table["person"].to_numpy(), tracks).reindex(there, fill_value="")
    return named.reset_index(drop=True)


def name_people(gallery: Gallery, path: Path) -> Gallery:
    """The gallery with the persons of a table instead of its own.

    Raises:
        FileNotFoundError, ValueError: as `read_persons`, or nobody is named.
    """
    persons = read_persons(path, gallery)
    if (persons == "").all():
        raise ValueError(f"persons={path} names nobody")
    return replace(gallery, tracklets=gallery.tracklets.assign(person=persons))
