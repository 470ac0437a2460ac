"""The page of a linked gallery: what is in it, and how a browser shows it."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from reid_cosam.galleries.gallery import Gallery
from reid_cosam.galleries.linked import link_gallery
from reid_cosam.galleries.page.page import write_page
from tests.support.browser import PHONE, headless_chromium, press, visible
from tests.support.galleries import calibration_of, gallery_of

GATE, TRACK, PERSON = "gate <&'\">", '<b>"3"</b>', "</script><script>alert(1)</script>"


def _gallery(times: Sequence[float | None] = (0, 0, 5, 10, 10), **columns: Sequence[str]) -> Gallery:
    """Identities of two, two and one tracklets; the last one is between the limits from the first."""
    tracks = [("cam1", "1", "anna"), ("cam1", "2", "bob"), ("cam1", TRACK, "")]
    tracks += [(GATE, "1", "anna"), (GATE, "2", PERSON)]
    descriptors = ((0, 0), (10, 0), (0, 2.8), (1, 0), (10, 2))
    gallery = gallery_of(
        [
            (*names, start, None if start is None else start + 2, place)
            for names, start, place in zip(tracks, times, descriptors, strict=True)
        ]
    )
    return replace(gallery, tracklets=gallery.tracklets.assign(**columns))


def _written(gallery: Gallery, folder: Path) -> str:
    return write_page(gallery, link_gallery(gallery, calibration_of()), folder, folder / "link").read_text()


def _data(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.fixture(scope="module")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a gallery of which the first four tracklets have pictures, the first and third masks."""
    folder = tmp_path_factory.mktemp("gallery")
    for part, numbers in (("thumbnails", range(4)), ("masks", (0, 2))):
        (folder / part).mkdir()
        for number in numbers:
            Image.new("RGB", (160, 80), "teal").save(folder / part / f"{number:05d} #.jpg")
    names = [*(f"thumbnails/{number:05d} #.jpg" for number in range(4)), ""]
    _written(_gallery(thumbnail=names), folder)
    for part in ("thumbnails", "masks"):  # of the gallery: the page needs only its own
        (folder / part).rename(folder / f"{part}_away")
    return folder / "link" / "index.html"


def test_names_are_text_whatever_they_hold(tmp_path: Path) -> None:
    html = _written(_gallery(), tmp_path)

    assert html.count("<script") == 2
    assert "<b>" not in html
    columns = _data(html)["columns"]
    assert columns["camera"] == ["cam1"] * 3 + [GATE] * 2
    assert columns["track"] == ["1", "2", TRACK, "1", "2"]
    assert columns["person"] == ["anna", "bob", "", "anna", PERSON]


def test_the_page_says_who_is_linked_and_how_sure_that_is(tmp_path: Path) -> None:
    html = _written(_gallery(), tmp_path)

    assert "<title>3 identities in 2 cameras</title>" in html
    assert "5 tracklets: 4 linked,\n0 alone, 1 uncertain.\n1 identity has one tracklet only." in html
    third = html[html.index('id="i3"') : html.index("</tbody>")]
    assert "<span>one tracklet</span>" in third
    assert '<span class="mark">uncertain</span>' in third
    data = _data(html)
    assert (data["threshold"], data["uncertain_up_to"]) == (2, 3)
    assert data["columns"]["identity"] == [1, 2, 3, 1, 2]
    assert data["columns"]["own_distance"] == [1, 2, None, 1, 2]
    assert data["matches"][2] == [[], [[0, 2.8, 0], [3, 2.973, 0], [4, 10.03, 0], [1, 10.38, 0]]]


def test_identities_in_most_cameras_come_first_then_those_of_most_tracklets(tmp_path: Path) -> None:
    cameras = {0: "a", 9: "ab", 18: "aa", 27: "abc", 36: "aba"}  # by the place of each identity
    rows = [
        (camera, f"{place}{number}", "", None, None, (place,))
        for place, names in cameras.items()
        for number, camera in enumerate(names)
    ]
    html = _written(gallery_of(rows), tmp_path)

    assert re.findall(r'<tr role="row" id="i(\d)"', html) == ["4", "5", "2", "3", "1"]


