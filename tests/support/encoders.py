"""Tiny encoders with random weights."""

import torch

from reid_cosam import Cosam, Encoder, TemporalAveragePooling, VideoReidNet, resnet_tiny


def tiny_encoder(with_cosam: bool = True, seed: int = 0) -> Encoder:
    """Of clips of 4 frames of 64 x 32; COSAM, if any, after block 4."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        backbone = resnet_tiny(pretrained=False, last_stride=1)
        cosam = Cosam(
            channels=backbone.channels[3],
            num_frames=4,
            map_size=backbone.map_size(4, 64, 32),
            reduced_channels=16,
        )
        network = VideoReidNet(backbone, {4: cosam} if with_cosam else {}, TemporalAveragePooling(256), 3)
    return Encoder(network, 4, 64, 32)
