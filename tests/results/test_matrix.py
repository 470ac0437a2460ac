"""Anybody's descriptors: what is read from a file, and what is refused in one line."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from reid_cosam.results.descriptors import DescriptorStore
from reid_cosam.results.matrix import read_matrix

VALUES = np.arange(12.0).reshape(4, 3)
ORIGIN = {"checkpoint": "c", "split": "s", "images": "i", "snippet": "4x64x32", "tail": "cycle"}


def saved(path: Path, values: npt.NDArray[Any], **options: Any) -> Path:
    np.save(path, values, **options)
    return path


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("<f2", torch.float32), ("<f4", torch.float32), ("<f8", torch.float64), (">f4", torch.float32)],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_real_numbers_of_any_width_are_read(
    dtype: str, expected: torch.dtype, order: Any, tmp_path: Path
) -> None:
    path = saved(tmp_path / "m.npy", np.asarray(VALUES, dtype=dtype, order=order))

    descriptors, origin = read_matrix(path)

    assert descriptors.dtype == expected
    assert descriptors.tolist() == VALUES.tolist()
    assert origin == {}


@pytest.mark.parametrize(
    ("tensors", "row"),
    [
        ({"anything": VALUES}, [0.0, 1.0, 2.0]),
        ({"descriptors": VALUES, "pids": np.arange(4)}, [0.0, 1.0, 2.0]),
    ],
)
def test_one_tensor_or_the_one_called_descriptors_is_read(
    tensors: dict[str, npt.NDArray[Any]], row: list[float], tmp_path: Path
) -> None:
    held = {name: torch.from_numpy(values) for name, values in tensors.items()}
    save_file(held, tmp_path / "m.safetensors", {"split": "theirs"})

    descriptors, origin = read_matrix(tmp_path / "m.safetensors")

    assert descriptors[0].tolist() == row
    assert origin == {}  # a header of somebody else


def store(folder: Path) -> Path:
    DescriptorStore(folder, ORIGIN, required=True).save(
        torch.from_numpy(VALUES).float(), pd.DataFrame(), "euclidean"
    )
    return folder / "descriptors.safetensors"


def test_a_store_says_what_it_was_made_of(tmp_path: Path) -> None:
    descriptors, origin = read_matrix(store(tmp_path))

    assert descriptors.tolist() == VALUES.tolist()
    assert origin.items() >= ORIGIN.items()


def test_a_damaged_store_is_refused(tmp_path: Path) -> None:
    path = store(tmp_path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    with pytest.raises(ValueError, match=r"descriptors\.safetensors is damaged: .*SHA-256"):
        read_matrix(path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(4), r"shape \[4\]"),
        (np.zeros((4, 3, 2)), r"shape \[4, 3, 2\]"),
        (np.zeros((0, 3)), r"shape \[0, 3\]"),
        (np.zeros((4, 0)), r"shape \[4, 0\]"),
        (np.zeros((4, 3), int), "int64: real numbers"),
        (np.zeros((4, 3), complex), "complex128: real numbers"),
        (np.zeros((4, 3), bool), "bool: real numbers"),
        (np.array([["a"]]), "<U1: real numbers"),
        (np.array([[0.0, np.nan], [1.0, 1.0]]), "1 of 2 descriptors hold NaN or infinity, .* row 1,"),
        (np.array([[0.0, 1.0], [np.inf, 1.0]]), "1 of 2 descriptors hold NaN or infinity, .* row 2,"),
        (np.array([{"a": 1}], dtype=object), "Python objects, which are not read"),
    ],
)
def test_what_is_no_matrix_of_real_numbers_is_named(
    values: npt.NDArray[Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=rf"m\.npy.*{message}"):
        read_matrix(saved(tmp_path / "m.npy", values))


def test_integers_in_safetensors_are_refused(tmp_path: Path) -> None:
    save_file({"descriptors": torch.zeros(4, 3, dtype=torch.int32)}, tmp_path / "m.safetensors")

    with pytest.raises(ValueError, match=r"m\.safetensors holds torch\.int32: real numbers"):
        read_matrix(tmp_path / "m.safetensors")


def test_of_several_tensors_one_must_be_called_descriptors(tmp_path: Path) -> None:
    save_file({"query": torch.zeros(4, 3), "gallery": torch.ones(4, 3)}, tmp_path / "m.safetensors")

    with pytest.raises(ValueError, match=r"m\.safetensors holds (query, gallery|gallery, query): one tensor"):
        read_matrix(tmp_path / "m.safetensors")


class Malicious:
    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('unpickled')",)


@pytest.mark.parametrize("name", ["m.npy", "m.safetensors"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY\x01\x00",
        b"nonsense",
        b"\x93NUMPY\x01\x00\x76\x00" + b"{" * 118,
        pickle.dumps(Malicious()),
    ],
)
def test_a_damaged_file_is_named_and_nothing_is_unpickled(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ValueError, match=f"{name} is not a readable"):
        read_matrix(tmp_path / name)


def test_a_file_that_was_cut_off_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.npy", VALUES)
    path.write_bytes(path.read_bytes()[:-8])

    with pytest.raises(ValueError, match=r"m\.npy is not a readable"):
        read_matrix(path)


def test_an_archive_and_other_files_are_named(tmp_path: Path) -> None:
    with (tmp_path / "m.npy").open("wb") as file:
        np.savez(file, a=VALUES)
    (tmp_path / "m.csv").touch()

    with pytest.raises(ValueError, match=r"m\.npy is an archive of several arrays"):
        read_matrix(tmp_path / "m.npy")
    with pytest.raises(ValueError, match=r"m\.csv: descriptors are read from \.npy and \.safetensors"):
        read_matrix(tmp_path / "m.csv")
    with pytest.raises(FileNotFoundError, match=r"nothing\.npy: there is no such file"):
        read_matrix(tmp_path / "nothing.npy")
