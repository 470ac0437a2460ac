"""A backbone of your own: torchvision's MobileNetV3, cut into five CNN blocks.

    python -m reid_cosam.train experiment=quickstart backbone._target_=examples.mobilenet.mobilenet_v3_small
    python -m reid_cosam.train experiment=quickstart --config-dir examples/conf backbone=mobilenet

A backbone is a `Backbone` of five stages: COSAM may stand after each, and the aggregator gets the maps of the
last. It says how many channels each stage returns; the sizes of maps are measured. An argument `last_stride`
is filled in, if there is one: 2 where the aggregator is temporal attention, else 1.
"""

import torchvision

from reid_cosam.models.backbones import Backbone


def mobilenet_v3_small(pretrained: bool = False) -> Backbone:
    """Maps of 1/2, 1/4, 1/8, 1/16 and 1/32 of the image's height and width; `pretrained` on ImageNet."""
    layers = torchvision.models.mobilenet_v3_small(weights="IMAGENET1K_V1" if pretrained else None).features
    stages = [layers[:1], layers[1:2], layers[2:4], layers[4:9], layers[9:12]]
    return Backbone(stages, channels=(16, 16, 24, 48, 96))
