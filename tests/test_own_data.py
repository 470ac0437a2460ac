"""The commands on your own tracklets: what they print and write, and what they refuse."""

import json
import re
import shlex
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from PIL import Image
from scipy.io import loadmat, savemat

from reid_cosam import build, evaluate, pack, report, score_matrix, tables, verify, visualize
from reid_cosam.data.verification import split_hash
from reid_cosam.paths import CONF
from reid_cosam.settings import VerifySettings
from reid_cosam.settings.reading import read_settings
from tests.support.commands import run_folders, train
from tests.support.in_process import call
from tests.support.tree import write_mars_tree, write_own_tree

Run = Callable[..., tuple[int, str, str]]
PARTS = ("train", "query", "gallery")
TINY = (
    *("experiment=quickstart", "trainer=cpu", "logger=none", "trainer.max_steps=2", "trainer.log_every=1"),
    *("data.height=64", "data.width=32", "data.workers=0"),
    *("recipe.sampling.identities=2", "recipe.sampling.tracklets=2"),
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return partial(call, verify.main, tmp_path)


def write_masks(root: Path) -> Path:
    """A mask of the upper half for every frame."""
    person = np.zeros((64, 32), dtype=np.uint8)
    person[:32] = 255
    for frame in sorted(root.rglob("*.jpg")):
        mask = root / "masks" / frame.relative_to(root).with_suffix(".png")
        mask.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(person).save(mask)
    return root


def test_verify_says_how_a_folder_is_split_and_what_it_is_too_small_for(tmp_path: Path, run: Run) -> None:
    root = write_own_tree(tmp_path / "own")

    code, out, err = run("data=folder", f"data.root={root}", "data.split=2", "data.workers=0")

    assert code == 0, out + err
    assert out.startswith(f"folder in {root}, split 2\ndata.small=true")
    assert "people, by their numbers here: 1 anna, 2 ben, 3 carl, 4 dora\n" in out
    assert "cameras, by their numbers here: 1 door, 2 hall\n" in out
    assert "recipe.sampling.identities=2 " in out
    assert "\nsplit rule: " in out


def test_a_set_without_people_to_train_on_has_no_problem(tmp_path: Path, run: Run) -> None:
    root = write_own_tree(tmp_path / "own", PARTS)
    shutil.rmtree(root / "train")

    code, out, err = run("data=folder", f"data.root={root}", "data.workers=0")

    assert code == 0, out + err
    assert "\nno train tracklets: " in out
    assert "training identities" not in out


def test_a_table_and_a_folder_are_the_same_data_set(tmp_path: Path, run: Run) -> None:
    root = write_own_tree(tmp_path / "own")

    chosen = (
        ("data=folder", f"data.root={root}", "data.split=2"),
        ("data=csv", f"data.file={root}/tracklets.csv", "data.split=2"),
        ("data=csv", "data.file=own/tracklets.csv", "data.split=2"),
    )
    printed = [run(*arguments) for arguments in chosen]

    assert [code for code, _, _ in printed] == [0, 0, 0], printed
    hashes = [[line for line in out.splitlines() if "sha256" in line] for _, out, _ in printed]
    assert hashes[0] == hashes[1] == hashes[2]


@pytest.mark.parametrize(
    "pattern", ["{person}/{camera}/{tracklet}/{frame}.jpg", "{person}/{camera}/{}/{frame:1}.jpg"]
)
def test_a_pattern_is_quoted_twice_on_the_command_line(pattern: str) -> None:
    (argument,) = shlex.split(f"""'data.pattern="{pattern}"'""")

    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("verify", ["data=folder", "data.root=own", argument])
    settings = read_settings(VerifySettings, config)

    assert settings.data.pattern == settings.data.reader["pattern"] == pattern


def test_the_documented_pattern_of_a_flat_folder_reads_one(tmp_path: Path, run: Run) -> None:
    root = write_own_tree(tmp_path / "own")
    for frame in sorted(root.rglob("*.jpg")):
        frame.rename(tmp_path / "own" / "_".join(frame.relative_to(root).parts))
    for folder in ("anna", "ben", "carl", "dora"):
        shutil.rmtree(root / folder)
    document = (CONF.parent / "docs" / "data.md").read_text()
    (line,) = re.findall("^reid-cosam verify .*data.root=/data/flat.*$", document, re.MULTILINE)

    code, out, _ = run(*shlex.split(line.replace("/data/flat", str(root)))[2:])

    assert code == 0, out
    assert re.search("^│ gallery │   2 │         4 │     16 │    2 │   4 ", out, re.MULTILINE)


def test_a_pattern_without_quotes_is_answered_with_them(run: Run) -> None:
    code, _, err = run("data=folder", "data.root=own", "data.pattern={person}/{camera}/{frame}")

    assert code == 1
    assert """'data.pattern="{person}/{camera}/{frame}"'""" in err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "data.split=0"),
        (("data.split=12",), "data.split=12 does not exist: "),
        (("data.split=12",), "own has the seeded splits 0 to 9"),
        (("data=csv", "data.split=10", "data.file=own/tracklets.csv"), "data.split=10 does not exist"),
        (("data.reader.split=10",), "data.split=10"),
        (
            ("data.split=0", 'data.pattern="{person}/{frame}"'),
            "data.pattern={person}/{frame} has no {camera}",
        ),
        (
            ("data.split=0", 'data.pattern="{person}/{camera}/{frame}"'),
            "data.pattern={person}/{camera}/{frame}",
        ),
        (("data.split=0", "data.name=../../esc"), "data.name='../../esc' cannot name a folder"),
        (("data.split=0", "data.name=a/b"), "data.name='a/b'"),
        (("data.split=0", "data.name=''"), "data.name=''"),
        (("data.split=0", "data.name=.hidden"), "data.name='.hidden'"),
        (("data.split=0", f"data.name={'a' * 101}"), "at most 100 characters"),
        (("data.split=0", "data.name=mars"), "such as data.name=my_mars"),
        (("data=csv", "data.name=synthetic"), "such as data.name=my_synthetic"),
        (("data=mars_layout", "data.name=mars_dl_cleaned"), "such as data.name=my_mars_dl_cleaned"),
        (("data=csv",), "datasets/own/tracklets.csv is missing"),
        (("data=csv", "data.split=0", "data.file=nowhere.csv"), "nowhere.csv"),
        (("data.root=null",), "data.root"),
    ],
)
def test_what_cannot_be_read_is_one_line(
    tmp_path: Path, run: Run, arguments: tuple[str, ...], named: str
) -> None:
    root = write_own_tree(tmp_path / "own")
    named_by = any(one.startswith("data=") for one in arguments)
    place = () if named_by else ("data=folder", f"data.root={root}")

    code, _, err = run(*place, *arguments)

    assert code == 1
    assert err.startswith("error: ")
    assert named in err
    assert len(err.splitlines()) <= 2


