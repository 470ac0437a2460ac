"""Reads what Weights & Biases keeps of a run on disk."""

import struct
from pathlib import Path

from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]

_HEAD, _BLOCK, _CHUNK = 7, 32768, 7  # bytes; the log format of LevelDB behind a head of its own
_WHOLE, _LAST = 1, 4


def records(folder: Path) -> list[Record]:
    """All of the only W&B run under a folder, as far as they are written; none where there is no run yet."""
    content = b"".join(path.read_bytes() for path in folder.rglob("*.wandb"))
    position, part, found = _HEAD, b"", []
    while position + _CHUNK <= len(content):
        left = _BLOCK - position % _BLOCK
        if left < _CHUNK:
            position += left
            continue
        _, length, kind = struct.unpack_from("<IHB", content, position)
        part += content[position + _CHUNK : position + _CHUNK + length]
        position += _CHUNK + length
        if position <= len(content) and kind in (_WHOLE, _LAST):
            found.append(Record.FromString(part))
            part = b""
    return found


def kinds(folder: Path) -> list[str]:
    """Of which kind each of the records is, such as `history` for a line of curves."""
    return [str(record.WhichOneof("record_type")) for record in records(folder)]


def exit_codes(folder: Path) -> list[int]:
    return [record.exit.exit_code for record in records(folder) if record.HasField("exit")]
