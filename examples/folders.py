"""A data set of your own, where no reader of the package fits: folders of frames, named by numbers.

    python -m reid_cosam.train --config-dir examples/conf data=folders data.root=/data/folders

A data set is read by a subclass of `DatasetReader`. Only `read` is required: it returns the tracklets of the
training set, the queries and the gallery. A tracklet has the paths of its frames in time order, the number of
the person (`pid`) and that of the camera (`camid`). Other members of `DatasetReader` are optional: published
counts, with which every copy is compared, the file of the splits, and a file of attributes.
"""

from pathlib import Path

from reid_cosam import DatasetReader, ReidSplits, Tracklet


class Folders(DatasetReader):
    """Frames `<root>/<train, query or gallery>/<person>/<camera>/*.jpg`; people and cameras are numbers."""

    def read(self, root: Path | str) -> ReidSplits:
        train, query, gallery = (_tracklets(Path(root) / part) for part in ("train", "query", "gallery"))
        return ReidSplits(train, query, gallery)


def _tracklets(part: Path) -> tuple[Tracklet, ...]:
    if not part.is_dir():
        raise FileNotFoundError(f"{part} is missing")
    folders = sorted(part.glob("*/*/"))
    return tuple(Tracklet(_frames(folder), int(folder.parent.name), int(folder.name)) for folder in folders)


def _frames(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(map(str, folder.glob("*.jpg"))))
