"""What distinguishes runs."""

from pathlib import Path

from reid_cosam.results.report.compare import common, distinguished, varied
from tests.results.report.made_up import run, write_run


def test_equal_labels_are_distinguished_by_what_differs() -> None:
    settings = [{"rate": 1, "steps": 5}, {"rate": 2, "steps": 5}, {"rate": 1, "steps": 7}]

    assert distinguished(["a", "a", "b"], settings) == ["a, rate=1", "a, rate=2", "b"]


def test_settings_are_told_apart(tmp_path: Path) -> None:
    runs = [run(write_run(tmp_path, 0.5, *one)) for one in (("cosam=[]",), ("cosam=[4]", "seed=1"))]

    assert varied(runs) == ["cosam", "seed"]  # and not those of the attention that only one has
    assert common(runs)["num_frames"] == 4
    assert not common(runs).keys() & {"cosam", "seed", "recipe.attention.reduced_channels_narrow"}
