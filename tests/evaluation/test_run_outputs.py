"""What a run writes of its last validation: ranked lists and attention on the person, both recomputed."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from reid_cosam import build
from reid_cosam.data.frames import read_clip
from reid_cosam.data.masks import mask_path
from reid_cosam.data.tracklet import ReidSplits
from reid_cosam.evaluation import run_outputs as outputs
from reid_cosam.evaluation.run_outputs import FinishedRun
from reid_cosam.metrics.protocols import score
from reid_cosam.metrics.reranking import k_reciprocal
from reid_cosam.metrics.scoring import ProtocolResult, Reranking, ScoringConfig
from reid_cosam.results.figures.ranked import RankedList
from reid_cosam.results.tables.paper import RERANKED_WITH
from reid_cosam.settings import TrainSettings
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.lightning_module import ReidModule, ValidationResult
from reid_cosam.visualization.spatial_masks import SpatialMasks
from tests.support.commands import render_walkers
from tests.test_settings import settings

# Queries: identities 9, 10, 11 under camera 1, then camera 2, two by two. Gallery: 2 distractors, then alike.
QUERY = [(9, 1), (9, 2), (10, 1), (10, 2), (11, 1), (11, 2)]
GALLERY = [(0, 1), (0, 2), *QUERY]
DESCRIPTORS = torch.randn(14, 5, generator=torch.Generator().manual_seed(0))
# How many gallery entries come before each query's match under the other camera.
BEHIND = [0, 2, 1, 4, 0, 3]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainSettings, ReidDataModule, ReidModule]:
    root = render_walkers(tmp_path_factory.mktemp("walkers"))
    size = ("data.height=64", "data.width=32", f"data.root={root}")
    chosen = settings("experiment=quickstart", "logger=none", *size)
    torch.manual_seed(0)
    datamodule = build.make_datamodule(chosen, build.make_splits(chosen.data))
    return chosen, datamodule, build.make_module(chosen, datamodule)


def validation() -> ValidationResult:
    distances = torch.arange(1.0, 9.0).repeat(6, 1)  # of other people
    for number, ((pid, camid), behind) in enumerate(zip(QUERY, BEHIND, strict=True)):
        distances[number, GALLERY.index((pid, camid))] = 0.25  # nearest of all, and not to be counted
        distances[number, GALLERY.index((pid, 3 - camid))] = 0.5 + behind
    query, gallery = torch.tensor(QUERY), torch.tensor(GALLERY)
    scores = score(distances, query[:, 0], query[:, 1], gallery[:, 0], gallery[:, 1])
    result = ProtocolResult("released", "euclidean", None, scores, np.arange(6, 14), distances, {})
    return ValidationResult(7, result, DESCRIPTORS)


def finished(
    chosen: TrainSettings, datamodule: ReidDataModule, module: ReidModule, **changes: Any
) -> FinishedRun:
    """A run whose last validation gave `validation()`."""
    module.validation = validation()
    query, gallery = datamodule.evaluated[:6], datamodule.evaluated[6:]
    test = build.make_test_tracklets(chosen.data, chosen.data, query, gallery)
    further = build.make_further_scoring(chosen.data, ReidSplits((), query, gallery), "euclidean")
    return build.finished_run(chosen, module, test, further, {})._replace(**changes)


def test_the_data_are_as_supposed(run: tuple[TrainSettings, ReidDataModule, ReidModule]) -> None:
    _, datamodule, _ = run

    seen = [(tracklet.pid, tracklet.camid) for tracklet in datamodule.evaluated]
    assert seen == QUERY + GALLERY


def test_ranked_lists_go_from_hard_to_easy_without_the_querys_own_camera(
    run: tuple[TrainSettings, ReidDataModule, ReidModule], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, datamodule, _ = run
    seen: list[RankedList] = []

    def draw(lists: Sequence[RankedList]) -> Image.Image:
        seen.extend(lists)
        return Image.new("RGB", (1, 1))

    monkeypatch.setattr(outputs, "ranked_lists_figure", draw)

    outputs.write_outputs(finished(*run), tmp_path)

    labels = [one.query_label.rpartition(", ") for one in seen]
    frames = {one.first_frame(finished(*run).test.root): (one.pid, one.camid) for one in datamodule.evaluated}
    assert all(who == "pid {}, camera {}".format(*frames[frame]) for who, _, frame in labels)
    assert [who for who, *_ in labels] == [
        *("pid 10, camera 2", "pid 11, camera 2", "pid 9, camera 2"),
        *("pid 10, camera 1", "pid 9, camera 1", "pid 11, camera 1"),
    ]
    for one in seen:
        assert len(one.gallery) == 7  # of 8: the query's own camera is left out
        assert one.distances[0] >= 0.5
        assert one.correct.sum() == 1
        assert one.average_precision == pytest.approx(1 / (1 + one.correct.argmax()))
    hardest = seen[0]
    assert hardest.correct.argmax() == 4
    first = datamodule.evaluated[6]  # the distractor at distance 1
    expected = read_clip([first.frames[len(first) // 2]], 64, 32)[0]
    assert np.array_equal(hardest.gallery[0], expected)


def test_files_tell_the_scores(run: tuple[TrainSettings, ReidDataModule, ReidModule], tmp_path: Path) -> None:

    _, pictures = outputs.write_outputs(finished(*run), tmp_path)

    metrics = json.loads((tmp_path / "metrics.json").read_text())
    precisions = [1 / (1 + behind) for behind in BEHIND]
    assert metrics["mAP"] == pytest.approx(np.mean(precisions))
    assert (metrics["R1"], metrics["R5"], metrics["step"]) == (pytest.approx(2 / 6), 1.0, 7)
    rows = list(csv.DictReader((tmp_path / "queries.csv").read_text().splitlines()))
    assert [(int(row["pid"]), int(row["camid"])) for row in rows] == QUERY
    assert [int(row["first_rank"]) for row in rows] == [1 + behind for behind in BEHIND]
    assert [float(row["average_precision"]) for row in rows] == pytest.approx(precisions)
    assert rows[0]["first_frame"] == "bbox_test/0009/0009C1T0001F001.jpg"
    curve = list(csv.DictReader((tmp_path / "cmc.csv").read_text().splitlines()))
    assert [int(row["rank"]) for row in curve] == list(range(1, 9))  # of 8 in the gallery
    found = [np.mean([behind < rank for behind in BEHIND]) for rank in range(1, 9)]
    assert [float(row["released"]) for row in curve] == pytest.approx(found)
    assert Path(metrics["data"]["root"]).is_absolute()
    assert pictures.keys() == {"ranked_lists", "cmc", "attention"}
    assert all(path.is_file() for path in pictures.values())


def test_the_nearest_of_every_query_stand_in_a_table(
    run: tuple[TrainSettings, ReidDataModule, ReidModule], tmp_path: Path
) -> None:
    chosen, _, _ = run

    outputs.write_outputs(finished(*run), tmp_path)

    table = pd.read_csv(tmp_path / "ranked.csv")
    queries = pd.read_csv(tmp_path / "queries.csv")["first_frame"]
    assert list(table["query"].unique()) == list(queries)
    # Identity 9 under camera 2: two of identity 0 come first, and its own camera's is left out.
    second = table[table["query"] == queries[1]]
    assert list(second["place"]) == list(range(8))
    seen = list(zip(second["pid"], second["camid"], second["correct"], second["distance"], strict=True))
    assert seen[:5] == [
        (9, 2, True, 0),
        (0, 1, False, 1),
        (0, 2, False, 2),
        (9, 1, True, 2.5),
        (10, 1, False, 5),
    ]
    root = build.data_folder(chosen.data)
    assert all((root / frame).is_file() for frame in table["frame"])
    assert second["frame"].iloc[0].startswith("bbox_test/0009/0009C2")


def test_small_sets_are_scored_by_attribute_and_not_re_ranked(
    run: tuple[TrainSettings, ReidDataModule, ReidModule], tmp_path: Path
) -> None:
    chosen, _, _ = run
    with (build.data_folder(chosen.data) / "attributes.csv").open() as file:
        carrying = {int(row["pid"]) for row in csv.DictReader(file) if row["backpack"] == "1"}
    rows = [number for number, (pid, _) in enumerate(QUERY) if pid in carrying]

    content, _ = outputs.write_outputs(finished(*run), tmp_path)

    (result,) = content["results"]  # 14 tracklets are fewer than the 20 neighbours of re-ranking
    precisions = [1 / (1 + behind) for behind in BEHIND]
    assert (result["mAP"], result["reranked"]) == (pytest.approx(np.mean(precisions)), False)
    assert 0 < len(rows) < 6
    assert result["by_attribute"]["backpack"]["mAP"] == pytest.approx(
        np.mean([precisions[row] for row in rows])
    )
    assert result["by_attribute"]["backpack"]["queries"] == len(rows)


# A neighbourhood that 14 tracklets are enough for.
SMALL_RERANKING = ScoringConfig(rerankings=(Reranking(k1=4),))


def test_larger_sets_are_re_ranked_as_the_released_code_does(
    run: tuple[TrainSettings, ReidDataModule, ReidModule],
) -> None:
    distances = k_reciprocal(DESCRIPTORS[:6], DESCRIPTORS[6:], 4, 6, 0.3, True)
    query, gallery = torch.tensor(QUERY), torch.tensor(GALLERY)

    plain, reranked = outputs.final_results(finished(*run, further=SMALL_RERANKING))

    expected = score(distances, query[:, 0], query[:, 1], gallery[:, 0], gallery[:, 1])
    assert (plain.reranked, reranked.reranked) == (False, True)
    assert plain.scores.mean_ap == validation().result.scores.mean_ap
    assert reranked.scores.mean_ap == pytest.approx(expected.mean_ap)
    assert reranked.scores.mean_ap != plain.scores.mean_ap


def test_tables_take_results_that_were_re_ranked_as_runs_are() -> None:
    assert Reranking()._asdict() == RERANKED_WITH


def test_only_sets_larger_than_a_neighbourhood_are_re_ranked(
    run: tuple[TrainSettings, ReidDataModule, ReidModule],
) -> None:
    chosen, datamodule, _ = run
    query, gallery = datamodule.evaluated[:6], datamodule.evaluated[6:]

    for times, expected in ((1, ()), (2, (Reranking(20, 6, 0.3, True),))):
        splits = ReidSplits((), query, gallery * times)
        assert build.make_further_scoring(chosen.data, splits, "euclidean").rerankings == expected


def test_equal_descriptors_are_not_re_ranked(run: tuple[TrainSettings, ReidDataModule, ReidModule]) -> None:
    dead = finished(*run, further=SMALL_RERANKING)

    results = outputs.final_results(
        dead._replace(validation=validation()._replace(descriptors=torch.ones(14, 5)))
    )

    assert [one.reranked for one in results] == [False]


@pytest.mark.parametrize("batch_size", [4, 64])
def test_coverage_is_the_mean_over_all_queries_frames_and_places(
    batch_size: int, run: tuple[TrainSettings, ReidDataModule, ReidModule], tmp_path: Path
) -> None:
    chosen, datamodule, module = run
    data = chosen.data.model_copy(update={"eval_batch_size": batch_size})

    sized = chosen.model_copy(update={"data": data})
    content, _ = outputs.write_outputs(finished(sized, datamodule, module), tmp_path)

    for stage in (4, 5):
        assert content["attention"][str(stage)] == pytest.approx(
            coverage(module, datamodule, stage), rel=1e-4
        )


def coverage(module: ReidModule, datamodule: ReidDataModule, stage: int) -> dict[str, float]:
    """The same, a query, a frame and a place at a time."""
    inside, outside = [0.0, 0.0], [0.0, 0.0]  # sums of attention and of shares
    for query in datamodule.evaluated[:6]:
        frames = list(query.frames[:4])
        clip = torch.from_numpy(read_clip(frames, 64, 32))[None]
        attention = SpatialMasks(module.network, [stage], torch.device("cpu")).of(clip)[stage][0]
        rows, columns = 64 // attention.shape[1], 32 // attention.shape[2]
        for frame, mask in zip(frames, attention, strict=True):
            person = np.asarray(Image.open(mask_path(frame, Path(frame).parents[2])).convert("L")) > 127
            for (row, column), value in np.ndenumerate(mask.numpy()):
                place = person[row * rows : (row + 1) * rows, column * columns : (column + 1) * columns]
                for sums, share in ((inside, place.mean()), (outside, 1 - place.mean())):
                    sums[0] += float(value * share)
                    sums[1] += float(share)
    return {"inside": inside[0] / inside[1], "outside": outside[0] / outside[1]}


def test_without_cosam_there_is_no_attention_to_show(
    run: tuple[TrainSettings, ReidDataModule, ReidModule], tmp_path: Path
) -> None:
    chosen, datamodule, _ = run
    plain = settings(
        *("experiment=quickstart", "logger=none", "cosam=[]"),
        *("data.height=64", "data.width=32", f"data.root={chosen.data.root}"),
    )
    module = build.make_module(plain, datamodule)

    content, pictures = outputs.write_outputs(finished(plain, datamodule, module), tmp_path)

    assert content["attention"] is None
    assert pictures.keys() == {"ranked_lists", "cmc"}
