"""What a kept run failed of, and whether it is tried again."""

import json
from pathlib import Path

import pytest

from reid_cosam.data.frames import BrokenFrame
from reid_cosam.sweeps.failures import (
    FailedBefore,
    failure,
    forget_failures,
    prepare_attempt,
    record_failure,
)


def test_a_failure_keeps_its_first_error(tmp_path: Path) -> None:
    record_failure(tmp_path, ValueError("of the rank\nand more"), 0)
    record_failure(tmp_path, RuntimeError("a rank failed"), 0)

    assert failure(tmp_path) == "of the rank"
    assert json.loads((tmp_path / "failure.json").read_text())["type"] == "ValueError"


def test_a_wrong_setting_is_tried_again_on_request_only(tmp_path: Path) -> None:
    record_failure(tmp_path, KeyError(), 0)

    with pytest.raises(FailedBefore, match=r"failed before: KeyError; retry_failed=true"):
        prepare_attempt(tmp_path, retry=False)
    prepare_attempt(tmp_path, retry=True)

    assert failure(tmp_path) is None
    prepare_attempt(tmp_path, retry=False)


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("a rank failed"), BrokenFrame("a.jpg")]
)
def test_a_fault_of_the_machine_is_tried_again_twice(error: Exception, tmp_path: Path) -> None:
    for _ in range(2):
        record_failure(tmp_path, error, 7)
        prepare_attempt(tmp_path, retry=False)
        assert failure(tmp_path) is None
    record_failure(tmp_path, error, 7)

    with pytest.raises(FailedBefore, match="failed 3 times at the same iteration"):
        prepare_attempt(tmp_path, retry=False)
    prepare_attempt(tmp_path, retry=True)
    record_failure(tmp_path, error, 7)
    prepare_attempt(tmp_path, retry=False)


def test_a_run_that_gets_further_each_time_is_tried_again_without_end(tmp_path: Path) -> None:
    for iterations in range(10):
        record_failure(tmp_path, OSError("away"), iterations)
        prepare_attempt(tmp_path, retry=False)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_damaged_record_stands_in_nobodys_way(content: str, tmp_path: Path) -> None:
    (tmp_path / "failure.json").write_text(content)

    assert "failure.json" in str(failure(tmp_path)) or content == "{}"
    prepare_attempt(tmp_path, retry=False)

    assert failure(tmp_path) is None


def test_a_run_that_ends_well_forgets_its_failures(tmp_path: Path) -> None:
    record_failure(tmp_path, OSError("away"), 0)
    prepare_attempt(tmp_path, retry=False)
    record_failure(tmp_path, OSError("away"), 0)

    forget_failures(tmp_path)

    assert not list(tmp_path.iterdir())
