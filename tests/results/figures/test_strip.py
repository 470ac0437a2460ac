"""One tracklet's masks by themselves and over its frames."""

import matplotlib
import numpy as np
import pytest

from reid_cosam.results.figures.attention import LABEL_WIDTH
from reid_cosam.results.figures.strip import strip_figure, tracklet_figure
from reid_cosam.results.figures.style import GAP, MARGIN, text

LEFT = MARGIN + LABEL_WIDTH + GAP
TOP = MARGIN + text("x", bold=True).height + GAP  # of the frames, below the caption
ROW = 192 + GAP
CLIP = np.full((2, 128, 64, 3), (255, 0, 0), np.uint8)


def colour(value: float) -> tuple[int, ...]:
    return tuple(round(255 * part) for part in matplotlib.colormaps["plasma"](value)[:3])


def halves(left: float, right: float, frames: int = 2) -> np.ndarray:
    return np.tile(np.array([[left, right]]), (frames, 4, 1))


def test_a_strip_shows_each_location_as_a_block_on_one_scale() -> None:
    pixels = np.asarray(strip_figure(CLIP, {5: halves(0.25, 0.5), 4: halves(0.0, 1.0)}, "pid 1"))

    assert tuple(pixels[TOP, LEFT]) == (255, 0, 0)
    fourth = pixels[TOP + ROW : TOP + ROW + 192, LEFT : LEFT + 96]
    assert {tuple(pixel) for pixel in fourth[:, :48].reshape(-1, 3)} == {colour(0.0)}
    assert {tuple(pixel) for pixel in fourth[:, 48:].reshape(-1, 3)} == {colour(1.0)}
    fifth = {tuple(pixel) for pixel in pixels[TOP + 2 * ROW :].reshape(-1, 3)}
    assert {colour(0.25), colour(0.5)} <= fifth


def test_a_tracklet_shows_masks_over_frames_and_by_themselves_on_their_own_scale() -> None:
    pixels = np.asarray(tracklet_figure(CLIP, {4: halves(0.25, 0.5)}, "pid 1"))

    over, bare = TOP + 192 + 26, TOP + 192 + 26 + ROW
    cold, hot = pixels[over + 100, LEFT + 2], pixels[over + 100, LEFT + 94]
    assert cold[0] == cold[1] == cold[2]
    assert hot[0] > hot[2] + 50
    assert tuple(pixels[bare + 2, LEFT + 2]) == colour(0.0)
    assert tuple(pixels[bare + 190, LEFT + 94]) == colour(1.0)


def test_the_person_stands_below_the_frames_where_known() -> None:
    person = np.zeros((2, 128, 64), np.bool_)
    person[:, :, :32] = True
    masks = {4: halves(0.25, 0.5)}

    without = tracklet_figure(CLIP, masks, "pid 1")
    pixels = np.asarray(tracklet_figure(CLIP, masks, "pid 1", person))

    assert len(pixels) == without.height + ROW
    assert (pixels[TOP + ROW + 5, LEFT : LEFT + 48] == 235).all()
    assert (pixels[TOP + ROW + 5, LEFT + 48 : LEFT + 96] == 60).all()


@pytest.mark.parametrize("figure", [strip_figure, tracklet_figure])
def test_masks_must_belong_to_the_clip(figure: object) -> None:
    assert callable(figure)
    with pytest.raises(ValueError, match="COSAM 4: masks for 1 clips of 3 frames"):
        figure(CLIP, {4: halves(0.1, 0.2, frames=3)}, "pid 1")
    with pytest.raises(ValueError, match=r"COSAM 4: mask values must lie within 0\.\.1"):
        figure(CLIP, {4: halves(0.1, 1.2)}, "pid 1")
