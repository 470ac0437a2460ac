"""Checked settings from a composed configuration."""

from omegaconf import DictConfig, OmegaConf
from pydantic import ValidationError

from reid_cosam.config import TrainSettings


def read_settings(config: DictConfig) -> TrainSettings:
    """Checks a composed configuration.

    Raises:
        ValueError: names each value that is out of range, and the range.
    """
    try:
        return TrainSettings.model_validate(OmegaConf.to_container(config, resolve=True))
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc']))}={fault['input']}: {fault['msg']}"
            if fault["loc"]
            else fault["msg"].removeprefix("Value error, ")
            for fault in error.errors()
        ]
        raise ValueError("; ".join(faults)) from None
