"""The look that all pictures share, and the few moves that sheets are put together with."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont, ImageOps

PAPER = "#ffffff"
INK = "#1b1f27"
FAINT = "#667085"
LINE = "#e4e7ec"
MARGIN = 20
GAP = 6
MIN_WIDTH, MIN_HEIGHT = 96, 192


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans out of matplotlib's own data, so that pictures look alike on every system."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)


def text(words: str, size: int = 14, bold: bool = False, colour: str = INK) -> Image.Image:
    """One line of text on paper; its height depends on the size alone, so that lines align."""
    face = font(size, bold)
    ascent, descent = face.getmetrics()
    cell = Image.new("RGB", (max(1, round(face.getlength(words))), ascent + descent), PAPER)
    ImageDraw.Draw(cell).text((0, 0), words, font=face, fill=colour)
    return cell


def centred(image: Image.Image, width: int, height: int) -> Image.Image:
    """The image in the middle of a cell of paper, which grows where the image is larger."""
    cell = Image.new("RGB", (max(width, image.width), max(height, image.height)), PAPER)
    cell.paste(image, ((cell.width - image.width) // 2, (cell.height - image.height) // 2))
    return cell


def beside(images: Sequence[Image.Image], gap: int = GAP) -> Image.Image:
    """Images from left to right, tops aligned."""
    width = sum(image.width for image in images) + gap * (len(images) - 1)
    sheet = Image.new("RGB", (width, max(image.height for image in images)), PAPER)
    left = 0
    for image in images:
        sheet.paste(image, (left, 0))
        left += image.width + gap
    return sheet


def stacked(images: Sequence[Image.Image], gap: int = GAP) -> Image.Image:
    """Images from top to bottom, left edges aligned."""
    turned = [image.transpose(Image.Transpose.TRANSPOSE) for image in images]
    return beside(turned, gap).transpose(Image.Transpose.TRANSPOSE)


def captioned(image: Image.Image, caption: Image.Image, gap: int = GAP) -> Image.Image:
    """The image with its caption centred below."""
    return stacked([image, centred(caption, image.width, caption.height)], gap)


def with_margin(image: Image.Image) -> Image.Image:
    """The image on a sheet with `MARGIN` pixels of paper around it."""
    return ImageOps.expand(image, MARGIN, PAPER)


def enlarged(frame: UInt8[np.ndarray, "h w 3"]) -> Image.Image:
    """The frame, scaled up where it is smaller than `MIN_WIDTH` x `MIN_HEIGHT`; proportions are kept."""
    height, width = frame.shape[:2]
    scale = max(1.0, MIN_WIDTH / width, MIN_HEIGHT / height)
    size = (round(width * scale), round(height * scale))
    return Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC)
