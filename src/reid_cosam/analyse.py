"""Whether a network's attention follows places or content: `reid-cosam analyse --help`."""

from pathlib import Path
from typing import TYPE_CHECKING

from reid_cosam.command_line import command, output_folder
from reid_cosam.command_line.arguments import refuse_image_size
from reid_cosam.settings import AnalyseSettings

if TYPE_CHECKING:
    from torch import Tensor

    from reid_cosam.evaluation.analysis import Analysis
    from reid_cosam.evaluation.extraction import MakeExtractor
    from reid_cosam.evaluation.records import TestTracklets
    from reid_cosam.metrics.protocols import Scores
    from reid_cosam.metrics.scoring import ScoringConfig
    from reid_cosam.models.network import VideoReidNet
    from reid_cosam.results.coverage import CoverageRow
    from reid_cosam.settings import DataSettings
    from reid_cosam.visualization.spatial_masks import Snippets, SpatialMasks


@command("analyse", AnalyseSettings, before=refuse_image_size)
def main(settings: AnalyseSettings) -> None:
    """One folder."""
    run(settings, output_folder())


def run(settings: AnalyseSettings, folder: Path) -> None:
    """Measures the masks and what scores lose with each change of them, prints it, and writes into `folder`.

    Raises:
        ValueError, OSError: an input does not fit; the message says how to fix it.
    """
    from omegaconf import OmegaConf

    from reid_cosam import build
    from reid_cosam.distributed import launch
    from reid_cosam.metrics.rules import PROTOCOLS
    from reid_cosam.results.analysis import PICTURE, write_analysis
    from reid_cosam.results.environment import environment
    from reid_cosam.results.figures.analysis import analysis_figure
    from reid_cosam.results.store import save_picture, write_json, write_text
    from reid_cosam.visualization.spatial_masks import Snippets

    launch.silence_other_ranks()
    trained, network = build.load_network(Path(settings.ckpt), settings.trust)
    settings = settings.model_copy(update={"distance": settings.distance or trained.recipe.distance})
    masks = build.make_spatial_masks(settings, network)
    data = settings.data_set(trained.data)
    splits = build.make_shown_splits(settings, data)
    junk = splits.junk if "junk" in PROTOCOLS[data.protocol].gallery else ()
    test = build.make_test_tracklets(data, trained.data, splits.query, splits.gallery, junk)
    build.check_scoring(test.test_set, _scoring(settings, data), processes=1)
    write_text(folder / "config.yaml", OmegaConf.to_yaml(settings.model_dump(mode="json")))
    write_json(folder / "environment.json", environment())
    queries = Snippets(splits.query, trained.num_frames, test.size, test.root)
    coverage = _coverage(masks, queries, data)
    masked, scores = _analyse(settings, trained.num_frames, network, data, test, folder)
    data_set = " ".join(filter(None, (data.name, data.size)))
    about = {
        "title": f"{trained.run_name} on {data_set}, protocol {data.protocol}",
        "ckpt": str(Path(settings.ckpt).absolute()),
        "data": build.data_record(data) | {"size": data.size},
        "protocol": data.protocol,
        "distance": settings.distance,
        "precision": build.precision(settings.trainer, lambda: network.backbone),
        "seed": settings.seed,
    }
    write_analysis(masked, scores, coverage, about, folder)
    save_picture(analysis_figure(masked, scores, str(about["title"])), folder / PICTURE)
    print(f"written: {folder.resolve()}")


def _scoring(settings: AnalyseSettings, data: "DataSettings") -> "ScoringConfig":
    from reid_cosam.metrics.scoring import ScoringConfig

    assert settings.distance is not None  # `run` has put the network's in its place
    return ScoringConfig((data.protocol,), settings.distance)


def _analyse(
    settings: AnalyseSettings,
    num_frames: int,
    network: "VideoReidNet",
    data: "DataSettings",
    test: "TestTracklets",
    folder: Path,
) -> "Analysis":
    """Extracts and scores as `evaluate` does."""
    import numpy as np

    from reid_cosam import build
    from reid_cosam.data.snippets import dense_count
    from reid_cosam.evaluation.analysis import analyse
    from reid_cosam.metrics.scoring import score_protocols
    from reid_cosam.training.datamodule import SnippetSize

    def extract(make_extractor: "MakeExtractor") -> "Tensor":
        how = build.Extracting(settings.trainer, "cycle", settings.ckpt, make_extractor=make_extractor)
        size = SnippetSize(num_frames, *test.size)
        return build.extract_descriptors(network, size, test.tracklets, data, how, folder)

    def score(descriptors: "Tensor") -> "Scores":
        return next(score_protocols(descriptors, test.test_set, _scoring(settings, data))).scores

    counts = [dense_count(len(one), num_frames) for one in test.tracklets]
    return analyse(network, np.repeat(test.test_set.pids, counts), extract, score, settings.seed)


def _coverage(masks: "SpatialMasks", queries: "Snippets", data: "DataSettings") -> "list[CoverageRow] | None":
    """How well the masks cover the person; None where there are no person masks."""
    from reid_cosam.results.counted_progress import counted
    from reid_cosam.visualization.person_coverage import compare, summary

    if not queries.has_persons:
        return None
    with counted(len(queries), "queries") as advance:
        return summary(compare(masks, queries, data.eval_batch_size, data.workers, advance))


if __name__ == "__main__":
    main()