def test_times_are_bars_on_one_clock(tmp_path: Path) -> None:
    html = _written(_gallery(times=(0, 0, 75, 1, 88)), tmp_path)  # from 0 to 90 seconds

    assert '<span class="when">1:15\u20131:17</span>' in html
    assert "left:83.333%;width:2.222%;--level:0" in html
    assert "left:1.111%;width:2.222%;--level:1" in html  # Anna in both cameras at once
    assert html.count("--level:1") == 1


def test_a_clock_of_another_origin_is_counted_from_the_first_tracklet(tmp_path: Path) -> None:
    html = _written(_gallery(times=[1.7e9 + start for start in (0, 0, 5, 10, 3700)]), tmp_path)

    assert '<span class="when">0:05\u20130:07</span>' in html
    assert '<span class="when">1:01:40\u20131:01:42</span>' in html
    assert "counted from the first tracklet" in html


def test_without_times_there_is_no_timeline(tmp_path: Path) -> None:
    html = _written(_gallery(times=[None] * 5), tmp_path)

    assert "There is no timeline: the times of these tracklets are not known." in html
    assert 'class="bar' not in html
    assert 'class="when"' not in html


def test_tracklets_without_times_are_left_out_of_the_timeline(tmp_path: Path) -> None:
    html = _written(_gallery(times=(0, None, 5, 10, None)), tmp_path)

    assert "2 tracklets without times are left out." in html
    assert html.count('aria-label="cam1, ') + html.count('aria-label="gate') == 3


def test_pictures_are_copied_and_what_has_none_says_so(pictured: Path) -> None:
    html = pictured.read_text()

    assert len(list((pictured.parent / "thumbnails").iterdir())) == 4
    assert len(list((pictured.parent / "masks").iterdir())) == 2
    assert html.count('data-masked="masks/0000') == 2
    assert 'src="thumbnails/00003%20%23.jpg"' in html
    assert "1 tracklet has no picture" in html
    assert html.count('<span class="blank">no picture</span>') == 1


def test_a_picture_that_cannot_be_read_is_counted(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_text("no picture")
    html = _written(_gallery(thumbnail=["broken.jpg", "missing.jpg", "", "", ""]), tmp_path)

    assert "5 tracklets have no picture" in html


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/secret.jpg"])
def test_a_thumbnail_outside_of_the_gallery_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"{tmp_path}.*{name}"):
        _written(_gallery(thumbnail=[name] * 5), tmp_path)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with headless_chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def shown(browser: Any, pictured: Path) -> Iterator[Any]:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    browser.get(pictured.as_uri())
    yield browser
    assert browser.get_log("browser") == []


def _focused(browser: Any) -> Any:
    return browser.switch_to.active_element


def test_on_a_phone_nothing_is_wider_than_the_screen(shown: Any) -> None:
    assert shown.execute_script("return document.documentElement.scrollWidth") == 360
    shown.execute_script("document.getElementById('t2').click()")
    assert shown.execute_script("return document.getElementById('details').scrollWidth") <= 360


def test_nothing_but_its_own_pictures_is_asked_for(shown: Any, pictured: Path) -> None:
    script = """
        document.querySelector('.masks').click();
        for (const image of document.images) image.loading = 'eager';
        const loaded = [...document.images].map((image) => image.decode());
        return Promise.all(loaded).then(() => loaded.length);
    """
    assert shown.execute_script(script) == 4
    asked = [json.loads(entry["message"])["message"] for entry in shown.get_log("performance")]
    sent = [event["params"] for event in asked if event["method"] == "Network.requestWillBeSent"]
    addresses = {one["request"]["url"] for one in sent if one["documentURL"] == pictured.as_uri()}
    assert len(addresses) == 1 + 4 + 2
    assert all(one.startswith(pictured.parent.as_uri()) for one in addresses)


def test_the_placeholder_of_the_search_fits(shown: Any) -> None:
    width = """
        const find = document.getElementById('find');
        const brush = document.createElement('canvas').getContext('2d');
        brush.font = getComputedStyle(find).font;
        return [brush.measureText(find.placeholder).width, find.clientWidth];
    """
    text, room = shown.execute_script(width)
    assert 0 < text < room - 40  # its padding, and the cross that clears it


