"""What a query may be."""

from pathlib import Path

import pytest

from reid_cosam.galleries.queries import find_tracks, frames_of
from tests.support.galleries import gallery_of, two_people, written


def test_a_query_names_a_track_or_a_gallery_or_frames(tmp_path: Path) -> None:
    gallery = two_people()
    folder = written(gallery, tmp_path / "gallery")
    other = written(gallery_of([("east", "a/b", "", 0, 1, (7, 7))]), tmp_path / "other")
    found = {
        text: (one.names, one.descriptors.tolist(), one.own.tolist())
        for text in ("cam2/1", f"{folder}/cam2/1", f"{other}", f"{other}/east/a/b")
        if (one := find_tracks(text, gallery, folder)) is not None
    }
    assert found == {
        "cam2/1": (["cam2/1"], [[1, 0]], [3]),
        f"{folder}/cam2/1": (["cam2/1"], [[1, 0]], [3]),
        f"{other}": (["east/a/b"], [[7, 7]], [-1]),
        f"{other}/east/a/b": (["east/a/b"], [[7, 7]], [-1]),
    }
    whole = find_tracks(str(folder), gallery, folder)
    assert whole is not None
    assert whole.own.tolist() == [0, 1, 2, 3, 4]
    (tmp_path / "crops").mkdir()
    assert find_tracks(str(tmp_path / "crops"), gallery, folder) is None


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("cam1/11", "cam1/1"),
        ("nobody", "camera/track"),
        ("other/cam1/4", r"other has no track cam1/4; .*cam1/1"),
    ],
)
def test_an_unknown_track_is_named_with_those_like_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, named: str
) -> None:
    monkeypatch.chdir(tmp_path)
    written(two_people(), tmp_path / "other")
    with pytest.raises(ValueError, match=f"{query}.*{named}"):
        find_tracks(query, two_people(), Path("gallery"))


@pytest.mark.parametrize("where", ["", "gallery/", "other/"])
def test_a_name_of_two_tracks_is_refused_with_both_readings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.chdir(tmp_path)
    two = gallery_of([("a", "b/c", "", 0, 1, (7, 7)), ("a/b", "c", "", 0, 1, (8, 8))])
    for name in ("gallery", "other"):
        written(two, tmp_path / name)
    with pytest.raises(ValueError, match=r"query=a/b/c .*track b/c of camera a and track c of camera a/b"):
        find_tracks(f"{where}a/b/c", two, Path("gallery"))


def test_a_gallery_of_another_network_is_refused(tmp_path: Path) -> None:
    other = written(gallery_of([("east", "1", "", 0, 1, (7, 7))], network="cd34"), tmp_path / "other")
    with pytest.raises(ValueError, match=r"ab12.*cd34"):
        find_tracks(f"{other}/east/1", two_people(), tmp_path / "gallery")


def test_frames_are_in_the_order_of_their_numbers_and_hidden_files_are_none(tmp_path: Path) -> None:
    for name in ("track/10.jpg", "track/9.jpg", "track/1.jpg", "track/._1.jpg", ".thumbnails/1.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    track = tmp_path / "track"
    assert frames_of(tmp_path) == {str(track): [f"{track}/{number}.jpg" for number in (1, 9, 10)]}


def test_frames_are_one_tracklet_per_folder(tmp_path: Path) -> None:
    for name in ("one/b.jpg", "one/a.png", "two/deep/c.JPG", "two/notes.txt", "d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {
        str(Path(name).relative_to(tmp_path)): [Path(one).name for one in files]
        for name, files in frames_of(tmp_path).items()
    }
    assert found == {".": ["d.jpg"], "one": ["a.png", "b.jpg"], "two/deep": ["c.JPG"]}
    assert list(frames_of(tmp_path / "d.jpg")) == [str(tmp_path / "d.jpg")]
    for path in (tmp_path / "two" / "notes.txt", tmp_path / "empty"):
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.mkdir()
        with pytest.raises(ValueError, match=f"query={path} has no frames"):
            frames_of(path)