@pytest.mark.parametrize("command", [score_matrix, pack])
def test_other_commands_refuse_such_a_name(tmp_path: Path, command: ModuleType) -> None:
    root = write_own_tree(tmp_path / "own")
    further = ("out=packed",) if command is pack else ()

    code, _, err = call(
        command.main, tmp_path, "data=folder", f"data.root={root}", "data.split=0", "data.name=mars", *further
    )

    assert code == 1
    assert "data.name=my_mars" in err


@pytest.mark.parametrize("name", ["mine", "Site A, 2024", "2026", "çé", "folder"])
def test_other_names_are_free(tmp_path: Path, run: Run, name: str) -> None:
    root = write_own_tree(tmp_path / "own")

    code, out, err = run("data=folder", f"data.root={root}", "data.split=0", f'data.name="{name}"')

    assert code == 0, err
    assert out.startswith(f"{name} in {root}")


def test_a_missing_table_is_not_looked_for_in_another_folder(tmp_path: Path, run: Run) -> None:
    _, _, table = run("data=csv", "data.split=0", "data.file=nowhere.csv")
    root = write_own_tree(tmp_path / "own")
    (root / "tracklets.csv").write_text("path,person,camera,tracklet\nnowhere.jpg,1,1,1\n")
    _, _, frame = run("data=csv", "data.split=0", f"data.file={root}/tracklets.csv")

    assert "data.file=" in table
    assert "data.root=" not in table
    assert "row 2" in frame
    assert frame.splitlines()[1:] == ["Another folder is named with data.root=..."]


