"""Hits of hand-made descriptors."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch

from reid_cosam.galleries.queries import Queries, all_tracks, find_tracks
from reid_cosam.galleries.search import HITS, check_table, deciding, hits, write_hits
from reid_cosam.metrics.reranking import k_reciprocal
from tests.support.galleries import calibration_of, gallery_of, two_people

IMAGES = {"image": ["1.jpg", "2.jpg"]}


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
    query = Queries.of_images(IMAGES, torch.tensor([[0.0, -2.5]]))
    table = hits(query, two_people(), calibration_of(), top=1)
    assert table["verdict"].tolist() == ["uncertain"]


def test_images_of_one_camera_get_no_verdict_under_it_and_a_single_image_none_at_all() -> None:
    near = torch.tensor([[0.0, 0.5], [0.0, 0.5]])
    queries = Queries.of_images({**IMAGES, "single": ["3.jpg"]}, near, camera="cam1")
    table = hits(queries, two_people(), calibration_of(), top=2)
    assert table["camera"].tolist() == ["cam1", "cam2"] * 2
    assert table["verdict"].tolist() == ["", "same", "", ""]
    without_camera = Queries.of_images(IMAGES, near[:1])
    assert hits(without_camera, two_people(), calibration_of(), top=2)["verdict"].tolist() == ["same"] * 2


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
    table = hits(Queries.of_images(IMAGES, torch.zeros(1, 2)), gallery_of(rows), top=3)
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
        Queries.of_images(IMAGES, torch.tensor([[1.0, 0]])), gallery, calibration_of(distance="cosine")
    )
    assert table["distance"].tolist() == pytest.approx([0, 1])


def test_without_a_calibration_distances_are_the_networks_own() -> None:
    gallery = gallery_of([("a", "1", "", 0, 1, (3, 0)), ("a", "2", "", 2, 3, (0, 9))])
    gallery = replace(gallery, distance="cosine")

    table = hits(Queries.of_images(IMAGES, torch.tensor([[1.0, 0]])), gallery)

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


def test_only_a_table_of_hits_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "hits.csv"
    check_table(out)
    table = hits(all_tracks(two_people()), two_people())
    for columns in (HITS, HITS[:-1]):  # of an earlier version
        table[list(columns)].to_csv(out, index=False)
        check_table(out)
    for content in ("", "camera,track,person\n", "query,rank\n"):
        out.write_text(content)
        with pytest.raises(ValueError, match=r"out=.*hits.csv is there"):
            check_table(out)
    with pytest.raises(ValueError, match="is a folder"):
        check_table(tmp_path)


@pytest.mark.parametrize("out", ["hits.csv", "deep/er/hits.csv", "gallery/hits.csv"])
def test_thumbnails_are_found_from_where_the_hits_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [("a", "1", "", 0, 1, (0.0,)), ("a", "2", "", 45.800000000000004, 46, (2 / 3,))]
    gallery = gallery_of(rows)
    gallery.tracklets["thumbnail"] = ["", "thumbnails/1 #.jpg"]
    (tmp_path / "gallery" / "thumbnails").mkdir(parents=True)
    (tmp_path / "gallery" / "thumbnails" / "1 #.jpg").touch()
    write_hits(hits(all_tracks(gallery), gallery), Path("gallery"), Path(out))
    table = pd.read_csv(out, keep_default_na=False, dtype=str)
    assert table["start"].tolist() == ["45.8", "0.0"]
    assert table["distance"].tolist() == ["0.666667"] * 2
    assert table["thumbnail"][1] == ""
    assert (Path(out).parent / table["thumbnail"][0]).is_file()
