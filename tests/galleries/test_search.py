"""Hits of hand-made descriptors, and what a query may be."""

from pathlib import Path

import pytest
import torch

from reid_cosam.galleries.search import HITS, Queries, all_tracks, deciding, find_tracks, frames_of, hits
from reid_cosam.metrics.reranking import k_reciprocal
from tests.support.galleries import calibration_of, gallery_of, two_people, written


def test_hits_are_ranked_and_have_verdicts() -> None:
    gallery = two_people()
    query = find_tracks("cam1/1", gallery, Path("gallery"))
    assert query is not None
    table = hits(query, gallery, calibration_of(), top=3)
    assert list(table.columns) == list(HITS)
    assert table["query"].tolist() == ["cam1/1"] * 3
    assert table["rank"].tolist() == [1, 2, 3]
    assert table["distance"].tolist() == [1, 4, 10]
    assert [*zip(table["camera"], table["track"], strict=True)] == [
        ("cam2", "1"),
        ("cam1", "3"),
        ("cam1", "2"),
    ]
    # No different pair is nearer than 2. The calibration is of pairs under different cameras.
    assert table["verdict"].tolist() == ["same", "", ""]
    assert table["start"].tolist() == [10, 5, 0]
    assert table["person"].tolist() == ["anna", "", "bob"]


def test_the_first_hit_with_a_verdict_decides() -> None:
    table = hits(all_tracks(two_people()), two_people(), calibration_of(), top=4)
    best = deciding(table)
    assert [*zip(best["query"], best["rank"], best["distance"], best["verdict"], strict=True)] == [
        ("cam1/1", 1, 1, "same"),
        ("cam1/2", 1, 2, "same"),
        ("cam1/3", 2, 17**0.5, "not here"),  # no pair of one person is farther apart than 3
        ("cam2/1", 1, 1, "same"),
        ("cam2/2", 1, 2, "same"),
    ]
    without = hits(all_tracks(two_people()), two_people(), top=4)
    assert deciding(without)["rank"].tolist() == [1] * 5


def test_a_distance_between_the_thresholds_is_uncertain() -> None:
    query = Queries.of_images(["image"], torch.tensor([[0.0, -2.5]]))
    table = hits(query, two_people(), calibration_of(), top=1)
    assert table["verdict"].tolist() == ["uncertain"]


def test_without_a_calibration_there_is_no_verdict() -> None:
    assert set(hits(all_tracks(two_people()), two_people())["verdict"]) == {""}


def test_every_track_of_a_gallery_has_hits_but_not_itself() -> None:
    table = hits(all_tracks(two_people()), two_people(), top=2)
    first = table[table["rank"] == 1]
    assert first["query"].tolist() == ["cam1/1", "cam1/2", "cam1/3", "cam2/1", "cam2/2"]
    assert first["distance"].tolist() == [1, 2, 4, 1, 2]
    assert len(table) == 10


def test_equal_distances_are_in_the_order_of_the_gallery() -> None:
    rows = [("a", str(track), "", 0.0, 1.0, (1.0, 0.0)) for track in range(5)]
    table = hits(Queries.of_images(["image"], torch.zeros(1, 2)), gallery_of(rows), top=3)
    assert table["track"].tolist() == ["0", "1", "2"]


def test_only_the_cameras_named_are_searched() -> None:
    gallery = two_people()
    table = hits(all_tracks(gallery), gallery, cameras=["cam2"])
    assert set(table["camera"]) == {"cam2"}
    assert table["query"].value_counts().to_dict() == {
        "cam1/1": 2,
        "cam1/2": 2,
        "cam1/3": 2,
        "cam2/1": 1,
        "cam2/2": 1,
    }
    with pytest.raises(ValueError, match=r"cameras=cam9: .*cam1, cam2"):
        hits(all_tracks(gallery), gallery, cameras=["cam9"])


def test_a_cosine_calibration_is_compared_with_cosines() -> None:
    gallery = gallery_of([("a", "1", "", 0, 1, (3, 0)), ("a", "2", "", 2, 3, (0, 9))])
    table = hits(
        Queries.of_images(["image"], torch.tensor([[1.0, 0]])), gallery, calibration_of(distance="cosine")
    )
    assert table["distance"].tolist() == pytest.approx([0, 1])


def test_reranked_hits_are_those_of_k_reciprocal_distances_and_have_no_verdict() -> None:
    torch.manual_seed(0)
    gallery = gallery_of([("a", str(number), "", None, None, torch.rand(2).tolist()) for number in range(30)])
    query = find_tracks("a/7", gallery, Path("gallery"))
    assert query is not None
    table = hits(query, gallery, calibration_of(), rerank=True, top=29)
    distances = k_reciprocal(query.descriptors, gallery.descriptors)[0].tolist()
    found = dict(zip(table["track"], table["distance"], strict=True))
    assert found == {str(number): distances[number] for number in range(30) if number != 7}
    assert table["distance"].is_monotonic_increasing
    assert set(table["verdict"]) == {""}
    with pytest.raises(ValueError, match="rerank=true"):
        hits(all_tracks(two_people()), two_people(), rerank=True)


def test_what_there_is_nothing_to_search_in_is_said() -> None:
    one = gallery_of([("a", "1", "", 0, 1, (3, 0))])
    with pytest.raises(ValueError, match="only one"):
        hits(all_tracks(one), one)
    with pytest.raises(ValueError, match="empty"):
        hits(all_tracks(one), gallery_of([]))


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


def test_a_gallery_of_another_network_is_refused(tmp_path: Path) -> None:
    other = written(gallery_of([("east", "1", "", 0, 1, (7, 7))], network="cd34"), tmp_path / "other")
    with pytest.raises(ValueError, match=r"ab12.*cd34"):
        find_tracks(f"{other}/east/1", two_people(), tmp_path / "gallery")


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
