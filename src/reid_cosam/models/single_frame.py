"""A network on single frames, for which attention between frames has no meaning."""

import copy

from torch import nn

from reid_cosam.models.network import VideoReidNet


def single_frame_network(network: VideoReidNet) -> VideoReidNet:
    """The network without its attention layers, for clips `[b, 1, 3, h, w]`; it shares all other layers.

    COSAM compares the frames of a clip with one another. One frame has no other to compare, so its layers
    are passed over: the maps go on as they are. Descriptors of single frames and of clips are therefore
    not made alike, and should not be compared with each other.
    """
    single = copy.copy(network)
    single._modules = {**network._modules, "attention": nn.ModuleDict()}
    return single