def test_a_split_is_refused_where_the_folder_has_parts(tmp_path: Path, run: Run) -> None:
    root = write_own_tree(tmp_path / "own", PARTS)

    code, _, err = run("data=folder", f"data.root={root}", "data.split=0")

    assert code == 1
    assert "data.split=0" in err
    assert "train, query, gallery" in err


def test_the_refusal_of_mars_names_the_layout_that_reads_it(tmp_path: Path, run: Run) -> None:
    root = write_mars_tree(tmp_path / "mars")

    with initialize_config_dir(str(CONF), version_base="1.3"):
        data = read_settings(VerifySettings, compose("verify", ["data=mars", f"data.root={root}"])).data
    with pytest.raises(ValueError, match=r"train tracklets: expected 8298, found 8; .*data=mars_layout"):
        build.make_splits(data)
    code, out, _ = run("data=mars_layout", f"data.root={root}")

    assert code == 0
    assert "no published counts" in out


@pytest.mark.parametrize(
    ("table", "value", "named"),
    [("tracks_train_info", 101, "person 101 is both in train and"), ("tracks_test_info", 1, "one camera")],
)
def test_another_data_set_in_the_layout_of_mars_must_be_scorable(
    tmp_path: Path, run: Run, table: str, value: int, named: str
) -> None:
    root = write_mars_tree(tmp_path / "mars", test_ids=1)
    variable = table.replace("tracks", "track")
    rows = loadmat(root / "info" / f"{table}.mat")[variable]
    names = root / "info" / f"{table.split('_')[1]}_name.txt"
    if value == 101:  # the first person that is trained on is tested
        rows[rows[:, 2] == 1, 2] = value
        names.write_text(names.read_text().replace("0001C", "0101C"))
    else:
        rows[:, 3] = value
        names.write_text(names.read_text().replace("C2T", "C1T"))
    savemat(root / "info" / f"{table}.mat", {variable: rows})

    code, _, err = run("data=mars_layout", f"data.root={root}")

    assert code == 1
    assert re.search(f"{root}: .*{named}", err), err


def test_masks_that_only_some_queries_have_are_a_problem(tmp_path: Path, run: Run) -> None:
    root = write_masks(write_own_tree(tmp_path / "own", PARTS))
    (root / "masks" / "query" / "carl" / "door" / "1" / "9.png").unlink()

    code, out, _ = run("data=folder", f"data.root={root}")

    assert code == 1
    assert "masks/query/carl/door/1/9.png is missing" in out
    with initialize_config_dir(str(CONF), version_base="1.3"):
        data = read_settings(VerifySettings, compose("verify", ["data=folder", f"data.root={root}"])).data
    with pytest.raises(ValueError, match=r"masks/query/carl/door/1/9\.png is missing"):
        build.make_splits(data)


def test_a_query_that_is_copied_into_the_gallery_is_a_problem(tmp_path: Path, run: Run) -> None:
    root = write_own_tree(tmp_path / "own", PARTS)
    shutil.copytree(root / "query/carl/door/1", root / "gallery/carl/door/9")

    code, out, _ = run("data=folder", f"data.root={root}")

    assert code == 1
    copy = f"{root}/gallery/carl/door/9/8.jpg"
    assert f"  query from {root}/query/carl/door/1/8.jpg: the gallery has copies of all its frames, " in out
    assert f" of the first as {copy}\n" in out
    assert "problems: 1 of 2 queries copied in the gallery\n" in out


def test_a_mask_that_does_not_fit_its_frame_is_a_problem(tmp_path: Path, run: Run) -> None:
    root = write_masks(write_own_tree(tmp_path / "own", PARTS))
    small, broken = (root / "masks/query/carl/door/1" / name for name in ("8.png", "9.png"))
    Image.new("L", (16, 32)).save(small)
    broken.write_bytes(b"")

    code, out, _ = run("data=folder", f"data.root={root}")

    assert code == 1
    assert (
        "\nperson masks: of all 8 frames of queries, 2 of them unreadable or not of their frame's size\n"
        in out
    )
    assert (
        f"\n  {small} is 16 x 32 pixels, but its frame {root}/query/carl/door/1/8.jpg is 32 x 64: save" in out
    )
    assert f"\n  cannot decode {broken} (0 bytes)" in out
    assert "problems: 2 of 8 person masks unreadable or not of their frame's size\n" in out


