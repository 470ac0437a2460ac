"""Settings as text, numbers and paths, and what is said of those that do not fit."""

import shlex

import pytest

from reid_cosam.settings.messages import unlike_its_spelling
from tests.test_settings import settings


def test_text_that_looks_like_a_number_is_taken_as_it_is_written() -> None:
    chosen = settings(
        "registry=2026",
        "ckpt_path=12345",
        "logger.project=2026",
        "logger.group=true",
        "logger.tags=[1,a,2.5]",
    )

    assert (chosen.registry, chosen.ckpt_path) == ("2026", "12345")
    assert (chosen.logger.project, chosen.logger.group, chosen.logger.entity) == ("2026", "true", None)
    assert chosen.logger.tags == ("1", "a", "2.5")
    assert settings("logger.tags=one").logger.tags == ("one",)


@pytest.mark.parametrize(
    ("override", "written"),
    [
        ("registry=1e3", """'registry="1e3"'"""),
        ("registry=1_000", """'registry="1_000"'"""),
        ("registry=+5", """'registry="+5"'"""),
        ("logger.project=TRUE", """'logger.project="TRUE"'"""),
        ("logger.tags=[a, 1e3,7]", """'logger.tags=[a, "1e3",7]'"""),
    ],
)
def test_text_whose_spelling_is_lost_is_shown_quoted(override: str, written: str) -> None:
    assert unlike_its_spelling(settings(override), override) == written
    (quoted,) = shlex.split(written)
    assert unlike_its_spelling(settings(quoted), quoted) is None


def test_numbers_and_plain_text_need_no_quotes() -> None:
    for override in (
        "seed=1_000",
        "registry=2026",
        "registry=0101",
        "data.root=here",
        "recipe.loss.margin=1e-1",
    ):
        assert unlike_its_spelling(settings(override), override) is None


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("seed=5000000000", r"^seed=5000000000: .*less than 4294967296"),
        ("recipe.optimiser.betas=[0.9,1.5]", r"^recipe\.optimiser\.betas=1\.5: .*less than 1"),
        ("recipe.optimiser.betas=[0.9]", r"^recipe\.optimiser\.betas=\[0\.9\]: too few values"),
        ("recipe.optimiser.learning_rate=inf", r"^recipe\.optimiser\.learning_rate=inf: .*finite"),
        ("recipe.loss.margin=nan", r"^recipe\.loss\.margin=nan: .*finite"),
        ("data.height=33", r"^data\.height=33: .*multiple of 4"),
        ("data.width=1000000", r"^data\.width=1000000: .*4096"),
        ("num_frames=1000000", r"^num_frames=1000000: .*1024"),
        ("trainer.max_steps=100000000000000000000", r"^trainer\.max_steps=1\d+: .*less than 2147483648"),
        ("trainer.deterministic=x", r"^trainer\.deterministic=x: .*boolean.* or .*'warn'$"),
        ("data.root=", r"^data\.root=: the path is empty"),
        (
            "registry='~nobody-of-that-name/x'",
            r"^registry=~nobody-of-that-name/x: there is no such home folder",
        ),
    ],
)
def test_what_would_fail_late_is_refused_at_once_under_its_name(override: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        settings(override)

    assert "Value error" not in str(caught.value)


def test_paths_may_start_at_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")

    chosen = settings(
        "data=mars", "data.root='~/mars'", "registry='~'", "data.attributes='~/a.csv'", "ckpt_path='a~b'"
    )

    assert (chosen.data.root, chosen.data.attributes) == ("/home/me/mars", "/home/me/a.csv")
    assert (chosen.registry, chosen.ckpt_path) == ("/home/me", "a~b")
