"""LS-VID: 3,772 people seen by 15 cameras indoors and outdoors, by Li et al. (ICCV 2019)."""

from dataclasses import dataclass, field
from pathlib import Path

from reid_cosam.data.readers import DatasetReader, rows
from reid_cosam.data.readers.listing import images, is_folder, require
from reid_cosam.data.readers.matlab import integers
from reid_cosam.data.tracklet import ReidSplits, Tracklet

_LAYOUT = """\
expected
  {root}/
    list_sequence/   list_seq_train.txt list_seq_test.txt (or in info/list_sequence/)
    test/data/       info_test.mat (or in info/data/)
    tracklet_train/ tracklet_test/   frames <prefix>_*.jpg, with the prefixes in the lists"""


@dataclass(frozen=True)
class LsVid(DatasetReader):
    """LS-VID. Tracklets are whole: some other readers cut those that are trained on every 48 or 64 frames.

    Two galleries are in use without a name: of 7,829 tracklets, which the protocol `released` searches, and
    of 11,333, with the queries, which `with_queries` searches. Needs h5py: `pip install 'reid-cosam[lsvid]'`.

    >>> splits = LsVid().read("datasets/ls_vid")
    >>> splits.query[0].pid, splits.query[0].camid, len(splits.query[0])
    (9, 1, 2)
    """

    counts = {  # noqa: RUF012
        "train tracklets": 2831,
        "test tracklets": 11_333,
        "queries": 3504,
        "gallery tracklets": 7829,
        "cameras": 15,
    }
    unknown = "nothing published says how many frames there are, or how many of 3,772 people each list has"

    def read(self, root: Path | str) -> ReidSplits:
        """As `DatasetReader.read`; raises ImportError if h5py is not installed."""
        root = Path(root)
        nested = root / "info" / "list_sequence"
        lists = nested if nested.is_dir() else root / "list_sequence"
        train, test = lists / "list_seq_train.txt", lists / "list_seq_test.txt"
        nested = root / "info" / "data"
        info = (nested if nested.is_dir() else root / "test" / "data") / "info_test.mat"
        require([train, test, info], _LAYOUT, root)
        table = integers(info, "query")
        if table.ndim == 2 and 1 not in table.shape:
            table = table[:, 0]  # query[0, :] in the file, whose axes are in reverse
        queries, frames = table.ravel().tolist(), _Frames(root)
        return rows.splits(frames.tracklets(train), frames.tracklets(test), info, queries, base=1)


@dataclass(frozen=True)
class _Frames:
    """Frames by what their names start with; each folder is listed once."""

    root: Path
    listed: dict[Path, dict[str, list[str]]] = field(default_factory=dict)

    def tracklets(self, file: Path) -> list[Tracklet]:
        return [self._tracklet(line, f"{file}, line {n}") for n, line in rows.lines(file).items()]

    def _tracklet(self, line: str, where: str) -> Tracklet:
        prefix, _, pid = line.rpartition(" ")
        if not prefix or not pid.isdecimal():
            raise ValueError(f"{where}: expected a path, a space and a person's number, got {line!r}")
        path = self.root / prefix
        if path.parent not in self.listed:
            self.listed[path.parent] = _by_prefix(path.parent, where)
        frames = self.listed[path.parent].get(path.name)
        if frames is None:
            raise ValueError(f"{where}: {path}_*.jpg has no frames: part of the data set is missing")
        fields = frames[0].rpartition("/")[2].split("_")
        if len(fields) != 4 or not fields[2].isdecimal():
            raise ValueError(
                f"{frames[0]} is not named as a frame of this data set: four parts joined by _, of which the "
                "third is the camera's number"
            )
        for frame in frames:
            if not Path(frame).stem.rpartition("_")[2].isdecimal():
                raise ValueError(
                    f"{frame} is not named as a frame of this data set, whose names end in a number: rename "
                    "it, or move it elsewhere"
                )
        return Tracklet(tuple(frames), int(pid), int(fields[2]))


def _by_prefix(folder: Path, where: str) -> dict[str, list[str]]:
    """The frames of a folder, by name, under what comes before the last `_` of their names."""
    if not is_folder(folder):
        raise FileNotFoundError(f"{where}: {folder} is missing: part of the data set is missing")
    found: dict[str, list[str]] = {}
    for path in images(folder):
        # The whole prefix: that of another tracklet may start with it.
        found.setdefault(path.rpartition("/")[2].rpartition("_")[0], []).append(path)
    return found
