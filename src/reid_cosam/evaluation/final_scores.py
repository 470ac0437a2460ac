"""What a finished run scores beside its last evaluation: re-ranked, and who carries what (tables 5 and 7)."""

from reid_cosam import build
from reid_cosam.data import attributes
from reid_cosam.evaluation.scoring import RERANKING, ScoringConfig
from reid_cosam.settings import TrainSettings
from reid_cosam.training.datamodule import ReidDataModule


def final_plan(settings: TrainSettings, datamodule: ReidDataModule) -> ScoringConfig:
    """Re-ranked where the test set is larger than a neighbourhood, and by attribute where that is known.

    Raises:
        FileNotFoundError, ValueError: the file of attributes cannot be read.
    """
    tracklets, count = datamodule.evaluated, datamodule.num_queries
    carried = build.attributes_file(settings.data)
    return ScoringConfig(
        {"query": tracklets[:count], "gallery": tracklets[count:]},
        (settings.data.protocol,),
        "euclidean",
        RERANKING if len(tracklets) > RERANKING.k1 else None,
        attributes.read(carried) if carried is not None else None,
    )
