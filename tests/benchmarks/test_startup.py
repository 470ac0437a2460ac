"""What start-up is compared with in an earlier commit."""

from benchmarks.startup import _modules


def test_an_earlier_commit_runs_the_module_of_each_verb_and_has_no_overview() -> None:
    earlier = _modules()

    assert earlier["train --help"] == ("-m", "reid_cosam.train", "--help")
    assert earlier["import reid_cosam"] == ("-c", "import reid_cosam")
    assert "overview" not in earlier
