"""What `visualize` draws: a picture a tracklet, a strip through the stages, and the paper's figure 6."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, UInt8

from reid_cosam.data.frames import read_clip
from reid_cosam.data.masks import read_masks
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.metrics.coverage import energy_inside, person_share
from reid_cosam.results.figures.panels import panels_figure
from reid_cosam.results.figures.strip import strip_figure, tracklet_figure
from reid_cosam.results.store import save_picture, write_text
from reid_cosam.visualization.spatial_masks import SpatialMasks, snippet_frames

_PANELS = 4
_PAPERS_STAGE = 4  # of the masks in the paper's figure 6, though its network has COSAM after block 5 too


class Looking(NamedTuple):
    """How a data set is looked at.

    Attributes:
        size: height and width at which the network sees its frames.
        root: the data set's folder.
        has_persons: whether there is a person mask for every frame.
    """

    masks: SpatialMasks
    num_frames: int
    size: tuple[int, int]
    root: Path
    has_persons: bool


class _Shown(NamedTuple):
    name: str
    tracklet: Tracklet
    clip: UInt8[np.ndarray, "t h w 3"]
    masks: dict[int, Float[np.ndarray, "t _ _"]]
    person: Bool[np.ndarray, "t h w"] | None


def write_pictures(
    looking: Looking, tracklets: Sequence[Tracklet], snippet: int, about: str, folder: Path
) -> None:
    """Writes `pictures/` and, a row a picture of a tracklet and stage, `masks.csv`.

    Raises:
        FileNotFoundError, ValueError: a frame cannot be read, or a tracklet has no such snippet.
    """
    shown = [_look(looking, tracklet, snippet) for tracklet in tracklets]
    pictures = folder / "pictures"
    for number, one in enumerate(shown, start=1):
        picture = tracklet_figure(one.clip, one.masks, _caption(one), one.person)
        save_picture(picture, pictures / f"tracklet{number}_{Path(one.name).stem}.png")
    save_picture(strip_figure(shown[0].clip, shown[0].masks, _caption(shown[0])), pictures / "strip.png")
    stages = looking.masks.stages
    stage = _PAPERS_STAGE if _PAPERS_STAGE in stages else stages[-1]
    panels = shown[:_PANELS]
    figure6 = panels_figure(
        np.stack([one.clip for one in panels]),
        np.stack([one.masks[stage] for one in panels]),
        stage,
        [_measured(one, stage) for one in panels],
        f"Masks of COSAM {stage}: {about}",
    )
    save_picture(figure6, pictures / "figure6.png")
    write_text(folder / "masks.csv", _table(shown, snippet).to_csv(index=False, float_format="%.6g"))


def _look(looking: Looking, tracklet: Tracklet, snippet: int) -> _Shown:
    frames = snippet_frames(tracklet, looking.num_frames, snippet)
    clip = read_clip(frames, *looking.size)
    masks = {stage: mask[0].numpy() for stage, mask in looking.masks.of(torch.from_numpy(clip)[None]).items()}
    person = read_masks(frames, *looking.size) if looking.has_persons else None
    return _Shown(tracklet.first_frame(looking.root), tracklet, clip, masks, person)


def _caption(shown: _Shown) -> str:
    return f"{_who(shown)}, {shown.name}"


def _who(shown: _Shown) -> str:
    return f"pid {shown.tracklet.pid}, camera {shown.tracklet.camid}"


def _measured(shown: _Shown, stage: int) -> str:
    found = _on_person(shown, stage)
    told = (
        f": energy inside {found['energy_inside']:.2f}, person {found['person_share']:.2f}" if found else ""
    )
    return _who(shown) + told


def _on_person(shown: _Shown, stage: int) -> dict[str, float]:
    """The part of the mask's sum on the person, and that of the picture; nothing where it is not known."""
    if shown.person is None:
        return {}
    mask = torch.from_numpy(shown.masks[stage])
    share = person_share(torch.from_numpy(shown.person), (mask.shape[1], mask.shape[2]))
    return {"energy_inside": energy_inside(mask, share), "person_share": float(share.mean())}


def _table(shown: Sequence[_Shown], snippet: int) -> pd.DataFrame:
    rows = [
        {
            "first_frame": one.name,
            "pid": one.tracklet.pid,
            "camid": one.tracklet.camid,
            "snippet": snippet,
            "stage": stage,
            "lowest": float(mask.min()),
            "mean": float(mask.mean()),
            "highest": float(mask.max()),
        }
        | _on_person(one, stage)
        for one in shown
        for stage, mask in one.masks.items()
    ]
    return pd.DataFrame(rows)
