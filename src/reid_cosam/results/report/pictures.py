"""Pictures inside a page: small files as data addresses, with what stands for them and below them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from reid_cosam.results.figures.plots import curves_plot, effect_plot
from reid_cosam.results.report.curves import Panel
from reid_cosam.results.report.effects import Effect
from reid_cosam.results.runs import Run

ATTENTION = Path("pictures", "attention.png")
_THUMBNAIL, _STRIP = (40, 80), 1100  # width and height at most; width at most
_THUMBNAIL_QUALITY, _STRIP_QUALITY = 70, 72


@dataclass(frozen=True)
class Picture:
    """An image on the page, what stands for it where it is not seen, the caption, and the runs behind it."""

    address: str
    alt: str
    caption: str
    runs: Sequence[Run]
    width: int | None = None
    height: int | None = None


def effect_picture(effect: Effect) -> Picture:
    """mAP by the values of a setting."""
    plot = effect_plot(effect.values, [(one.label, one.scores) for one in effect.series], effect.varied)
    lines = [
        f"{one.label}: "
        + ", ".join(f"{value} {sum(found) / len(found):.1f}" for value, found in one.scores.items())
        for one in effect.series
    ]
    name = effect.varied[0].upper() + effect.varied[1:]
    caption = f"{name}, on {effect.data}. Series of one colour and marker agree in all other settings."
    alt = f"mAP in percent by {effect.varied}. {'; '.join(lines)}."
    return Picture(
        _address("image/svg+xml", plot.encode()),
        alt,
        caption,
        [run for one in effect.series for run in one.runs],
    )


def panel_picture(panel: Panel) -> Picture:
    """Training curves."""
    plot = curves_plot([(one.label, one.iterations, one.values) for one in panel.curves], panel.quantity)
    last = ", ".join(f"{one.label} {one.values[:, -1].mean():.2f}" for one in panel.curves)
    counts = sorted({len(one.values) for one in panel.curves})
    runs = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
    caption = f"{panel.title}; {runs} {'run' if counts[-1] == 1 else 'runs'} per curve"
    alt = f"{panel.quantity} over iterations; at the end {last}."
    return Picture(
        _address("image/svg+xml", plot.encode()),
        alt,
        caption,
        [run for one in panel.curves for run in one.runs],
    )


def attention_picture(run: Run) -> Picture:
    """A run's attention laid over frames.

    Raises:
        OSError, ValueError, KeyError: the picture or the scores of its attention cannot be read.
    """
    means = "; ".join(
        f"block {block}: mean mask {mask['inside']:.2f} on the person, {mask['outside']:.2f} elsewhere"
        for block, mask in (run.metrics.get("attention") or {}).items()
    )
    caption = f"{run.network}, seed {run.seed}, on {run.data}: mAP {100 * run.mean_ap:.1f}. {means}"
    alt = f"Frames of clips and the attention masks of {run.network} laid over them"
    return compressed_picture(run.folder / ATTENTION, alt, caption, [run])


def compressed_picture(path: Path, alt: str, caption: str, runs: Sequence[Run]) -> Picture:
    """A picture of a file, scaled down to 1100 pixels of width at most.

    Raises:
        OSError: the file cannot be read.
    """
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    if image.width > _STRIP:
        image = image.resize((_STRIP, round(image.height * _STRIP / image.width)), Image.Resampling.LANCZOS)
    return Picture(_compressed(image, _STRIP_QUALITY), alt, caption, runs, image.width, image.height)


def thumbnail(frame: UInt8[np.ndarray, "h w 3"]) -> str:
    """The address of a frame, scaled down to 40 x 80 pixels at most."""
    image = Image.fromarray(frame)
    image.thumbnail(_THUMBNAIL, Image.Resampling.LANCZOS)
    return _compressed(image, _THUMBNAIL_QUALITY)


def _compressed(image: Image.Image, quality: int) -> str:
    buffer = BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    return _address("image/webp", buffer.getvalue())


def _address(kind: str, content: bytes) -> str:
    """Inside an image of its own, the ids of a plot cannot meet those of another."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
