"""The settings of the commands: their types, their ranges, and what goes with what.

Values and defaults live in `conf/`; nothing here has a default, so that there is one place to look.
"""

from reid_cosam.settings.commands import (
    AnalyseSettings,
    CheckpointSettings,
    ConvertSettings,
    DashboardsSettings,
    EvaluateSettings,
    PackSettings,
    ReportSettings,
    RerankingSettings,
    ScoreSettings,
    ScoringSettings,
    SweepSettings,
    TablesSettings,
    VerifySettings,
    VisualizeSettings,
)
from reid_cosam.settings.footage import ExportSettings
from reid_cosam.settings.train import (
    DataSettings,
    DeviceSettings,
    LoggerSettings,
    NetworkSettings,
    TrainerSettings,
    TrainSettings,
)

__all__ = [
    "AnalyseSettings",
    "CheckpointSettings",
    "ConvertSettings",
    "DashboardsSettings",
    "DataSettings",
    "DeviceSettings",
    "EvaluateSettings",
    "ExportSettings",
    "LoggerSettings",
    "NetworkSettings",
    "PackSettings",
    "ReportSettings",
    "RerankingSettings",
    "ScoreSettings",
    "ScoringSettings",
    "SweepSettings",
    "TablesSettings",
    "TrainSettings",
    "TrainerSettings",
    "VerifySettings",
    "VisualizeSettings",
]
