"""Footage of walkers: what is written is true of what is seen."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from reid_cosam.data.synthetic import filming, footage, spec
from reid_cosam.data.synthetic.figure import Figure
from reid_cosam.data.synthetic.filming import film, make_stage
from reid_cosam.data.synthetic.footage import render_footage
from reid_cosam.data.synthetic.people import Look
from reid_cosam.data.synthetic.randomness import TEST
from reid_cosam.data.synthetic.tracklets import identity_look
from reid_cosam.data.synthetic.visits import FootageSpec, Visit, plan_visits, switched_on, travel_times
from reid_cosam.data.synthetic.walker import draw_walker

SPEC = FootageSpec(4, 1, "test", 2, 2, 0.05, 96, 160, 5, 3)
MOT = ["frame", "track", "x", "y", "width", "height", "confidence", "class", "visible"]


@contextmanager
def counted(_total: int, _things: str) -> Iterator[Any]:
    yield lambda _number: None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("footage") / "out"
    render_footage(out, SPEC, 1, counted)
    return out


def _boxes(folder: Path, camera: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{camera}.txt", names=MOT)


def _tracks(folder: Path) -> pd.DataFrame:
    """First and last second of each track, on the common clock, with its person."""
    about = json.loads((folder / "footage.json").read_text())
    parts = []
    for camera, start in about["start"].items():
        boxes = _boxes(folder, camera)
        seconds = start + (boxes["frame"] - 1) / about["fps"]
        part = seconds.groupby(boxes["track"]).agg(["min", "max"]).reset_index().assign(camera=camera)
        parts.append(part)
    people = pd.read_csv(folder / "identities.csv")
    return pd.DataFrame(pd.concat(parts).merge(people, on=["camera", "track"], how="outer"))


def test_every_walk_is_a_track_of_its_own(folder: Path) -> None:
    tracks = _tracks(folder)

    assert not tracks.isna().any(axis=None)
    assert tracks["person"].value_counts().to_dict() == {1: 2, 2: 2, 3: 2, 4: 2}
    for camera in ("camera1", "camera2"):
        boxes = _boxes(folder, camera)
        assert not boxes.duplicated(["frame", "track"]).any()
        assert list(dict.fromkeys(boxes["track"])) == list(range(1, boxes["track"].nunique() + 1))


def test_boxes_lie_in_the_frames_and_frames_in_the_video(folder: Path) -> None:
    import av

    about = json.loads((folder / "footage.json").read_text())
    for camera, frames in about["frames"].items():
        with av.open(str(folder / f"{camera}.mp4")) as video:
            stream = video.streams.video[0]
            assert (stream.width, stream.height, float(stream.average_rate or 0)) == (160, 96, 5.0)
            assert sum(1 for _ in video.decode(stream)) == frames
        boxes = _boxes(folder, camera)
        assert boxes["frame"].between(1, frames).all()
        assert (boxes[["x", "y"]] >= 0).all(axis=None)
        assert (boxes["x"] + boxes["width"] <= 160).all()
        assert (boxes["y"] + boxes["height"] <= 96).all()
        assert boxes["visible"].between(filming.LEAST_VISIBLE, 1).all()
        whole = boxes[boxes["visible"] == 1]
        assert whole["height"].between(28, 60).all()


def test_people_are_in_one_place_at_a_time_and_take_the_time_that_is_stated(folder: Path) -> None:
    limits = pd.read_csv(folder / "travel_times.csv").set_index(["from", "to"])
    assert sorted(limits.index) == [("camera1", "camera2"), ("camera2", "camera1")]
    for _, own in _tracks(folder).sort_values("min").groupby("person"):
        first, second = own.to_dict("records")
        allowed = limits.loc[(first["camera"], second["camera"])]
        assert 0 < allowed["min_seconds"] <= second["min"] - first["max"] <= allowed["max_seconds"]


def test_boxes_hold_all_that_a_person_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filming, "LEAST_VISIBLE", 0.0)
    visits = [visit for visit in plan_visits(SPEC) if visit.camera == 1]
    frames = range(visits[0].first, visits[0].stop)

    alone = 0
    for (image, boxes), (empty, none) in zip(
        film(SPEC, 1, visits, frames), film(SPEC, 1, [], frames), strict=True
    ):
        assert not none
        changed = np.abs(image.astype(int) - empty.astype(int)).max(axis=2) > 8
        outside = changed.copy()
        for box in boxes:
            outside[max(box.y - 2, 0) : box.y + box.height + 2, max(box.x - 2, 0) : box.x + box.width + 2] = (
                False
            )
        assert not outside.any()
        if len(boxes) == 1 and boxes[0].visible == 1:
            alone += 1
            (box,), (rows, columns) = boxes, changed.nonzero()
            assert abs(rows.min() - box.y) <= 3
            assert abs(rows.max() + 1 - box.y - box.height) <= 3
            assert abs(columns.min() - box.x) <= 4
            assert abs(columns.max() + 1 - box.x - box.width) <= 4
    assert alone > 3


def _standing(person: int, ground: float) -> Visit:
    still = np.zeros(1)
    return Visit(person, 1, 0, 1.0, still, still, still + 40.0, np.array([[80.0, ground]]))


@pytest.mark.parametrize("order", [1, -1])
def test_who_is_nearer_hides_who_is_behind(monkeypatch: pytest.MonkeyPatch, order: int) -> None:
    monkeypatch.setattr(filming, "LEAST_VISIBLE", 0.0)
    monkeypatch.setattr(filming, "make_stage", lambda *_: replace(make_stage(SPEC, 1), things=[]))
    pair = [_standing(1, 90.0), _standing(2, 80.0)][::order]

    ((image, boxes),) = film(SPEC, 1, pair, range(1))
    ((_, (alone,)),) = film(SPEC, 1, [pair[1]], range(1))
    ((front, _),) = film(SPEC, 1, [_standing(1, 90.0)], range(1))

    near, far = boxes[::order]
    assert near.visible == 1
    assert 0.05 < far.visible < 0.6
    second = boxes[1]
    assert (second.x, second.y, second.width, second.height) == alone[1:5]
    legs = np.s_[82:88, 70:90]
    assert (image[legs] == front[legs]).all()


@pytest.mark.parametrize("processes", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_the_same_settings_give_the_same_bytes(folder: Path, tmp_path: Path, processes: int) -> None:
    render_footage(tmp_path / "again", SPEC, processes, counted)

    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_other_people_walk_through_the_same_cameras() -> None:
    others = replace(SPEC, first_person=3, cameras=2)

    for camera in (1, 2):
        one, other = make_stage(SPEC, camera), make_stage(others, camera)
        assert one.background.tobytes() == other.background.tobytes()
        assert one.camera.response(1.0) == other.camera.response(1.0)
        assert switched_on(SPEC, camera) == switched_on(others, camera)
    walks = {(visit.person, visit.camera, visit.first) for visit in plan_visits(SPEC)}
    assert {visit.person for visit in plan_visits(others)} == {3, 4, 5, 6}
    shared = {(visit.person, visit.camera, visit.first) for visit in plan_visits(others) if visit.person < 5}
    assert shared == {walk for walk in walks if walk[0] > 2}


def test_people_look_as_in_the_data_set_of_the_same_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []

    def draw(look: Look, *others: Any) -> Figure:
        drawn.append(look)
        return draw_walker(look, *others)

    monkeypatch.setattr(filming, "draw_walker", draw)
    next(film(SPEC, 1, [_standing(97, 90.0)], range(1)))

    assert drawn == [identity_look(spec("small", SPEC.seed), TEST, 97)]


def test_travel_times_are_those_of_all_walkers_or_wider() -> None:
    rows = [
        ("camera1", 1, 0.0, 4.0),
        ("camera2", 1, 4.5, 9.0),
        ("camera1", 1, 99.0, 104.0),
        ("camera1", 2, 3.0, 8.0),
    ]
    tracks = pd.DataFrame(rows, columns=["camera", "person", "start", "end"])
    there, back = ("camera1", "camera2"), ("camera2", "camera1")

    usual, times = _limits(tracks.iloc[:0], SPEC), _limits(tracks, SPEC)

    assert list(usual) == list(times) == [there, back]
    assert times[there] == (0, usual[there][1])
    assert times[back] == (usual[back][0], 90)


def _limits(tracks: pd.DataFrame, spec: FootageSpec) -> dict[tuple[str, str], tuple[int, int]]:
    rows = travel_times(tracks, spec).to_dict("split")["data"]
    return {(start, end): (least, most) for start, end, least, most in rows}


def test_a_longest_time_covers_a_way_over_other_cameras() -> None:
    rows = [("camera1", 1, 0.0, 4.0), ("camera2", 1, 40.0, 44.0), ("camera3", 1, 80.0, 85.5)]
    tracks = pd.DataFrame(rows, columns=["camera", "person", "start", "end"])

    times = _limits(tracks, replace(SPEC, cameras=3))

    assert times["camera1", "camera3"][1] == 76
    assert times["camera3", "camera1"][1] < 76


def test_a_folder_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match=rf"out={tmp_path} exists"):
        render_footage(tmp_path, SPEC, 1, counted)

    assert not list(tmp_path.iterdir())


def test_what_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(footage, "_codec", lambda: "no_such_codec")

    with pytest.raises(ValueError, match="no_such_codec"):
        render_footage(tmp_path / "out", SPEC, 1, counted)

    assert not list(tmp_path.iterdir())


def test_without_pyav_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "av", None)

    with pytest.raises(ModuleNotFoundError, match=r"pip install 'reid-cosam\[video\]'"):
        render_footage(tmp_path / "out", SPEC, 1, counted)


def test_frames_wider_than_the_scenes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"width=300 .* height=96"):
        render_footage(tmp_path / "out", replace(SPEC, width=300), 1, counted)
