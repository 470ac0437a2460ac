"""Networks of model folders, and what a checkpoint's run knows of its network."""

import warnings
from collections.abc import Collection
from pathlib import Path

from torch import nn

from reid_cosam.build.network import compose_network
from reid_cosam.build.settings import with_checked_network, without_weights
from reid_cosam.build.trust import check_trust
from reid_cosam.models.network import VideoReidNet
from reid_cosam.results.finished_run import METRICS
from reid_cosam.results.store import read_record
from reid_cosam.settings import TrainSettings
from reid_cosam.sharing.config import CONFIG, ModelConfig, Origin, Score, Training, read_config
from reid_cosam.sharing.model_folder import CLASSIFIER, WEIGHTS, read_weights
from reid_cosam.training.checkpoint_files import read_checkpoint


def load_shared(folder: Path, trust: Collection[str] = ()) -> tuple[ModelConfig, VideoReidNet]:
    """The network in a model folder, whose classifier knows nobody, and its configuration.

    Raises:
        Untrusted: it names code beside this package, torch, torchvision and timm that is not in `trust`.
        FileNotFoundError, ValueError: the folder is none, is not complete, or is damaged.
    """
    config = read_config(folder)
    check_trust(config.network.model_dump(), str(folder / CONFIG), trust)
    try:
        parts = with_checked_network(config.network)
        parts = parts.model_copy(update={"backbone": without_weights(parts.backbone)})
        network = compose_network(parts, config.num_frames, config.preprocessing.input_size, 1)
    except ValueError as error:
        raise ValueError(f"{folder / CONFIG}: {error}") from error
    with warnings.catch_warnings():  # of torch, that there is nothing to initialise
        warnings.simplefilter("ignore")
        network.classifier = nn.Linear(network.descriptor_size, 0, bias=network.neck is None)
    nobody = {f"{CLASSIFIER}{name}": value for name, value in network.classifier.state_dict().items()}
    try:
        network.load_state_dict(read_weights(folder, config) | nobody)
    except RuntimeError as error:
        raise ValueError(f"{folder / WEIGHTS} does not hold the network of {CONFIG}: {error}") from error
    return config, network


def origin_of(settings: TrainSettings, path: Path, num_people: int) -> Origin:
    """What a model folder tells of a checkpoint: no names, no paths.

    Scores are those in the folder of its run, if they are of this checkpoint.

    Args:
        num_people: that it was trained on.

    Raises:
        ValueError: the scores are damaged.
    """
    content = read_checkpoint(path)
    steps = content.get("global_step")  # a converted one has none
    data = settings.data
    training = Training(
        data=f"{data.name} {data.size}" if data.name == "synthetic" else data.name,
        split=data.split,
        split_sha256=content.get("split"),
        people=num_people,
        recipe=settings.recipe.name,
        seed=settings.seed,
        steps=steps,
    )
    network = settings.network.model_copy(update={"backbone": without_weights(settings.backbone)})
    return Origin(network=network, training=training, scores=_scores(path.absolute(), steps))


def _scores(path: Path, steps: int | None) -> tuple[Score, ...]:
    if path.parent.name != "checkpoints":
        return ()
    try:
        metrics = read_record(path.parent.parent / METRICS)
    except FileNotFoundError:
        return ()
    if steps is None or metrics.get("step") != steps:
        return ()
    rows = metrics.get("results", [metrics])
    return tuple(Score(**{name: row.get(name) for name in Score.model_fields}) for row in rows)
