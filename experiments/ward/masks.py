"""Writes the person masks of WARD as images, where `reid-cosam` looks for them.

python experiments/ward/masks.py ROOT

ROOT is a clone of the data set's repository, as data.root of data=ward, or its folder toolbox/Datasets/WARD.
The variable `msk` of toolbox/Datasets/Masks/WARD.mat has one mask per frame, in order of the frames' names: 1
is the person, in some frames with the shadow. They become masks/<name of the frame> in the folder of the
frames: 255 is the person, 0 the background.
"""

import sys
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image
from rich.progress import track
from scipy.io import loadmat

from reid_cosam.data.readers.ward import Ward


def write_masks(root: Path) -> int:
    """Write all masks; returns how many there are.

    Raises:
        FileNotFoundError: frames or the file of the masks are missing.
        ValueError: masks and frames do not fit together.
    """
    folder = Ward(split=0).folder(root)
    frames = sorted(map(Path, Ward(split=0).read(root).frames()))
    path = folder.parent / "Masks" / "WARD.mat"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: it comes with the repository of the data set")
    masks: list[UInt8[np.ndarray, "h w"]] = list(loadmat(path)["msk"].ravel())
    if len(masks) != len(frames):
        raise ValueError(f"{path} has {len(masks)} masks, but {folder} has {len(frames)} frames")
    (folder / "masks").mkdir(exist_ok=True)
    for frame, mask in track(list(zip(frames, masks, strict=True)), description="masks"):
        with Image.open(frame) as image:
            if (image.height, image.width) != mask.shape:
                raise ValueError(
                    f"{path}: the mask of {frame} has height and width {mask.shape}, the frame has "
                    f"{(image.height, image.width)}"
                )
        Image.fromarray((mask > 0).astype(np.uint8) * 255).save(folder / "masks" / frame.name)
    return len(masks)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python experiments/ward/masks.py ROOT")
    print(f"{write_masks(Path(sys.argv[1])):,} masks written")
