"""A loaded network gives the descriptors that `evaluate` extracts, whatever the clips come as."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import reid_cosam
from reid_cosam import Encoder
from reid_cosam.data.frames import decode, resize
from reid_cosam.data.readers.mars import Mars
from tests.support.evaluated import run, stored, train_checkpoint
from tests.support.tree import write_mars_tree

SIZE = (100, 47)  # the network sees 64 x 32


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mars_tree(tmp_path_factory.mktemp("data") / "mars", size=SIZE)


@pytest.fixture(scope="module")
def trained(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Mars, "counts", {})
        train_checkpoint(tree, folder)
    return folder


@pytest.fixture
def encoder(trained: Path) -> Encoder:
    return reid_cosam.load(trained)


def noise(*shape: int) -> Tensor:
    return torch.randint(256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_descriptors_are_those_of_evaluate(
    trained: Path, encoder: Encoder, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mars, "counts", {})
    ckpt = trained / "checkpoints" / "last.ckpt"
    metrics = run(tmp_path, ckpt, "trainer.precision=32-true")
    splits = Mars().read(tree)

    found = []
    for tracklet in (*splits.query, *splits.gallery):  # of 5 or 6 frames: two snippets of 4
        frames = np.stack([decode(Path(path).read_bytes(), path) for path in tracklet.frames])
        assert frames.shape[1:3] == SIZE
        found.append(encoder.embed(frames[np.newaxis]))

    expected = stored(Path(metrics["store"]))
    spread = float(expected.std(dim=0).mean())  # of tracklets
    torch.testing.assert_close(torch.cat(found), expected, rtol=0, atol=spread / 1000)


def test_a_run_and_its_last_checkpoint_are_the_same(trained: Path, encoder: Encoder) -> None:
    from_file = reid_cosam.load(str(trained / "checkpoints" / "last.ckpt"))
    clips = noise(2, 4, 64, 32, 3)

    assert (encoder.num_frames, encoder.height, encoder.width) == (4, 64, 32)
    assert torch.equal(encoder.embed(clips), from_file.embed(clips))


@pytest.mark.parametrize("size", [(64, 32), SIZE])
def test_both_layouts_and_both_libraries_give_the_same(encoder: Encoder, size: tuple[int, int]) -> None:
    clips = noise(2, 4, *size, 3)

    found = encoder.embed(clips)

    assert (found.shape, found.dtype, found.requires_grad) == ((2, 256), torch.float32, False)
    assert torch.equal(encoder.embed(clips.numpy()), found)
    assert torch.equal(encoder.embed(clips.permute(0, 1, 4, 2, 3).contiguous()), found)


def test_a_long_clip_is_the_mean_of_its_snippets_however_many(encoder: Encoder) -> None:
    clips = noise(2, 70, 64, 32, 3)  # 18 snippets each, more than are embedded at once

    found = encoder.embed(clips)

    last = clips[:, [68, 69, 68, 69]]
    snippets = [*clips[:, :68].split(4, dim=1), last]
    expected = torch.stack([encoder.embed(snippet) for snippet in snippets]).mean(dim=0)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=float(expected.max()) / 10**5)


@pytest.mark.parametrize("at_once", [3, 32])
def test_tracklets_of_any_length_and_size_are_embedded_as_one_by_one(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("reid_cosam.encoder._SNIPPETS_AT_ONCE", at_once)
    shapes = [(9, 64, 32, 3), (1, 64, 32, 3), (4, *SIZE, 3), (7, 3, 64, 32), (13, *SIZE, 3)]
    tracklets = [noise(*shape).numpy() for shape in shapes]

    found = encoder.embed_tracklets(one for one in tracklets)

    expected = torch.cat([encoder.embed(one[np.newaxis]) for one in tracklets])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=float(expected.max()) / 10**5)
    assert encoder.embed_tracklets([]).shape == (0, 256)
    with pytest.raises(ValueError, match=r"clips are empty: shape \[1, 0, 64, 32, 3\]"):
        encoder.embed_tracklets([noise(0, 64, 32, 3)])


def test_read_only_crops_give_no_warning(encoder: Encoder) -> None:
    crop = noise(64, 32, 3).numpy()
    expected = encoder.embed_tracklets([[crop]])
    crop.flags.writeable = False
    torch.set_warn_always(True)  # torch would warn once in a process
    try:
        assert torch.equal(encoder.embed_tracklets([[crop]]), expected)
    finally:
        torch.set_warn_always(False)


def test_crops_of_a_tracklet_may_differ_in_size(encoder: Encoder) -> None:
    crops: list[Any] = [noise(*SIZE, 3), noise(80, 40, 3).numpy(), noise(64, 32, 3), noise(9, 9, 3)]
    resized = [resize(torch.as_tensor(one)[None], 64, 32)[0] for one in crops]

    found = encoder.embed_tracklets([crops, crops[:1], noise(4, 64, 32, 3)])

    expected = encoder.embed_tracklets([torch.stack(resized), resized[0][None], noise(4, 64, 32, 3)])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=float(expected.max()) / 10**5)


@pytest.mark.parametrize(
    ("tracklets", "said"),
    [
        ([noise(9, 8, 3), noise(9, 8, 3)], r"shape \[9, 8, 3\]: put the crops of each tracklet into a list"),
        ([[]], "a tracklet has no frames"),
        (
            [[noise(9, 8, 3), torch.zeros(9, 8, 3)]],
            "frame 1 of a tracklet must be 8-bit .* got torch.float32",
        ),
        ([[noise(9, 8)]], r"frame 0 .* shape \[9, 8\]"),
    ],
)
def test_what_is_no_tracklet_is_named(encoder: Encoder, tracklets: list[Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        encoder.embed_tracklets(tracklets)


def test_the_fingerprint_is_that_of_weights_clip_length_and_size(trained: Path, encoder: Encoder) -> None:
    before = encoder.fingerprint
    assert reid_cosam.load(trained).fingerprint == before
    longer = Encoder(encoder.network, encoder.num_frames + 1, encoder.height, encoder.width)
    assert longer.fingerprint != before
    with torch.no_grad():
        next(encoder.network.parameters()).add_(1)
    assert encoder.fingerprint != before


def test_training_in_between_does_not_leave_it_in_training_mode(encoder: Encoder) -> None:
    clips = noise(1, 4, 64, 32, 3)
    before = encoder.embed(clips)

    encoder.network.train()

    assert torch.equal(encoder.embed(clips), before)


@pytest.mark.parametrize(
    ("clips", "said"),
    [
        (torch.zeros(1, 4, 64, 32, 3), "clips must be 8-bit integers .* got torch.float32"),
        (noise(1, 4, 64, 32, 4), r"clips must be .* got shape \[1, 4, 64, 32, 4\]"),
        (noise(1, 0, 64, 32, 3), r"clips are empty: shape \[1, 0, 64, 32, 3\]"),
    ],
)
def test_other_clips_are_refused_with_what_they_are(encoder: Encoder, clips: Tensor, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        encoder.embed(clips)


def test_a_folder_without_a_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=rf"^{tmp_path}/checkpoints/last.ckpt"):
        reid_cosam.load(tmp_path)


def test_code_of_other_modules_needs_trust(trained: Path, tmp_path: Path) -> None:
    content = torch.load(trained / "checkpoints" / "last.ckpt", weights_only=True)
    content["config"]["agg"]["_target_"] = "examples.gem.GeM"
    torch.save(content, tmp_path / "foreign.ckpt")

    with pytest.raises(ValueError, match=r"agg\._target_=examples\.gem\.GeM"):
        reid_cosam.load(tmp_path / "foreign.ckpt")
    with pytest.raises(ValueError, match=r"does not hold the network"):  # GeM has a parameter of its own
        reid_cosam.load(tmp_path / "foreign.ckpt", trust=["examples"])


def test_it_says_what_it_takes_and_returns(encoder: Encoder) -> None:
    expected = "Encoder(num_frames=4, height=64, width=32, descriptor_size=256, device=cpu)"
    assert repr(encoder) == expected
