"""How a training step is measured: in which precision, by which kernels."""

from typing import NamedTuple

import torch

from benchmarks.command import Options
from benchmarks.training import Scale, settings
from reid_cosam.settings import TrainSettings

PLACEMENT = (4, 5)


class Variant(NamedTuple):
    """Precision, the type of the products, whether torch.compile makes kernels, and whether these must be
    such as repeat their numbers."""

    precision: str
    dtype: torch.dtype
    compiled: bool = False
    deterministic: str = "warn"


VARIANTS = {
    "float32": Variant("32-true", torch.float32),
    "bf16": Variant("bf16-mixed", torch.bfloat16),
    "bf16, fastest kernels": Variant("bf16-mixed", torch.bfloat16, deterministic="false"),
    "bf16, compiled": Variant("bf16-mixed", torch.bfloat16, compiled=True),
    "bf16, compiled, fastest kernels": Variant("bf16-mixed", torch.bfloat16, True, "false"),
}
# A CPU's kernels repeat their numbers anyway, and compiling takes longer there than it saves.
ON_CPU = {"float32", "bf16"}
AIMS = {"float32": 1.0, "bf16": 2.0}  # times as fast as the released code
AIM_ON_GPU = 3.0  # in bfloat16


def variants(options: Options) -> list[str]:
    """Those that this device has."""
    return [name for name in VARIANTS if options.device.type == "cuda" or name in ON_CPU]


def aimed(device: str, variant: str) -> float | None:
    """How many times as fast as the released code the step should be there."""
    if device == "cuda":
        return None if variant == "float32" else AIM_ON_GPU
    return AIMS[variant]


def step_settings(size: Scale, device: str, variant: str) -> TrainSettings:
    """What `python -m reid_cosam.train` would compose."""
    precision, _, compiled, deterministic = VARIANTS[variant]
    chosen = (f"trainer.compile={compiled}", f"trainer.deterministic={deterministic}")
    return settings(size, PLACEMENT, device, precision, *chosen)
