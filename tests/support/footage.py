"""Tiny footage: videos, folders of frames and boxes."""

import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import simplejpeg
from jaxtyping import UInt8

Frames = UInt8[np.ndarray, "n h w 3"]
ROW = tuple[float, ...]


def noisy(frames: int, height: int = 48, width: int = 64, seed: int = 0) -> Frames:
    """Frames in 8 x 8 blocks of random colours, which compression hardly changes."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (frames, height // 8, width // 8, 3), dtype=np.uint8)
    return blocks.repeat(8, axis=1).repeat(8, axis=2)


def write_video(path: Path, frames: Frames, milliseconds: Sequence[int] | None = None) -> Path:
    """In MPEG-4, with a key frame every 5 frames, at 25 frames per second or with these timestamps."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25, options={"qscale": "1"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt, stream.gop_size = "yuv420p", 5
        if milliseconds is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            if milliseconds is not None:
                frame.pts, frame.time_base = milliseconds[index], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def turn(path: Path) -> None:
    """Marks an mp4 as one to be shown turned clockwise by 90 degrees, as a telephone held upright does."""
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 44
    width, height = struct.unpack(">2i", content[matrix + 36 : matrix + 44])
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, height, 0, 1 << 30)
    assert width > 0
    path.write_bytes(content)


def damage(path: Path, after: int) -> None:
    """Overwrites all pictures after so many."""
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for start, size in packets[after:]:
        content[start : start + size] = bytes(size)
    path.write_bytes(content)


def write_frames(folder: Path, frames: Frames, first: int = 1) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(frames, start=first):
        content = simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality=95)
        (folder / f"{number:06d}.jpg").write_bytes(content)


def write_boxes(path: Path, rows: Iterable[ROW]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{','.join(f'{one:g}' for one in row)}\n" for row in rows))
    return path
