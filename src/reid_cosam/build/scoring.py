"""How a test set is scored, and where its descriptors are stored and under which record."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from torch import nn

from reid_cosam.build.data import data_record, make_attributes
from reid_cosam.build.devices import precision
from reid_cosam.data.pack_file import file_hash
from reid_cosam.data.tracklet import ReidSplits, Tracklet
from reid_cosam.data.verification import image_hash, split_hash
from reid_cosam.evaluation.records import tested_frames
from reid_cosam.metrics.rules import PROTOCOLS
from reid_cosam.metrics.scoring import Reranking, ScoringConfig, check
from reid_cosam.metrics.testset import TestSet
from reid_cosam.results.descriptors import DescriptorStore
from reid_cosam.settings import DataSettings, EvaluateSettings, ScoreSettings, ScoringSettings, TrainSettings
from reid_cosam.settings.base import Distance
from reid_cosam.settings.identity import identity


def default_protocols(data: DataSettings, test_set: TestSet) -> Sequence[str]:
    """All that apply to a test set; the data set's own where none does, so that its error is raised."""
    ranks_only = PROTOCOLS[data.protocol].ranks_only
    return test_set.applicable(ranks_only) or (data.protocol,)


def make_scoring(
    settings: ScoringSettings, data: DataSettings, queries: Sequence[Tracklet], default: Sequence[str]
) -> ScoringConfig:
    """What `evaluate` and `score` score, by `default` under these protocols; raises as `make_attributes`."""
    assert settings.distance is not None  # the command has put the network's in its place
    reranked = (Reranking(**settings.reranking.model_dump()),) if settings.rerank else ()
    return ScoringConfig(
        settings.protocol or default,
        settings.distance,
        (None, *reranked),
        make_attributes(data, queries),
    )


def make_further_scoring(data: DataSettings, splits: ReidSplits, distance: Distance) -> ScoringConfig:
    """What a run's end scores beside its last validation, for tables 5 and 7; raises as `make_attributes`.

    Re-ranked, as the released code does it, where the test set is larger than a neighbourhood; by attribute.
    """
    reranking = Reranking()
    is_large = len(splits.query) + len(splits.gallery) > reranking.k1
    attributes = make_attributes(data, splits.query)
    return ScoringConfig((data.protocol,), distance, (reranking,) if is_large else (), attributes)


def check_scoring(test_set: TestSet, config: ScoringConfig, processes: int) -> None:
    """Checks before hours of work what needs no descriptors.

    Raises:
        ValueError: there are fewer tracklets than processes, or they cannot be scored as asked for.
    """
    if len(test_set) < processes:
        raise ValueError(
            f"the {len(test_set)} test tracklets are not enough for {processes} processes, each of which "
            "needs one: lower trainer.devices"
        )
    try:
        check(test_set, config)
    except ValueError as error:
        remedy = "`reid-cosam verify` says what the data set holds"
        raise ValueError(f"{error}; {remedy}") from None


def extraction_origin(
    settings: EvaluateSettings,
    trained: TrainSettings,
    backbone: nn.Module,
    splits: ReidSplits,
    root: Path,
) -> dict[str, str]:
    """All that the descriptors of a test set depend on, by name; `root` is the data set's folder."""
    num_frames = settings.num_frames or trained.num_frames
    changed = num_frames != trained.num_frames  # else the origin is as it was before they could differ
    return {
        "checkpoint": file_hash(Path(settings.ckpt), lambda _: None),
        "split": split_hash(splits, root),
        "images": image_hash(splits),
        "snippet": f"{num_frames}x{trained.data.height}x{trained.data.width}",
        "tail": settings.snippet_tail,
        "precision": precision(settings.trainer, lambda: backbone),
        **({"trained_frames": str(trained.num_frames)} if changed else {}),
    }


def evaluation_record(
    settings: EvaluateSettings, data: DataSettings, trained: TrainSettings, origin: Mapping[str, str]
) -> dict[str, Any]:
    """What was evaluated and how, for `metrics.json`."""
    num_frames = settings.num_frames or trained.num_frames
    return {
        "ckpt": settings.ckpt,
        "checkpoint": {"path": str(Path(settings.ckpt).absolute()), "sha256": origin["checkpoint"]},
        "trained": {"run_name": trained.run_name} | identity(trained.model_dump(mode="json")),
        "data": data_record(data) | {"sha256": origin["split"]},
        "distance": settings.distance,
        "tested_frames": tested_frames(num_frames, settings.snippet_tail, trained.num_frames),
        "camera_input": False,
        "num_frames": num_frames,
        "height": trained.data.height,
        "width": trained.data.width,
        "precision": origin["precision"],
        "snippet_tail": settings.snippet_tail,
        "reranking": settings.reranking.model_dump() if settings.rerank else None,
    }


def matrix_record(settings: ScoreSettings, origin: Mapping[str, str], split: str) -> dict[str, Any]:
    """Whose matrix was scored and how, for `metrics.json`.

    Args:
        origin: what an evaluation made the matrix of; empty where somebody else made it.
        split: the hash of the data set's tracklets.
    """
    frames: str = "unknown"
    camera: bool | str = "unknown"
    if origin:
        num_frames = origin["snippet"].partition("x")[0]
        trained = origin.get("trained_frames", num_frames)
        frames, camera = tested_frames(num_frames, origin["tail"], trained), False
    path = Path(settings.descriptors or "")
    return {
        "descriptors": {"path": str(path.absolute()), "sha256": file_hash(path, lambda _: None)},
        "data": data_record(settings.data) | {"sha256": split},
        "distance": settings.distance,
        "tested_frames": settings.tested_frames or frames,
        "camera_input": camera if settings.camera_input is None else settings.camera_input,
        "reranking": settings.reranking.model_dump() if settings.rerank else None,
    }


def make_store(settings: EvaluateSettings, data: DataSettings, origin: Mapping[str, str]) -> DescriptorStore:
    """Where `settings` say or, by default, in the run's folder under a name of all that they depend on."""
    if settings.store is not None:
        return DescriptorStore(Path(settings.store), origin, required=True)
    beside = Path(settings.ckpt).parent
    run = beside.parent if beside.name == "checkpoints" else beside
    key = sha256("\n".join(origin.values()).encode()).hexdigest()
    return DescriptorStore(run / "descriptors" / f"{data.name}-{key[:8]}", origin, required=False)
