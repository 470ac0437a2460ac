"""`reid-cosam embed`: what it writes, what it says, and what it refuses."""

from pathlib import Path

import pytest
import torch

from reid_cosam import embed, loading
from reid_cosam.galleries.gallery import read_gallery
from reid_cosam.sharing import exchange
from tests.support.encoders import tiny_encoder
from tests.support.footage import noisy, write_boxes, write_video
from tests.support.in_process import call


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `model=tiny` names."""
    monkeypatch.setattr(loading, "load", lambda _path, _trust: tiny_encoder())


def write_footage(folder: Path) -> None:
    write_video(folder / "videos" / "cam1.mp4", noisy(6))
    rows = [(number, 1, 0, 0, 16, 32) for number in range(1, 9)] + [
        (2, 7, 99, 99, 16, 32),
        (3, 7, 8, 0, 16, 32),
    ]
    write_boxes(folder / "videos" / "cam1.txt", rows)


def test_it_says_what_it_found_and_what_it_wrote(tmp_path: Path) -> None:
    write_footage(tmp_path)

    code, out, errors = call(
        embed.main, tmp_path, "model=tiny", "footage=videos", "out=gallery", "trainer.precision=32-true"
    )

    assert code == 0, errors
    assert out.splitlines() == [
        "videos: layout video, 1 camera, 2 tracks, 10 crops; all cameras start at 0 s",
        "crops in frames that are not there: 2",
        "  frame 7, track 1: videos/cam1.mp4 ends with frame 6",
        "  frame 8, track 1: videos/cam1.mp4 ends with frame 6",
        "crops outside the frame: 1",
        "  videos/cam1.mp4, frame 2, track 7: the box at x=99, y=99 lies outside the frame",
        f"written: {tmp_path}/gallery (2 tracklets of 1 camera, 7 crops used, 3 faults)",
    ]
    assert "reading 10 crops" in errors
    gallery = read_gallery(tmp_path / "gallery")
    assert list(gallery.tracklets["tested_frames"]) == [6, 1]
    assert gallery.model == str(tmp_path / "tiny")


def test_footage_that_does_not_fit_is_one_line(tmp_path: Path) -> None:
    code, _, errors = call(embed.main, tmp_path, "model=tiny", "footage=nowhere", "out=gallery")

    assert (code, errors.strip()) == (1, "error: footage=nowhere: there is no such file or folder")
    assert list(tmp_path.iterdir()) == []


def test_another_library_computes_the_same_descriptors(tmp_path: Path) -> None:
    write_footage(tmp_path)
    (tmp_path / "model").mkdir()
    exchange.write_files(tiny_encoder(), tmp_path / "model", ["onnx"])
    settings = ("model=model", "footage=videos", "trainer.precision=32-true")

    for engine in ("torch", "onnx"):
        code, _, errors = call(embed.main, tmp_path, *settings, f"out={engine}", f"engine={engine}")
        assert code == 0, errors

    expected, found = (read_gallery(tmp_path / engine).descriptors for engine in ("torch", "onnx"))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


def test_another_library_needs_a_file_of_the_network(tmp_path: Path) -> None:
    write_footage(tmp_path)
    code, _, errors = call(embed.main, tmp_path, "model=m", "footage=videos", "out=g", "engine=openvino")

    assert code == 1
    assert errors.startswith("error: m/clips.xml does not exist: reid-cosam export ckpt=m ")
