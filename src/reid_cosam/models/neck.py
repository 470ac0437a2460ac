"""What lies between the features that a loss compares and the descriptors that are classified and tested."""

from torch import nn


class BatchNormNeck(nn.BatchNorm1d):
    """BNNeck (Luo et al., CVPR workshops 2019): a BatchNorm whose shift stays 0, `[b, channels]` to the same.

    The triplet loss compares features before it, by Euclidean distance; the classifier, without a bias, and
    the cosine distance of tests take descriptors after it, which lie around the origin.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.bias.requires_grad_(False)
