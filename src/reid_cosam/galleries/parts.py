"""What an embedding has finished, on disk, so that it can be taken up again: one file per group of tracks."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float32
from safetensors.torch import save_file
from torch import Tensor

from reid_cosam.results.descriptors import SUM, check_sum, read_tensor, sum_of
from reid_cosam.results.store import read_record, replacing, write_record

PARTS = "parts"
_REMEDY = "delete it and embed again"
_EXAMPLES = 3  # sentences per kind of fault


@dataclass
class Faults:
    """Crops and tracks that could not be used: how many by kind, and the first few in a sentence each."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, text: str) -> None:
        self.counts[kind] += 1
        if len(self.examples.setdefault(kind, [])) < _EXAMPLES:
            self.examples[kind].append(text)

    def update(self, other: "Faults") -> None:
        self.counts += other.counts
        for kind, texts in other.examples.items():
            self.examples[kind] = (self.examples.get(kind, []) + texts)[:_EXAMPLES]


@dataclass
class Part:
    """A group of tracks: a descriptor and a row of the table of each, and what could not be used."""

    descriptors: Float32[Tensor, "n d"]
    rows: list[dict[str, Any]]
    faults: Faults


class PartStore:
    """The finished parts in `<folder>/parts`.

    Args:
        origin: all that descriptors depend on, by name.

    Raises:
        ValueError: the folder has parts of another origin; names what differs.
    """

    def __init__(self, folder: Path, origin: Mapping[str, str]) -> None:
        self.folder = folder / PARTS
        record = self.folder / "origin.json"
        if record.exists():
            earlier = read_record(record)
            differing = [
                name for name in sorted({*origin, *earlier}) if origin.get(name) != earlier.get(name)
            ]
            if differing:
                raise ValueError(
                    f"{self.folder} is of an interrupted run with another {', '.join(differing)}: repeat "
                    "that run, delete the folder, or name another with out=..."
                )
        else:
            write_record(record, origin)

    def has(self, number: int) -> bool:
        return self._path(number).exists()

    def write(self, number: int, part: Part) -> None:
        header = {
            "rows": json.dumps(part.rows),
            "counts": json.dumps(part.faults.counts),
            "examples": json.dumps(part.faults.examples),
            SUM: sum_of(part.descriptors),
        }
        with replacing(self._path(number)) as temporary:
            save_file({"descriptors": part.descriptors.contiguous()}, temporary, header)

    def read(self, number: int) -> Part:
        """
        Raises:
            ValueError: the file is damaged; names it.
        """
        path = self._path(number)
        descriptors, header = read_tensor(path, _REMEDY)
        check_sum(path, descriptors, header, _REMEDY)
        faults = Faults(Counter(json.loads(header["counts"])), json.loads(header["examples"]))
        return Part(descriptors, json.loads(header["rows"]), faults)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.safetensors"


def concatenated(parts: list[Part]) -> Part:
    """All parts as one."""
    faults = Faults()
    for part in parts:
        faults.update(part.faults)
    filled = [part.descriptors for part in parts if len(part.descriptors)]
    descriptors = torch.cat(filled) if filled else torch.zeros(0, 0)
    return Part(descriptors, [row for part in parts for row in part.rows], faults)
