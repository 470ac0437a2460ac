"""Every shipped configuration composes, is valid, and builds; a bad value is named."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException

from reid_cosam import build
from reid_cosam.paths import CONF
from reid_cosam.settings import TrainSettings
from reid_cosam.settings.identity import _flat, run_key

GROUPS = ("backbone", "agg", "recipe", "data", "trainer", "logger", "launcher", "experiment")
SHIPPED = [f"{group}={path.stem}" for group in GROUPS for path in sorted((CONF / group).glob("*.yaml"))]
WITHOUT = {  # what each part is where it is taken away
    "neck": ("neck", None),
    "smoothing": ("loss.label_smoothing", 0.0),
    "triplet": ("loss.triplet_weight", 0.0),
    "erasing": ("augmentation.erase", 0.0),
    "average": ("ema", None),
    "spread": ("sampling.frames", "consecutive"),
    "cosine": ("distance", "euclidean"),
}


def settings(*overrides: str) -> TrainSettings:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return build.read_settings(compose("train", overrides=list(overrides)))


@pytest.mark.parametrize("choice", SHIPPED)
def test_every_shipped_option_composes_and_builds(choice: str) -> None:
    chosen = settings(choice, "backbone.pretrained=false")

    network = build.make_network(chosen, num_identities=3)

    assert sorted(map(int, network.attention)) == sorted(chosen.cosam)
    assert network.classifier.out_features == 3


def _recipe(*overrides: str) -> dict[str, Any]:
    """By name, without the name of the recipe."""
    ward = ("experiment=[ward,strong_ablation]", "data.root=/ward", "backbone.pretrained=false")
    recipe = settings(*ward, *overrides).model_dump()["recipe"]
    return {name: value for name, value in _flat(recipe) if name != "name"}


@pytest.mark.parametrize("part", [path.stem for path in (CONF / "recipe" / "without").glob("*.yaml")])
def test_the_ablation_takes_one_part_away_and_no_other(part: str) -> None:
    whole, less = _recipe(), _recipe(f"recipe/without={part}")

    differing = {name for name in whole | less if whole.get(name) != less.get(name)}
    if part in WITHOUT:
        name, value = WITHOUT[part]
        assert less[name] == value
        assert all(one.startswith(name) for one in differing)
    elif part == "schedule":
        assert less["schedule._target_"].endswith(".steps")
        assert all(one.startswith("schedule.") for one in differing)
    else:
        assert (part, differing) == ("nothing", set())


def test_the_strong_recipe_on_ward_has_the_sizes_of_ward() -> None:
    ward = settings("experiment=ward", "data.root=/ward", "backbone.pretrained=false")
    strong = settings("experiment=ward", "recipe=strong", "data.root=/ward", "backbone.pretrained=false")

    assert strong.backbone == ward.backbone
    assert strong.data == ward.data
    assert (strong.trainer.max_steps, strong.batch_size) == (200, 16)
    assert dict(_flat(strong.model_dump()["recipe"])).items() >= _recipe().items()
    assert strong.recipe.optimiser["learning_rate"] == 3.5e-4
    assert (strong.recipe.ema, strong.recipe.distance, ward.recipe.distance) == (0.999, "cosine", "euclidean")


@pytest.mark.parametrize(("cores", "workers"), [(2, 2), (4, 4), (16, 4)])
def test_no_more_workers_than_cores_unless_asked_for(
    cores: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    chosen = ("data=csv", "backbone.pretrained=false")

    assert settings(*chosen).data.workers == workers
    assert settings(*chosen, "data.workers=8").data.workers == 8


def test_settings_of_earlier_versions_are_read_and_keep_their_key() -> None:
    now = settings("backbone.pretrained=false").model_dump(mode="json")
    before = copy.deepcopy(now)
    for name in ("neck", "ema", "distance"):
        del before["recipe"][name]
    del before["recipe"]["augmentation"]["erase"]

    assert build.check_settings(before).recipe == settings("backbone.pretrained=false").recipe.model_copy(
        update={"augmentation": before["recipe"]["augmentation"]}
    )
    assert run_key(before, "split") == run_key(now, "split")


def test_the_main_command_runs_at_the_papers_size() -> None:
    chosen = settings("backbone=se_resnet50", "cosam=[4,5]", "agg=tp_avg")

    assert (chosen.data.name, chosen.data.height, chosen.data.width) == ("synthetic", 256, 128)
    assert (chosen.num_frames, chosen.batch_size, chosen.recipe.attention["reduced_channels"]) == (4, 32, 256)


def test_everything_can_be_overridden() -> None:
    chosen = settings(
        "num_frames=8",
        "backbone=resnet50",
        "agg=rnn",
        "recipe=released",
        "seed=3",
        "trainer=ddp",
        "trainer.devices=4",
    )

    assert chosen.run_name == "resnet50-cosam45-rnn-n8-seed3"
    assert (chosen.recipe.name, chosen.trainer.devices) == ("released", 4)


def test_a_data_set_shortens_the_schedule_and_an_override_wins() -> None:
    assert settings().recipe.max_steps == settings().trainer.max_steps == 6000
    assert settings("data=mars").trainer.max_steps == 60000
    assert settings("recipe.max_steps=70").trainer.max_steps == 70


def test_temporal_attention_keeps_the_last_stride() -> None:
    chosen = settings("agg=ta", "backbone.pretrained=false")

    assert build.make_network(chosen, 3).backbone.map_size(5, 256, 128) == (8, 4)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("cosam=[0]", r"cosam stages must be within 1\.\.5, got \[0\]"),
        ("cosam=[4,6]", r"cosam stages must be within 1\.\.5, got \[4, 6\]"),
        ("cosam=[4,4]", r"each cosam stage may occur only once, got \[4, 4\]"),
        ("cosam=4", r"cosam=4: .*'cosam=\[4,5\]'"),
        ("num_frames=1", r"num_frames >= 2, got 1.*cosam=\[\]"),
        (
            "trainer.devices=3",
            r"a batch of 32 clips cannot be divided among 3 devices; change trainer\.devices",
        ),
        ("num_frames=-3", r"num_frames=-3: .*greater than or equal to 1"),
        ("recipe.loss.label_smoothing=2", r"recipe\.loss\.label_smoothing=2: .*less than 1"),
        ("+recipe.loss.margn=1", r"recipe\.loss\.margn=1: there is no such setting"),
    ],
)
def test_a_bad_value_is_named(override: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings(override)


def test_one_frame_is_enough_without_cosam() -> None:
    assert settings("num_frames=1", "cosam=[]").num_frames == 1


@pytest.mark.parametrize(("option", "name"), [("pooled", "pooled_cosam"), ("prototypes", "prototype_cosam")])
def test_one_frame_is_enough_for_attention_without_places(option: str, name: str) -> None:
    chosen = settings("num_frames=1", f"recipe/attention={option}")

    assert chosen.num_frames == 1
    assert f"{name}45" in chosen.run_name


@pytest.mark.parametrize("group", GROUPS)
def test_an_unknown_group_option_lists_the_known_ones(group: str) -> None:
    known = ".*".join(path.stem for path in sorted((CONF / group).glob("*.yaml")))

    with pytest.raises(ConfigCompositionException, match=f"(?s){group}/nonsense.*{known}"):
        settings(f"{group}=nonsense")


def test_the_configuration_lies_at_the_top_of_the_checkout() -> None:
    assert Path(__file__).parents[1] / "conf" == CONF
