from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from reid_cosam.data.synthetic import SyntheticSpec, tracklets
from reid_cosam.data.synthetic.body import View, walk
from reid_cosam.data.synthetic.cameras import make_camera
from reid_cosam.data.synthetic.figure import CanvasFigure, Cloth
from reid_cosam.data.synthetic.motion import Motion, draw_motion
from reid_cosam.data.synthetic.occluders import OBJECTS, draw_object
from reid_cosam.data.synthetic.people import ATTRIBUTES, draw_look
from reid_cosam.data.synthetic.randomness import TEST, camera_rng, identity_rng, tracklet_rng
from reid_cosam.data.synthetic.tracklets import RenderedTracklet, TrackletPlan, render_tracklet
from reid_cosam.data.synthetic.walker import draw_walker

SPEC = SyntheticSpec("tracklets", 128, 64, 20, 20, 3, 2, 2, (6, 8), 4, 4)
MAGENTA = (255, 0, 254)


def _motion(number: int) -> Motion:
    return draw_motion(tracklet_rng(SPEC.seed, TEST, 21, 1, number), SPEC)


def _render(number: int) -> RenderedTracklet:
    return render_tracklet(SPEC, TrackletPlan(TEST, 21, 1, number, len(_motion(number))))


def _numbers(occluder: str | None) -> list[int]:
    return [number for number in range(1, 200) if _motion(number).occluder == occluder][:4]


def _without_target(monkeypatch: pytest.MonkeyPatch, number: int) -> RenderedTracklet:
    with monkeypatch.context() as patched:
        patched.setattr(tracklets, "_target", lambda *_: None)
        return _render(number)


