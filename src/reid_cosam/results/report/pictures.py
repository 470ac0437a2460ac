"""Pictures inside a page: small files as data addresses."""

import base64
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

_THUMBNAIL, _STRIP = (40, 80), 1100  # width and height at most; width at most
_THUMBNAIL_QUALITY, _STRIP_QUALITY = 70, 72


def svg_address(svg: str) -> str:
    """A plot. Inside an image its ids cannot meet those of another plot on the page."""
    return _address("image/svg+xml", svg.encode())


def thumbnail(frame: UInt8[np.ndarray, "h w 3"]) -> str:
    """A frame, scaled down to 40 x 80 pixels at most."""
    image = Image.fromarray(frame)
    image.thumbnail(_THUMBNAIL, Image.Resampling.LANCZOS)
    return _compressed(image, _THUMBNAIL_QUALITY)


def strip(path: Path) -> tuple[str, int, int]:
    """A picture of a run, scaled down to 1100 pixels of width at most: its address, width and height."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    if image.width > _STRIP:
        image = image.resize((_STRIP, round(image.height * _STRIP / image.width)), Image.Resampling.LANCZOS)
    return _compressed(image, _STRIP_QUALITY), image.width, image.height


def _compressed(image: Image.Image, quality: int) -> str:
    buffer = BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4)
    return _address("image/webp", buffer.getvalue())


def _address(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
