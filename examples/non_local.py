"""An attention layer of your own: a non-local block (Wang et al., CVPR 2018) over all frames of a clip.

    python -m reid_cosam.train experiment=quickstart --config-dir examples/conf recipe/attention=non_local

An attention layer follows each CNN block that `cosam=[...]` names. It returns maps `[b, t, d, h, w]`
of the shape of those it gets. Of its arguments, `channels`, `num_frames` and `map_size` are filled in if it
has them. A layer that makes a mask as well returns a named tuple with `maps` and `spatial_mask` `[b, t, 1,
h, w]`, and has a method `spatial_mask(maps)`: then its masks are drawn as COSAM's are.
"""

from typing import Annotated

from annotated_types import Ge
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class NonLocal(nn.Module):
    """Each place adds what it finds in all places of all frames; it begins as the identity."""

    def __init__(self, channels: int, reduced_channels: Annotated[int, Ge(1)]) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, reduced_channels, kernel_size=1)
        self.key = nn.Conv2d(channels, reduced_channels, kernel_size=1)
        self.value = nn.Conv2d(channels, reduced_channels, kernel_size=1)
        self.out = nn.Conv2d(reduced_channels, channels, kernel_size=1)
        nn.init.zeros_(self.out.weight)

    def forward(self, maps: Float[Tensor, "b t d h w"]) -> Float[Tensor, "b t d h w"]:
        frames = maps.flatten(0, 1)
        size = maps.shape[-2:]

        def places(layer: nn.Module) -> Float[Tensor, "b thw r"]:
            made: Tensor = layer(frames).flatten(2).transpose(1, 2)
            return made.reshape(len(maps), -1, made.shape[-1])

        found = functional.scaled_dot_product_attention(
            places(self.query), places(self.key), places(self.value)
        )
        back = found.unflatten(1, (maps.shape[1], -1)).flatten(0, 1).transpose(1, 2).unflatten(2, size)
        out: Tensor = self.out(back).unflatten(0, maps.shape[:2])
        return maps + out.to(maps.dtype)
