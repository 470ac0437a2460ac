"""Analyses of attention on the page: those of its runs, wherever they lie."""

from pathlib import Path

from reid_cosam.results.report.analyses import analyses
from reid_cosam.results.report.page import page
from tests.results.report.made_up import run, write_analysis, write_run
from tests.results.report.test_page import Elements, grey


def test_an_analysis_belongs_to_the_run_of_its_folder_or_of_its_checkpoint(tmp_path: Path) -> None:
    first = write_run(tmp_path / "train", 0.5, "cosam=[4]")
    second = write_run(tmp_path / "train", 0.6, "cosam=[4,5]")
    write_analysis(tmp_path / "analyse" / "runs" / "0", second)
    write_analysis(first / "analysis", tmp_path / "elsewhere")
    runs, faults = [run(folder) for folder in (first, second)], list[str]()

    found = analyses([tmp_path, tmp_path / "train"], runs, faults)

    assert [one.run for one in found] == runs
    assert faults == []
    assert found[0].masks[0].place_share == 0.57
    assert found[0].scores[1].blocks == (4,)
    assert found[0].picture.width == 1100


def test_others_are_left_out_and_named(tmp_path: Path) -> None:
    known = write_run(tmp_path / "train", 0.5, "cosam=[4]")
    foreign = write_analysis(tmp_path / "analyse" / "foreign", tmp_path / "gone")
    damaged = write_analysis(tmp_path / "analyse" / "damaged", known)
    damaged.write_text("{}")
    faults: list[str] = []

    assert analyses([tmp_path], [run(known)], faults) == []

    assert [fault.split(" left out: ")[0] for fault in faults] == [str(damaged), str(foreign)]
    assert str(tmp_path / "gone" / "checkpoints" / "last.ckpt") in faults[1]


def test_the_page_shows_place_share_and_changes_with_the_attention(tmp_path: Path) -> None:
    known = run(write_run(tmp_path, 0.5, "cosam=[4]"))
    write_analysis(tmp_path / "analyse", known.folder)

    text = page([known], [], [], grey, analyses([tmp_path], [known], []))

    section = text.partition('<section id="attention"')[2].partition("</section>")[0]
    assert "place share 57 % after block 4, mAP 50.0 as trained, 30.0 flat" in section
    assert (
        '<th scope="row">flat</th><td>4</td><td>30.0</td><td>-20.0</td><td>50.0</td><td>+0.0</td>' in section
    )
    assert Elements(section).of("img")[0]["alt"]
    assert f'href="#{known.anchor}"' in section
    assert "Place or content" not in page([known], [], [], grey)
