"""Score a trained network on any data set and protocol: `python -m reid_cosam.evaluate --help`."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from reid_cosam import build
from reid_cosam.command_line import command
from reid_cosam.distributed import launch, worker
from reid_cosam.evaluation.extraction import extract
from reid_cosam.evaluation.outputs import write_evaluation
from reid_cosam.metrics.scoring import score_protocols
from reid_cosam.results.descriptors import check_finite
from reid_cosam.results.environment import environment
from reid_cosam.results.store import write_json, write_text
from reid_cosam.results.summary import print_evaluation
from reid_cosam.settings import EvaluateSettings
from reid_cosam.sweeps import registry, sweep

_log = logging.getLogger(__name__)


@command("evaluate", attempt=sweep.attempt)
def main(config: DictConfig) -> sweep.Outcome:
    """One evaluation. Where one of a sweep fails, the sweep goes on."""
    refuse_image_size(HydraConfig.get().overrides.task)
    run(build.read_evaluate_settings(config), Path(HydraConfig.get().runtime.output_dir))
    return "evaluated"


def refuse_image_size(overrides: Sequence[str]) -> None:
    """Raises ValueError if the command line asks for a size of images, which the network alone decides on."""
    for override in overrides:
        if re.match(r"\+*data\.(height|width)=", override):
            asked_for = override.lstrip("+")
            raise ValueError(f"{asked_for}: images keep the size of the network's training; leave this out")


def run(settings: EvaluateSettings, folder: Path) -> None:
    """Extracts what is not stored yet, scores, and writes into `folder`.

    Raises:
        ValueError, OSError: an input does not fit; the message says how to mend it.
    """
    launch.check_world_size(settings.trainer.devices)
    worker.settle(settings.trainer.devices)
    launch.let_one_rank_speak()
    is_first = launch.is_first_rank() and not launch.is_launched()
    if is_first:
        registry.set_aside(folder, same_run=False)
    trained, network = build.load_network(Path(settings.ckpt), settings.trust)
    data = settings.shown(trained.data)
    splits = build.make_shown_splits(settings, data)
    test = build.make_test_tracklets(data, trained.data, splits.query, splits.gallery, splits.junk)
    scoring = build.make_scoring(settings, data, splits.query)
    build.check_scoring(test.test_set, scoring, settings.trainer.devices)
    origin = build.extraction_origin(settings, trained, splits, test.root)
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
            launch.run_ranks("reid_cosam.evaluate", folder, settings.trainer.devices)
            return  # the first of them has scored
        test_data = build.make_test_data(settings, data, trained, test.tracklets)
        _log.info(
            "extracting descriptors of %d tracklets of %s in %d snippets of %d frames (%dx%d)",
            *(len(test.tracklets), data.name, test_data.num_snippets, trained.num_frames, *test.size),
        )
        trainer = build.make_test_trainer(settings.trainer, folder)
        descriptors = extract(network, len(test.tracklets), test_data, trainer)
        check_finite(descriptors, settings.ckpt)
        if launch.is_first_rank():
            store.save(descriptors, test.table())
    if launch.is_first_rank():
        about = build.evaluation_record(settings, data, trained, origin)
        about["store"] = str(store.folder.absolute()) if store.usable else None
        results = score_protocols(descriptors, test.test_set, scoring)
        metrics, pictures = write_evaluation(results, test, about, folder)
        print_evaluation(metrics, pictures, folder)


if __name__ == "__main__":
    main()
