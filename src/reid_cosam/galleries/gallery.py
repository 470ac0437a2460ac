"""A gallery on disk: one descriptor per tracklet, a table of the tracklets, and the network that made them.

`descriptors.safetensors` holds the tensor `descriptors` `[n, d]`, as `evaluate` writes it, and in its header
the network's fingerprint; `tracklets.csv` holds a line per descriptor, in the same order.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
from jaxtyping import Float32
from torch import Tensor

from reid_cosam.data.tables import read_table
from reid_cosam.results.descriptors import FILE, SUM, TABLE, check_finite, check_sum, read_tensor, sum_of
from reid_cosam.results.store import replacing, write_text
from reid_cosam.settings.base import Distance
from reid_cosam.words import number_of

COLUMNS = MappingProxyType(
    {
        "camera": "str",
        "track": "str",
        "person": "str",
        "first_frame": "Int64",
        "last_frame": "Int64",
        "start": "float64",
        "end": "float64",
        "frames": "Int64",
        "tested_frames": "Int64",
        "broken": "Int64",
        "source": "str",
        "thumbnail": "str",
    }
)
"""The columns of `tracklets.csv`.

`person` is empty where nobody has named one. `first_frame` and `last_frame` are counted as the footage counts
them; `start` and `end` are seconds on a clock that all cameras share, empty where there is none. `frames`
were found, `tested_frames` made the descriptor, `broken` could not be used. `thumbnail` is a picture, named
from the gallery's folder.
"""

_HEADER = ("network", "model", SUM)


@dataclass(frozen=True, eq=False)
class Gallery:
    """Descriptors of tracklets that one network made.

    Attributes:
        descriptors: one per tracklet, on the CPU.
        tracklets: a row per descriptor with the columns `COLUMNS`; the index counts from 0.
        network: fingerprint of the network (`Encoder.fingerprint`).
        model: where the network was read from.
        distance: by which the network's descriptors are compared.
    """

    descriptors: Float32[Tensor, "n d"]
    tracklets: pd.DataFrame
    network: str
    model: str
    distance: Distance = "euclidean"

    def __len__(self) -> int:
        return len(self.tracklets)


def write_gallery(gallery: Gallery, folder: Path) -> None:
    """Writes both files, the table first: a folder with descriptors is whole.

    Raises:
        OSError: a file cannot be written.
        ValueError: a descriptor is not finite.
    """
    check_finite(gallery.descriptors, gallery.model)
    write_text(folder / TABLE, gallery.tracklets[list(COLUMNS)].to_csv(index=False))
    header = dict(zip(_HEADER, (gallery.network, gallery.model, sum_of(gallery.descriptors)), strict=True))
    header["distance"] = gallery.distance
    with replacing(folder / FILE) as temporary:
        _write_safetensors(temporary, gallery.descriptors.contiguous(), header)


def _write_safetensors(path: Path, descriptors: Float32[Tensor, "n d"], metadata: Mapping[str, str]) -> None:
    """As the library does, which writes its header in an order of chance: equal galleries are equal files."""
    place = {"dtype": "F32", "shape": list(descriptors.shape), "data_offsets": [0, descriptors.nbytes]}
    header = json.dumps({"__metadata__": dict(metadata), "descriptors": place}).encode()
    header += b" " * (-len(header) % 8)  # numbers start at a multiple of 8 bytes
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        descriptors.numpy().tofile(file)


def read_gallery(folder: Path) -> Gallery:
    """The gallery in a folder that `reid-cosam embed` wrote.

    Raises:
        FileNotFoundError: there is none.
        ValueError: a file is damaged, or the two do not belong together; names it.
    """
    path = folder / FILE
    if not path.exists():
        raise FileNotFoundError(f"{folder} holds no gallery: {FILE} is missing; reid-cosam embed writes one")
    descriptors, header = read_tensor(path)
    if missing := [name for name in _HEADER if name not in header]:
        raise ValueError(f"{path} was not written by reid-cosam embed: its header lacks {', '.join(missing)}")
    check_sum(path, descriptors, header)
    tracklets = _read_table(folder / TABLE)
    if len(tracklets) != len(descriptors):
        raise ValueError(
            f"{folder / TABLE} lists {number_of(len(tracklets), 'tracklet')}, but {path.name} holds "
            f"{len(descriptors)}: embed again"
        )
    distance: Any = header.get("distance", "euclidean")  # earlier versions knew no other
    return Gallery(descriptors, tracklets, header["network"], header["model"], distance)


def _read_table(path: Path) -> pd.DataFrame:
    table = read_table(path, tuple(COLUMNS))
    for name, kind in COLUMNS.items():
        if kind == "str":
            continue
        try:
            numbers = pd.to_numeric(table[name].replace("", None))
            table[name] = numbers.astype("Int64" if kind == "Int64" else "float64")
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}: column {name} holds something else than numbers: {error}") from error
    return table[list(COLUMNS)]
