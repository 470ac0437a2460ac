"""What trackers get of single frames: the network without COSAM, one descriptor per box."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from reid_cosam import Encoder, TrackerEncoder
from tests.support.encoders import tiny_encoder
from tests.support.footage import noisy

BOXES = np.array([[8.0, 0.0, 24.0, 40.0], [-5.0, 8.0, 16.0, 99.0], [30.2, 3.4, 50.6, 44.0]])


@pytest.fixture
def encoder() -> Encoder:
    return tiny_encoder()


def test_each_box_is_a_clip_of_one_frame_for_the_network_without_cosam(encoder: Encoder) -> None:
    frame = noisy(1)[0]
    without = tiny_encoder(with_cosam=False).network
    state = {
        name: one for name, one in encoder.network.state_dict().items() if not name.startswith("attention")
    }
    without.load_state_dict(state)

    found = TrackerEncoder(encoder).extract_embeddings(BOXES, frame)

    reference = Encoder(without, 1, 64, 32)
    crops = [frame[0:40, 8:24], frame[8:48, 0:16], frame[3:44, 30:51]]
    expected = torch.cat([reference.embed(crop[None, None].copy()) for crop in crops])
    assert found.dtype == np.float32
    torch.testing.assert_close(torch.from_numpy(found), expected, rtol=1e-4, atol=1e-5)


def test_the_encoder_stays_as_it_is(encoder: Encoder) -> None:
    clips = torch.from_numpy(noisy(4, 64, 32))[None]
    before = encoder.embed(clips)

    TrackerEncoder(encoder).extract_embeddings(BOXES, noisy(1)[0])

    assert encoder.network.masked_stages == [4]
    assert torch.equal(encoder.embed(clips), before)


def test_frames_of_opencv_and_objects_with_boxes_are_taken(encoder: Encoder) -> None:
    frame = noisy(1)[0]
    expected = TrackerEncoder(encoder).extract_embeddings(BOXES, frame)

    found = TrackerEncoder(encoder, bgr=True).extract_embeddings(
        SimpleNamespace(xyxy=BOXES), np.ascontiguousarray(frame[..., ::-1])
    )

    np.testing.assert_array_equal(found, expected)


def test_no_box_gives_no_descriptor_and_a_box_outside_is_named(encoder: Encoder) -> None:
    appearance, frame = TrackerEncoder(encoder), noisy(1)[0]

    assert appearance.extract_embeddings(np.zeros((0, 4)), frame).shape == (0, 256)
    with pytest.raises(
        ValueError, match=r"box 1 \[64.0, 0.0, 90.0, 9.0\] has no pixel in the frame of 64 x 48"
    ):
        appearance.extract_embeddings([[0, 0, 9, 9], [64, 0, 90, 9]], frame)
    for broken in (np.nan, np.inf):
        with pytest.raises(ValueError, match=r"box 1 \[0.0, (nan|inf), 9.0, 9.0\].*not finite"):
            appearance.extract_embeddings([[0, 0, 9, 9], [0, broken, 9, 9]], frame)
    with pytest.raises(ValueError, match=r"boxes must be \[n, 4\]"):
        appearance.extract_embeddings([[0, 0, 9]], frame)
