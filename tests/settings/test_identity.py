"""What makes two runs the same run."""

import pytest

from reid_cosam.settings.identity import identity, run_key
from tests.test_settings import settings

PLAIN = ("backbone.pretrained=false",)


def key(*overrides: str) -> str:
    return run_key(settings(*PLAIN, *overrides).model_dump(mode="json"), "a split")


@pytest.mark.parametrize(
    "change",
    [
        "seed=1",
        "num_frames=8",
        "cosam=[4]",
        "agg=rnn",
        "recipe=released",
        "data.size=small",
        "trainer.max_steps=7",
        "recipe.optimiser.learning_rate=0.5",
        "backbone.pretrained=true",
    ],
)
def test_what_changes_the_numbers_changes_the_key(change: str) -> None:
    assert key(change) != key()


@pytest.mark.parametrize(
    "change",
    ["data.root=/elsewhere", "data.workers=0", "logger=none", "trainer.eval_every=3", "registry=/kept"],
)
def test_what_does_not_change_the_numbers_keeps_the_key(change: str) -> None:
    assert key(change) == key()


def test_splits_of_a_data_set_are_different_runs() -> None:
    first, second = (("data=ilids_vid", f"data.split={split}") for split in (0, 3))

    assert key(*first) != key(*second)
    assert settings(*second).run_name.endswith("-split3")


def test_without_cosam_its_settings_do_not_matter() -> None:
    assert key("cosam=[]", "recipe.attention.variant=released") == key("cosam=[]")
    assert key("recipe.attention.variant=released") != key()


def test_other_tracklets_under_the_same_settings_are_another_run() -> None:
    config = settings(*PLAIN).model_dump(mode="json")

    assert run_key(config, "one split file") != run_key(config, "another")
    assert identity(config)["recipe.loss.margin"] == 0.3
