"""Footage becomes a gallery: the descriptors of whole tracks, whatever order their crops come in."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from reid_cosam import Encoder
from reid_cosam.footage.boxes import read_boxes
from reid_cosam.footage.crops import Crop
from reid_cosam.footage.layouts import Footage, read_footage
from reid_cosam.footage.prefetch import prefetched
from reid_cosam.galleries import embedding
from reid_cosam.galleries.embedding import Embedding, embed
from reid_cosam.galleries.extraction import Extract, Extracted, NetworkExtraction
from reid_cosam.galleries.gallery import Gallery, read_gallery
from reid_cosam.galleries.parts import Faults
from tests.support.encoders import tiny_encoder
from tests.support.footage import Row, noisy, write_boxes, write_frames, write_video

# Lengths 1, 4, 6 and 9, at the same time and in another order than they end.
SPANS = {1: (3, 4), 2: (1, 5), 3: (2, 8), 4: (4, 13)}
ROWS: list[Row] = [
    (frame, track, 4.0 * track, 8, 24, 40)
    for track, (start, stop) in SPANS.items()
    for frame in range(start, stop)
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return tiny_encoder()


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    folder = tmp_path_factory.mktemp("footage")
    for name in ("cam1", "cam2"):
        write_video(folder / f"{name}.mp4", noisy(12, seed=len(name)))
        write_boxes(folder / f"{name}.txt", ROWS)
    return read_footage(folder)


@contextmanager
def silent(_total: int) -> Iterator[Callable[[int], None]]:
    yield lambda _number: None


def how(encoder: Encoder, **changes: object) -> Embedding:
    plain = Embedding(encoder.fingerprint, "model/", 4, 64, 32, batch=3, min_frames=1, computation="here")
    return replace(plain, **changes)  # type: ignore[arg-type]


def extraction(encoder: Encoder) -> NetworkExtraction:
    return NetworkExtraction(encoder.network, torch.device("cpu"), in_bfloat16=False)


def run(
    encoder: Encoder, footage: Footage, out: Path, extract: Extract | None = None
) -> tuple[Gallery, Faults]:
    return embed(footage, extract or extraction(encoder), how(encoder), out, silent)


def whole_tracks(footage: Footage) -> dict[tuple[str, str], np.ndarray]:
    found: dict[tuple[str, str], list[np.ndarray]] = {}
    for camera in footage.cameras:
        for one in camera.crops([track.name for track in camera.tracks], 64, 32):
            assert isinstance(one, Crop)
            found.setdefault((camera.name, one.track), []).append(one.image)
    return {track: np.stack(images) for track, images in found.items()}


def test_descriptors_are_those_of_the_whole_tracks(
    encoder: Encoder, footage: Footage, tmp_path: Path
) -> None:
    run(encoder, footage, tmp_path)

    gallery = read_gallery(tmp_path)
    tracks = whole_tracks(footage)
    rows = list(zip(gallery.tracklets["camera"], gallery.tracklets["track"], strict=True))
    # by camera, then start
    assert rows == [(camera, track) for camera in ("cam1", "cam2") for track in ("2", "3", "1", "4")]
    for descriptor, row in zip(gallery.descriptors, rows, strict=True):
        torch.testing.assert_close(descriptor[None], encoder.embed(tracks[row][None]), rtol=1e-4, atol=1e-5)
    assert gallery.network == encoder.fingerprint


def test_the_table_says_when_and_of_how_many_crops(
    encoder: Encoder, footage: Footage, tmp_path: Path
) -> None:
    gallery, faults = run(encoder, footage, tmp_path)

    row = gallery.tracklets.iloc[3]
    assert tuple(row[["track", "first_frame", "last_frame", "frames", "tested_frames", "broken"]]) == (
        *("4", 4, 12, 9, 9, 0),
    )
    assert (row["start"], row["end"]) == pytest.approx((0.12, 0.44))
    assert faults.counts.total() == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        *("descriptors.safetensors", "tracklets.csv", "gallery.json", "boxes", "thumbnails", "masks"),
    }
    kept, given = tmp_path / "boxes" / "cam1.txt", Path(str(footage.cameras[0].about["boxes"]))
    assert read_boxes(kept).signature == read_boxes(given).signature


def test_pictures_and_masks_of_a_track_have_one_size(
    encoder: Encoder, footage: Footage, tmp_path: Path
) -> None:
    gallery, _ = run(encoder, footage, tmp_path)

    for length, name in zip(gallery.tracklets["frames"], gallery.tracklets["thumbnail"], strict=True):
        with Image.open(tmp_path / name) as picture, Image.open(tmp_path / "masks" / Path(name).name) as mask:
            assert picture.size == mask.size == (80 * min(4, length), 160)


def test_a_network_without_cosam_leaves_no_masks(footage: Footage, tmp_path: Path) -> None:
    run(tiny_encoder(with_cosam=False), footage, tmp_path)

    assert (tmp_path / "thumbnails").exists()
    assert not (tmp_path / "masks").exists()


def test_an_interrupted_run_is_taken_up_to_the_same_bytes(
    encoder: Encoder, footage: Footage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "_GROUP", 2)
    extract, calls = extraction(encoder), 0

    def dying(snippets: Tensor) -> Extracted:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt
        return extract(snippets)

    with pytest.raises(KeyboardInterrupt):
        run(encoder, footage, tmp_path / "broken", dying)
    finished = len(list((tmp_path / "broken" / "parts").glob("*.safetensors")))
    assert finished > 0
    assert not (tmp_path / "broken" / "descriptors.safetensors").exists()
    calls = 10
    run(encoder, footage, tmp_path / "broken", dying)
    again, calls = calls - 10, 10
    run(encoder, footage, tmp_path / "whole", dying)

    assert again < calls - 10
    files = [
        path.relative_to(tmp_path / "whole") for path in (tmp_path / "whole").rglob("*") if path.is_file()
    ]
    assert len(files) > 10
    for path in files:
        assert (tmp_path / "broken" / path).read_bytes() == (tmp_path / "whole" / path).read_bytes(), path


def test_parts_of_another_run_are_refused_with_what_differs(
    encoder: Encoder, footage: Footage, tmp_path: Path
) -> None:
    def dying(_snippets: Tensor) -> Extracted:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(encoder, footage, tmp_path, dying)
    with pytest.raises(ValueError, match=f"{tmp_path}/parts .* another batch, network"):
        embed(footage, extraction(encoder), how(encoder, network="other", batch=4), tmp_path, silent)


def test_a_finished_gallery_is_left_as_it_is(encoder: Encoder, footage: Footage, tmp_path: Path) -> None:
    run(encoder, footage, tmp_path)

    with pytest.raises(ValueError, match=f"out={tmp_path} already holds a gallery"):
        run(encoder, footage, tmp_path)


def test_what_is_no_folder_for_a_gallery_is_left_as_it_is(
    encoder: Encoder, footage: Footage, tmp_path: Path
) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(ValueError, match=f"out={tmp_path}/notes is a file"):
        run(encoder, footage, tmp_path / "notes")
    with pytest.raises(ValueError, match=f"out={tmp_path} holds other files, such as notes: name a folder"):
        run(encoder, footage, tmp_path)
    (tmp_path / "frames" / "thumbnails").mkdir(parents=True)  # not of an interrupted run
    with pytest.raises(ValueError, match="holds other files, such as thumbnails"):
        run(encoder, footage, tmp_path / "frames")
    assert {path.name for path in tmp_path.rglob("*")} == {"notes", "frames", "thumbnails"}

    (tmp_path / "empty").mkdir()
    run(encoder, footage, tmp_path / "empty")
    assert len(read_gallery(tmp_path / "empty")) == 8


def test_a_damaged_part_is_named(encoder: Encoder, footage: Footage, tmp_path: Path) -> None:
    extract, calls = extraction(encoder), 0

    def dying(snippets: Tensor) -> Extracted:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt
        return extract(snippets)

    with pytest.raises(KeyboardInterrupt):
        run(encoder, footage, tmp_path, dying)
    (part,) = (tmp_path / "parts").glob("*.safetensors")
    part.write_bytes(part.read_bytes()[:-4])
    with pytest.raises(ValueError, match=f"{part} is not a readable .*delete it"):
        run(encoder, footage, tmp_path)


def test_faults_are_counted_and_short_tracks_left_out(encoder: Encoder, tmp_path: Path) -> None:
    write_frames(tmp_path / "crops" / "cam1" / "1", noisy(5))
    write_frames(tmp_path / "crops" / "cam1" / "2", noisy(3))
    for name in ("1/000001.jpg", "2/000002.jpg"):
        (tmp_path / "crops" / "cam1" / name).write_bytes(b"no image")
    footage = read_footage(tmp_path / "crops")

    gallery, faults = embed(
        footage, extraction(encoder), how(encoder, min_frames=3), tmp_path / "out", silent
    )

    (row,) = gallery.tracklets.to_dict("records")
    assert (row["track"], row["first_frame"], row["frames"], row["tested_frames"], row["broken"]) == (
        "1",
        2,
        5,
        4,
        1,
    )
    assert np.isnan(row["start"])
    assert faults.counts == {"crops unreadable": 2, "tracks with fewer than 3 usable crops": 1}
    assert any("2/000002.jpg" in text for text in faults.examples["crops unreadable"])
    assert faults.examples["tracks with fewer than 3 usable crops"] == ["track 2 of camera cam1: 2 of 3"]


def test_footage_without_a_usable_crop_is_an_error(encoder: Encoder, tmp_path: Path) -> None:
    write_frames(tmp_path / "crops" / "1", noisy(1))
    (tmp_path / "crops" / "1" / "000001.jpg").write_bytes(b"no image")

    with pytest.raises(ValueError, match=r"nothing could be embedded.*; crops unreadable: 1"):
        run(encoder, read_footage(tmp_path / "crops"), tmp_path / "out")


def test_an_error_while_reading_ahead_comes_where_it_belongs() -> None:
    def items() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("the third is broken")

    ahead = prefetched(items(), 1)
    assert (next(ahead), next(ahead)) == (1, 2)
    with pytest.raises(ValueError, match="third"):
        next(ahead)


def test_reading_ahead_ends_with_its_reader() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    ahead = prefetched(items(), 2)
    assert next(ahead) == 0
    ahead.close()  # type: ignore[attr-defined]
    assert len(taken) < 10
