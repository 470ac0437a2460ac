"""Every number of `experiments/<table>/paper.csv` against the paper's text, and against sums from it.

`paper_text.tsv` holds the lines of tables 2, 3, 4, 5 (MARS, then Duke), 6 and 7 as the text has them.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from reid_cosam.paths import EXPERIMENTS
from reid_cosam.results.run_settings import NetworkSpec
from reid_cosam.results.tables.paper import (
    LAYOUTS,
    NETWORK,
    headings,
    printed_scores,
    read_published,
    tables_of,
)

TEXT = (Path(__file__).parent / "paper_text.tsv").read_text().split("\n\n")
# Which columns a line of each table holds: data set or attribute, and the scores.
FOUR, THREE = ("mAP", "R1", "R5", "R20"), ("mAP", "R1", "R5")
COLUMNS: dict[str, list[tuple[str, tuple[str, ...]]]] = {
    "table2": [("mars", FOUR), ("duke", FOUR)],
    "table3": [("mars", FOUR), ("duke", FOUR)],
    "table4": [("mars", THREE), ("duke", THREE), ("ilids_vid", ("R1", "R5"))],
    "table6": [("mars", FOUR), ("duke", FOUR)],
    "table7": [("handbag", THREE), ("hat", THREE), ("backpack", THREE)],
}
BLOCKS = {"table2": 0, "table3": 1, "table4": 2, "table6": 5, "table7": 6}


def published(name: str) -> pd.DataFrame:
    return read_published(EXPERIMENTS / name / "paper.csv")


def lines(block: int) -> list[list[str]]:
    """The numbers of each line, as printed."""
    found = [line.split("\t") for line in TEXT[block].strip("\n").split("\n")]
    return [[field for field in line if re.fullmatch(r"\d+\.\d+", field)] for line in found]


def file_lines(name: str) -> Iterator[list[str]]:
    """The same from the file, a row of the table at a time."""
    columns = COLUMNS[name]
    rows = published(name)
    for start in range(0, len(rows), len(columns)):
        same = rows.iloc[start : start + len(columns)]
        assert len(same[headings(rows)].drop_duplicates()) == 1
        line: list[str] = []
        for number, (where, metrics) in enumerate(columns):
            row = same.iloc[number : number + 1]
            assert where in (row["data"].item(), row["attribute"].item())
            assert tuple(printed_scores(row)) == metrics
            line += row[[*metrics]].to_numpy()[0].tolist()
        yield line


@pytest.mark.parametrize("name", ["table2", "table4", "table6", "table7"])
def test_every_number_is_that_of_the_text(name: str) -> None:
    assert list(file_lines(name)) == lines(BLOCKS[name])


def test_table_3_is_the_text_but_for_the_number_that_it_lost() -> None:
    text = lines(BLOCKS["table3"])
    (short,) = [number for number, line in enumerate(text) if len(line) == 7]
    plain_se = lines(BLOCKS["table2"])[3]  # the same network in table 2, whole

    assert text[short] == plain_se[:7]
    text[short] = plain_se
    assert list(file_lines("table3")) == text
    assert plain_se[7] == "99.7"


def test_table_3_gives_every_row_its_backbone() -> None:
    rows = published("table3").query("data == 'mars'")

    assert [*rows["Backbone"]] == ["ResNet50"] * 6 + ["SE-ResNet50"] * 6
    assert [*rows["backbone"]] == ["resnet50"] * 6 + ["se_resnet50"] * 6
    assert [*rows["cosam"]] == ["[]", "[2]", "[3]", "[4]", "[5]", "[4,5]"] * 2


@pytest.mark.parametrize(("data", "block"), [("mars", 3), ("duke", 4)])
def test_table_5_is_the_text_gaps_included(data: str, block: int) -> None:
    text = [line.split("\t") for line in TEXT[block].strip("\n").split("\n")]
    expected = {_name(line[0]): [*line[2:]] for line in text}

    rows = published("table5")
    rows = rows[rows["data"] == data]
    scores = rows[[*FOUR]].replace("", "-").to_numpy().tolist()

    assert dict(zip(map(_name, rows["Network"]), scores, strict=True)) == expected
    assert [*rows["Deep model?"]].count("No") == (data == "mars")


def _name(label: str) -> str:
    return re.sub(r"[{}\s]", "", label)


@pytest.mark.parametrize(
    ("name", "where", "sums"),
    [
        # added up by hand, column by column, from the printed tables
        ("table2", "mars", (457.8, 499.3, 562.9, 581.4)),
        ("table2", "duke", (553.2, 558.1, 591.9, 597.0)),
        ("table6", "mars", (235.4, 253.0, 284.0, 293.0)),
        ("table6", "duke", (280.2, 281.6, 297.4, 299.3)),
        ("table7", "handbag", (376.5, 385.3, 400.0)),
        ("table7", "hat", (371.2, 376.8, 393.7)),
        ("table7", "backpack", (377.6, 383.0, 397.5)),
    ],
)
def test_columns_add_up(name: str, where: str, sums: tuple[float, ...]) -> None:
    rows = published(name)
    rows = rows[(rows["data"] == where) | (rows["attribute"] == where)]

    for metric, expected in zip(FOUR, sums, strict=False):
        assert rows[metric].astype(float).sum() == pytest.approx(expected)


def test_tables_agree_on_the_networks_that_they_share() -> None:
    seen: dict[object, str] = {}
    for name in LAYOUTS:
        rows = published(name).query("backbone != ''")
        for *key, metric, score in rows.melt([*NETWORK, "data", "attribute", "reranked"], FOUR).to_numpy():
            if score:
                assert seen.setdefault((*key, metric), score) == score, (name, key, metric)


def test_networks_without_cosam_are_trained_as_the_paper_says() -> None:
    for name in LAYOUTS:
        for row in published(name).query("backbone != ''").itertuples():
            sourced = row.backbone == "resnet50" and row.cosam == "[]"
            assert (row.height, row.width) == ((224, 112) if sourced else (256, 128))
            assert row.last_stride == (2 if sourced or row.agg == "ta" else 1)


HEADING = (
    "Model,data,backbone,agg,cosam,num_frames,height,width,last_stride,attribute,reranked,mAP,R1,R5,R20\n"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "the columns must be"),
        (f"{HEADING}x,mars,,,,,,,,,no,750,,,\n", "line 2: mAP is '750'"),
        (f"{HEADING}x,mars,resnet50,tp_avg,4 and 5,4,256,128,1,,no,75,,,\n", "line 2: cosam is '4 and 5'"),
        (f"{HEADING}x,mars,,,,,,,,,no,75\n", "line 2: 12 fields instead of 15"),
    ],
)
def test_a_damaged_file_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "paper.csv"
    path.write_text(text)

    with pytest.raises(ValueError, match=rf"paper\.csv.*{message}"):
        read_published(path)


BEST = NetworkSpec("se_resnet50", "tp_avg", (4, 5), 4, 256, 128, 1)


@pytest.mark.parametrize(
    ("network", "tables"),
    [
        (BEST, ["table3", "table4", "table5", "table6", "table7"]),
        (replace(BEST, num_frames=8), ["table6"]),
        (replace(BEST, cosam=()), ["table2", "table3", "table4", "table5", "table7"]),
        (replace(BEST, cosam=(3,)), ["table3"]),
        (replace(BEST, agg="rnn"), ["table4"]),
        (replace(BEST, backbone="se_resnet_tiny", height=64, width=32, num_frames=2), ["table6"]),
        (replace(BEST, cosam=(1, 2)), []),
        (replace(BEST, agg="tp_max"), []),
    ],
)
def test_a_network_stands_in_the_tables_that_have_its_row(network: NetworkSpec, tables: list[str]) -> None:
    assert tables_of(network) == tables
