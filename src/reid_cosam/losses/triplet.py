"""Batch-hard triplet loss: formula (4) with the hardest positive and negative within the batch."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor


def batch_hard_triplet_loss(
    descriptors: Float[Tensor, "b d"], pids: Int64[Tensor, " b"], margin: float
) -> Float[Tensor, ""]:
    """Mean over anchors of max(d(anchor, farthest positive) - d(anchor, nearest negative) + margin, 0).

    Distances are Euclidean, in float32 or wider. An anchor is its own positive, at distance 0, where the
    batch holds no other of its identity (as in the released code).

    >>> descriptors = torch.tensor([[0.0], [1.0], [1.5], [4.0]])
    >>> pids = torch.tensor([7, 7, 9, 9])  # terms 1 - 1.5 + 1, 1 - 0.5 + 1, 2.5 - 0.5 + 1, 2.5 - 3 + 1
    >>> batch_hard_triplet_loss(descriptors, pids, margin=1.0)
    tensor(1.3750)

    A batch of one identity has no negative; on a GPU, where asking would make the host wait, its loss is 0.

    Args:
        descriptors: of clips, at least two of each identity.
        pids: identity of each.
        margin: by how much a negative should be farther than a positive; 0.3 in the paper.

    Raises:
        TypeError: descriptors or identities are no tensor.
        ValueError: not one identity per descriptor; the batch, on a CPU, holds one identity only.
    """
    if not isinstance(descriptors, Tensor) or not isinstance(pids, Tensor):
        found = f"{type(descriptors).__name__} and {type(pids).__name__}"
        raise TypeError(f"descriptors and pids must be tensors, got {found}")
    if descriptors.ndim != 2 or pids.shape != descriptors.shape[:1]:
        raise ValueError(
            f"descriptors must be [b, d] and pids [b], got {list(descriptors.shape)} and {list(pids.shape)}"
        )
    same = pids[:, None] == pids
    if pids.device.type == "cpu" and bool(same.all()):
        raise ValueError(f"a triplet needs two identities in the batch, found only {pids.unique().tolist()}")
    wide = descriptors.to(torch.promote_types(descriptors.dtype, torch.float32))
    # Differences, not the expanded form, which is inexact for near duplicates; cdist's gradient at 0 is 0.
    distances = torch.cdist(wide, wide, compute_mode="donot_use_mm_for_euclid_dist")
    positive = distances.masked_fill(~same, -torch.inf).amax(1)
    negative = distances.masked_fill(same, torch.inf).amin(1)
    return (positive - negative + margin).clamp(min=0).mean()
