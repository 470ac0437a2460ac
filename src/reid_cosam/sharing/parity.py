"""How far exported files are from the network that they were made from: `parity.json`."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cosine_similarity

from reid_cosam.data.frames import read_clip
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.data.transforms import normalise
from reid_cosam.metrics.scoring import ScoringConfig, score_protocols
from reid_cosam.metrics.testset import TestSet
from reid_cosam.results.store import write_json
from reid_cosam.settings.footage import Format
from reid_cosam.sharing import exchange
from reid_cosam.sharing.engines import Compute, open_file
from reid_cosam.sharing.exchange import FORMS, Form
from reid_cosam.sharing.quantising import example_clips
from reid_cosam.sharing.sharable import SharableEncoder

FILE = "parity.json"
BATCHES = (1, 3, 7, 16)
LEAST_COSINE, LARGEST_DIFFERENCE = 0.9999, 1e-3  # the difference as a share of the largest number
LEAST_COSINE_INT8 = 0.999
TORCH = "torch"


def write_parity(
    encoder: SharableEncoder,
    folder: Path,
    formats: Sequence[Format],
    splits: ReidSplits | None = None,
    before: Path | None = None,
) -> dict[str, Any]:
    """Compares the files in `folder` with the network in torch, in float32, and writes `parity.json`.

    Descriptors of clips are compared at batches of 1, 3, 7 and 16: random numbers, or with a test set its
    first tracklets. With a test set also the mAP (protocol `released`) that each file and the network itself
    give, for clips and for single frames, and how near the mean of a tracklet's single-frame descriptors is
    to its own.

    Args:
        before: an earlier report, whose rows of other formats are kept if it is about the same network.

    Returns:
        What was written: `opset`, `batches` (one entry per format, form and batch), `test_set` (one per
        format and form; empty without one) and `agrees`.

    Raises:
        ImportError, ValueError, OSError: a file cannot be opened.
    """
    with torch.inference_mode():
        clips = _noise(encoder) if splits is None else _tested_clips(encoder, splits)
        opened = {form: _opened(encoder, folder, formats, form) for form in FORMS}
        batches = [row for form in FORMS for row in _compared(clips, form, opened[form])]
        test_set = _tested(encoder, opened, splits) if splits is not None else []
    kept = _kept(before, encoder.fingerprint, formats)
    content = {
        "opset": exchange.OPSET,
        "fingerprint": encoder.fingerprint,
        "batches": [*kept["batches"], *batches],
        "test_set": [*kept["test_set"], *test_set],
        "agrees": all(map(_agrees, batches)),
    }
    write_json(folder / FILE, content)
    return content


def in_words(content: Mapping[str, Any]) -> str:
    """The report as tables for a terminal."""
    parts = [content["batches"], content["test_set"]]
    tables = [pd.DataFrame(rows).to_string(index=False) for rows in parts if rows]
    return "\n\n".join(tables)


def check(content: Mapping[str, Any]) -> None:
    """
    Raises:
        ValueError: descriptors of a format are too far from the network's.
    """
    if not content["agrees"]:
        far = [row for row in content["batches"] if not _agrees(row)]
        formats = sorted({row["format"] for row in far})
        raise ValueError(
            f"descriptors of {', '.join(formats)} are too far from the network's (smallest cosine "
            f"{min(row['smallest_cosine'] for row in far):.4f}): leave this format out"
        )


def _kept(before: Path | None, fingerprint: str, formats: Sequence[Format]) -> dict[str, list[Any]]:
    content: dict[str, Any] = {}
    if before is not None and before.exists():
        with suppress(ValueError):  # damaged: it is written anew
            content = json.loads(before.read_text())
    if content.get("fingerprint") != fingerprint:
        return {"batches": [], "test_set": []}
    return {
        name: [row for row in content[name] if row["format"] not in (TORCH, *formats)]
        for name in ("batches", "test_set")
    }


def _opened(
    encoder: SharableEncoder, folder: Path, formats: Sequence[Format], form: Form
) -> dict[str, Compute]:
    network = encoder.network
    single = exchange.SingleFrame(network).eval()
    own: Compute = single if form == "single_frame" else lambda clips: network(clips).descriptors
    files: dict[str, Compute] = {
        name: open_file(exchange.file_of(folder, name, form)).compute for name in formats
    }
    return {TORCH: own, **files}


def _noise(encoder: SharableEncoder) -> Float[Tensor, "b t 3 h w"]:
    size = (sum(BATCHES), encoder.num_frames, encoder.height, encoder.width, 3)
    noise = torch.randint(256, size, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return normalise(noise.permute(0, 1, 4, 2, 3), torch.float32).to(encoder.device)


def _tested_clips(encoder: SharableEncoder, splits: ReidSplits) -> Float[Tensor, "b t 3 h w"]:
    tracklets = [*splits.query, *splits.gallery]
    chosen = [tracklets[number % len(tracklets)] for number in range(sum(BATCHES))]
    return torch.cat([example_clips(encoder, [one]) for one in chosen]).to(encoder.device)


def _compared(clips: Tensor, form: Form, opened: Mapping[str, Compute]) -> list[dict[str, Any]]:
    rows = list[dict[str, Any]]()
    for part in clips.split(list(BATCHES)):
        batch, inputs = len(part), part if form == "clips" else part[:, 0]
        expected = opened[TORCH](inputs).cpu()
        for name in [one for one in opened if one != TORCH]:
            found = _difference(opened[name](inputs).cpu(), expected)
            rows.append({"format": name, "form": form, "batch": batch, **found})
    return rows


def _difference(found: Float[Tensor, "b d"], expected: Float[Tensor, "b d"]) -> dict[str, float]:
    return {
        "largest_difference": float((found - expected).abs().max()),
        "largest_number": float(expected.abs().max()),
        "smallest_cosine": float(cosine_similarity(found.double(), expected.double()).min()),
    }


def _agrees(row: Mapping[str, Any]) -> bool:
    cosine: float = row["smallest_cosine"]
    if row["format"] == "openvino_int8":
        return cosine >= LEAST_COSINE_INT8
    near: bool = row["largest_difference"] <= LARGEST_DIFFERENCE * row["largest_number"]
    return near and cosine >= LEAST_COSINE


def _tested(
    encoder: SharableEncoder, opened: Mapping[Form, Mapping[str, Compute]], splits: ReidSplits
) -> list[dict[str, Any]]:
    tracklets = [*splits.query, *splits.gallery, *splits.junk]
    found: dict[tuple[str, Form], list[Tensor]] = {
        (name, form): [] for form in FORMS for name in opened[form]
    }
    for one in tracklets:
        frames = torch.from_numpy(read_clip(one.frames, encoder.height, encoder.width))
        for name, form in found:
            found[name, form].append(_descriptor(encoder, form, opened[form][name], frames))
    test_set = TestSet.of(splits.query, splits.gallery, splits.junk)
    descriptors = {key: torch.cat(rows) for key, rows in found.items()}
    rows = []
    for (name, form), own in descriptors.items():
        (result,) = score_protocols(own, test_set, ScoringConfig(distance=encoder.distance))
        to_clips = cosine_similarity(own.double(), descriptors[TORCH, "clips"].double())
        rows.append(
            {
                "format": name,
                "form": form,
                "mAP": result.scores.mean_ap,
                "R1": result.scores.rank(1),
                "smallest_cosine_to_clips": float(to_clips.min()),
                "mean_cosine_to_clips": float(to_clips.mean()),
            }
        )
    return rows


def _descriptor(
    encoder: SharableEncoder, form: Form, compute: Compute, frames: Tensor
) -> Float[Tensor, "1 d"]:
    if form == "clips":
        return encoder.computed_by(compute).embed(frames[None]).cpu()
    normalised = normalise(frames[None].permute(0, 1, 4, 2, 3), torch.float32)[0].to(encoder.device)
    return torch.cat([compute(part).cpu() for part in normalised.split(BATCHES[-1])]).mean(0, keepdim=True)
