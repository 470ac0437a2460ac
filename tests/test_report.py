"""`reid-cosam report`: what it says, and its page as a browser shows it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from reid_cosam.data.frames import read_frame
from tests.results.report.made_up import write_curves, write_run
from tests.support.browser import PHONE, headless_chromium, press, visible
from tests.support.commands import command

RIGHT, WRONG = [True, False, False], [False, True, False]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three runs, one of them damaged, and the report of the others, with what was printed."""
    folder = tmp_path_factory.mktemp("reported")
    runs = folder / "logs" / "train"
    write_run(runs, 0.40, "cosam=[]")
    shown = write_run(runs, 0.60, "cosam=[4,5]", lists=[RIGHT, WRONG, WRONG, RIGHT, RIGHT])
    write_curves(shown, "curves", {1: 5.0, 2: 4.0})
    (shown / "pictures").mkdir()
    Image.effect_noise((1600, 400), 90).convert("RGB").save(shown / "pictures" / "attention.png")
    for row in (shown / "ranked.csv").read_text().splitlines()[1:]:
        (runs / "data").mkdir(exist_ok=True)
        Image.new("RGB", (40, 80), "teal").save(runs / "data" / row.rpartition(",")[2], "JPEG")
    (write_run(runs, 0.5, "cosam=[5]") / "metrics.json").write_text("[]")
    done = command("report", folder)
    assert done.returncode == 0, done.stderr
    (folder / "said.txt").write_text(done.stdout)
    return folder


def test_it_says_what_was_left_out_and_where_the_page_is(made: Path) -> None:
    lines = (made / "said.txt").read_text().splitlines()

    assert lines[0] == "2 finished runs"
    assert lines[-2].startswith("logs/train/se_resnet_tiny-5-tp_avg-n4-seed0 left out:")
    assert lines[-1].startswith("report: logs/report/report.html (")
    assert [path.name for path in (made / "logs" / "report").iterdir()] == ["report.html"]


def test_a_folder_without_runs_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()

    done = command("report", tmp_path, "runs=logs")

    assert done.returncode == 1
    assert done.stderr.startswith("error: logs holds no finished run: ")
    assert done.stderr.count("\n") == 1
    assert "'runs=[...]'" in done.stderr


def test_frames_are_read_as_the_lists_want_them(made: Path) -> None:
    assert read_frame(str(made / "logs/train/data/q0.jpg-0.jpg"), 80, 40).shape == (80, 40, 3)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with headless_chromium(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def shown(browser: Any, made: Path) -> Any:
    """The page, on a telephone's screen."""
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    browser.get((made / "logs" / "report" / "report.html").as_uri())
    return browser


def test_on_a_telephone_nothing_is_wider_than_the_screen(shown: Any) -> None:
    assert shown.execute_script("return document.documentElement.scrollWidth") == 360


def test_every_picture_can_be_seen(shown: Any) -> None:
    script = """
        const pictures = [...document.images];
        pictures.forEach((one) => (one.loading = "eager"));
        const widths = () => pictures.map((one) => one.naturalWidth);
        return Promise.all(pictures.map((one) => one.decode())).then(widths);
    """
    widths = shown.execute_script(script)

    assert len(widths) == 1 + 1 + 1 + 5 * 4
    assert min(widths) > 0


def test_it_asks_for_nothing_and_complains_of_nothing(shown: Any) -> None:
    asked = [json.loads(entry["message"])["message"] for entry in shown.get_log("performance")]
    sent = [event["params"] for event in asked if event["method"] == "Network.requestWillBeSent"]
    addresses = [one["request"]["url"] for one in sent if one["documentURL"].startswith("file:")]

    assert {one for one in addresses if not one.startswith("data:")} == {shown.current_url}
    assert shown.get_log("browser") == []


def test_the_keyboard_filters_the_lists_to_failures(shown: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    assert visible(shown, ".query") == 5
    shown.execute_script("document.getElementById('list-run').focus()")

    press(shown, Keys.TAB)  # the radio buttons, of which the chosen one takes the focus
    assert shown.switch_to.active_element.get_attribute("value") == "all"
    press(shown, Keys.ARROW_DOWN)

    assert shown.switch_to.active_element.get_attribute("value") == "failed"
    assert visible(shown, ".query") == visible(shown, ".query[data-failed='1']") == 2
    assert shown.find_element("id", "list-count").text == "2 of 5 shown"
    press(shown, Keys.ARROW_DOWN)
    assert visible(shown, ".query") == visible(shown, ".query[data-failed='0']") == 3


def test_the_keyboard_reaches_the_results_first(shown: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    press(shown, Keys.TAB)
    assert shown.switch_to.active_element.text == "Skip to the results"
    press(shown, Keys.ENTER)

    assert shown.switch_to.active_element.get_attribute("id") == "main"


def test_typing_finds_runs_and_a_link_opens_one(shown: Any) -> None:
    search = shown.find_element("id", "run-filter")
    for typed, found in (("tp_avg", 2), ("cosam=[4,5]", 1), ("cosam=[4", 0), ("45-tp", 1)):
        search.clear()
        search.send_keys(typed)
        assert shown.find_element("id", "run-count").text == f"{found} of 2 runs"
        assert visible(shown, ".run") == visible(shown, "#overview tbody tr") == found

    link = shown.find_element("xpath", "//figcaption/a")  # of the run that is found
    entry = shown.find_element("xpath", "//details[@class='run'][contains(summary, '-none-')]")
    for _ in range(2):  # also when it has been closed again, by the address that is there already
        shown.execute_script("arguments[0].open = false", entry)
        shown.execute_script("arguments[0].href = '#' + arguments[1].id", link, entry)
        shown.execute_script("arguments[0].click()", link)
        assert shown.execute_async_script("setTimeout(() => arguments[1](arguments[0].open), 200)", entry)
    assert shown.find_element("id", "run-count").text == "2 of 2 runs"


def test_the_overview_sorts_by_the_column_whose_heading_is_pressed(shown: Any) -> None:
    from selenium.webdriver.common.keys import Keys

    heading = shown.find_element("xpath", "//table[@id='overview']//button[text()='mAP']")
    columns = "return [...document.querySelectorAll('#overview tbody tr')].map(r => r.cells[2].textContent)"

    heading.send_keys(Keys.ENTER)
    assert shown.execute_script(columns) == ["40.0", "60.0"]
    heading.send_keys(Keys.ENTER)
    assert shown.execute_script(columns) == ["60.0", "40.0"]

    # a name's digits are compared as numbers, and a number as what it is
    script = """
        const cells = [...document.querySelectorAll('#overview tbody td:nth-child(3)')];
        cells.forEach((cell, number) => (cell.textContent = ["0.01", "0.002"][number]));
    """
    shown.execute_script(script)
    heading.send_keys(Keys.ENTER)
    assert shown.execute_script(columns) == ["0.002", "0.01"]
