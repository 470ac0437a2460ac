"""A network for testing only, whose backbone's BatchNorms are part of the convolutions before them."""

import copy
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval

from reid_cosam.models.network import VideoReidNet


def fuse_conv_bn(network: VideoReidNet) -> VideoReidNet:
    """A copy that computes at test time what `network` does, to rounding, in a pass less over each map.

    It is not compiled, if `network` is: compiling anew for each size of batch would take minutes.
    """
    copied = copy.deepcopy(network).eval()
    for parent in list(copied.backbone.modules()):
        for (name, layer), (after, norm) in pairwise(list(parent.named_children())):
            if isinstance(layer, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d | nn.SyncBatchNorm):
                setattr(parent, name, fuse_conv_bn_eval(layer, norm))
                setattr(parent, after, nn.Identity())
    return copied.to(memory_format=torch.channels_last)
