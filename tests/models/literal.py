"""COSAM as the paper writes it (section 4, formulas (1) and (2)): slow, with the cost volume held whole."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from reid_cosam.models.correlation import cost_volume
from reid_cosam.models.cosam import Cosam


class Literal(NamedTuple):
    maps: Tensor
    spatial_mask: Tensor
    channel_weights: Tensor


def ncc(p: Tensor, q: Tensor, unbiased: bool) -> Tensor:
    """Formula (2) for two descriptors of D_R numbers, 1e-4 added to their deviations."""
    size = len(p)
    degrees = size - 1 if unbiased else size
    sigma_p = ((p - p.mean()) ** 2).sum().div(degrees).sqrt() + 1e-4
    sigma_q = ((q - q.mean()) ** 2).sum().div(degrees).sqrt() + 1e-4
    return ((p - p.mean()) * (q - q.mean())).sum() / (sigma_p * sigma_q) / size


def cost_volume_by_loops(clip: Tensor, unbiased: bool) -> Tensor:
    """Formula (1) location by location, `[t, (t-1) h w, h, w]` from reduced maps `[t, r, h, w]`."""
    frames, _, height, width = clip.shape
    places = [(i, j) for i in range(height) for j in range(width)]
    volume = clip.new_empty(frames, (frames - 1) * height * width, height, width)
    for n in range(frames):
        others = [clip[m, :, h, w] for m in range(frames) if m != n for h, w in places]
        for i, j in places:
            for slot, other in enumerate(others):
                volume[n, slot, i, j] = ncc(clip[n, :, i, j], other, unbiased)
    return volume


def literal_cosam(layer: Cosam, maps: Tensor, released: bool) -> Literal:
    """Figure 4 with the parameters of `layer`, in its train or eval mode."""
    clips, frames = maps.shape[:2]
    reduced = layer.reduce(maps.flatten(0, 1)).unflatten(0, (clips, frames))
    volume = cost_volume(reduced, unbiased=released).flatten(0, 1)  # to [bt, others, here, there]
    volume = volume.transpose(2, 3).flatten(1, 2).unflatten(-1, maps.shape[-2:])
    head = dict(layer.mask_head.named_parameters())
    logits = F.conv2d(volume, head["0.weight"], head["0.bias"])
    if released:
        logits = F.conv2d(torch.relu(layer.mask_head[1](logits)), head["3.weight"], head["3.bias"])
    mask = torch.sigmoid(logits).unflatten(0, (clips, frames))
    attended = maps * mask
    weights = torch.stack(
        [torch.stack([_channels(layer, frame) for frame in clip]).mean(dim=0) for clip in attended]
    )
    weighted = attended * weights.reshape(clips, 1, -1, 1, 1)
    return Literal(attended + weighted if released else weighted, mask, weights)


def _channels(layer: Cosam, frame: Tensor) -> Tensor:
    """Section 4.2 for one frame `[d, h, w]`: pooling, then the MLP with its sigmoid."""
    mlp = dict(layer.channel_mlp.named_parameters())
    hidden = torch.tanh(mlp["0.weight"] @ frame.mean(dim=(1, 2)) + mlp["0.bias"])
    return torch.sigmoid(mlp["2.weight"] @ hidden + mlp["2.bias"])
