"""Render walkers as the video of several cameras: `reid-cosam render --help`."""

import os
from functools import partial
from pathlib import Path

from reid_cosam.command_line import command
from reid_cosam.settings.footage import RenderSettings


@command("render", RenderSettings)
def main(settings: RenderSettings) -> None:
    """Writes the footage to `out` and prints what it holds."""
    from reid_cosam.data.synthetic.footage import render_footage
    from reid_cosam.data.synthetic.visits import FootageSpec
    from reid_cosam.results.counted_progress import counted

    out = Path(settings.out)
    spec = FootageSpec(**settings.model_dump(exclude={"out"}))
    boxes = render_footage(
        out, spec, os.cpu_count() or 1, partial(counted, doing="rendering", done="rendered")
    )
    tracks = len(boxes.groupby(["camera", "track"]))
    size = sum(path.stat().st_size for path in out.iterdir())
    print(
        f"written: {out.resolve()} (cameras: {spec.cameras}, people: {spec.people}, tracks: {tracks:,}, "
        f"boxes: {len(boxes):,}, {size / 1e6:.1f} MB)"
    )


if __name__ == "__main__":
    main()
