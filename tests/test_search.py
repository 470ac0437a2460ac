"""`reid-cosam search`: what it writes, what it says, and what it refuses."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from reid_cosam import Encoder, embed, loading, search
from reid_cosam.models.aggregators import TemporalAveragePooling
from reid_cosam.models.backbones import resnet_tiny
from reid_cosam.models.network import VideoReidNet
from tests.support.commands import command
from tests.support.encoders import tiny_encoder
from tests.support.galleries import calibration_of, gallery_of, two_people, written
from tests.support.in_process import call


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    return written(two_people(), tmp_path / "gallery")


def test_a_track_is_searched_and_judged(gallery: Path, tmp_path: Path) -> None:
    calibration_of().write(gallery / "calibration.json")
    code, out, err = call(search.main, tmp_path, "gallery=gallery", "query=cam1/1", "top=2")
    assert (code, err) == (0, "")
    table = pd.read_csv(tmp_path / "hits.csv", keep_default_na=False)
    assert table["distance"].tolist() == [1, 4]
    assert table["verdict"].tolist() == ["same", ""]
    first, second = (line.split() for line in out.splitlines()[1:3])
    assert first[:5] == ["cam1/1", "1", "1", "same", "cam2"]
    assert second[:4] == ["cam1/1", "2", "4", "cam1"]
    assert "at most 1 % of searches" in out
    assert f"written: {tmp_path / 'hits.csv'} (1 query among 5 tracklets)" in out


def test_the_model_that_is_named_has_the_calibration_of_a_track(gallery: Path, tmp_path: Path) -> None:
    assert gallery.exists()
    calibration_of().write(tmp_path / "model" / "calibration.json")
    code, out, err = call(search.main, tmp_path, "gallery=gallery", "query=cam1/1", "model=model")
    assert (code, err) == (0, "")
    assert pd.read_csv(tmp_path / "hits.csv")["verdict"][0] == "same"
    assert "calibrated on 160 people" in out


def test_a_whole_gallery_prints_one_line_per_query(gallery: Path, tmp_path: Path) -> None:
    done = command("search", tmp_path, f"gallery={gallery}", "query=gallery/", "out=all/of.csv")
    assert done.returncode == 0, done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:6]] == [
        [name, "1"] for name in ("cam1/1", "cam1/2", "cam1/3", "cam2/1", "cam2/2")
    ]
    assert "no verdicts: neither the gallery nor the model has a calibration" in done.stdout
    assert len(pd.read_csv(tmp_path / "all" / "of.csv")) == 20


def test_reranked_hits_say_why_they_have_no_verdicts(tmp_path: Path) -> None:
    rows = [("a", str(number), "", None, None, (number**2,)) for number in range(25)]
    calibration_of().write(written(gallery_of(rows), tmp_path / "gallery") / "calibration.json")
    code, out, _ = call(search.main, tmp_path, "gallery=gallery", "query=a/3", "rerank=true")
    assert code == 0
    assert "no verdicts: a calibration does not hold for re-ranked distances" in out


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Encoder:
    """What every model is while it is there."""
    torch.manual_seed(0)
    network = VideoReidNet(
        resnet_tiny(pretrained=False, last_stride=1), {}, TemporalAveragePooling(256), num_identities=2
    )
    small = Encoder(network, num_frames=2, height=32, width=32)
    monkeypatch.setattr(loading, "load", lambda *_: small)
    return small


def save_crops(clips: np.ndarray, folder: Path) -> None:
    """Frames `TRACK/NUMBER.png`, counted from 0."""
    for track, clip in enumerate(clips):
        (folder / str(track)).mkdir(parents=True)
        for number, frame in enumerate(clip):
            Image.fromarray(frame).save(folder / str(track) / f"{number}.png")


def test_images_are_embedded_by_the_network_of_the_gallery(small: Encoder, tmp_path: Path) -> None:
    clips = np.random.default_rng(0).integers(256, size=(3, 4, 32, 32, 3), dtype=np.uint8)
    save_crops(clips, tmp_path / "crops")
    rows = [("a", str(track), "", None, None, one.tolist()) for track, one in enumerate(small.embed(clips))]
    written(gallery_of(rows, network=small.fingerprint), tmp_path / "gallery")
    code, _, err = call(search.main, tmp_path, "gallery=gallery", "query=crops", "top=1")
    assert (code, err) == (0, "")
    table = pd.read_csv(tmp_path / "hits.csv")
    assert table["query"].tolist() == ["crops/0", "crops/1", "crops/2"]
    assert table["track"].tolist() == [0, 1, 2]
    assert table["distance"].tolist() == pytest.approx([0, 0, 0], abs=1e-3)
    code, _, err = call(search.main, tmp_path, "gallery=gallery", "query=crops/1/0.png", "top=3")
    assert (code, err) == (0, "")
    assert pd.read_csv(tmp_path / "hits.csv")["track"][0] == 1
    written(gallery_of(rows, network="cd34"), tmp_path / "gallery")
    code, _, err = call(search.main, tmp_path, "gallery=gallery", "query=crops", "model=mine")
    assert code == 1
    assert "gallery" in err
    assert "cd34" in err
    assert small.fingerprint[:12] in err


def test_a_folder_of_crops_is_at_no_distance_from_the_track_that_embed_made_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "load", lambda *_: tiny_encoder())
    (tmp_path / "crops" / "7").mkdir(parents=True)
    for number, frame in enumerate(np.random.default_rng(0).integers(256, size=(12, 64, 32, 3)), 1):
        image = Image.fromarray(frame.astype(np.uint8))
        image.save(tmp_path / "crops" / "7" / f"{number}.jpg", quality=95)
    code, _, err = call(
        embed.main,
        tmp_path,
        "model=m",
        "footage=crops",
        "layout=track",
        "out=gallery",
        "trainer.accelerator=cpu",
        "trainer.precision=32-true",
    )
    assert code == 0, err
    code, _, err = call(search.main, tmp_path, "gallery=gallery", "query=./crops/7")
    assert code == 0, err
    assert pd.read_csv(tmp_path / "hits.csv")["distance"].tolist() == pytest.approx([0], abs=1e-4)


def test_verdicts_on_images_need_several_of_them_and_their_camera(small: Encoder, tmp_path: Path) -> None:
    clips = np.random.default_rng(0).integers(256, size=(2, 2, 32, 32, 3), dtype=np.uint8)
    save_crops(clips, tmp_path / "crops")
    (tmp_path / "crops" / "1" / "1.png").unlink()
    one = small.embed(clips[:1])[0].tolist()
    rows = [(camera, "1", "", None, None, one) for camera in ("a", "b")]
    written(gallery_of(rows, network=small.fingerprint), tmp_path / "gallery")
    calibration_of(small.fingerprint).write(tmp_path / "gallery" / "calibration.json")

    def searched(*arguments: str) -> tuple[list[str], str]:
        code, out, err = call(search.main, tmp_path, "gallery=gallery", *arguments)
        assert code == 0, err
        table = pd.read_csv(tmp_path / "hits.csv", keep_default_na=False)
        return table["verdict"].tolist(), out

    verdicts, out = searched("query=crops/0", "camera=a")
    assert verdicts == ["", "same"]
    assert "camera=" not in out
    verdicts, out = searched("query=crops/0")
    assert verdicts == ["same", "same"]
    assert "hits under it have verdicts too, for which none of this is promised; camera=NAME" in out
    verdicts, out = searched("query=crops/0", "camera=elsewhere")
    assert verdicts == ["same", "same"]
    assert "camera=elsewhere is not in the gallery, which has a, b" in out
    verdicts, out = searched("query=crops/1")
    assert verdicts == ["", ""]
    assert "a query of one image gets no verdict" in out
    assert "same (up to" not in out
    verdicts, out = searched("query=crops", "camera=a")
    assert verdicts == ["", "same", "", ""]
    assert "same (up to" in out
    assert "a query of one image gets no verdict" in out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["gallery=nowhere", "query=cam1/1"], "nowhere"),
        (["gallery=gallery", "query=cam1/9"], "query=cam1/9"),
        (["gallery=gallery", "query=empty"], "query=empty has no frames"),
        (["gallery=gallery", "query=cam1/1", "calibration=none.json"], "none.json"),
        (["gallery=gallery", "query=cam1/1", "cameras=cam7"], "cameras=cam7"),
        (["gallery=gallery", "query=cam1/1", "camera=cam1"], "camera=cam1 is about images"),
        (["gallery=gallery", "query=cam1/1", "far=0"], "far=0"),
        (["gallery=gallery", "query=cam1/1", "top=0"], "top=0"),
        (["gallery=gallery", "query=cam1/1", "rerank=true"], "rerank=true"),
        (["gallery=nowhere", "query=cam1/1", "out=gallery"], "out=gallery is a folder"),
        (
            ["gallery=gallery", "query=cam1/1", "out=gallery/tracklets.csv/a"],
            "lies in the file gallery/tracklets.csv",
        ),
        (["gallery=gallery", "query=cam1/1", "out=gallery/tracklets.csv"], "out=gallery/tracklets.csv"),
    ],
)
def test_bad_input_gets_one_line(gallery: Path, tmp_path: Path, arguments: list[str], named: str) -> None:
    assert gallery.exists()
    (tmp_path / "empty").mkdir()
    code, out, err = call(search.main, tmp_path, *arguments)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert named in err
    assert "\n" not in err.strip()
    assert not (tmp_path / "hits.csv").exists()
