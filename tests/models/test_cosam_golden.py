"""The released code's layers, by their vectors."""

import pytest
from torch import Tensor

from reid_cosam.models.cosam import Cosam
from reid_cosam.models.released import cosam_state_dict
from tests.models import golden

LAYERS = ["cosam_small", "cosam_two_frames", "cosam_wide"]


def _released(name: str) -> tuple[Cosam, Tensor]:
    x, (batch, frames) = golden.layer(name)["x"], golden.clip_shape(name)
    reduced = len(golden.state(name)["dim_reduction.0.bias"])
    layer = Cosam(x.shape[1], frames, (x.shape[2], x.shape[3]), reduced, variant="released")
    layer.load_state_dict(cosam_state_dict(golden.state(name)))
    return layer, x.unflatten(0, (batch, frames))


def _assert_equal_to_float32(ours: Tensor, expected: Tensor) -> None:
    # A float32 has a rounding error of 6e-8; the sums here have up to 300 terms.
    assert (ours.reshape(expected.shape) - expected).abs().max() < 2e-6 * expected.abs().max()


@pytest.mark.parametrize("name", LAYERS)
def test_golden_layer_in_eval_mode(name: str) -> None:
    layer, clips = _released(name)
    x = clips.clone().requires_grad_()

    output = layer.eval()(x)
    output.maps.square().sum().backward()

    expected = golden.layer(name)
    _assert_equal_to_float32(output.maps, expected["out"])
    _assert_equal_to_float32(output.spatial_mask, expected["spatial_mask"])
    repeated = output.channel_weights[:, None].expand(-1, clips.shape[1], -1)
    _assert_equal_to_float32(repeated, expected["channel_mask"])
    assert x.grad is not None
    _assert_equal_to_float32(x.grad, expected["grad_x"])


@pytest.mark.parametrize("name", LAYERS)
def test_golden_layer_in_train_mode(name: str) -> None:
    layer, clips = _released(name)

    output = layer.train()(clips)

    _assert_equal_to_float32(output.maps, golden.layer(name)["train_out"])
    _assert_equal_to_float32(output.spatial_mask, golden.layer(name)["train_spatial_mask"])
