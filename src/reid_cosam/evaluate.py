"""Score a trained network on any data set and protocol: `python -m reid_cosam.evaluate --help`."""

import logging
import os
from pathlib import Path

import hydra
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from jaxtyping import Float32
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from reid_cosam import build, launch
from reid_cosam.config import EvaluateSettings
from reid_cosam.data import attributes
from reid_cosam.evaluation import Evaluation
from reid_cosam.evaluation_outputs import write_evaluation
from reid_cosam.paths import CONF
from reid_cosam.results.store import environment, write_json, write_text
from reid_cosam.results.summary import print_evaluation
from reid_cosam.scoring import Described, Reranking, results

_log = logging.getLogger(__name__)


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="evaluate")
def main(config: DictConfig) -> None:
    """One evaluation. What a user can mend is said in one line; HYDRA_FULL_ERROR=1 shows its origin."""
    folder = Path(HydraConfig.get().runtime.output_dir)
    try:
        run(build.read_evaluate_settings(config), folder)
    except (ValueError, OSError, RuntimeError) as error:
        in_sweep = HydraConfig.get().mode == RunMode.MULTIRUN
        if in_sweep or os.environ.get("HYDRA_FULL_ERROR") or not str(error):
            raise
        raise SystemExit(f"error: {error}") from None


def run(settings: EvaluateSettings, folder: Path) -> None:
    """Extracts what is not stored yet, scores, and writes into `folder`.

    Raises:
        ValueError, OSError: an input does not fit; the message says how to mend it.
    """
    launch.let_one_rank_speak()
    evaluation = Evaluation(settings)
    descriptors = evaluation.stored()
    if descriptors is not None:
        _log.info("descriptors are there, none is extracted: %s", evaluation.store)
    elif settings.trainer.devices > 1 and not launch.is_rank():
        launch.run_ranks("reid_cosam.evaluate", folder, settings.trainer.devices)
        descriptors = evaluation.stored()
    else:
        descriptors = evaluation.extract(folder)
    if launch.is_launched() or not launch.is_first_rank():
        return
    assert descriptors is not None
    _score(evaluation, descriptors, folder)


def _score(evaluation: Evaluation, descriptors: Float32[Tensor, "n d"], folder: Path) -> None:
    settings, data, splits = evaluation.settings, evaluation.data, evaluation.splits
    write_text(folder / "config.yaml", OmegaConf.to_yaml(settings.model_dump(mode="json")))
    write_json(folder / "environment.json", environment())
    parts = {"query": splits.query, "gallery": splits.gallery, "junk": splits.junk}
    by_part = torch.split(descriptors, [len(tracklets) for tracklets in parts.values()])
    carried = build.attributes_file(data)
    scored = list(
        results(
            Described(parts, dict(zip(parts, by_part, strict=True))),
            settings.protocol or (data.protocol,),
            settings.distance,
            Reranking(**settings.reranking.model_dump()) if settings.rerank else None,
            attributes.read(carried) if carried is not None else None,
        )
    )
    metrics, pictures = write_evaluation(scored, splits.query, evaluation.about(), evaluation.size, folder)
    print_evaluation(metrics, pictures, folder)


if __name__ == "__main__":
    main()
