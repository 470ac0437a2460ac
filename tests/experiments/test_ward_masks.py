from pathlib import Path

import numpy as np
import pytest
from experiments.ward.masks import write_masks
from PIL import Image
from scipy.io import savemat

from tests.support.tree import write_ward_tree

FRAMES = 4 * (5 + 6 + 7)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_ward_tree(tmp_path, size=(4, 2))


def _write(tree: Path, number: int = FRAMES, height: int = 4) -> Path:
    """Masks of rising numbers of white pixels, the last of another height."""
    cells = np.empty((number, 1), dtype=object)
    for place in range(number):
        cells[place, 0] = (np.arange(8).reshape(4, 2) < place % 8).astype(np.uint8)
    cells[-1, 0] = np.ones((height, 2), np.uint8)
    path = tree / "toolbox/Datasets/Masks/WARD.mat"
    path.parent.mkdir(exist_ok=True)
    savemat(path, {"msk": cells})
    return path


def test_every_frame_has_its_mask_by_the_order_of_names(tree: Path) -> None:
    _write(tree)

    assert write_masks(tree) == FRAMES

    folder = tree / "toolbox/Datasets/WARD"
    frames = sorted(path.name for path in folder.glob("*.png"))
    assert sorted(path.name for path in (folder / "masks").iterdir()) == frames
    third = np.asarray(Image.open(folder / "masks" / frames[3]))
    np.testing.assert_array_equal(third, [[255, 255], [255, 0], [0, 0], [0, 0]])


def test_masks_that_do_not_fit_are_refused(tree: Path) -> None:
    path = tree / "toolbox/Datasets/Masks/WARD.mat"
    with pytest.raises(FileNotFoundError, match=f"{path} is missing"):
        write_masks(tree)

    _write(tree, number=FRAMES - 1)
    with pytest.raises(ValueError, match=rf"{path} has 71 masks, .* 72 frames"):
        write_masks(tree)

    _write(tree, height=3)
    with pytest.raises(ValueError, match=rf"{path}: .*000700030007\.png .* \(3, 2\), .* \(4, 2\)"):
        write_masks(tree)
