from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from reid_cosam.data.readers.matlab import integers


def test_small_types_do_not_wrap_around(tmp_path: Path) -> None:
    path = tmp_path / "numbers.mat"
    savemat(path, {"numbers": np.array([[0, 1], [2, 3]], dtype=np.uint16)})

    assert (integers(path, "numbers") - 1).tolist() == [[-1, 0], [1, 2]]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"numbers\.mat"):
        integers(tmp_path / "numbers.mat", "numbers")


def test_a_missing_variable_is_named_beside_those_held(tmp_path: Path) -> None:
    path = tmp_path / "numbers.mat"
    savemat(path, {"others": [1], "more": [2]})

    with pytest.raises(ValueError, match=r"numbers\.mat has no variable numbers, only others, more"):
        integers(path, "numbers")


def test_another_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "numbers.mat"
    path.write_text("<html>not found</html>" * 20)

    with pytest.raises(ValueError, match=r"numbers\.mat cannot be read as a MATLAB file"):
        integers(path, "numbers")


@pytest.mark.parametrize("values", [[[1.0, 2.5]], [[1.0, np.nan]], [["one", "two"]]])
def test_anything_but_whole_numbers_is_refused(tmp_path: Path, values: list[list[object]]) -> None:
    savemat(tmp_path / "odd.mat", {"rows": np.array(values)})

    with pytest.raises(ValueError, match=r"odd\.mat: rows must hold whole numbers"):
        integers(tmp_path / "odd.mat", "rows")


def test_whole_numbers_may_be_stored_as_floats(tmp_path: Path) -> None:
    savemat(tmp_path / "floats.mat", {"rows": np.array([[1.0, 2.0]])})

    assert integers(tmp_path / "floats.mat", "rows").tolist() == [[1, 2]]


@pytest.mark.parametrize("compressed", [False, True])
def test_every_kind_of_content_is_passed_over(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "mixed.mat"
    mixed = {
        "text": "naïve",
        "cells": np.array([[1, "a"], ["bc", 2.5]], dtype=object),
        "one": {"two": [3, 4]},
    }
    savemat(path, mixed | {"n": [5], "complex": 1j, "empty": [], "numbers": [6]}, do_compression=compressed)

    assert integers(path, "numbers").tolist() == [[6]]


@pytest.mark.parametrize("bit", range(2, 32))
def test_an_element_of_no_known_type_is_refused_before_scipy_dies_of_it(tmp_path: Path, bit: int) -> None:
    path = tmp_path / "rows.mat"
    savemat(path, {"rows": np.arange(8, dtype=np.int32)})
    content = bytearray(path.read_bytes())
    place = content.index(np.arange(8, dtype=np.int32).tobytes()) - 8  # the type, 5, and the size of the data
    content[place + bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)

    with pytest.raises(ValueError, match=r"rows\.mat cannot be read as a MATLAB file"):
        integers(path, "rows")
