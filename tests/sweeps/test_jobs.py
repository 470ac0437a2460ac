"""The runs that each shipped sweep consists of."""

from collections.abc import Sequence

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from reid_cosam import build
from reid_cosam.paths import CONF
from reid_cosam.settings import TrainSettings
from reid_cosam.settings.train import part_name
from reid_cosam.sweeps import sweep

SYNTHETIC = ("table2", "table3", "table4", "table6", "table7")


def jobs(*overrides: str) -> list[list[str]]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return sweep.jobs(sweep.composed(overrides))


def settings(jobs: Sequence[Sequence[str]]) -> list[TrainSettings]:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return [build.read_settings(compose("train", list(job))) for job in jobs]


@pytest.mark.parametrize(
    ("experiment", "count"),
    [
        ("table2", 6),
        ("table3", 12),
        ("table4", 12),
        ("table6", 3),
        ("table7", 4),
        ("figure6", 1),
        ("placements", 16),
        ("frame_selection", 2),
        ("cross_dataset", 4),
        ("source_baseline", 3),
    ],
)
def test_each_experiment_sweeps_its_networks_over_three_seeds(experiment: str, count: int) -> None:
    found = jobs(f"experiment={experiment}")

    assert len(found) == 3 * count
    assert [job[0] for job in found] == [f"seed={seed}" for seed in range(3) for _ in range(count)]
    first = settings(found[:count])
    assert all(one.registry == "logs/train/kept" for one in first)
    assert len({one.model_dump_json() for one in first}) == count


@pytest.mark.parametrize("override", ["seeds=[4,7]", "seed=4,7"])
def test_seeds_are_set_in_either_way(override: str) -> None:
    found = jobs("experiment=figure6", override)

    assert [job[0] for job in found] == ["seed=4", "seed=7"]
    assert [one.seed for one in settings(found)] == [4, 7]


def test_one_seed_is_enough() -> None:
    assert len(jobs("experiment=table3", "seeds=[5]")) == len(jobs("experiment=table3", "seed=5")) == 12


def test_what_is_typed_narrows_a_sweep() -> None:
    found = settings(jobs("experiment=table4", "seeds=[0]", "agg=rnn", "backbone=resnet50", "data=mars"))

    assert [one.run_name for one in found] == [
        "resnet50-no-cosam-rnn-n4-seed0",
        "resnet50-cosam45-rnn-n4-seed0",
    ]
    assert {one.data.name for one in found} == {"mars"}


def test_placements_are_all_subsets_of_blocks_two_to_five() -> None:
    found = {one.cosam for one in settings(jobs("experiment=placements", "seeds=[0]"))}

    subsets = {tuple(block for block in (2, 3, 4, 5) if number >> block & 1) for number in range(0, 64, 4)}
    assert found == subsets


def test_the_source_trained_on_smaller_images_with_its_stride() -> None:
    found = settings(jobs("experiment=source_baseline", "seeds=[0]"))

    assert {(one.data.height, one.data.width, one.backbone["last_stride"]) for one in found} == {
        (224, 112, 2)
    }
    assert {(part_name(one.backbone), one.cosam) for one in found} == {("resnet50", ())}


def test_the_synthetic_tables_hold_22_networks() -> None:
    found = [
        one
        for table in SYNTHETIC
        for one in settings(jobs(f"experiment=[{table},tables_synthetic]", "seeds=[0]"))
    ]

    assert len({one.model_dump_json() for one in found}) == 22
    assert {part_name(one.backbone) for one in found} == {"resnet_tiny", "se_resnet_tiny"}
    assert {(one.data.name, one.data.height) for one in found} == {("synthetic", 64)}


def test_a_sweeper_that_decides_as_it_goes_has_no_grid() -> None:
    other = OmegaConf.create({"hydra": {"sweeper": {"_target_": "hydra_plugins.optuna.OptunaSweeper"}}})

    assert sweep.jobs(other) == []


@pytest.mark.parametrize(
    ("launcher", "expected"), [({"n_jobs": 3}, 3), ({"array_parallelism": 8}, 8), ({"_target_": "basic"}, 1)]
)
def test_launchers_run_so_many_at_once(launcher: dict[str, object], expected: int) -> None:
    assert sweep.parallel_jobs(OmegaConf.create({"hydra": {"launcher": launcher}})) == expected
