"""Video person re-identification with co-segmentation attention (COSAM).

The names in `__all__` are the public interface. Each is imported when it is first used: `import reid_cosam`
alone imports nothing. The examples in their docstrings run after

    import numpy as np
    import torch
    from reid_cosam import *

Everything else in this package serves the commands (`reid-cosam --help`), and may change.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reid_cosam.data.frames import read_clip as read_clip
    from reid_cosam.data.readers import DatasetReader as DatasetReader
    from reid_cosam.data.readers.ccvid import Ccvid as Ccvid
    from reid_cosam.data.readers.csv import Csv as Csv
    from reid_cosam.data.readers.duke import Duke as Duke
    from reid_cosam.data.readers.folder import Folder as Folder
    from reid_cosam.data.readers.g2a_vreid import G2aVreid as G2aVreid
    from reid_cosam.data.readers.ilids_vid import IlidsVid as IlidsVid
    from reid_cosam.data.readers.ls_vid import LsVid as LsVid
    from reid_cosam.data.readers.market1501 import Market1501 as Market1501
    from reid_cosam.data.readers.mars import Mars as Mars
    from reid_cosam.data.readers.mars_dl import MarsDl as MarsDl
    from reid_cosam.data.readers.mevid import Mevid as Mevid
    from reid_cosam.data.readers.prid2011 import Prid2011 as Prid2011
    from reid_cosam.data.readers.synthetic import Synthetic as Synthetic
    from reid_cosam.data.readers.ward import Ward as Ward
    from reid_cosam.data.samplers import PKBatchSampler as PKBatchSampler
    from reid_cosam.data.tracklet import ReidSplits as ReidSplits
    from reid_cosam.data.tracklet import Tracklet as Tracklet
    from reid_cosam.data.transforms import normalise as normalise
    from reid_cosam.encoder import Encoder as Encoder
    from reid_cosam.loading import load as load
    from reid_cosam.losses.triplet import batch_hard_triplet_loss as batch_hard_triplet_loss
    from reid_cosam.metrics.protocols import score as score
    from reid_cosam.metrics.reranking import k_reciprocal as k_reciprocal
    from reid_cosam.metrics.scoring import ScoringConfig as ScoringConfig
    from reid_cosam.metrics.scoring import score_protocols as score_protocols
    from reid_cosam.metrics.testset import TestSet as TestSet
    from reid_cosam.models.aggregators import TemporalAttention as TemporalAttention
    from reid_cosam.models.aggregators import TemporalAveragePooling as TemporalAveragePooling
    from reid_cosam.models.aggregators import TemporalMaxPooling as TemporalMaxPooling
    from reid_cosam.models.aggregators import TemporalRnn as TemporalRnn
    from reid_cosam.models.backbones import Backbone as Backbone
    from reid_cosam.models.backbones import resnet50 as resnet50
    from reid_cosam.models.backbones import resnet_tiny as resnet_tiny
    from reid_cosam.models.backbones import se_resnet50 as se_resnet50
    from reid_cosam.models.correlation import cost_volume as cost_volume
    from reid_cosam.models.correlation import ncc as ncc
    from reid_cosam.models.cosam import Cosam as Cosam
    from reid_cosam.models.network import VideoReidNet as VideoReidNet
    from reid_cosam.models.timm_backbones import timm_backbone as timm_backbone
    from reid_cosam.tracker_encoder import TrackerEncoder as TrackerEncoder

__version__ = "0.2.0"

_MODULE_OF = {
    "Cosam": "models.cosam",
    "ncc": "models.correlation",
    "cost_volume": "models.correlation",
    "VideoReidNet": "models.network",
    "Backbone": "models.backbones",
    "resnet50": "models.backbones",
    "se_resnet50": "models.backbones",
    "resnet_tiny": "models.backbones",
    "timm_backbone": "models.timm_backbones",
    "TemporalAveragePooling": "models.aggregators",
    "TemporalMaxPooling": "models.aggregators",
    "TemporalAttention": "models.aggregators",
    "TemporalRnn": "models.aggregators",
    "load": "loading",
    "Encoder": "encoder",
    "TrackerEncoder": "tracker_encoder",
    "batch_hard_triplet_loss": "losses.triplet",
    "PKBatchSampler": "data.samplers",
    "score": "metrics.protocols",
    "score_protocols": "metrics.scoring",
    "TestSet": "metrics.testset",
    "ScoringConfig": "metrics.scoring",
    "k_reciprocal": "metrics.reranking",
    "DatasetReader": "data.readers",
    "Mars": "data.readers.mars",
    "Duke": "data.readers.duke",
    "IlidsVid": "data.readers.ilids_vid",
    "Prid2011": "data.readers.prid2011",
    "Synthetic": "data.readers.synthetic",
    "Ccvid": "data.readers.ccvid",
    "G2aVreid": "data.readers.g2a_vreid",
    "LsVid": "data.readers.ls_vid",
    "Market1501": "data.readers.market1501",
    "MarsDl": "data.readers.mars_dl",
    "Mevid": "data.readers.mevid",
    "Ward": "data.readers.ward",
    "Folder": "data.readers.folder",
    "Csv": "data.readers.csv",
    "ReidSplits": "data.tracklet",
    "Tracklet": "data.tracklet",
    "read_clip": "data.frames",
    "normalise": "data.transforms",
}

__all__ = list(_MODULE_OF)


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
