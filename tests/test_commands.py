"""`reid-cosam train` in a process of its own: what it prints, where it writes, how it fails."""

import json
import re
from pathlib import Path

import pytest

from reid_cosam.paths import CONF
from tests.support.commands import QUERIES, SMALL, read_config, render_walkers, run_folders, train


@pytest.fixture(scope="module")
def walkers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_walkers(tmp_path_factory.mktemp("walkers"))


@pytest.fixture(scope="module")
def help_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    done = train(tmp_path_factory.mktemp("help"), "--help")
    assert done.returncode == 0, done.stderr
    return re.sub(r"\n {12,}", " ", done.stdout)  # one line per group


def test_help_names_every_option_of_every_group(help_text: str) -> None:
    for group in (path for path in CONF.rglob("*") if path.is_dir() and any(path.glob("*.yaml"))):
        if group.name == "common":
            continue
        (line,) = re.findall(rf"^ +{group.relative_to(CONF)}  +(.+)$", help_text, re.MULTILINE)

        assert set(re.findall(r"\w+", line)) >= {path.stem for path in group.glob("*.yaml")}


def test_an_unknown_option_lists_the_known_ones(tmp_path: Path) -> None:
    done = train(tmp_path, "agg=mean")

    assert done.returncode != 0
    assert re.search(r"agg=mean.*rnn, ta, tp_avg, tp_max", done.stderr)
    assert "Traceback" not in done.stderr


def test_a_bad_value_ends_in_one_line(tmp_path: Path) -> None:
    done = train(tmp_path, "cosam=[4,6]")

    assert done.returncode == 1
    assert done.stderr == "error: cosam stages must be within 1..5, got [4, 6]\n"


def test_a_missing_data_set_shows_its_layout_and_a_way_out(tmp_path: Path) -> None:
    done = train(tmp_path, "data=mars", "data.root=nowhere")

    assert done.returncode == 1
    assert done.stderr.startswith("error: nowhere/info is missing; expected")
    for part in ("bbox_train/", "bbox_test/", "query_IDX.mat", "`data=synthetic` needs no download"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_without_a_terminal_reports_in_plain_lines(walkers: Path, tmp_path: Path) -> None:
    done = train(tmp_path, *SMALL, f"data.root={walkers}", "logger=none")

    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert not set("\r\x1b") & set(done.stdout)
    lines = done.stdout.splitlines()
    expected = (
        rf"se_resnet_tiny-cosam45-tp_avg-n4-seed0: 8 training identities, {QUERIES} queries, 8 gallery",
        r"iteration 1/2  loss \d+\.\d{3}  learning rate \S+$",
        r"iteration 2/2 .*  \S+ s/iteration  0 s left$",
        r"evaluation  mAP \S+  R1 \S+  R5 \S+  R20 100\.0$",
        r"│ this run │ .* │ 100\.0 │",
        r"│ chance   │ .* │ 100\.0 │",
        r"COSAM after block 4: mean mask 0\.\d{3} on the person, 0\.\d{3} elsewhere",
    )
    places = [
        next(place for place, line in enumerate(lines) if re.match(wanted, line)) for wanted in expected
    ]
    assert places == sorted(places)
    (run,) = run_folders(tmp_path / "logs" / "train" / "runs")
    printed = [line.partition(": ")[2] for line in lines if re.search(r": /", line)]
    assert printed[-1] == str(run)
    assert sorted(printed[:-1]) == sorted(map(str, (run / "pictures").iterdir()))


@pytest.mark.slow
def test_the_main_command_trains_the_papers_network(walkers: Path, tmp_path: Path) -> None:
    main = ("backbone=se_resnet50", "cosam=[4,5]", "agg=tp_avg")
    done = train(
        tmp_path, *main, f"data.root={walkers}", "data.size=small", "trainer.max_steps=2", timeout=900
    )

    assert done.returncode == 0, done.stderr
    (run,) = run_folders(tmp_path)
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics.keys() == {
        *("mAP", "mINP", "R1", "R5", "R10", "R20", "queries", "valid_queries", "protocol", "step"),
        *("chance", "attention", "data", "results", "made_with", "sha256", "by_attribute"),
        *("gallery", "gallery_tracklets", "distance", "reranked", "reranking", "tested_frames"),
        "camera_input",
    }
    assert (metrics["valid_queries"], metrics["protocol"], metrics["step"]) == (QUERIES, "released", 2)
    assert metrics["attention"].keys() == {"4", "5"}
    config = read_config(run)
    assert (config["data"]["height"], config["data"]["width"], config["num_frames"]) == (256, 128, 4)
    recorded = json.loads((run / "environment.json").read_text())
    assert "cosam=[4,5]" in recorded["command"]
    assert recorded["overrides"][:3] == list(main)
    assert names(run / "pictures") == {"attention.png", "ranked_lists.png", "cmc.png"}
    assert names(run / "checkpoints") == {"last.ckpt", "previous.ckpt", "best.ckpt"}
    assert (run / "queries.csv").read_text().count("\n") == 1 + QUERIES
    assert len(list(run.glob("wandb/offline-run-*/*.wandb"))) == 1


@pytest.mark.slow
def test_every_run_of_a_sweep_has_its_own_folder_and_record(walkers: Path, tmp_path: Path) -> None:
    sweep = ("cosam=[],[4],[4,5]", "agg=tp_avg,rnn", "logger=wandb")
    done = train(tmp_path, "-m", *SMALL, f"data.root={walkers}", *sweep)

    assert done.returncode == 0, done.stderr
    runs = run_folders(tmp_path)
    assert [run.name for run in runs] == list("012345")
    configs = [read_config(run) for run in runs]
    pooling, rnn = (f"reid_cosam.models.aggregators.Temporal{name}" for name in ("AveragePooling", "Rnn"))
    assert [(config["cosam"], config["agg"]["_target_"]) for config in configs] == [
        (cosam, aggregator) for cosam in ([], [4], [4, 5]) for aggregator in (pooling, rnn)
    ]
    records = sorted(tmp_path.rglob("*.wandb"))
    assert [record.parents[2] for record in records] == runs


@pytest.mark.slow
def test_tensorboard_gets_curves_and_pictures(walkers: Path, tmp_path: Path) -> None:
    done = train(tmp_path, *SMALL, f"data.root={walkers}", "logger=tensorboard")

    assert done.returncode == 0, done.stderr
    (run,) = run_folders(tmp_path)
    content = b"".join(path.read_bytes() for path in (run / "tensorboard").glob("events.out.tfevents.*"))
    assert all(tag in content for tag in (b"train/total", b"eval/mAP", b"ranked_lists", b"attention"))
    assert (run / "curves" / "metrics.csv").is_file()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
