"""The settings of a run: their types, their ranges, and what goes with what.

Values and defaults live in `conf/`; nothing here has a default, so that there is one place to look.
"""

from reid_cosam.settings.checkpoint import CheckpointSettings
from reid_cosam.settings.convert import ConvertSettings
from reid_cosam.settings.dashboards import DashboardsSettings
from reid_cosam.settings.evaluate import EvaluateSettings, RerankingSettings
from reid_cosam.settings.pack import PackSettings
from reid_cosam.settings.parts import DataSettings, DeviceSettings, LoggerSettings, TrainerSettings
from reid_cosam.settings.report import ReportSettings
from reid_cosam.settings.tables import TablesSettings
from reid_cosam.settings.train import TrainSettings
from reid_cosam.settings.verify import VerifySettings
from reid_cosam.settings.visualize import VisualizeSettings

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
