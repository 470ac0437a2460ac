"""`reid-cosam link`: what it writes, what it says, and what it refuses."""

import json
from pathlib import Path

import pandas as pd
import pytest

from reid_cosam import link
from tests.support.galleries import calibration_of, two_people, written
from tests.support.in_process import call


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    return written(two_people(), tmp_path / "gallery")


def test_a_gallery_is_linked(gallery: Path, tmp_path: Path) -> None:
    calibration_of().write(gallery / "calibration.json")
    (gallery / "boxes").mkdir()
    (gallery / "boxes" / "cam1.txt").write_text("1,3,0,0,5,9,1,1,1\n")
    code, out, err = call(link.main, tmp_path, "gallery=gallery")
    assert (code, err) == (0, "")
    table = pd.read_csv(gallery / "link" / "identities.csv")
    assert table["identity"].tolist() == [1, 2, 3, 1, 2]
    assert (gallery / "link" / "cam1.txt").read_text() == "1,3,0,0,5,9,1,1,1\n"
    assert "5 tracklets in 2 cameras: 3 identities, 1 of them of one tracklet" in out
    assert "tracklets: 4 linked, 1 alone, 0 uncertain" in out
    assert "linked pairs: 2, of these within one camera: 0; the calibration does not cover those" in out
    assert "impossible pairs: 2 in one camera at one time, 0 by travel times" in out
    assert "linked up to the distance 2: " in out
    assert "against 2 people named in the gallery: IDF1 100.0 %" in out
    assert f"written: {gallery / 'link'}; open {gallery / 'link' / 'index.html'} in a browser" in out
    assert "<title>3 identities in 2 cameras</title>" in (gallery / "link" / "index.html").read_text()


def test_a_threshold_by_hand_and_travel_times(gallery: Path, tmp_path: Path) -> None:
    (tmp_path / "times.csv").write_text("from,to,min_seconds,max_seconds\ncam1,cam2,9.5,\n")
    code, out, err = call(
        link.main, tmp_path, "gallery=gallery", "threshold=1.5", "travel_times=times.csv", "out=by_hand"
    )
    assert (code, err) == (0, "")
    summary = json.loads((tmp_path / "by_hand" / "link.json").read_text())
    # 9 seconds lie between the tracklets of Anna: too few; and 4 between the stranger's and the last two.
    assert summary["identities"] == 5
    assert summary["impossible"] == {"same_time": 2, "travel_time": 6}
    assert summary["travel_times"] == [["cam1", "cam2", 9.5, None]]
    assert "6 by travel times" in out
    assert not (gallery / "link").exists()
    again = call(link.main, tmp_path, "gallery=gallery", "threshold=1.5", "out=by_hand")
    assert again[0] == 0, again[2]


def test_identities_are_scored_against_people_in_a_file(gallery: Path, tmp_path: Path) -> None:
    """Anna and Bob are one person to the file: none of the two links is wrong, two of six pairs are found."""
    names = [("cam1", 1), ("cam1", 2), ("cam2", 1), ("cam2", 2)]
    lines = "".join(f"{camera},{track},both\n" for camera, track in names)
    (tmp_path / "who.csv").write_text(f"camera,track,person\n{lines}")
    code, out, err = call(link.main, tmp_path, "gallery=gallery", "threshold=2", "persons=who.csv")
    assert (code, err) == (0, "")
    scores = "IDF1 50.0 %; of pairs: precision 100.0 %, recall 33.3 %, F1 50.0 %"
    assert f"against 1 person named in who.csv: {scores}" in out
    summary = json.loads((gallery / "link" / "link.json").read_text())
    assert (summary["named_in"], summary["scores"]["idf1"]) == ("who.csv", 0.5)
    page = (gallery / "link" / "index.html").read_text()
    assert "Against 1 person named in who.csv: IDF1 50.0 %" in page[: page.index("</header>")]
    assert pd.read_csv(gallery / "link" / "identities.csv")["person"].fillna("").tolist() == [
        *("both", "both", "", "both", "both")
    ]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["gallery=nowhere"], "nowhere"),
        (["gallery=gallery"], "threshold="),
        (["gallery=gallery", "threshold=0"], "threshold=0"),
        (["gallery=gallery", "threshold=1", "travel_times=none.csv"], "travel_times=none.csv does not exist"),
        (
            ["gallery=gallery", "threshold=1", "travel_times=unknown.csv"],
            "unknown.csv, line 2: .*camera cam7",
        ),
        (
            ["gallery=gallery", "threshold=1", "travel_times=negative.csv"],
            "negative.csv, line 2: seconds from -4",
        ),
        (["gallery=gallery", "calibration=other.json"], "cd34"),
        (["gallery=gallery", "threshold=1", "persons=none.csv"], "persons=none.csv"),
        (["gallery=gallery", "threshold=1", "persons=unknown.csv"], "unknown.csv lacks"),
        (["gallery=gallery", "threshold=1", "persons=nobody.csv"], "nobody.csv names nobody"),
        (["gallery=gallery", "threshold=1", "out=gallery"], "out=gallery"),
        (["gallery=nowhere", "threshold=1", "out=other.json"], "out=other.json is a file"),
        (["gallery=nowhere", "threshold=1", "out=other.json/link"], "out=other.json/link .* file other.json"),
        (["gallery=gallery", "threshold=1", "out=."], "out=. holds .* such as gallery"),
    ],
)
def test_bad_input_gets_one_line(gallery: Path, tmp_path: Path, arguments: list[str], named: str) -> None:
    header = "from,to,min_seconds,max_seconds\n"
    (tmp_path / "unknown.csv").write_text(f"{header}cam1,cam7,1,2\n")
    (tmp_path / "negative.csv").write_text(f"{header}cam1,cam2,-4,2\n")
    (tmp_path / "nobody.csv").write_text("camera,track,person\n")
    calibration_of("cd34").write(tmp_path / "other.json")
    code, out, err = call(link.main, tmp_path, *arguments)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert pd.Series([err]).str.contains(named).all(), err
    assert "\n" not in err.strip()
    assert not (gallery / "link").exists()
