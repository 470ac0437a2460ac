"""A checkpoint of the released code becomes one of ours: `python -m reid_cosam.convert --help`."""

import re
from collections.abc import Mapping
from pathlib import Path

import hydra
import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from reid_cosam import build
from reid_cosam.command_line import command
from reid_cosam.models.released import IMAGE_SIZE, ReleasedLayout, network_from_released, released_layout
from reid_cosam.settings import TrainSettings
from reid_cosam.training.checkpoint_files import WholeCheckpointIO


class _Unread:
    """Stands for the NumPy number (rank 1) that the released code saves beside the weights, unused here."""

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...


# What such a number is made with, before and since NumPy 2. So nothing of NumPy itself is called.
_UNREAD = ("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype")


@command("convert")
def main(config: DictConfig) -> None:
    """Converts one."""
    run(config)


def run(config: DictConfig) -> None:
    """Reads `released`, writes `out`, prints what was found; composes the rest, so Hydra must be initialised.

    Raises:
        FileNotFoundError, FileExistsError: there is no `released`, or there is an `out` already.
        ValueError: the checkpoint or a setting does not fit; the message says how to mend it.
    """
    if OmegaConf.is_missing(config, "released") or OmegaConf.is_missing(config, "out"):
        raise ValueError("name the file to read and the file to write: released=model.pth.tar out=model.ckpt")
    told = build.read_convert_settings(config)
    released, out = Path(told.released), Path(told.out)
    if out.exists():
        raise FileExistsError(f"out={out} exists and was left as it is: choose another name, or delete it")
    state = read_released(released)
    try:
        layout, network = released_layout(state), network_from_released(state)
    except ValueError as error:
        raise ValueError(f"{released} is {error}") from error
    settings = _settings(config, told.num_frames, layout)
    weights = {f"network.{name}": value for name, value in network.state_dict().items()}
    content = {"state_dict": weights, "config": settings.model_dump(mode="json")}
    WholeCheckpointIO().save_checkpoint(content, out)
    print(
        f"found backbone={layout.backbone} cosam={list(layout.cosam)} agg={layout.aggregator} "
        f"num_frames={settings.num_frames}, trained on {layout.num_identities} identities"
    )
    print(f"written: {out.resolve()}")


def read_released(path: Path) -> Mapping[str, Tensor]:
    """The state dict in a file of the released code, or of a bare state dict. Runs no code from the file.

    Raises:
        FileNotFoundError: no such file.
        ValueError: it is unreadable, needs code to be read, or holds no state dict.
    """
    if not path.is_file():
        raise FileNotFoundError(f"released={path}: there is no such file")
    try:
        with torch.serialization.safe_globals([(_Unread, name) for name in _UNREAD]):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of many unrelated types, and torch's advice to read it unsafely is not ours
        raise ValueError(f"{path} {_why_unread(error)}") from error
    state = content.get("state_dict", content) if isinstance(content, Mapping) else None
    if not isinstance(state, Mapping) or not state or not all(_is_entry(*entry) for entry in state.items()):
        raise ValueError(f"{path} holds no state dict, neither as 'state_dict' nor by itself")
    return state


def _why_unread(error: Exception) -> str:
    foreign = re.search(r"GLOBAL (\S+)", str(error))
    if foreign is None:
        return f"is not a checkpoint, or it is damaged ({type(error).__name__}): fetch it again"
    return (
        f"holds {foreign[1]}, and only weights and plain values are read. Where you trust the file, load "
        "it with torch and save its weights alone: torch.save({'state_dict': network.state_dict()}, ...)"
    )


def _is_entry(name: object, value: object) -> bool:
    return isinstance(name, str) and isinstance(value, Tensor)


def _settings(config: DictConfig, told: int | None, layout: ReleasedLayout) -> TrainSettings:
    """What `reid_cosam.train` would be told in order to train such a network on that data."""
    num_frames = told if layout.num_frames is None else layout.num_frames
    if num_frames is None:
        raise ValueError("without COSAM the weights do not tell N: add num_frames, 4 in the released code")
    if told not in (None, num_frames):
        raise ValueError(f"num_frames={told}, but the weights are for {num_frames}: leave num_frames out")
    overrides = [f"backbone={layout.backbone}", "backbone.pretrained=false", "recipe=released", "data=mars"]
    overrides += [f"cosam={list(layout.cosam)}", f"agg={layout.aggregator}", f"num_frames={num_frames}"]
    overrides += [f"backbone.last_stride={layout.last_stride}"]
    train = hydra.compose("train", overrides)
    train.data = config.data
    settings = build.read_settings(train)
    if (settings.data.height, settings.data.width) != IMAGE_SIZE:
        height, width = IMAGE_SIZE
        raise ValueError(f"the weights are for {height} x {width} images: leave data.height, data.width out")
    return settings


if __name__ == "__main__":
    main()
