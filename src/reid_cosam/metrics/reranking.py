"""k-reciprocal re-ranking (Zhong, Zheng, Cao and Li, CVPR 2017), as the code released with it does it.

Queries and gallery are one set of `n` rows, ranked by their L2 distances; an original distance is one divided
by the largest of its row. The released code calculates in float16, this in float32. Only a few neighbours of
a row ever count: just the weights above 0 are kept, and nothing of `n x n`.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from reid_cosam.metrics.neighbours import rank_neighbours
from reid_cosam.metrics.sparse_weights import mean_weights, row_blocks, shared_weights, sparse

# Entries of the descriptors that are compared in pairs at a time (12 bytes each).
_DESCRIPTOR_ENTRIES = 2**23


def k_reciprocal(
    query: Float[Tensor, "q d"],
    gallery: Float[Tensor, "g _"],
    k1: int = 20,
    k2: int = 6,
    lambda_value: float = 0.3,
    squared: bool = True,
) -> Float32[Tensor, "q g"]:
    """Distances `(1 - lambda_value) * Jaccard + lambda_value * original`, on the descriptors' device.

    Equal distances rank in the order of the rows, queries first. Every query and gallery descriptor has an
    influence on each distance, so re-rank a test set as a whole.

    Args:
        query: descriptors of the queries `[q, d]`.
        gallery: descriptors of the gallery `[g, d]`.
        k1: two rows are reciprocal neighbours if each is among the `k1` nearest of the other.
        k2: a row takes the mean weights of its `k2` nearest, itself included; 1 leaves its own.
        lambda_value: share of the original distance, 0 to 1.
        squared: whether original distances are squared L2, as in the released code, or L2.

    Example:
        Two groups. Re-ranking draws the members of a group together and the groups apart:

        >>> query = torch.tensor([[0.0], [10.0]])
        >>> gallery = torch.tensor([[1.0], [2.0], [11.0], [12.0]])
        >>> print(k_reciprocal(query, gallery, k1=2, k2=1).numpy().round(2))
        [[0.01 0.02 0.95 1.  ]
         [0.94 0.89 0.01 0.03]]

    Raises:
        ValueError: a parameter out of range; descriptors that are missing, not finite, all equal, or not of
            one width.
    """
    _check_descriptors(query, gallery)
    check_parameters(len(query) + len(gallery), k1, k2, lambda_value)
    rows = torch.cat([query, gallery]).float()
    original, largest, nearest = rank_neighbours(rows, len(query), max(k1 + 1, k2))
    weights = sparse(_reciprocal_weights(rows, largest, nearest[:, : k1 + 1], round(k1 / 2), squared))
    if k2 > 1:
        weights = mean_weights(weights, nearest[:, :k2])
    shared = shared_weights(weights, len(query))
    jaccard = 1 - shared / (2 - shared)
    original = _normalised(original, largest[: len(query), None], squared)
    return jaccard.mul_(1 - lambda_value).add_(original, alpha=lambda_value)


def _reciprocal_weights(
    rows: Float32[Tensor, "n d"],
    largest: Float32[Tensor, " n"],
    nearest: Int64[Tensor, "n k"],
    half: int,
    squared: bool,
) -> Iterator[Float32[Tensor, "_ n"]]:
    """`exp(-original distance)` of each row's reciprocal neighbours, divided by its sum.

    A neighbour brings its own, within `half`, where more than two thirds of them are there already.
    """
    reciprocal = _reciprocal(nearest)
    near = nearest[:, : half + 1]
    near_reciprocal = _reciprocal(near)
    sizes = near_reciprocal.sum(1)
    for block in row_blocks(len(rows)):
        neighbours = nearest[block]
        members = torch.zeros(len(neighbours), len(rows), dtype=torch.bool, device=rows.device)
        members.scatter_(1, neighbours, reciprocal[block])
        theirs, valid = near[neighbours], near_reciprocal[neighbours]
        common = (members.gather(1, theirs.flatten(1)).view_as(valid) & valid).sum(2)
        brought = valid & (reciprocal[block] & (3 * common > 2 * sizes[neighbours]))[:, :, None]
        members[brought.nonzero()[:, 0], theirs[brought]] = True
        row, column = members.nonzero(as_tuple=True)
        distances = _pair_distances(rows, row + block.start, column)
        weights = torch.zeros(members.shape, device=rows.device)
        weights[members] = _normalised(distances, largest[block][row], squared).neg_().exp_()
        # Nothing weighs below 1 / e, but a row with more than k1 equals before it may have no neighbour.
        yield weights.div_(weights.sum(1, keepdim=True).clamp_(min=0.1))


def _reciprocal(nearest: Int64[Tensor, "n k"]) -> Bool[Tensor, "n k"]:
    """Which of each row's nearest have the row among their own."""
    own = torch.arange(len(nearest), device=nearest.device)[:, None, None]
    blocks = row_blocks(len(nearest))
    return torch.cat([(nearest[nearest[block]] == own[block]).any(2) for block in blocks])


def _pair_distances(
    rows: Float32[Tensor, "n d"], first: Int64[Tensor, " p"], second: Int64[Tensor, " p"]
) -> Float32[Tensor, " p"]:
    """Squared distances of pairs of rows."""
    at_once = max(1, _DESCRIPTOR_ENTRIES // rows.shape[1])
    pairs = zip(first.split(at_once), second.split(at_once), strict=True)
    return torch.cat([(rows[one] - rows[other]).square_().sum(1) for one, other in pairs])


def _normalised(
    squares: Float32[Tensor, "*s"], largest: Float32[Tensor, "*t"], squared: bool
) -> Float32[Tensor, "*s"]:
    return squares / largest if squared else squares.sqrt() / largest.sqrt()


def check_parameters(num_rows: int, k1: int, k2: int, lambda_value: float) -> None:
    """Raises ValueError if a parameter does not fit `num_rows` queries and gallery rows together."""
    if not 1 <= k1 < num_rows:
        raise ValueError(f"k1 must be 1 to {num_rows - 1}, one less than queries and gallery, got {k1}")
    if not 1 <= k2 <= num_rows:
        raise ValueError(f"k2 must be 1 (none averaged) to {num_rows}, queries and gallery, got {k2}")
    if not 0 <= lambda_value <= 1:
        raise ValueError(f"lambda_value is the share of the original distance, 0 to 1, got {lambda_value}")


def _check_descriptors(query: Float[Tensor, "q d"], gallery: Float[Tensor, "g _"]) -> None:
    for name, descriptors in (("query", query), ("gallery", gallery)):
        if len(descriptors) == 0:
            raise ValueError(f"there are no {name} descriptors")
        bad = int((~descriptors.isfinite()).any(1).sum())
        if bad:
            raise ValueError(
                f"{bad} of {len(descriptors)} {name} descriptors are NaN or infinite: check the network"
            )
    if query.shape[1] != gallery.shape[1]:
        raise ValueError(
            f"query descriptors are {query.shape[1]} wide and gallery descriptors {gallery.shape[1]}: "
            "take both from the same network"
        )