def test_a_network_is_trained_scored_and_looked_at(tmp_path: Path) -> None:
    root = write_masks(write_own_tree(tmp_path / "own", PARTS))
    folder = tmp_path / "here"
    folder.mkdir()

    done = train(folder, "data=folder", f"data.root={root}", *TINY)

    assert done.returncode == 0, done.stderr
    (trained,) = run_folders(folder)
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["data"]["name"] == "folder"
    assert set(metrics["attention"]) == {"4", "5"}
    ckpt = f"ckpt={trained}/checkpoints/last.ckpt"
    attributes = tmp_path / "attributes.csv"
    attributes.write_text("pid,handbag,hat,backpack\n3,1,0,1\n4,0,0,1\n")
    code, out, err = call(
        evaluate.main, folder, ckpt, f"data.attributes={attributes}", "trainer.accelerator=cpu"
    )
    assert code == 0, err
    assert "with backpack" in out
    code, _, err = call(pack.main, folder, "data=folder", f"data.root={root}", "out=packed")
    assert code == 0, err
    code, out, err = call(visualize.main, folder, ckpt, "data.root=packed", "trainer.accelerator=cpu")
    assert code == 0, err
    shown = Path(out.splitlines()[-1].removeprefix("written: "))
    assert pd.read_csv(shown / "coverage.csv")["first_frame"].str.startswith("query/").all()
    code, out, err = call(report.main, folder)
    assert code == 0, err
    assert "1 finished run" in out
    assert call(tables.main, folder)[0] == 0


@pytest.mark.slow
def test_seeded_splits_are_swept(tmp_path: Path) -> None:
    root = write_own_tree(tmp_path / "own")
    swept = ("experiment=[quickstart,own_splits]", "data=csv", f"data.file={root}/tracklets.csv")

    done = train(tmp_path, *swept, "data.split=0,3", *TINY[1:])

    assert done.returncode == 0, done.stderr
    (summary,) = tmp_path.rglob("splits.json")
    ((_, group),) = json.loads(summary.read_text()).items()
    assert [run["split"] for run in group["splits"]] == [0, 3]
    assert all("default_rng(split)" in run["split_rule"] for run in group["splits"])
    assert set(group["mean"]) >= {"mAP", "R1"}


def test_people_that_a_network_was_trained_on_in_another_split_are_counted(tmp_path: Path) -> None:
    root = write_own_tree(tmp_path / "own")
    found = {}
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for split in (0, 1):
            composed = compose("verify", ["data=folder", f"data.root={root}", f"data.split={split}"])
            found[split] = read_settings(VerifySettings, composed).data
    splits = {split: build.make_splits(data) for split, data in found.items()}
    trained, tested = ({one.pid for one in part} for part in (splits[0].train, splits[1].query))

    assert build.people_trained_on(found[0], found[1], splits[1]) == len(trained & tested) > 0
    assert build.people_trained_on(found[1], found[1], splits[1]) == 0
    elsewhere = found[0].model_copy(update={"root": str(tmp_path / "other people")})
    assert build.people_trained_on(elsewhere, found[1], splits[1]) == 0


def test_so_are_those_of_a_network_from_a_model_folder_wherever_the_data_lie(tmp_path: Path) -> None:
    root, moved = write_own_tree(tmp_path / "own"), tmp_path / "moved"
    shutil.copytree(root, moved)
    with initialize_config_dir(str(CONF), version_base="1.3"):
        there, here = (
            read_settings(
                VerifySettings, compose("verify", ["data=folder", f"data.root={place}", split])
            ).data
            for place, split in ((root, "data.split=0"), (moved, "data.split=1"))
        )
    trained, splits = build.make_splits(there), build.make_splits(here)
    seen = {one.pid for one in trained.train} & {one.pid for one in splits.query}
    known = split_hash(trained, root)

    assert build.people_of_training(0, known, here, splits) == len(seen) > 0
    assert build.people_of_training(1, known, here, splits) == 0
    assert build.people_of_training(0, "0" * 64, here, splits) == 0
    assert build.people_of_training(0, None, here, splits) is None
