"""How well other frames of a clip match a location; memory is linear in frames and locations."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional as F

_AT_ONCE = 2**18  # affinities of a clip that are held at a time: 1 MB in float32


def affinity_statistics(f: Float[Tensor, "b t hw r"], references: int) -> Float[Tensor, "b t hw 2"]:
    """The best and the mean affinity of each location with those of another frame, each averaged over frames.

    Affinities are the entries of the cost volume (formulas (1) and (2)). The other frames are all others, or,
    of more than `references`, those whose mean descriptors are nearest to the clip's: content chooses, not
    order.

    Args:
        f: standardised descriptors (`correlation.standardised`) of two frames or more.
        references: other frames that each frame is compared with at most.
    """
    if f.shape[1] <= references + 1:
        return _statistics(f, references)
    with torch.no_grad():
        frames = f.mean(dim=2)
        order = (frames - frames.mean(dim=1, keepdim=True)).square().sum(dim=-1).argsort(dim=1)
    return _arranged(_statistics(_arranged(f, order), references), order.argsort(dim=1))


def _statistics(f: Float[Tensor, "b t hw r"], references: int) -> Float[Tensor, "b t hw 2"]:
    """Each frame is compared with the first `references` others."""
    others = min(f.shape[1] - 1, references)
    matches = F.embedding_bag(
        _best_matches(f.detach(), others).movedim(2, -1).flatten(0, 2), f.flatten(0, 2), mode="mean"
    )
    best = (f * matches.view_as(f)).sum(dim=-1)
    # the frame itself is left out, or the last, where a frame is compared with frames before it only
    centres = f[:, : others + 1].mean(dim=2)
    left_out = torch.arange(f.shape[1], device=f.device).clamp(max=others)
    centre = (centres.sum(dim=1, keepdim=True) - centres[:, left_out]) / others
    mean = (f @ centre.unsqueeze(-1)).squeeze(-1)
    return torch.stack([best, mean], dim=-1) / f.shape[-1]


@torch.no_grad()
def _best_matches(f: Float[Tensor, "b t hw r"], others: int) -> Int64[Tensor, "b t {others} hw"]:
    """In each of the first other frames the location most like each, as a row of all locations."""
    clips, frames, locations, _ = f.shape
    found = torch.empty(clips, frames, others, locations, dtype=torch.int64, device=f.device)
    step = max(1, _AT_ONCE // locations**2)
    for one in range(others):
        for start in range(one + 1, frames, step):
            stop = min(start + step, frames)
            # frames after the first others are compared with those, and those not with them
            compared = range(start, min(stop, others + 1))
            in_one, in_later = _both_ways(f[:, start:stop], f[:, one], len(compared))
            found[:, start:stop, one] = in_one + one * locations
            for place, later in enumerate(compared):
                found[:, one, later - 1] = in_later[:, place] + later * locations
    first_rows = torch.arange(clips, device=f.device) * frames * locations
    return found + first_rows[:, None, None, None]


def _both_ways(
    f: Float[Tensor, "b s hw r"], one: Float[Tensor, "b hw r"], compared: int
) -> tuple[Int64[Tensor, "b s hw"], Int64[Tensor, "b {compared} hw"]]:
    """For each location of `f` the one of `one` most like it; for those of `one` that of the first frames."""
    clips, frames, locations, _ = f.shape
    step = max(1, _AT_ONCE // (frames * locations))
    in_one: list[Tensor] = []
    best = f.new_full((clips, compared, locations), -torch.inf)
    in_f = torch.zeros_like(best, dtype=torch.int64)
    for start in range(0, locations, step):
        part = f[:, :, start : start + step]
        affinity = (part.flatten(1, 2) @ one.mT).unflatten(1, part.shape[1:3])
        in_one.append(affinity.max(dim=3).indices)
        found = affinity[:, :compared].max(dim=2)
        in_f = torch.where(found.values > best, found.indices + start, in_f)
        best = torch.maximum(best, found.values)
    return torch.cat(in_one, dim=2), in_f


def _arranged(x: Float[Tensor, "b t hw _"], order: Int64[Tensor, "b t"]) -> Float[Tensor, "b t hw _"]:
    """The frames of each clip in this order."""
    clips, frames = order.shape
    rows = order + torch.arange(clips, device=x.device)[:, None] * frames
    arranged: Tensor = x.flatten(0, 1).index_select(0, rows.flatten()).unflatten(0, (clips, frames))
    return arranged
