"""What a finished run leaves in its folder: scores, a row a query, pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from PIL import Image

from reid_cosam import build
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.evaluation.final_scores import final_plan
from reid_cosam.evaluation.ranked_lists import Ranking, from_hard_to_easy, ranked_lists, ranked_table
from reid_cosam.evaluation.scoring import ProtocolResult, score_protocols
from reid_cosam.metrics.chance import expected_by_chance
from reid_cosam.metrics.coverage import means
from reid_cosam.metrics.protocols import Scores
from reid_cosam.results.figures.attention import attention_figure
from reid_cosam.results.figures.cmc import cmc_figure
from reid_cosam.results.figures.ranked import ranked_lists_figure
from reid_cosam.results.finished_run import METRICS
from reid_cosam.results.store import save_picture, write_record, write_text
from reid_cosam.settings import DataSettings, TrainSettings
from reid_cosam.training.datamodule import ReidDataModule
from reid_cosam.training.lightning_module import ReidModule, ValidationResult
from reid_cosam.visualization.person_coverage import FirstSnippets, see
from reid_cosam.visualization.spatial_masks import SpatialMasks

RANKS = (1, 5, 10, 20)
_CLIPS_SHOWN, _LISTS_SHOWN = 4, 6


def write_outputs(
    module: ReidModule,
    datamodule: ReidDataModule,
    folder: Path,
    settings: TrainSettings,
    made_with: Mapping[str, object],
) -> tuple[dict[str, Any], dict[str, Path]]:
    """Writes `metrics.json`, tables and `pictures/`; returns the metrics, and pictures by name.

    The module must have been evaluated. `made_with` holds the run's key, and what else its numbers depend on.
    """
    evaluation = module.evaluation
    assert evaluation is not None
    queries = datamodule.evaluated[: datamodule.num_queries]
    masks = SpatialMasks(module.network, None, module.device) if settings.cosam else None
    snippets = FirstSnippets(queries, settings.num_frames, (settings.data.height, settings.data.width))
    has_persons, batch_size = settings.data.name == "synthetic", settings.data.eval_batch_size
    content = score_table(evaluation, datamodule) | {
        "data": data_record(settings.data),
        "made_with": made_with,
        "attention": _coverage(masks, snippets, batch_size) if masks and has_persons else None,
        "results": final_rows(module, datamodule, settings),
    }
    table = query_table(evaluation.scores, queries, build.data_folder(settings.data))
    write_text(folder / "queries.csv", table.to_csv(index=False))
    ranking = _ranking(evaluation, datamodule)
    nearest = ranked_table(ranking, build.data_folder(settings.data))
    write_text(folder / "ranked.csv", nearest.to_csv(index=False, float_format="%.6g"))
    curve = cmc_table({evaluation.scores.protocol: evaluation.scores.cmc})
    write_text(folder / "cmc.csv", curve.to_csv())
    drawn = {
        "ranked_lists": _ranked_lists(ranking, settings),
        "cmc": cmc_figure({settings.run_name: evaluation.scores.cmc}),
    }
    if masks is not None:
        drawn["attention"] = _attention(masks, snippets)
    for name, picture in drawn.items():
        save_picture(picture, folder / "pictures" / f"{name}.png")
    write_record(folder / METRICS, content)  # the last file: a run that has it is whole
    return content, {name: folder / "pictures" / f"{name}.png" for name in drawn}


def score_table(evaluation: ValidationResult, datamodule: ReidDataModule) -> dict[str, Any]:
    """mAP and CMC as fractions of 1, under which protocol, and what a ranking by chance would score."""
    pids = np.array([tracklet.pid for tracklet in datamodule.evaluated])
    camids = np.array([tracklet.camid for tracklet in datamodule.evaluated])
    count = datamodule.num_queries
    chance = expected_by_chance(pids[:count], camids[:count], pids[count:], camids[count:], RANKS)
    return score_row(evaluation.scores) | {
        "step": evaluation.step,
        "chance": {"mAP": chance.mean_ap, **{f"R{k}": value for k, value in chance.ranks.items()}},
    }


def score_row(scores: Scores) -> dict[str, Any]:
    """What every `metrics.json` holds of a ranking, as fractions of 1."""
    return {
        "mAP": scores.mean_ap,
        "mINP": scores.mean_inp,
        **{f"R{k}": scores.rank(k) for k in RANKS},
        "queries": len(scores.first_ranks),
        "valid_queries": scores.valid_queries,
        "protocol": scores.protocol,
    }


def final_rows(
    module: ReidModule, datamodule: ReidDataModule, settings: TrainSettings
) -> list[dict[str, Any]]:
    """Scores as an evaluation of the last checkpoint would have them; found on the module's device."""
    assert module.evaluation is not None
    descriptors = module.evaluation.descriptors.to(module.device)
    plan = final_plan(settings, datamodule)
    if bool((descriptors == descriptors[0]).all()):  # of a network that died: nobody is anybody's neighbour
        plan = plan._replace(reranking=None)
    return [result_row(result) for result in score_protocols(plan, descriptors)]


