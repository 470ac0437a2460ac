import math
import zlib

import numpy as np
import pytest
import torch
from torch import Tensor

from reid_cosam.models.aggregators import (
    Aggregator,
    TemporalAttention,
    TemporalAveragePooling,
    TemporalMaxPooling,
    TemporalRnn,
    frame_descriptors,
)
from reid_cosam.models.released import aggregator_state_dict
from tests.models import golden

# One clip, two frames, two channels, maps of 1 x 2: frame descriptors (2, 10) and (4, 6).
CLIP = torch.tensor([[[[1.0, 3.0]], [[10.0, 10.0]]], [[[4.0, 4.0]], [[5.0, 7.0]]]])[None]


def _random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _filled(name: str, shape: tuple[int, ...]) -> Tensor:
    """The rule by which the released networks of the golden vectors are filled."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    if len(shape) >= 2:
        value = rng.standard_normal(shape) * math.sqrt(2 / math.prod(shape[1:]))
    else:
        value = rng.standard_normal(shape) * 0.1
    return torch.from_numpy(value.astype(np.float32))


def _assert_golden(aggregator: Aggregator, name: str) -> None:
    expected = golden.layer(name)
    maps = expected["x"].unflatten(0, golden.clip_shape(name))

    descriptors = aggregator.eval()(maps)

    # float32 rounds to 6e-8; sums of a few hundred terms
    assert (descriptors - expected["out"]).abs().max() < 2e-6 * expected["out"].abs().max()


def test_golden_average_pooling() -> None:
    _assert_golden(TemporalAveragePooling(12), "agg_tp")


def test_golden_temporal_attention() -> None:
    aggregator = TemporalAttention(12, (8, 4))
    aggregator.load_state_dict(aggregator_state_dict(golden.state("agg_ta")))

    _assert_golden(aggregator, "agg_ta")


def test_golden_rnn() -> None:
    aggregator = TemporalRnn(12)
    state = {name: _filled(name, tuple(value.shape)) for name, value in aggregator.state_dict().items()}
    aggregator.load_state_dict(state)

    _assert_golden(aggregator, "agg_rnn")


def test_frame_descriptors_are_spatial_means() -> None:
    assert frame_descriptors(CLIP).tolist() == [[[2.0, 10.0], [4.0, 6.0]]]


def test_frame_descriptors_of_half_precision_maps_are_float32() -> None:
    # 257 ones add up to 256 in bfloat16
    maps = torch.ones(1, 1, 1, 257, 1, dtype=torch.bfloat16)

    descriptors = frame_descriptors(maps)

    assert descriptors.dtype == torch.float32
    assert descriptors.item() == 1


def test_average_pooling_is_the_mean_over_frames() -> None:
    assert TemporalAveragePooling(2)(CLIP).tolist() == [[3.0, 8.0]]


def test_max_pooling_is_the_maximum_over_frames() -> None:
    assert TemporalMaxPooling(2)(CLIP).tolist() == [[4.0, 10.0]]


def test_attention_worked_out_by_hand() -> None:
    aggregator = TemporalAttention(2, (1, 2))
    with torch.no_grad():
        for parameter in aggregator.parameters():
            parameter.zero_()
        # hidden unit 0 takes the first channel's first location: 1 in frame 0, 4 in frame 1
        aggregator.spatial.weight[0, 0, 0, 0] = 1
        # a frame's score: its own value and twice the value of the frame before
        aggregator.temporal.weight[0, 0] = torch.tensor([2.0, 1.0, 0.0])

    weights = aggregator.frame_weights(CLIP)
    descriptors = aggregator(CLIP)

    late = math.exp(6) / (math.exp(1) + math.exp(6))
    torch.testing.assert_close(weights, torch.tensor([[1 - late, late]]))
    torch.testing.assert_close(descriptors, torch.tensor([[2 + 2 * late, 10 - 4 * late]]))


def test_attention_weights_of_a_clip_sum_to_one() -> None:
    torch.manual_seed(0)
    weights = TemporalAttention(5, (4, 2)).frame_weights(_random(3, 6, 5, 4, 2))

    assert weights.shape == (3, 6)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(3))


def test_attention_weights_are_float32_under_autocast() -> None:
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16):
        weights = TemporalAttention(5, (4, 2)).frame_weights(_random(1, 3, 5, 4, 2))

    assert weights.dtype == torch.float32


def test_attention_refuses_maps_of_another_size() -> None:
    with pytest.raises(ValueError, match=r"this TA was built for \(8, 4\) maps, got \(16, 8\)"):
        TemporalAttention(3, (8, 4))(torch.zeros(1, 2, 3, 16, 8))


def test_rnn_is_the_mean_of_a_literal_lstm() -> None:
    torch.manual_seed(0)
    aggregator = TemporalRnn(3)
    maps = _random(1, 4, 3, 2, 2)
    state = {name.removeprefix("lstm."): value for name, value in aggregator.state_dict().items()}

    hidden = cell = torch.zeros(512)
    outputs = []
    for frame in maps[0].mean(dim=(2, 3)):
        gates = state["weight_ih_l0"] @ frame + state["bias_ih_l0"]
        gates = gates + state["weight_hh_l0"] @ hidden + state["bias_hh_l0"]
        take, keep, new, give = gates.chunk(4)
        cell = keep.sigmoid() * cell + take.sigmoid() * new.tanh()
        hidden = give.sigmoid() * cell.tanh()
        outputs.append(hidden)

    torch.testing.assert_close(aggregator(maps)[0], torch.stack(outputs).mean(dim=0))


@pytest.mark.parametrize(
    ("aggregator", "width"),
    [
        (TemporalAveragePooling(6), 6),
        (TemporalMaxPooling(6), 6),
        (TemporalAttention(6, (4, 2)), 6),
        (TemporalRnn(6), 512),
    ],
    ids=lambda value: type(value).__name__,
)
def test_width_of_the_descriptors(aggregator: Aggregator, width: int) -> None:
    assert aggregator.out_channels == width
    assert aggregator(_random(2, 3, 6, 4, 2)).shape == (2, width)


def test_the_rnn_is_float32_under_autocast() -> None:
    aggregator, maps = TemporalRnn(12), _random(2, 4, 12, 2, 1)

    with torch.autocast("cpu", torch.bfloat16):
        descriptors = aggregator(maps)

    torch.testing.assert_close(descriptors, aggregator(maps), rtol=0, atol=0)
