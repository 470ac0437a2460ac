"""Results that nobody trained for."""

from dataclasses import replace
from typing import Any

from reid_cosam.results.run_settings import NetworkSpec
from reid_cosam.results.tables.paper import SCORES
from reid_cosam.results.tables.records import Record

SE_COSAM = NetworkSpec("se_resnet50", "tp_avg", (4, 5), 4, 256, 128, 1)
SE_PLAIN = replace(SE_COSAM, cosam=())
R_SOURCE = NetworkSpec("resnet50", "tp_avg", (), 4, 224, 112, 2)
R_PLAIN = NetworkSpec("resnet50", "tp_avg", (), 4, 256, 128, 1)


def record(network: NetworkSpec, seed: int, *percent: float, **changes: Any) -> Record:
    """A result on MARS; `percent` are mAP, R1, R5, R20, or one number for all of them."""
    values = percent * 4 if len(percent) == 1 else percent
    usual: dict[str, Any] = {
        **{"data": "mars", "size": "", "split": None, "attribute": "", "reranked": False},
        "protocol": "released",
        "recipe": "paper",
        "iterations": 60000,
        "sampling": "consecutive",
        "settings": "0123abcd",
        "valid_queries": 1840,
        "run": f"logs/{network.backbone}-{network.agg}-{seed}",
    }
    scores = {name: value / 100 for name, value in zip(SCORES, values, strict=True)}
    return Record(**{**network.columns, "seed": seed, **scores, **usual, **changes})
