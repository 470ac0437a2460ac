"""What `visualize` draws: one image per tracklet, a strip through the stages, and the paper's figure 6."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from jaxtyping import Bool, Float, UInt8

from reid_cosam.data.tracklet import Tracklet
from reid_cosam.metrics.coverage import energy_inside, person_share
from reid_cosam.results.figures.attention import panels_figure, strip_figure, tracklet_figure
from reid_cosam.results.store import save_picture, write_text
from reid_cosam.visualization.spatial_masks import Snippets, SpatialMasks

_PANELS = 4
_PAPERS_STAGE = 4  # of the masks in the paper's figure 6, though its network has COSAM after block 5 too


class _Drawn(NamedTuple):
    """A snippet, its masks by stage, and where the person is, if that is known."""

    tracklet: Tracklet
    first_frame: str
    clip: UInt8[np.ndarray, "t h w 3"]
    masks: dict[int, Float[np.ndarray, "t _ _"]]
    person: Bool[np.ndarray, "t h w"] | None

    @property
    def who(self) -> str:
        return f"pid {self.tracklet.pid}, camera {self.tracklet.camid}"

    @property
    def caption(self) -> str:
        return f"{self.who}, {self.first_frame}"

    def on_person(self, stage: int) -> dict[str, float]:
        """The part of the mask's sum on the person, and that of the image; nothing where it is not known."""
        if self.person is None:
            return {}
        mask = torch.from_numpy(self.masks[stage])
        share = person_share(torch.from_numpy(self.person), (mask.shape[1], mask.shape[2]))
        return {"energy_inside": energy_inside(mask, share), "person_share": float(share.mean())}

    def measured(self, stage: int) -> str:
        found = self.on_person(stage)
        if not found:
            return self.who
        return f"{self.who}: energy inside {found['energy_inside']:.2f}, person {found['person_share']:.2f}"


def write_pictures(masks: SpatialMasks, snippets: Snippets, root: Path, about: str, folder: Path) -> None:
    """Writes `pictures/` and, one row per tracklet and stage, `masks.csv`. `root` is the data set's folder.

    Raises:
        FileNotFoundError, ValueError: a frame cannot be read, or a tracklet has no such snippet.
    """
    drawn = [_draw(masks, snippets, number, root) for number in range(len(snippets))]
    pictures = folder / "pictures"
    for number, one in enumerate(drawn, start=1):
        picture = tracklet_figure(one.clip, one.masks, one.caption, one.person)
        save_picture(picture, pictures / f"tracklet{number}_{Path(one.first_frame).stem}.png")
    save_picture(strip_figure(drawn[0].clip, drawn[0].masks, drawn[0].caption), pictures / "strip.png")
    stage = _PAPERS_STAGE if _PAPERS_STAGE in masks.stages else masks.stages[-1]
    panels = drawn[:_PANELS]
    figure6 = panels_figure(
        np.stack([one.clip for one in panels]),
        np.stack([one.masks[stage] for one in panels]),
        stage,
        [one.measured(stage) for one in panels],
        f"Masks of COSAM {stage}: {about}",
    )
    save_picture(figure6, pictures / "figure6.png")
    table = _table(drawn, snippets.snippet)
    write_text(folder / "masks.csv", table.to_csv(index=False, float_format="%.6g"))


def _draw(masks: SpatialMasks, snippets: Snippets, number: int, root: Path) -> _Drawn:
    tracklet, clip = snippets.tracklets[number], snippets.clip(number)
    made = {stage: mask[0].numpy() for stage, mask in masks.of(torch.from_numpy(clip)[None]).items()}
    person = snippets.person(number) if snippets.has_persons else None
    return _Drawn(tracklet, tracklet.first_frame(root), clip, made, person)


def _table(drawn: Sequence[_Drawn], snippet: int) -> pd.DataFrame:
    rows = [
        {
            "first_frame": one.first_frame,
            "pid": one.tracklet.pid,
            "camid": one.tracklet.camid,
            "snippet": snippet,
            "stage": stage,
            "lowest": float(mask.min()),
            "mean": float(mask.mean()),
            "highest": float(mask.max()),
        }
        | one.on_person(stage)
        for one in drawn
        for stage, mask in one.masks.items()
    ]
    return pd.DataFrame(rows)
