"""What the published numbers do not say: titles, names of data sets, and what stands for what."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """A table's title; the sweep that trains its rows; whether the best is that of a backbone or of all."""

    title: str
    experiment: str
    best_of_backbone: bool = True


LAYOUTS = {
    "table2": Layout("feature extractors and temporal aggregation", "table2"),
    "table3": Layout("COSAM after one block or two, with TP_avg", "table3"),
    "table4": Layout("with COSAM_4,5 and without", "table4"),
    "table5": Layout("our best model and others", "table4", best_of_backbone=False),
    "table6": Layout(
        "frames in a snippet, SE-ResNet50 + COSAM_4,5 + TP_avg", "table6", best_of_backbone=False
    ),
    "table7": Layout("queries by what the person carries", "table7"),
}


@dataclass(frozen=True)
class DataSet:
    """Its name in print, the protocol of the paper's numbers, and how many splits these are a mean of."""

    name: str
    protocol: str
    splits: int = 1


PAPER_DATA = {
    "mars": DataSet("MARS", "released"),
    "duke": DataSet("DukeMTMC-VideoReID", "released"),
    "ilids_vid": DataSet("iLIDS-VID", "cross_camera", splits=10),
}
SYNTHETIC = DataSet("synthetic", "released")

# On synthetic data small backbones stand for the paper's: by name, and by label.
STAND_INS = {"resnet50": "resnet_tiny", "se_resnet50": "se_resnet_tiny"}
_LABELS = {"SE-ResNet50": "SE-ResNet-tiny", "ResNet50": "ResNet-tiny", "SE50": "SE-tiny", "R50": "R-tiny"}
BACKBONES = (*STAND_INS, *STAND_INS.values())

# Only results that were re-ranked in this way stand beside the paper's: as `metrics.scoring.Reranking()`.
RERANKED_WITH = {"k1": 20, "k2": 6, "lambda_value": 0.3, "squared": True}

# How the rows with COSAM are trained, and those that the paper took over from its reference 13.
HEIGHT, WIDTH = 256, 128
SOURCE_HEIGHT = 224
LAST_STRIDES = {"tp_avg": 1, "ta": 2, "rnn": 1}


def stand_in(label: str) -> str:
    """The same label with the small backbone's name."""
    named = (name for name in _LABELS if name in label)  # longer names first: they hold the shorter
    first = next(named, "")
    return label.replace(first, _LABELS[first]) if first else label
