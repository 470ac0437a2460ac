"""Score a trained network on any data set and protocol: `python -m reid_cosam.evaluate --help`."""

import logging
from pathlib import Path
from typing import Literal

from omegaconf import OmegaConf

from reid_cosam.command_line import command, output_folder
from reid_cosam.command_line.arguments import refuse_image_size
from reid_cosam.settings import EvaluateSettings

_log = logging.getLogger(__name__)


@command("evaluate", EvaluateSettings, sweeps=True, before=refuse_image_size)
def main(settings: EvaluateSettings) -> Literal["evaluated"]:
    """One evaluation. Where one of a sweep fails, the sweep goes on."""
    run(settings, output_folder())
    return "evaluated"


def run(settings: EvaluateSettings, folder: Path) -> None:
    """Extracts what is not stored yet, scores, and writes into `folder`.

    Raises:
        ValueError, OSError: an input does not fit; the message says how to mend it.
    """
    from reid_cosam.distributed import launch, worker
    from reid_cosam.evaluation.extracted_set import TestExtraction
    from reid_cosam.evaluation.outputs import write_evaluation
    from reid_cosam.evaluation.scoring import score_protocols
    from reid_cosam.results.environment import environment
    from reid_cosam.results.store import write_json, write_text
    from reid_cosam.results.summary import print_evaluation
    from reid_cosam.sweeps import registry

    launch.check_world_size(settings.trainer.devices)
    launch.end_with_launcher()
    worker.claim_gpus(settings.trainer.devices)
    launch.silence_other_ranks()
    if launch.is_first_rank() and not launch.is_launched():
        registry.move_earlier_outputs(folder, same_run=False)
    evaluation = TestExtraction(settings)
    descriptors = evaluation.stored()
    if launch.is_first_rank() and not launch.is_launched():
        write_text(folder / "config.yaml", OmegaConf.to_yaml(settings.model_dump(mode="json")))
        write_json(folder / "environment.json", environment())
    if descriptors is not None:
        _log.info("using stored descriptors: %s", evaluation.store)
    else:
        evaluation.check_store()
        if settings.trainer.devices > 1 and not launch.is_rank():
            launch.run_ranks("reid_cosam.evaluate", folder, settings.trainer.devices)
            return  # the first of them has scored
        descriptors = evaluation.extract(folder)
    if launch.is_first_rank():
        results = score_protocols(evaluation.plan, descriptors)
        metrics, pictures = write_evaluation(evaluation, results, folder)
        print_evaluation(metrics, pictures, folder)


if __name__ == "__main__":
    main()