@pytest.mark.parametrize("number", _numbers(None))
def test_masks_hold_the_person_and_nothing_else(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    seen, empty = _render(number), _without_target(monkeypatch, number)

    assert not empty.masks.any()
    changed = (np.abs(seen.frames.astype(int) - empty.frames.astype(int)) > 2).any(axis=-1)
    for frame, mask in zip(changed, seen.masks, strict=True):
        assert 0.1 < mask.mean() < 0.7
        # Some clothes have the background's colour by chance; the optics smear the outline by a pixel or two.
        assert frame[mask].mean() > 0.9
        assert frame[~mask].mean() < 0.12


@pytest.mark.parametrize("occluder", ["pole", "hedge", "car", "bicycle", "bin", "sign"])
def test_masks_leave_out_what_is_hidden(monkeypatch: pytest.MonkeyPatch, occluder: str) -> None:
    number = _numbers(occluder)[0]
    hidden = _render(number)
    with monkeypatch.context() as patched:
        patched.setattr(tracklets, "passers_by", lambda *_: (None, None))
        free = _render(number)

    assert not (hidden.masks & ~free.masks).any()
    lost = 1 - hidden.masks.sum(axis=(1, 2)) / free.masks.sum(axis=(1, 2))
    assert lost.max() > 0.03
    assert lost.min() < lost.max() - 0.03


def test_a_second_person_is_not_in_the_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    number = _numbers("person")[0]

    empty = _without_target(monkeypatch, number)

    assert not empty.masks.any()
    assert np.ptp(empty.frames, axis=0).max() > 60


def test_about_a_third_of_the_tracklets_is_occluded() -> None:
    occluders = [_motion(number).occluder for number in range(900)]

    # 900 draws with probability 1/3: 300, standard deviation 14.
    assert 250 < sum(kind is not None for kind in occluders) < 350
    assert set(occluders) == {None, "person", *OBJECTS}


def test_rendering_needs_no_state_of_earlier_tracklets() -> None:
    first = _render(3)
    _render(4)
    make_camera.cache_clear()
    again = _render(3)

    assert np.array_equal(first.frames, again.frames)
    assert np.array_equal(first.masks, again.masks)


def test_the_background_moves_behind_who_walks_across(monkeypatch: pytest.MonkeyPatch) -> None:
    across = next(n for n in range(1, 99) if abs(_motion(n).view.along) > 0.95 and not _motion(n).occluder)
    motion = _motion(across)

    assert abs(motion.travel[-1] - motion.travel[0]) > 0.2
    assert np.sign(motion.travel[-1] - motion.travel[0]) == np.sign(motion.view.along)
    backgrounds = _without_target(monkeypatch, across).frames.astype(int)
    assert np.abs(backgrounds[0] - backgrounds[-1]).mean() > 10


def test_cameras_differ_in_scene_and_colour() -> None:
    first, second = (make_camera(0, camera, 256, 128, 64) for camera in (1, 2))

    assert first.scene.size == second.scene.size
    assert np.abs(np.asarray(first.scene).astype(int) - np.asarray(second.scene)).mean() > 20
    assert first.response(1.0) != second.response(1.0)


def test_random_streams_are_distinct() -> None:
    streams = [camera_rng(0, 1), identity_rng(0, 0, 1), identity_rng(0, 1, 0), tracklet_rng(0, 0, 0, 1, 1)]
    streams += [tracklet_rng(0, 0, -1, 1, 1), tracklet_rng(0, 1, -1, 1, 1), identity_rng(1, 0, 1)]

    assert len({stream.integers(2**62) for stream in streams}) == len(streams)


@pytest.mark.parametrize("accessory", ATTRIBUTES)
@pytest.mark.parametrize("yaw", [0.0, 1.2, np.pi, -1.2])
def test_an_accessory_is_drawn_where_the_attribute_says_so(accessory: str, yaw: float) -> None:
    look = draw_look(np.random.default_rng(5))
    phase = np.linspace(0, 6, 4)
    colour: dict[str, Any] = {accessory: MAGENTA}
    nothing: dict[str, Any] = {accessory: None}
    carried, bare = replace(look, **colour), replace(look, **nothing)

    # The accessory's own colour, or a shade of it: straps and folds are darker.
    magenta = [
        fill for fill in draw_walker(carried, View(yaw), phase, 1.0).fills if not fill[1] and fill[0] > 150
    ]
    assert magenta
    assert not [fill for fill in draw_walker(bare, View(yaw), phase, 1.0).fills if fill in magenta]
    assert carried.attributes[accessory] == 1
    assert bare.attributes[accessory] == 0


def test_the_standing_foot_stays_on_the_ground() -> None:
    # Without width both legs are equally near, and the camera's look downwards shifts neither.
    pose = walk(View(0.0), np.linspace(0, 2 * np.pi, 24), 0.0, 1.0, None)

    lower = np.maximum(pose["left_ankle"][:, 1], pose["right_ankle"][:, 1])
    assert lower == pytest.approx(-0.03, abs=1e-12)


def test_legs_swing_in_turn_and_against_the_arms() -> None:
    pose = walk(View(0.0), np.array([np.pi / 2]), 1.0, 1.0, None)

    assert pose["left_knee"][0, 0] > 0.05 > -0.03 > pose["right_knee"][0, 0]
    assert pose["left_elbow"][0, 0] < pose["right_elbow"][0, 0]


def test_a_cloth_patch_follows_its_widths() -> None:
    cloth = Cloth(
        np.array([[0.0, 0.0]]), np.array([[0.0, 2.0]]), (0.0, 0.5, 1.0), np.array([[1.0, 2.0, 4.0]])
    )

    corners = np.stack(cloth.patch(-1.0, 0.5, 0.25, 1.0), axis=1)[0]

    # v = 0.25 lies half-way between half-widths 1 and 2; the knot at v = 0.5 is a corner of its own.
    assert corners.tolist() == [[-1.5, 0.5], [-2.0, 1.0], [-4.0, 2.0], [2.0, 2.0], [1.0, 1.0], [0.75, 0.5]]


def test_objects_fit_their_sprites() -> None:
    for kind in OBJECTS:
        alpha = np.asarray(draw_object(kind, np.random.default_rng(1), 256).getchannel("A"))
        assert set(np.unique(alpha)) <= {0, 255}
        assert alpha.mean() > 255 * 0.08


def test_a_figure_is_placed_in_whole_pixels() -> None:
    figure = draw_walker(draw_look(np.random.default_rng(2)), View(0.3), np.zeros(2), 1.0)

    placed: CanvasFigure = figure.on_canvas(100.0, np.array([[10.0, 90.0], [20.0, 90.0]]))

    assert placed.coordinates.dtype == np.int64
    difference = (placed.coordinates[1] - placed.coordinates[0]).reshape(-1, 2)
    assert difference.tolist() == [[10, 0]] * sum(placed.counts)
