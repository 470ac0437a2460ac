"""A camera: the scene it watches and what its optics and sensor do to every image."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float64, Int16, UInt8
from PIL import Image, ImageFilter

from reid_cosam.data.synthetic.randomness import camera_rng
from reid_cosam.data.synthetic.scene import paint_scene

NOISE_MARGIN = 24


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera's scene (canvas pixels), colour response and noise (output pixels)."""

    scene: Image.Image
    gain: Float64[np.ndarray, "3"]
    gamma: float
    lift: float
    blur: float
    noise: Int16[np.ndarray, "rows columns 3"]

    def response(self, exposure: float) -> list[int]:
        """Look-up table of the three channels, as `Image.point` takes it."""
        light = np.linspace(0.0, 1.0, 256)
        curve = self.lift + (1.0 - self.lift) * light**self.gamma * exposure
        table = np.rint(255.0 * curve[None] * self.gain[:, None])
        return [int(value) for value in np.clip(table, 0, 255).ravel()]

    def soften(self, image: Image.Image) -> Image.Image:
        return image.filter(ImageFilter.BoxBlur(self.blur)) if self.blur else image

    def sense(
        self, frames: UInt8[np.ndarray, "t h w 3"], rng: np.random.Generator
    ) -> UInt8[np.ndarray, "t h w 3"]:
        """Adds the sensor's noise: windows of one tile, at another place in each frame."""
        _, height, width, _ = frames.shape
        noisy = frames.astype(np.int16)
        for frame, (row, column) in zip(noisy, rng.integers(0, NOISE_MARGIN, (len(frames), 2)), strict=True):
            frame += self.noise[row : row + height, column : column + width]
        return np.clip(noisy, 0, 255).astype(np.uint8)


@lru_cache(maxsize=16)
def make_camera(seed: int, camera: int, canvas_height: int, height: int, width: int) -> Camera:
    """Camera `camera` (from 1) of the data set with that seed, kept for the tracklets to come."""
    rng = camera_rng(seed, camera)
    strength = rng.uniform(2.5, 6.0)
    tile = rng.standard_normal((height + NOISE_MARGIN, width + NOISE_MARGIN, 3)) * strength
    return Camera(
        gain=rng.uniform(0.8, 1.12, 3),
        gamma=float(rng.uniform(0.75, 1.35)),
        lift=float(rng.uniform(0.0, 0.12)),
        blur=float(rng.uniform(0.15, 0.7)) * height / 128,
        noise=np.rint(tile).astype(np.int16),
        scene=paint_scene(rng, canvas_height),
    )
