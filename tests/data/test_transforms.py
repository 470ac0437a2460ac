import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from reid_cosam.data.transforms import Augmentation, AugmentationDraw, normalise

HEIGHT, WIDTH = 32, 16
MAX_ROW, MAX_COL = 4, 2  # 1.125 * 32 - 32, 1.125 * 16 - 16

apply = Augmentation(flip=0.5, translate=0.5, per_frame=True).apply  # as a draw has it, however that was made


def _clips(num_clips: int = 2, num_frames: int = 3) -> Tensor:
    """Noise clips stored as the loader stores them, with the channels last."""
    shape = (num_clips, num_frames, HEIGHT, WIDTH, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return torch.from_numpy(pixels).permute(0, 1, 4, 2, 3)


def _draw(
    flip: float, translate: float, per_frame: bool, num_clips: int = 2, seed: int = 0
) -> AugmentationDraw:
    rng = np.random.default_rng(seed)
    return Augmentation(flip, translate, per_frame).draw(num_clips, 3, HEIGHT, WIDTH, rng)


def _one_by_one(clips: Tensor, draw: AugmentationDraw) -> Tensor:
    """The released transforms on one Pillow image after another."""
    result = []
    for frame, flip, moved, row, col in zip(
        clips.flatten(0, 1), *(values.flatten().tolist() for values in draw[:4]), strict=True
    ):
        image = Image.fromarray(frame.permute(1, 2, 0).numpy())
        if moved:
            image = image.resize((WIDTH + MAX_COL, HEIGHT + MAX_ROW), Image.Resampling.BILINEAR)
            image = image.crop((col, row, col + WIDTH, row + HEIGHT))
        if flip:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        result.append(torch.from_numpy(np.array(image)).permute(2, 0, 1))
    return torch.stack(result).view(clips.shape)


@pytest.mark.parametrize("per_frame", [True, False])
def test_equals_the_transforms_of_single_images(per_frame: bool) -> None:
    clips = _clips(num_clips=16)
    draw = _draw(0.5, 0.5, per_frame, num_clips=16)
    assert 0 < draw.flips.sum() < draw.flips.numel()
    assert 0 < draw.translated.sum() < draw.translated.numel()

    error = (apply(clips, draw).int() - _one_by_one(clips, draw).int()).abs()

    assert error[~draw.translated].max() == 0
    assert (
        error.max() <= 1
    )  # Pillow interpolates in fixed point; noise moved by one pixel is off by 85 levels


def test_nothing_drawn_leaves_the_clips_alone() -> None:
    clips = _clips()

    torch.testing.assert_close(apply(clips, _draw(0.0, 0.0, True)), clips, rtol=0, atol=0)


def test_a_certain_flip_mirrors_every_frame() -> None:
    clips = _clips()

    torch.testing.assert_close(apply(clips, _draw(1.0, 0.0, True)), clips.flip(-1), rtol=0, atol=0)


def test_a_certain_translation_moves_every_frame() -> None:
    clips, draw = _clips(), _draw(0.0, 1.0, True)

    error = (apply(clips, draw).int() - _one_by_one(clips, draw).int()).abs()

    assert error.max() <= 1


def test_the_clips_themselves_stay_as_they_are() -> None:
    clips = _clips()
    before = clips.clone()

    normalise(apply(clips, _draw(1.0, 1.0, True)), torch.float32)
    normalise(clips, torch.float32)

    torch.testing.assert_close(clips, before, rtol=0, atol=0)


def test_clips_in_plain_layout_give_the_same() -> None:
    clips, draw = _clips(), _draw(0.5, 0.5, True)

    torch.testing.assert_close(apply(clips.contiguous(), draw), apply(clips, draw), rtol=0, atol=0)


def test_one_draw_a_clip_is_shared_by_its_frames() -> None:
    for values in _draw(0.5, 0.5, per_frame=False, num_clips=50)[:4]:
        torch.testing.assert_close(values, values[:, :1].expand(-1, 3), rtol=0, atol=0)
        assert len(set(values[:, 0].tolist())) > 1


def test_one_draw_a_frame_differs_within_clips() -> None:
    for values in _draw(0.5, 0.5, per_frame=True, num_clips=50)[:4]:
        assert (values != values[:, :1]).any()


def test_offsets_reach_both_ends_and_are_equally_likely() -> None:
    draw = _draw(0.5, 0.5, per_frame=True, num_clips=2000)

    for offsets, limit in ((draw.rows, MAX_ROW), (draw.cols, MAX_COL)):
        counts = offsets.flatten().bincount()
        expected = 6000 / (limit + 1)
        assert len(counts) == limit + 1
        assert (counts - expected).abs().max() < 4 * expected**0.5


def test_flips_and_translations_come_as_often_as_asked() -> None:
    draw = _draw(0.2, 0.7, per_frame=True, num_clips=2000)

    # 6000 draws: the standard deviation of a share is at most 0.0065.
    assert abs(draw.flips.double().mean() - 0.2) < 0.026
    assert abs(draw.translated.double().mean() - 0.7) < 0.026


def test_without_erasing_no_further_number_is_drawn() -> None:
    plain, erasing = np.random.default_rng(0), np.random.default_rng(0)

    first = Augmentation(0.5, 0.5, True).draw(4, 3, HEIGHT, WIDTH, plain)
    second = Augmentation(0.5, 0.5, True, erase=1.0).draw(4, 3, HEIGHT, WIDTH, erasing)

    for one, other in zip(first[:4], second[:4], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    plain.random(4)  # which clips are erased comes first
    assert plain.random() != erasing.random()
    assert not first.boxes.any()


def test_a_box_is_as_large_and_as_slim_as_in_the_paper_and_lies_anywhere() -> None:
    rng = np.random.default_rng(0)

    boxes = Augmentation(0.0, 0.0, False, erase=0.5).draw(4000, 3, 128, 64, rng).boxes

    top, left, height, width = boxes[boxes[:, 2] > 0].double().T
    assert abs(len(top) - 2000) < 4 * 32  # the standard deviation of the count is 31.6
    area, aspect = height * width / (128 * 64), height / width
    assert 0.018 < area.min() < 0.03 < 0.38 < area.max() < 0.41  # sides are rounded to whole pixels
    assert 0.27 < aspect.min() < 0.4 < 3 < aspect.max() < 3.6
    assert (top.min(), left.min()) == (0, 0)
    assert ((top + height).max(), (left + width).max()) == (128, 64)
    assert (height < 128).all()
    assert (width < 64).all()


def test_a_box_is_grey_in_all_frames_and_the_rest_is_as_it_was() -> None:
    clips = _clips()
    draw = _draw(0.0, 0.0, True)._replace(boxes=torch.tensor([[0, 0, 0, 0], [3, 5, 20, 7]]))

    found = apply(clips, draw)

    expected = clips.clone()
    expected[1, :, :, 3:23, 5:12] = torch.tensor([124, 116, 104], dtype=torch.uint8).view(3, 1, 1)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    torch.testing.assert_close(clips, _clips(), rtol=0, atol=0)
    assert normalise(found, torch.float32)[1, :, :, 3:23, 5:12].abs().max() < 0.01  # the mean, rounded


def test_the_same_generator_state_gives_the_same_draw() -> None:
    for first, second in zip(_draw(0.5, 0.5, True, seed=3), _draw(0.5, 0.5, True, seed=3), strict=True):
        torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_normalise_standardises_by_the_imagenet_statistics() -> None:
    clips = torch.tensor([0, 128, 255], dtype=torch.uint8).view(1, 1, 3, 1, 1).expand(2, 3, 3, HEIGHT, WIDTH)

    result = normalise(clips, torch.float32)

    by_hand = torch.tensor([(0 - 0.485) / 0.229, (128 / 255 - 0.456) / 0.224, (1 - 0.406) / 0.225])
    torch.testing.assert_close(result, by_hand.view(3, 1, 1).expand_as(result))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_normalised_frames_are_channels_last_whatever_the_layout_before(dtype: torch.dtype) -> None:
    for clips in (_clips(), _clips().contiguous(), apply(_clips(), _draw(0.5, 0.5, True))):
        result = normalise(clips, dtype)

        assert result.dtype == dtype
        assert result.flatten(0, 1).is_contiguous(memory_format=torch.channels_last)
