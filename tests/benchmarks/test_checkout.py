"""The commit that a benchmark compares with."""

from pathlib import Path

import pytest
from benchmarks.harness.checkout import checked_out


def test_a_commit_that_there_is_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^before=nonsense: this repository has no such commit"):
        checked_out("nonsense", tmp_path).__enter__()

    assert list(tmp_path.iterdir()) == []
