"""The sweep that Weights & Biases runs: each command as its agent would build it."""

from itertools import product
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from reid_cosam import build
from reid_cosam.paths import CONF, EXPERIMENTS
from reid_cosam.settings.train import part_name

SWEEP: dict[str, Any] = yaml.safe_load((EXPERIMENTS / "wandb_sweep.yaml").read_text())


def points(parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """All that a grid search would try."""
    values = [one.get("values", [one.get("value")]) for one in parameters.values()]
    return [dict(zip(parameters, chosen, strict=True)) for chosen in product(*values)]


def arguments(point: dict[str, Any]) -> list[str]:
    """What the agent puts in place of `${args_no_hyphens}`."""
    told = {"args": {name: {"value": value} for name, value in point.items()}}
    made: list[str] = create_sweep_command_args(told)["args_no_hyphens"]
    return made


def test_it_starts_train_and_looks_at_what_train_records() -> None:
    command = create_sweep_command(SWEEP["command"])

    assert command[-3:] == ["-m", "reid_cosam.train", "${args_no_hyphens}"]
    assert SWEEP["metric"] == {"name": "mAP", "goal": "maximize"}


def test_every_point_is_a_run_with_the_values_of_the_point() -> None:
    parameters = SWEEP["parameters"] | {"seed": {"value": 2}}  # which decides nothing here
    made = points(parameters)
    assert len(made) == 6 * 3 * 3

    with initialize_config_dir(str(CONF), version_base="1.3"):
        for point in made:
            settings = build.read_settings(compose("train", arguments(point)))

            assert settings.cosam == tuple(yaml.safe_load(point["cosam"]))
            assert (settings.num_frames, part_name(settings.agg)) == (point["num_frames"], point["agg"])
            assert (settings.seed, settings.logger.mode) == (2, "online")
