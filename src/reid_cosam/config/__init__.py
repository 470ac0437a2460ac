"""The settings of a run: their types, their ranges, and what goes with what.

Values and defaults live in `conf/`; nothing here has a default, so that there is one place to look.
"""

from reid_cosam.config.checkpoint import CheckpointSettings
from reid_cosam.config.convert import ConvertSettings
from reid_cosam.config.dashboards import DashboardsSettings
from reid_cosam.config.evaluate import EvaluateSettings, RerankingSettings
from reid_cosam.config.pack import PackSettings
from reid_cosam.config.parts import DataSettings, DeviceSettings, LoggerSettings, TrainerSettings
from reid_cosam.config.report import ReportSettings
from reid_cosam.config.tables import TablesSettings
from reid_cosam.config.train import TrainSettings
from reid_cosam.config.verify import VerifySettings
from reid_cosam.config.visualize import VisualizeSettings

__all__ = [
    "CheckpointSettings",
    "ConvertSettings",
    "DashboardsSettings",
    "DataSettings",
    "DeviceSettings",
    "EvaluateSettings",
    "LoggerSettings",
    "PackSettings",
    "ReportSettings",
    "RerankingSettings",
    "TablesSettings",
    "TrainSettings",
    "TrainerSettings",
    "VerifySettings",
    "VisualizeSettings",
]
