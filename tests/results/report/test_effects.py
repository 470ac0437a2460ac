"""Which runs are compared, worked out by hand."""

from pathlib import Path

from reid_cosam.results.report.effects import Series, effects
from tests.results.report.made_up import run, write_run


def test_runs_are_compared_that_agree_in_all_but_one_setting_and_the_seed(tmp_path: Path) -> None:
    made = [
        write_run(tmp_path / "a", 0.40, "cosam=[]", "seed=0"),
        write_run(tmp_path / "a", 0.50, "cosam=[]", "seed=1"),
        write_run(tmp_path / "a", 0.60, "cosam=[4,5]", "seed=0"),
        write_run(tmp_path / "a", 0.55, "cosam=[3]", "seed=0"),
        write_run(tmp_path / "a", 0.30, "cosam=[4,5]", "agg=ta", "seed=0"),
        write_run(tmp_path / "a", 0.65, "cosam=[4,5]", "num_frames=8", "seed=0"),
        write_run(tmp_path / "b", 0.99, "cosam=[5]", "seed=0", "recipe.max_steps=9"),  # trained otherwise
    ]

    found = {effect.varied: effect for effect in effects([run(folder) for folder in made])}

    placements = found["placement of COSAM"]
    assert placements.data == "synthetic small, 64x32"
    assert placements.values == ["none", "[3]", "[4,5]"]
    scores = {"none": [40.0, 50.0], "[3]": [55.0], "[4,5]": [60.0]}
    assert [(one.label, _rounded(one)) for one in placements.series] == [
        ("se_resnet_tiny, tp_avg, N=4", scores)
    ]
    frames = found["frames in a snippet, N"]
    assert (frames.values, _rounded(frames.series[0])) == (["4", "8"], {"4": [60.0], "8": [65.0]})
    aggregators = found["aggregator"]
    assert aggregators.series[0].label == "se_resnet_tiny, COSAM [4,5], N=4"
    assert (aggregators.values, _rounded(aggregators.series[0])) == (
        ["tp_avg", "ta"],
        {"tp_avg": [60.0], "ta": [30.0]},
    )


def test_images_of_another_size_are_another_plot(tmp_path: Path) -> None:
    small, large = ("data.height=64", "data.width=32"), ("data.height=128", "data.width=64")
    made = [
        write_run(tmp_path / size[0], 0.5, f"cosam={cosam}", *size)
        for size in (small, large)
        for cosam in ("[]", "[4]")
    ]

    found = effects([run(folder) for folder in made])

    assert [effect.data for effect in found] == ["synthetic small, 64x32", "synthetic small, 128x64"]


def test_a_seed_counts_by_its_mean_over_splits(tmp_path: Path) -> None:
    made = [
        write_run(tmp_path / f"{split}", score, f"cosam={cosam}", "data=ilids_vid", f"data.split={split}")
        for split, cosam, score in ((0, "[]", 0.4), (1, "[]", 0.6), (0, "[4]", 0.5), (1, "[4]", 0.7))
    ]

    (effect,) = effects([run(folder) for folder in made])

    assert effect.data == "ilids_vid small, 64x32"
    assert _rounded(effect.series[0]) == {"none": [50.0], "[4]": [60.0]}
    assert len(effect.series[0].runs) == 4


def test_series_of_one_network_are_told_apart(tmp_path: Path) -> None:
    made = [
        write_run(tmp_path / frames, 0.5, f"cosam={cosam}", f"recipe.sampling.frames={frames}")
        for frames in ("consecutive", "random")
        for cosam in ("[]", "[4]")
    ]

    (effect,) = effects([run(folder) for folder in made])

    assert [one.label.partition("N=4")[2] for one in effect.series] == [
        ", recipe.sampling.frames=consecutive",
        ", recipe.sampling.frames=random",
    ]


def test_variants_of_the_attention_stand_apart(tmp_path: Path) -> None:
    made = [
        write_run(tmp_path / name, score, f"cosam={cosam}", f"recipe.attention.variant={name}")
        for name, cosam, score in (("paper", "[]", 0.4), ("paper", "[4]", 0.5), ("released", "[4]", 0.2))
    ]

    (effect,) = effects([run(folder) for folder in made])

    assert effect.values == ["none", "[4], variant=paper", "[4], variant=released"]
    scores = {"none": [40.0], "[4], variant=paper": [50.0], "[4], variant=released": [20.0]}
    assert _rounded(effect.series[0]) == scores


def test_nothing_to_compare_is_no_effect(tmp_path: Path) -> None:
    seeds = [run(write_run(tmp_path, 0.5, f"seed={seed}")) for seed in range(3)]

    assert effects(seeds) == []


def _rounded(series: Series) -> dict[str, list[float]]:
    return {value: [round(score, 6) for score in scores] for value, scores in series.scores.items()}
