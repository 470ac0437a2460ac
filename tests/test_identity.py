"""What makes two runs the same run."""

import pytest

from reid_cosam.identity import identity, run_key
from tests.test_config import settings

PLAIN = ("backbone.pretrained=false",)


def key(*overrides: str) -> str:
    return settings(*PLAIN, *overrides).key


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
    ["data.root=/elsewhere", "data.workers=0", "logger=none", "trainer.eval_every=3", "runs=/kept"],
)
def test_what_does_not_change_the_numbers_keeps_the_key(change: str) -> None:
    assert key(change) == key()


def test_splits_of_a_data_set_are_different_runs() -> None:
    first, second = (settings("data=ilids_vid", f"data.split={split}") for split in (0, 3))

    assert first.key != second.key
    assert second.run_name.endswith("-split3")


def test_without_cosam_its_settings_do_not_matter() -> None:
    assert key("cosam=[]", "recipe.attention.variant=released") == key("cosam=[]")
    assert key("recipe.attention.variant=released") != key()


def test_the_key_is_that_of_the_plain_settings() -> None:
    chosen = settings(*PLAIN)

    assert chosen.key == run_key(chosen.model_dump(mode="json"))
    assert identity(chosen.model_dump(mode="json"))["recipe.loss.margin"] == 0.3
