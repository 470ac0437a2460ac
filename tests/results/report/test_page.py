"""The page: what it holds, and that nothing in it can reach outside or run as code."""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import UInt8
from PIL import Image

from reid_cosam.results.report.page import page, write_report
from reid_cosam.results.run_settings import NetworkSpec
from reid_cosam.results.tables.arrange import on_synthetic
from reid_cosam.results.tables.paper import published_tables
from reid_cosam.results.tables.records import results_table
from tests.results.report.made_up import run, write_curves, write_run
from tests.results.tables.made_up import record

TINY = NetworkSpec("se_resnet_tiny", "tp_avg", (4, 5), 4, 64, 32, 1)
RIGHT, WRONG = [True, False, False], [False, True, False]


class Elements(HTMLParser):
    """Start tags with their attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def grey(_: str) -> UInt8[np.ndarray, "h w 3"]:
    return np.full((80, 40, 3), 128, dtype=np.uint8)


def make(folders: Sequence[Path], faults: Sequence[str] = ()) -> str:
    return page([run(folder) for folder in folders], [], list(faults), grey)


def two_runs(root: Path) -> list[Path]:
    """Two placements; the second has curves, a picture of its attention, and lists, two of them failures."""
    first = write_run(root, 0.4, "cosam=[]")
    second = write_run(root, 0.6, "cosam=[4,5]", lists=[RIGHT, WRONG, WRONG])
    write_curves(second, "curves", {1: 5.0, 2: 4.0})
    (second / "pictures").mkdir()
    Image.new("RGB", (2200, 100)).save(second / "pictures" / "attention.png")
    return [first, second]


def test_it_holds_all_parts_and_links_lead_to_what_is_there(tmp_path: Path) -> None:
    text = make(two_runs(tmp_path))

    elements = Elements(text)
    ids = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {str(link["href"]).removeprefix("#") for link in elements.of("a")}
    assert {"effects", "curves", "attention", "lists", "runs"} <= targets <= set(ids)
    pictures = elements.of("img")
    assert len(pictures) == 1 + 1 + 1 + 3 * 4  # an effect, a panel of curves, a strip, three lists of 1 + 3
    assert all(picture["alt"] for picture in pictures)
    assert [query["data-failed"] for query in elements.of("article")].count("1") == 2
    assert "All of these runs are on synthetic data" in text


def test_it_needs_nothing_from_anywhere(tmp_path: Path) -> None:
    elements = Elements(make(two_runs(tmp_path)))

    policy = next(one for one in elements.of("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert str(policy["content"]).startswith("default-src 'none'; img-src data:;")
    addresses = [
        str(value)
        for _, attributes in elements.found
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data")
    ]
    assert all(address.startswith(("data:image/", "#")) for address in addresses)
    assert not elements.of("link")


def test_wide_pictures_are_made_small(tmp_path: Path) -> None:
    (strip,) = [one for one in Elements(make(two_runs(tmp_path))).of("img") if one.get("width")]

    assert (strip["width"], strip["height"]) == ("1100", "50")


def test_names_are_text_and_not_code(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>\"'"
    text = make([write_run(tmp_path / hostile, 0.5)], faults=[hostile])

    assert len(Elements(text).of("script")) == 1
    assert text.count(html.escape(hostile, quote=False).replace('"', "&#34;").replace("'", "&#39;")) >= 2


def test_headings_follow_one_another(tmp_path: Path) -> None:
    levels = [int(tag[1]) for tag, _ in Elements(make(two_runs(tmp_path))).found if re.fullmatch(r"h\d", tag)]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


def test_settings_that_all_runs_share_stand_once(tmp_path: Path) -> None:
    text = make(two_runs(tmp_path))

    assert text.count("<dt>recipe.loss.margin</dt>") == 1
    assert text.count("<dt>cosam</dt>") == 2
    headings = re.findall(r'<th scope="col"><button type="button">(.*?)</button>', text)
    assert headings == ["run", "data", "mAP", "R1", "cosam"]


@pytest.mark.parametrize(
    "distances", [("euclidean", "euclidean"), ("euclidean", "cosine"), ("euclidean", None)]
)
def test_it_says_how_runs_were_scored(tmp_path: Path, distances: tuple[str | None, ...]) -> None:
    folders = two_runs(tmp_path)
    how = {
        **{"queries": 7, "gallery": ["gallery"], "gallery_tracklets": 12, "reranking": None},
        **{"tested_frames": "all", "camera_input": False},
    }
    for folder, distance in zip(folders, distances, strict=True):
        if distance:  # an older run has recorded nothing of it
            metrics = json.loads((folder / "metrics.json").read_text())
            (folder / "metrics.json").write_text(json.dumps(metrics | how | {"distance": distance}))

    text = make(folders)

    (caption,) = re.findall(r"<caption>(.*?)</caption>", text, re.DOTALL)
    said = "gallery: 12 tracklets (gallery), 6 of 7 queries valid; {} distance; tested: all"
    same = len(set(distances)) == 1
    assert (said.format("euclidean").capitalize() in caption) == same
    assert ("in its entry below" in caption) == (not same)
    for distance in filter(None, distances):
        assert f"<dt>scores</dt><dd>{said.format(distance)}" in text
    assert text.count("<dt>scores</dt>") == sum(map(bool, distances))


def test_older_runs_have_no_empty_line_on_how_they_were_scored(tmp_path: Path) -> None:
    text = make(two_runs(tmp_path))

    assert "<dt>scores</dt>" not in text
    assert "entry below" not in text


def test_tables_of_dashes_are_folded_and_say_how_to_fill_them(tmp_path: Path) -> None:
    records = [
        record(replace(TINY, num_frames=number), 0, 50.0, data="synthetic", size="small") for number in (2, 4)
    ]
    tables = [
        on_synthetic(name, published_tables()[name], results_table(records)) for name in ("table3", "table6")
    ]

    text = page([run(write_run(tmp_path, 0.5))], tables, [], grey)

    elements = Elements(text)
    folded = [one["id"] for one in elements.of("details") if one.get("class") == "sparse"]
    assert folded == ["table3-synthetic"]  # with 4 of 48 cells; table 6 has 8 of 12
    assert "table6-synthetic" in [one.get("id") for one in elements.of("article")]
    (clause,) = re.findall(r"<summary>Table 3 .*?<small>(.*?)</small></summary>", text)
    assert "44 of 48 cells" in clause
    assert "<code>reid-cosam train 'experiment=[table3,tables_synthetic]'" in clause


def test_what_there_is_comes_before_tables(tmp_path: Path) -> None:
    sections = [one["id"] for one in Elements(make(two_runs(tmp_path))).of("section")]

    assert sections == ["scores", "attention", "effects", "curves", "lists", "runs"]


def test_runs_of_one_name_in_two_folders_are_two_entries(tmp_path: Path) -> None:
    entries = Elements(make([write_run(tmp_path / "a", 0.4), write_run(tmp_path / "b", 0.5)])).of("details")

    assert len({one["id"] for one in entries if one.get("class") == "run"}) == 2


def test_every_piece_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(two_runs(tmp_path))

    said = capsys.readouterr().err
    assert "reading 4 parts of the page" in said
    assert "read 4 of 4 parts of the page" in said


def test_a_run_with_damaged_surroundings_is_on_the_page(tmp_path: Path) -> None:
    folder = write_run(tmp_path, 0.5)
    (folder / "environment.json").write_text("[]")

    write_report([tmp_path], tmp_path / "report.html", grey)

    text = (tmp_path / "report.html").read_text()
    assert f"{folder / 'environment.json'} left out: " in text
    assert "No command is recorded." in text


def test_what_is_damaged_is_named_and_takes_nothing_else_with_it(tmp_path: Path) -> None:
    whole, damaged = two_runs(tmp_path)
    (damaged / "curves" / "metrics.csv").write_text("")
    (damaged / "pictures" / "attention.png").write_bytes(b"no picture")
    (damaged / "queries.csv").write_text("first_frame\nq0.jpg\n")

    text = make([whole, damaged])

    for part in ("curves", "picture of attention", "ranked lists"):
        assert f"the {part} of {damaged} left out: " in text
    elements = Elements(text)
    assert len([one for one in elements.of("details") if one.get("class") == "run"]) == 2
    assert len(elements.of("img")) == 1  # the effect of COSAM


def test_images_that_are_not_at_hand_are_told(tmp_path: Path) -> None:
    def gone(path: str) -> UInt8[np.ndarray, "h w 3"]:
        raise FileNotFoundError(path)

    faults: list[str] = []
    text = page([run(two_runs(tmp_path)[1])], [], faults, gone)

    assert "12 tracklets have no picture" in text
    assert len(faults) == 1
    assert faults[0].startswith("12 tracklets in the ranked lists of ")