def test_filters_apply_to_the_table_and_the_timeline(shown: Any) -> None:
    from selenium.webdriver.support.ui import Select

    def found() -> tuple[int, int, str]:
        return (
            visible(shown, ".identity"),
            visible(shown, "[class=lane]"),
            shown.find_element("id", "count").text,
        )

    find, which = shown.find_element("id", "find"), Select(shown.find_element("id", "which"))
    assert found() == (3, 3, "3 of 3 identities")
    for typed, count in (("bob", 1), ("1", 1), ("identity", 3), ("cam1/<B>", 1), ("anna bob", 0)):
        find.clear()
        find.send_keys(typed)
        assert found() == (count, count, f"{count} of 3 identities"), typed
    assert visible(shown, ".none") == 2
    shown.find_element("css selector", "button[type=reset]").click()
    shown.execute_async_script("setTimeout(arguments[0], 0)")
    for value, count in (("uncertain", 1), ("cameras", 2), ("one", 1), ("all", 3)):
        which.select_by_value(value)
        assert found()[:2] == (count, count), value
    Select(shown.find_element("id", "camera")).select_by_visible_text(GATE)
    assert found()[:2] == (2, 2)


def test_the_keyboard_opens_nearest_matches_and_escape_leaves_them(shown: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    shown.execute_script("document.getElementById('t2').focus()")
    press(shown, Keys.ENTER)
    assert shown.find_element("id", "d-title").text == f"cam1, track {TRACK}"
    others = [one.text.splitlines() for one in shown.find_elements("css selector", "#d-others li")]
    assert [lines[-1] for lines in others] == [
        "2.80 no verdict: same camera",
        "2.97 uncertain",
        "10.0 different",
        "10.4 no verdict: same camera",
    ]
    assert others[1][:2] == [f"{GATE}, track 1", "0:10\u20130:12 identity 1"]
    assert visible(shown, "#d-own-title") == 0
    assert "another identity is near" in shown.find_element("id", "d-facts").text
    assert "no verdict on two tracklets of one camera" in shown.find_element("id", "details").text

    press(shown, Keys.TAB)  # the button that closes
    for _ in range(3):  # masks, the table, the first match
        press(shown, Keys.TAB)
    press(shown, Keys.ENTER)
    assert shown.find_element("id", "d-title").text == "cam1, track 1"
    own = shown.find_element("css selector", "#d-own li").text.splitlines()
    assert own[-1] == "1.00 same"
    third = shown.find_element("css selector", "#d-others li:nth-child(2)").text.splitlines()
    assert third[-1] == "10.0 impossible: same camera, same time"

    press(shown, Keys.ESCAPE)
    assert visible(shown, "#details") == 0
    assert _focused(shown).get_attribute("id") == "t2"


def test_a_bar_opens_its_tracklet_which_can_be_shown_in_the_table(shown: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    bar = shown.find_element("css selector", ".bar[data-row='3']")
    assert bar.get_attribute("aria-label") == f"{GATE}, track 1, 0:10\u20130:12"
    bar.send_keys(Keys.ENTER)
    hide = """
        document.getElementById('find').value = 'bob';
        document.getElementById('filters').dispatchEvent(new Event('input'));
    """
    shown.execute_script(hide)
    assert visible(shown, ".identity") == 1
    shown.find_element("id", "d-show").send_keys(Keys.ENTER)

    assert _focused(shown).get_attribute("id") == "t3"
    assert visible(shown, ".identity") == 3


def test_masks_take_the_place_of_pictures_that_have_them(shown: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    def parts() -> list[str]:
        return [
            one.get_attribute("src").split("/")[-2]
            for one in shown.find_elements("css selector", ".tracklet img")
        ]

    shown.find_element("css selector", "#filters .masks").send_keys(Keys.SPACE)
    assert sorted(parts()) == ["masks", "masks", "thumbnails", "thumbnails"]
    shown.execute_script("document.getElementById('t0').click()")
    details = shown.find_element("css selector", "#d-picture img")
    assert "/masks/" in details.get_attribute("src")
    shown.find_element("css selector", "#details .masks").send_keys(Keys.SPACE)
    assert "/thumbnails/" in details.get_attribute("src")
    assert set(parts()) == {"thumbnails"}


def test_the_timeline_can_be_stretched(shown: Any) -> None:
    from selenium.webdriver.support.ui import Select

    width = "return document.getElementById('ticks').clientWidth"
    before, marks = shown.execute_script(width), visible(shown, "#ticks span")
    Select(shown.find_element("id", "zoom")).select_by_value("8")

    assert shown.execute_script(width) == pytest.approx(8 * before, abs=8)
    assert visible(shown, "#ticks span") > marks
    assert shown.execute_script("return document.documentElement.scrollWidth") == 360