def result_row(result: ProtocolResult) -> dict[str, Any]:
    """Of one result: whether re-ranked, and the scores of all queries and of those by attribute."""
    carriers = {
        attribute: None if scores is None else score_row(scores)
        for attribute, scores in result.carriers.items()
    }
    return score_row(result.scores) | {"reranked": result.reranked, "carriers": carriers}


def data_record(data: DataSettings) -> dict[str, Any]:
    """Which data set and split, and where they lie, whatever folder the command was started in."""
    file = build.splits_file(data)
    return {
        "name": data.name,
        "root": str(build.data_folder(data).absolute()),
        "split": data.split,
        "tested_half": data.tested_half,
        "attributes": data.attributes,
        "splits_file": None if file is None else str(file.absolute()),
    }


def cmc_table(curves: Mapping[str, Float[np.ndarray, " _"]]) -> pd.DataFrame:
    """One row a rank, one column a curve, as fractions of 1; empty where a gallery has no such rank."""
    table = pd.DataFrame({name: pd.Series(curve) for name, curve in curves.items()})
    return table.set_axis(table.index + 1).rename_axis("rank")


def query_table(scores: Scores, queries: Sequence[Tracklet], root: Path) -> pd.DataFrame:
    """One row a query: which, its average precision, and the rank of its nearest match.

    Its first frame is named relative to `root`, the data set's folder.
    """
    return pd.DataFrame(
        {
            "first_frame": [query.first_frame(root) for query in queries],
            "pid": [query.pid for query in queries],
            "camid": [query.camid for query in queries],
            "average_precision": scores.average_precisions,
            "first_rank": scores.first_ranks,
        }
    )


def _coverage(masks: SpatialMasks, snippets: FirstSnippets, batch_size: int) -> dict[str, dict[str, float]]:
    """Mean attention inside and outside the person, by block, over the first snippet of every query."""
    seen = see(masks, snippets, batch_size, workers=0)
    return {str(stage): means(one.attention, one.share)._asdict() for stage, one in seen.items()}


def _attention(masks: SpatialMasks, snippets: FirstSnippets) -> Image.Image:
    """Attention masks laid over frames of queries spread over the test set (paper, figure 6)."""
    places = np.linspace(0, len(snippets) - 1, _CLIPS_SHOWN).round().astype(int).tolist()
    clips = np.stack([snippets.clip(place) for place in places])
    made = masks.of(torch.from_numpy(clips))
    return attention_figure(clips, {stage: mask.numpy() for stage, mask in made.items()})


def _ranking(evaluation: ValidationResult, datamodule: ReidDataModule) -> Ranking:
    shown, count = datamodule.evaluated, datamodule.num_queries
    return Ranking(shown[:count], shown[count:], evaluation.distances, evaluation.scores.average_precisions)


def _ranked_lists(ranking: Ranking, settings: TrainSettings) -> Image.Image:
    chosen = from_hard_to_easy(ranking, _LISTS_SHOWN)
    return ranked_lists_figure(ranked_lists(ranking, chosen, settings.data.height, settings.data.width))
