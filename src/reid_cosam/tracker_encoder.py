"""Descriptors of the boxes in single frames, as trackers ask for them."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from reid_cosam.encoder import Encoder
from reid_cosam.footage.boxed import cut
from reid_cosam.footage.crops import resized
from reid_cosam.models.single_frame import single_frame_network


class TrackerEncoder:
    """An encoder for trackers, which want the appearance of all boxes in each frame.

    A tracker sees one frame at a time. COSAM compares the frames of a clip with one another, so here, where
    there is no other frame, its layers are passed over. These descriptors serve to tell the people in
    neighbouring frames apart. They are not comparable with descriptors of tracklets, and weaker than those.

    >>> backbone = resnet_tiny(pretrained=False, last_stride=1)
    >>> network = VideoReidNet(backbone, {}, TemporalAveragePooling(256), num_identities=10)
    >>> appearance = TrackerEncoder(Encoder(network, num_frames=4, height=64, width=32))
    >>> frame = np.zeros((360, 640, 3), np.uint8)
    >>> appearance.extract_embeddings(np.array([[10, 20, 60, 150], [300, 5.5, 349, 140]]), frame).shape
    (2, 256)

    Args:
        encoder: it is not changed, and shares its weights.
        bgr: whether frames have their channels in the order blue, green, red, as OpenCV reads them.
    """

    def __init__(self, encoder: Encoder, bgr: bool = False) -> None:
        network = single_frame_network(encoder.network)
        self._encoder = Encoder(network, 1, encoder.height, encoder.width)
        self._bgr = bgr

    def extract_embeddings(
        self, detections: Any, frame: UInt8[np.ndarray, "h w 3"]
    ) -> Float32[np.ndarray, "n d"]:
        """One descriptor per box, in the order of the boxes; compare them by the encoder's distance.

        Args:
            detections: boxes `[n, 4]` as left, top, right, bottom in pixels, or an object that has them as
                its attribute `xyxy`. What lies outside the frame is cut off. A box that lies wholly outside
                is an error, as a tracker's prediction may: leave it out.
            frame: the whole picture.

        Raises:
            ValueError: the boxes have another shape, or one of them lies wholly outside the frame or has a
                number that is not finite; names its row.
        """
        boxes = np.asarray(getattr(detections, "xyxy", detections), dtype=np.float64)
        if boxes.size == 0:
            return np.zeros((0, self._encoder.network.descriptor_size), np.float32)
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise ValueError(
                f"boxes must be [n, 4] (left, top, right, bottom), got shape {list(boxes.shape)}"
            )
        size = (self._encoder.height, self._encoder.width)
        crops = []
        for number, box in enumerate(boxes.tolist()):
            if not np.isfinite(box).all():
                raise ValueError(f"box {number} {box} has a number that is not finite")
            inside = cut(frame, *box)
            if inside is None:
                raise ValueError(
                    f"box {number} {box} has no pixel in the frame of {frame.shape[1]} x {frame.shape[0]}"
                )
            crops.append(resized(inside[..., ::-1] if self._bgr else inside, size))
        return self._encoder.embed(torch.from_numpy(np.stack(crops)[:, None])).cpu().numpy()
