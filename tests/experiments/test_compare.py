"""The tables of `experiments/compare.py` from made-up sweeps."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from experiments.compare import main, table
from experiments.finished_runs import read_runs

DATA = {"name": "synthetic", "size": "small", "root": "datasets", "height": 128, "width": 64}
COSAM = {"_target_": "reid_cosam.models.cosam.Cosam"}
SIDES: dict[str, tuple[list[int], dict[str, str]]] = {
    "no COSAM": ([], COSAM | {"variant": "paper"}),
    "COSAM 4, 5 (paper)": ([4, 5], COSAM | {"variant": "paper"}),
    "COSAM 4, 5 (released)": ([4, 5], COSAM | {"variant": "released"}),
    "COSAM 4, 5 (pooled)": ([4, 5], {"_target_": "reid_cosam.models.general_cosam.PooledCosam"}),
}


def _write_run(folder: Path, side: str, seed: int, mean_ap: float, **changes: Any) -> Path:
    """A finished run whose other scores and masks follow from `mean_ap`; `changes` are settings."""
    cosam, attention = SIDES[side]
    config: dict[str, Any] = {
        "cosam": cosam,
        "seed": seed,
        "num_frames": 4,
        "recipe": {"attention": attention, "loss": {"margin": 0.3}},
        "backbone": {"_target_": "reid_cosam.models.backbones.resnet_tiny", "pretrained": False},
        "data": DATA | {"workers": 1},
        "trainer": {"max_steps": 500, "log_every": 50},
        "logger": {"name": "csv"},
        "ckpt_path": None,
    } | changes
    masks = {
        "4": {"inside": mean_ap, "outside": mean_ap / 2},
        "5": {"inside": mean_ap + 0.2, "outside": mean_ap / 4},
    }
    metrics = {
        "mAP": mean_ap,
        **{name: mean_ap + offset for name, offset in (("R1", 0.1), ("R5", 0.2), ("R20", 0.3))},
        "queries": 620,
        "valid_queries": 600,
        "protocol": "released",
        "gallery": ["gallery", "distractors"],
        "gallery_tracklets": 700,
        "distance": "cosine",
        "reranking": None,
        "tested_frames": "all frames in snippets of 4, tail cycle",
        "camera_input": False,
        "attention": masks if cosam else None,
    }
    run = folder / f"{side.replace(' ', '')}-{seed}"
    run.mkdir(parents=True)
    (run / "metrics.json").write_text(json.dumps(metrics))
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    git = {"commit": "0123456789abcdef", "dirty": seed == 2}
    (run / "environment.json").write_text(json.dumps({"git": git}))
    return run


def _write_sweep(folder: Path) -> Path:
    """Differences to none: 2, 4, 6 points with `paper`, and 4 and 0 with `released`, which lacks seed 2."""
    for side, scores in (
        ("no COSAM", (0.40, 0.42, 0.38)),
        ("COSAM 4, 5 (paper)", (0.42, 0.46, 0.44)),
        ("COSAM 4, 5 (released)", (0.44, 0.42)),
    ):
        for seed, mean_ap in enumerate(scores):
            _write_run(folder, side, seed, mean_ap)
    return folder


def _cells(text: str, first: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {first} |")]
    return line.strip("| ").split(" | ")[1:]


def test_means_and_deviations_of_each_side(tmp_path: Path) -> None:
    text = table(read_runs([_write_sweep(tmp_path)]))

    # Deviations over n - 1: 2 for 40, 42, 38 and for 42, 46, 44; sqrt(2) for 44, 42.
    assert _cells(text, "no COSAM") == ["3", "40.0 ± 2.0", "50.0 ± 2.0", "60.0 ± 2.0", "70.0 ± 2.0"]
    assert _cells(text, "COSAM 4, 5 (paper)")[:3] == ["3", "44.0 ± 2.0", "54.0 ± 2.0"]
    assert _cells(text, "COSAM 4, 5 (released)")[:3] == ["2", "43.0 ± 1.4", "53.0 ± 1.4"]


def test_differences_pair_runs_of_one_seed(tmp_path: Path) -> None:
    text = table(read_runs([_write_sweep(tmp_path)]))

    # 2, 4, 6: deviation 2, over sqrt(3). 4, 0: deviation sqrt(8), over sqrt(2).
    assert _cells(text, "COSAM 4, 5 (paper) minus none") == ["3", *["+4.0 ± 1.2"] * 4]
    assert _cells(text, "COSAM 4, 5 (released) minus none") == ["2", *["+2.0 ± 2.0"] * 4]


def test_a_seed_that_one_side_lacks_is_named(tmp_path: Path) -> None:
    text = table(read_runs([_write_sweep(tmp_path)]))

    said = [line for line in text.splitlines() if "has no run" in line]
    assert said == ["COSAM 4, 5 (released) has no run of seed 2, split 0: left out of the pairs."]


def test_a_seed_without_its_counterpart_is_left_out_of_the_pairs(tmp_path: Path) -> None:
    _write_run(_write_sweep(tmp_path), "COSAM 4, 5 (paper)", 3, 0.90)

    text = table(read_runs([tmp_path]))

    assert _cells(text, "COSAM 4, 5 (paper)")[0] == "4"
    assert _cells(text, "COSAM 4, 5 (paper) minus none")[:2] == ["3", "+4.0 ± 1.2"]
    assert "no COSAM has no run of seed 3, split 0: left out of the pairs." in text.splitlines()


def test_masks_stand_by_variant_and_block(tmp_path: Path) -> None:
    text = table(read_runs([_write_sweep(tmp_path)]))

    assert [line.split(" |")[0] for line in text.splitlines() if "after block" in line] == [
        f"| COSAM 4, 5 ({variant}), after block {block}"
        for variant in ("paper", "released")
        for block in (4, 5)
    ]
    assert _cells(text, "COSAM 4, 5 (paper), after block 4")[:2] == ["0.440 ± 0.020", "0.220 ± 0.010"]
    assert _cells(text, "COSAM 4, 5 (paper), after block 5")[:2] == ["0.640 ± 0.020", "0.110 ± 0.005"]
    assert _cells(text, "COSAM 4, 5 (released), after block 4")[:2] == ["0.430 ± 0.014", "0.215 ± 0.007"]


def test_masks_stand_beside_masks_that_depend_on_no_image(tmp_path: Path) -> None:
    for seed, iou in enumerate((0.5, 0.7)):
        _write_run(tmp_path, "no COSAM", seed, 0.4)
        analysis = _write_run(tmp_path, "COSAM 4, 5 (paper)", seed, 0.4) / "analysis"
        analysis.mkdir()
        rows = [
            {"stage": 4, "instead": instead, "iou": iou + more}
            for instead, more in ((None, 0), ("mean mask", 0.1), ("mean outline", 9), ("flat mask", -0.1))
        ]
        shares = [{"stage": 4, "place_share": iou}, {"stage": 5, "place_share": None}]
        scores = [
            {"change": change, "blocks": blocks, "mAP_difference": difference}
            for change, blocks, difference in (
                ("as trained", [4, 5], 0.0),
                ("flat", [4, 5], -0.2),
                ("flat", [4], -0.9),
                ("by place", [4, 5], -0.1 * iou),
                ("flat channels", [4, 5], -0.9),
            )
        ]
        record = {"coverage": rows, "masks": shares, "scores": scores}
        (analysis / "analysis.json").write_text(json.dumps(record))

    text = table(read_runs([tmp_path]))

    # Deviation of two numbers that differ by 0.2: 0.2 / sqrt(2).
    expected = ["0.600 ± 0.141", "0.700 ± 0.141", "0.500 ± 0.141"]
    assert _cells(text, "COSAM 4, 5 (paper), after block 4")[2:] == expected
    assert _cells(text, "COSAM 4, 5 (paper), after block 5")[2:] == ["-", "-", "-"]
    assert "| side | place share 4 | flat | by place |" in text.splitlines()
    changes = [line for line in text.splitlines() if line.startswith("| COSAM 4, 5 (paper) | 60.0")]
    assert changes == ["| COSAM 4, 5 (paper) | 60.0 ± 14.1 | -20.0 ± 0.0 | -6.0 ± 1.0 |"]


def test_other_clip_lengths_belong_to_their_run(tmp_path: Path) -> None:
    for seed in (0, 1):
        _write_run(tmp_path, "no COSAM", seed, 0.4)
        run = _write_run(tmp_path, "COSAM 4, 5 (pooled)", seed, 0.4)
        for length in (2, "tracklet"):
            (run / f"frames_{length}").mkdir()
            (run / f"frames_{length}" / "metrics.json").write_text(json.dumps({"mAP": 0.3 + seed / 10}))
            (run / f"frames_{length}" / "config.yaml").write_text(yaml.safe_dump({"num_frames": length}))

    text = table(read_runs([tmp_path]))

    assert "| side | mAP, N = 2 | mAP, N = tracklet |" in text.splitlines()
    assert "| COSAM 4, 5 (pooled) | 35.0 ± 7.1 | 35.0 ± 7.1 |" in text.splitlines()
    (run / "frames_2" / "metrics.json").unlink()
    (run / "frames_tracklet" / "metrics.json").unlink()
    assert "| COSAM 4, 5 (pooled) (1 of 2 runs) | 30.0 | 30.0 |" in table(read_runs([tmp_path])).splitlines()
    assert _cells(text, "no COSAM")[0] == "2"


def test_one_run_has_no_deviation(tmp_path: Path) -> None:
    _write_run(tmp_path, "no COSAM", 0, 0.4)
    _write_run(tmp_path, "COSAM 4, 5 (paper)", 0, 0.5)

    text = table(read_runs([tmp_path]))

    assert _cells(text, "COSAM 4, 5 (paper)") == ["1", "50.0", "60.0", "70.0", "80.0"]
    assert _cells(text, "COSAM 4, 5 (paper) minus none") == ["1", *["+10.0"] * 4]


def test_recipes_are_compared_with_one_of_them(tmp_path: Path) -> None:
    for name, scores in (("strong", (0.5, 0.6)), ("strong without neck", (0.4, 0.3))):
        for seed, mean_ap in enumerate(scores):
            recipe = {"name": name, "attention": {"variant": "paper"}, "ema": len(name)}
            run = _write_run(tmp_path / name, "no COSAM", seed, mean_ap, recipe=recipe)
            if name == "strong":
                metrics = json.loads((run / "metrics.json").read_text()) | {"distance": "euclidean"}
                (run / "metrics.json").write_text(json.dumps(metrics))

    text = table(read_runs([tmp_path]), "strong")

    assert text.startswith("# Recipes on synthetic small\n")
    assert "\n## resnet_tiny, random weights, 128x64, 500 iterations, no COSAM\n" in text
    assert re.findall(r"^(.*): gallery: 700 .*; (.*) distance", text, re.MULTILINE) == [
        ("strong without neck", "cosine"),
        ("strong", "euclidean"),
    ]
    # -10 and -30: deviation sqrt(200), over sqrt(2).
    assert _cells(text, "strong without neck minus strong") == ["2", *["-20.0 ± 10.0"] * 4]


def test_masks_of_every_recipe_stand_side_by_side(tmp_path: Path) -> None:
    for name, mean_ap in (("strong", 0.5), ("paper", 0.4)):
        recipe = {"name": name, "attention": COSAM | {"variant": "paper"}}
        _write_run(tmp_path / name, "COSAM 4, 5 (paper)", 0, mean_ap, recipe=recipe)

    text = table(read_runs([tmp_path]), "paper")

    assert _cells(text, "paper, after block 4")[:2] == ["0.400", "0.200"]
    assert _cells(text, "strong, after block 4")[:2] == ["0.500", "0.250"]


def test_pairs_are_of_one_split_and_networks_stand_apart(tmp_path: Path) -> None:
    for split, (without, attended) in enumerate(((0.40, 0.43), (0.50, 0.51))):
        data = DATA | {"name": "ward", "size": None, "split": split, "reader": {"split": split}}
        _write_run(tmp_path / f"{split}", "no COSAM", 0, without, data=data)
        _write_run(tmp_path / f"{split}", "COSAM 4, 5 (paper)", 0, attended, data=data)
    backbone = {"_target_": "my.timm_backbone", "model": "mobilenetv2_100", "weights": "imagenet.pth"}
    data = DATA | {"name": "ward", "size": None, "split": 0, "reader": {"split": 0}}
    other = _write_run(tmp_path / "other", "no COSAM", 0, 0.9, data=data, backbone=backbone)
    (other / "frames_2").mkdir()
    (other / "frames_2" / "metrics.json").write_text(json.dumps({"mAP": 0.3}))
    (other / "frames_2" / "config.yaml").write_text(yaml.safe_dump({"num_frames": 2}))

    text = table(read_runs([tmp_path]))

    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# COSAM against none on ward",
        "## mobilenetv2_100, ImageNet weights, 128x64, 500 iterations, recipe paper",
        "## resnet_tiny, random weights, 128x64, 500 iterations, recipe paper",
    ]
    # 3 and 1: deviation sqrt(2), over sqrt(2).
    assert _cells(text, "COSAM 4, 5 (paper) minus none") == ["2", *["+2.0 ± 1.0"] * 4]
    assert "Rendered walkers" not in text
    assert text.count("mAP, N = 2") == 1  # only where it was measured


def test_the_title_says_data_seeds_and_iterations(tmp_path: Path) -> None:
    text = table(read_runs([_write_sweep(tmp_path)]))

    assert text.startswith("# COSAM against none on synthetic small\n\nRendered walkers, not a data set")
    scored = (
        "gallery: 700 tracklets (gallery + distractors), 600 of 620 queries valid; cosine distance; "
        "tested: all frames in snippets of 4, tail cycle; camera: not given to the network"
    )
    assert scored in text.splitlines()
    assert "\n## resnet_tiny, random weights, 128x64, 500 iterations, recipe paper\n" in text


def test_runs_are_found_at_any_depth_of_several_folders(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "deep" / "er", tmp_path / "b"
    _write_run(first, "no COSAM", 0, 0.4)
    _write_run(second, "COSAM 4, 5 (paper)", 0, 0.5, data=DATA | {"workers": 0})

    runs = read_runs([tmp_path / "a", second])

    assert list(zip(runs.side, runs.seed, runs.mAP, strict=True)) == [
        ("COSAM 4, 5 (paper)", 0, 50.0),
        ("no COSAM", 0, 40.0),
    ]


def test_a_folder_without_a_finished_run_is_named(tmp_path: Path) -> None:
    _write_run(tmp_path / "done", "no COSAM", 0, 0.4)
    (tmp_path / "broken").mkdir()

    with pytest.raises(SystemExit, match=r"broken holds no finished run: no metrics\.json at any depth"):
        read_runs([tmp_path / "done", tmp_path / "broken"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"data": DATA | {"workers": 1, "protocol": "official"}},
            r"data\.protocol is official in .*paper\)-0 but None in .*noCOSAM-0",
        ),
        ({"num_frames": 8}, "num_frames is 8 in .* but 4 in "),
        (
            {"recipe": {"attention": {"variant": "paper"}, "loss": {"margin": 0.5}}},
            r"recipe\.loss\.margin is 0\.5 in .* but 0\.3 in ",
        ),
    ],
)
def test_runs_of_other_settings_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    first = _write_run(tmp_path, "no COSAM", 0, 0.4)
    other = _write_run(tmp_path, "COSAM 4, 5 (paper)", 0, 0.5, **changes)

    with pytest.raises(SystemExit, match=message):
        read_runs([first, other])


def test_a_seed_twice_on_one_side_is_refused(tmp_path: Path) -> None:
    for sweep in ("a", "b"):
        _write_run(tmp_path / sweep, "no COSAM", 1, 0.4)

    with pytest.raises(SystemExit, match=r"one run of seed 1, split 0: .*/a/.*, .*/b/"):
        read_runs([tmp_path])


def test_without_runs_without_cosam_there_are_no_differences(tmp_path: Path) -> None:
    _write_run(tmp_path / "one", "COSAM 4, 5 (paper)", 0, 0.4)
    attention = COSAM | {"variant": "paper", "start": 10.0}
    _write_run(
        tmp_path / "two",
        "COSAM 4, 5 (paper)",
        1,
        0.5,
        recipe={"attention": attention, "loss": {"margin": 0.3}},
    )

    text = table(read_runs([tmp_path]))

    assert "There are no runs without COSAM (`cosam=[]`), so there are no differences." in text.splitlines()
    assert "minus" not in text
    assert _cells(text, "COSAM 4, 5 (paper)")[:2] == ["1", "40.0"]
    assert _cells(text, "COSAM 4, 5 (paper, start 10)")[:2] == ["1", "50.0"]
    assert _cells(text, "COSAM 4, 5 (paper), after block 4")[0] == "0.400"


def test_the_recipe_to_compare_with_is_needed(tmp_path: Path) -> None:
    _write_run(tmp_path, "no COSAM", 0, 0.4)

    with pytest.raises(SystemExit, match="no run of strong to compare with paper: recipe=strong"):
        table(read_runs([tmp_path]), "strong")


def test_the_command_writes_and_prints_its_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sweep, out = _write_sweep(tmp_path / "sweep"), tmp_path / "out"

    main([str(out), str(sweep)])

    assert (out / "table.md").read_text() == table(read_runs([sweep]))
    assert capsys.readouterr().out.startswith("# COSAM against none")
    rows = (out / "results.csv").read_text().splitlines()
    assert len(rows) == 1 + 8
    network = '"resnet_tiny, random weights, 128x64, 500 iterations"'
    assert rows[-1] == (
        f"{network},paper,no COSAM,2,0,synthetic small,released,620,600,gallery + distractors,700,cosine,"
        ',"all frames in snippets of 4, tail cycle",False,0123456789abcdef changed,'
        "38.0000,48.0000,58.0000,68.0000,,,,"
    )
