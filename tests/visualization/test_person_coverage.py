"""Coverage of persons over a test set: masks read from files, numbers worked out by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from reid_cosam.data.tracklet import Tracklet
from reid_cosam.visualization.person_coverage import Compared, by_tracklet, compare, summary
from reid_cosam.visualization.spatial_masks import Snippets, SpatialMasks
from tests.visualization.test_spatial_masks import CPU, network

# Two snippets of one frame of 1 x 2 locations: the person fills the left one, then half of it.
COMPARED = Compared(
    attention=torch.tensor([[[[0.8, 0.2]]], [[[0.4, 0.6]]]]),
    share=torch.tensor([[[[1.0, 0.0]]], [[[0.5, 0.0]]]]),
)


def write_tracklet(root: Path, pid: int, frames: int) -> Tracklet:
    """Grey noise, and a person in the upper half of it."""
    rng = np.random.default_rng(pid)
    person = np.zeros((64, 32), np.uint8)
    person[:32] = 255
    paths = [
        root / "bbox_test" / f"{pid:04d}" / f"{pid:04d}C1T0001F{frame:03d}.jpg" for frame in range(frames)
    ]
    for path in paths:
        mask = root / "masks" / path.relative_to(root).with_suffix(".png")
        for folder in (path.parent, mask.parent):
            folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (64, 32, 3), dtype=np.uint8)).save(path)
        Image.fromarray(person).save(mask)
    return Tracklet(tuple(map(str, paths)), pid, 1)


def test_first_snippets_are_compared_whatever_the_batches(tmp_path: Path) -> None:
    tracklets = [write_tracklet(tmp_path, pid, frames) for pid, frames in ((1, 6), (2, 3), (3, 4))]
    snippets = Snippets(tracklets, 4, (64, 32), tmp_path)
    masks = SpatialMasks(network("[4,5]"), None, CPU)
    done: list[int] = []

    compared = compare(masks, snippets, batch_size=2, workers=0, advance=done.append)

    assert done == [2, 1]
    assert {stage: one.attention.shape for stage, one in compared.items()} == {
        4: (3, 4, 4, 2),
        5: (3, 4, 4, 2),
    }
    clips = torch.stack([torch.from_numpy(snippets[number][0]) for number in range(3)])
    for stage, attention in masks.of(clips).items():
        torch.testing.assert_close(compared[stage].attention, attention, rtol=1e-4, atol=1e-5)
        assert compared[stage].share[:, :, :2].eq(1).all()
        assert compared[stage].share[:, :, 2:].eq(0).all()


def test_masks_stand_beside_masks_that_depend_on_no_image() -> None:
    rows = {row.instead: row[2:] for row in summary({4: COMPARED})}

    # Person 1.5 of 4 locations. At 0.4 three are chosen, all of the person among them: 1.5 / 3.
    # At 0.8 only the first: 1 / 1.5.
    energy = (0.8 + 0.5 * 0.4) / 2
    outside = (0.2 + 0.5 * 0.4 + 0.6) / 2.5
    assert rows[None] == pytest.approx((1 / 1.5, outside, 1 / 1.5, 0.8, energy))
    # The mean is 0.6 left and 0.4 right in every frame.
    mean = ((0.6 + 0.5 * 0.6) / 1.5, (0.4 + 0.5 * 0.6 + 0.4) / 2.5, 1.5 / 2, 0.6, 0.9 / 2)
    assert rows["mean mask"] == pytest.approx(mean)
    # Persons fill 0.75 of the left location and none of the right one.
    outline = (0.75, 0.5 * 0.75 / 2.5, 1.5 / 2, 0.75, 1.0 * 1.125 / 1.5)
    assert rows["mean outline"] == pytest.approx(outline)
    assert rows["flat mask"] == pytest.approx((0.5, 0.5, 1.5 / 4, 0.5, 1.5 / 4))


def test_every_tracklet_has_a_row_a_stage_at_the_stages_threshold() -> None:
    table = by_tracklet({4: COMPARED, 5: COMPARED}, {4: 0.8, 5: 0.4}, pd.DataFrame({"pid": [7, 8]}))

    assert table[["pid", "stage"]].to_numpy().tolist() == [[7, 4], [8, 4], [7, 5], [8, 5]]
    assert table["iou"].tolist() == pytest.approx([1.0, 0.0, 1.0, 0.5 / 2])
    assert table["inside"].tolist() == pytest.approx([0.8, 0.4] * 2)
    assert table["outside"].tolist() == pytest.approx([0.2, (0.5 * 0.4 + 0.6) / 1.5] * 2)
    assert table["energy_inside"].tolist() == pytest.approx([0.8, 0.2] * 2)
    assert table["person_share"].tolist() == pytest.approx([0.5, 0.25] * 2)


def test_a_hidden_person_leaves_no_mean_inside() -> None:
    hidden = Compared(COMPARED.attention, torch.zeros_like(COMPARED.share))

    table = by_tracklet({4: hidden}, {4: 0.5}, pd.DataFrame({"pid": [7, 8]}))

    assert table["inside"].isna().all()
    assert table["energy_inside"].tolist() == [0, 0]
    assert table["outside"].tolist() == pytest.approx([0.5, 0.5])
