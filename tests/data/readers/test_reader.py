"""What every reader offers, and what one from outside the package has to write."""

from pathlib import Path

import pytest

from reid_cosam.data.counts import check_counts
from reid_cosam.data.readers import DatasetReader
from reid_cosam.data.readers.mars import Mars
from reid_cosam.data.readers.synthetic import Synthetic
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from tests.support.commands import QUERIES, render_walkers


class Flat(DatasetReader):
    """Files `<pid>_<camera>.jpg` in one folder: the first person is trained on."""

    def read(self, root: Path | str) -> ReidSplits:
        paths = sorted(Path(root).glob("*.jpg"))
        numbers = [path.stem.split("_") for path in paths]
        tracklets = [
            Tracklet((str(path),), int(pid), int(camid))
            for path, (pid, camid) in zip(paths, numbers, strict=True)
        ]
        tested = [one for one in tracklets if one.pid > 1]
        return ReidSplits(
            train=tuple(one for one in tracklets if one.pid == 1),
            query=tuple(one for one in tested if one.camid == 1),
            gallery=tuple(one for one in tested if one.camid == 2),
        )


def test_a_reader_from_outside_only_reads(tmp_path: Path) -> None:
    for name in ("1_1", "1_2", "2_1", "2_2"):
        (tmp_path / f"{name}.jpg").touch()
    reader = Flat()

    splits = reader.read(tmp_path)

    assert [(one.pid, one.camid) for one in splits.tracklets()] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    check_counts(splits, reader.counts, "flat")
    assert (reader.folder(tmp_path), reader.is_rendered(tmp_path)) == (tmp_path, True)
    assert (reader.splits_file(tmp_path), reader.attributes_file(tmp_path)) == (None, None)
    assert (reader.gaps(splits), reader.unknown) == ((), None)


def test_a_reader_that_does_not_read_is_refused() -> None:
    class Nothing(DatasetReader): ...

    with pytest.raises(TypeError, match="read"):
        Nothing()  # type: ignore[abstract]


def test_the_synthetic_reader_finds_what_is_rendered(tmp_path: Path) -> None:
    (folder,) = render_walkers(tmp_path).iterdir()
    reader = Synthetic("small", 0)

    assert reader.is_rendered(tmp_path)
    assert not Synthetic("small", 1).is_rendered(tmp_path)
    assert reader.folder(tmp_path) == folder
    assert reader.attributes_file(tmp_path) == folder / "attributes.csv"
    assert reader.read(tmp_path) == Mars().read(folder)
    assert len(reader.read(tmp_path).query) == QUERIES
