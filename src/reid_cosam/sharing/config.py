"""The configuration of a model folder: what a network is made of, what it takes, what it was trained on."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from reid_cosam.data.transforms import IMAGENET_MEAN, IMAGENET_STD
from reid_cosam.results.store import read_record
from reid_cosam.settings import NetworkSettings
from reid_cosam.settings.base import Count, Distance, Frames, Natural, Probability, Settings, Side
from reid_cosam.settings.messages import checked

CONFIG = "reid_config.json"

_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def _only(expected: tuple[float, ...]) -> Callable[[tuple[float, ...]], tuple[float, ...]]:
    def check(given: tuple[float, ...]) -> tuple[float, ...]:
        if given != expected:
            raise ValueError(f"networks of this package take {list(expected)}")
        return given

    return check


_Colours = tuple[float, float, float]


class Preprocessing(Settings):
    """What is done to frames. Networks of this package know one way, and any other is refused."""

    input_size: tuple[Side, Side]  # height, width
    mean: Annotated[_Colours, AfterValidator(_only(IMAGENET_MEAN))] = IMAGENET_MEAN
    std: Annotated[_Colours, AfterValidator(_only(IMAGENET_STD))] = IMAGENET_STD
    interpolation: Literal["bilinear"] = "bilinear"  # antialiased
    to_rgb: Literal[True] = True
    resize_mode: Literal["stretch"] = "stretch"


class Training(Settings):
    """What a network was trained on.

    Attributes:
        split_sha256: of the list of tracklets (`data.verification.split_hash`), by which the data set can be
            recognised, and which names nobody; None where the checkpoint or an earlier version did not say.
        steps: None for a converted checkpoint, which does not say.
    """

    data: str
    split: Natural | None
    split_sha256: _Sha256 | None = None
    people: Count
    recipe: str
    seed: Natural
    steps: Natural | None


class Score(Settings):
    """One protocol's scores on the test set of the training data, as fractions of 1."""

    protocol: str
    distance: str | None
    reranked: bool
    queries: Natural
    gallery_tracklets: Natural | None
    mAP: Probability
    R1: Probability
    R5: Probability
    R10: Probability


class Origin(Settings):
    """What is known of a trained network beside its weights."""

    network: NetworkSettings
    training: Training
    scores: tuple[Score, ...]


class ModelConfig(Origin):
    """`reid_config.json`; `architecture` and `preprocessing` are laid out as in Roboflow's `reid` package."""

    architecture: str
    preprocessing: Preprocessing
    num_frames: Frames
    descriptor_size: Count
    distance: Distance
    weights_sha256: _Sha256
    fingerprint: _Sha256
    reid_cosam: str


def is_model_folder(folder: Path) -> bool:
    return (folder / CONFIG).is_file()


def read_config(folder: Path) -> ModelConfig:
    """The configuration in a model folder.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is damaged, or a field is missing, unknown, or has a value that cannot be used.
    """
    path = folder / CONFIG
    try:
        content: Any = read_record(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{folder} is no model folder: it has no {CONFIG}") from None
    try:
        return checked(ModelConfig, content)
    except ValueError as error:
        version = f"; reid_cosam {content['reid_cosam']} wrote it" if "reid_cosam" in content else ""
        raise ValueError(f"{path} cannot be used: {error}{version}") from None
