"""Score a trained network on any data set and protocol: `reid-cosam evaluate --help`."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from omegaconf import OmegaConf

from reid_cosam.command_line import command, output_folder
from reid_cosam.command_line.arguments import refuse_image_size
from reid_cosam.settings import EvaluateSettings

if TYPE_CHECKING:
    from torch import Tensor

    from reid_cosam.metrics.scoring import ScoringConfig
    from reid_cosam.metrics.testset import TestSet

_log = logging.getLogger("reid_cosam.evaluate")  # `__main__` would not be silent on other ranks


@command("evaluate", EvaluateSettings, sweeps=True, before=refuse_image_size)
def main(settings: EvaluateSettings) -> Literal["evaluated"]:
    """One evaluation. Where one of a sweep fails, the sweep goes on."""
    run(settings, output_folder())
    return "evaluated"


def run(settings: EvaluateSettings, folder: Path) -> None:
    """Extracts what is not stored yet, scores, and writes into `folder`.

    Raises:
        ValueError, OSError: an input does not fit; the message says how to fix it.
    """
    from reid_cosam import build
    from reid_cosam.distributed import launch, worker
    from reid_cosam.evaluation.outputs import write_evaluation
    from reid_cosam.metrics.scoring import score_protocols
    from reid_cosam.results.environment import environment
    from reid_cosam.results.store import write_json, write_text
    from reid_cosam.results.summary import print_evaluation
    from reid_cosam.sweeps import registry
    from reid_cosam.training.datamodule import SnippetSize

    launch.check_world_size(settings.trainer.devices)
    launch.end_with_launcher()
    worker.claim_gpus(settings.trainer.devices)
    launch.silence_other_ranks()
    is_first = launch.is_first_rank() and not launch.is_launched()
    if is_first:
        registry.move_earlier_outputs(folder, same_run=False)
    trained, network = build.load_network(Path(settings.ckpt), settings.trust)
    num_frames = build.checked_clip_length(settings.num_frames, trained, network)
    settings = settings.model_copy(update={"distance": settings.distance or trained.recipe.distance})
    data = settings.data_set(trained.data)
    splits = build.make_shown_splits(settings, data)
    if seen := build.people_trained_on(trained.data, data, splits):
        text = "the network was trained on %d of the people queried, in split %d: scores will be too high"
        _log.warning(text, seen, trained.data.split)
    test = build.make_test_tracklets(data, trained.data, splits.query, splits.gallery, splits.junk)
    scoring = build.make_scoring(settings, data, splits.query, (data.protocol,))
    build.check_scoring(test.test_set, scoring, settings.trainer.devices)
    origin = build.extraction_origin(settings, trained, network.backbone, splits, test.root)
    store = build.make_store(settings, data, origin)
    descriptors = store.load(len(test.tracklets))
    if is_first:
        write_text(folder / "config.yaml", OmegaConf.to_yaml(settings.model_dump(mode="json")))
        write_json(folder / "environment.json", environment())
    if descriptors is not None:
        _log.info("using stored descriptors: %s", store.folder)
    else:
        store.check_room(len(test.tracklets), network.descriptor_size, quiet=not is_first)
        if settings.trainer.devices > 1 and not launch.is_rank():
            trust = {*settings.trust, *build.modules_of(settings.model_dump())}
            launch.run_ranks("reid_cosam.evaluate", folder, settings.trainer.devices, trust=sorted(trust))
            return  # the first of them has scored
        size = SnippetSize(num_frames or trained.num_frames, *test.size)
        how = build.Extracting(
            settings.trainer, settings.snippet_tail, settings.ckpt, whole=num_frames is None
        )
        descriptors = build.extract_descriptors(network, size, test.tracklets, data, how, folder)
        if launch.is_first_rank():
            store.save(descriptors, test.table(), trained.recipe.distance)
    if launch.is_first_rank():
        about = build.evaluation_record(settings, data, trained, origin)
        about["store"] = str(store.folder.absolute()) if store.usable else None
        about |= _open_set(settings, descriptors, test.test_set, scoring)
        results = score_protocols(descriptors, test.test_set, scoring)
        metrics, pictures = write_evaluation(results, test, about, folder)
        print_evaluation(metrics, pictures, folder)


def _open_set(
    settings: EvaluateSettings, descriptors: "Tensor", test_set: "TestSet", scoring: "ScoringConfig"
) -> dict[str, Any]:
    """Open-set scores for `metrics.json`; empty where they are not asked for."""
    from reid_cosam.galleries.estimation import Measurement, open_set_of, score_record

    if not settings.openset:
        return {}
    protocol = scoring.protocols[0]
    scored, _ = open_set_of(descriptors, test_set, protocol, Measurement(scoring.distance))
    return {"openset": {"protocol": protocol, "distance": scoring.distance, **score_record(scored)}}


if __name__ == "__main__":
    main()
