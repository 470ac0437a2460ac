"""A folder with all that a trained network needs to be used elsewhere: weights, configuration, model card."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from reid_cosam import __version__
from reid_cosam.data.pack_file import file_hash
from reid_cosam.galleries.calibration import FILE, Calibration
from reid_cosam.results.store import replacing, write_record, write_text
from reid_cosam.scratch import scratch_for
from reid_cosam.sharing.card import model_card
from reid_cosam.sharing.config import CONFIG, ModelConfig, Origin, Preprocessing, is_model_folder, read_config
from reid_cosam.sharing.sharable import SharableEncoder

WEIGHTS, CARD = "weights.safetensors", "README.md"
CLASSIFIER = "classifier."
"""Not shared: it holds a vector per person of the training data, and descriptors do not depend on it."""


def write_model(
    folder: Path, encoder: SharableEncoder, origin: Origin, calibration: Calibration | None
) -> None:
    """Writes a model folder: whole, or not at all.

    A folder that holds this network already gets its configuration and card anew, and the calibration if one
    is given; what else it holds stays.

    Raises:
        FileExistsError: `folder` holds another network, or something else.
        ValueError: the settings name a file of this machine, or the calibration is another network's.
        OSError: it cannot be written.
    """
    _check_no_paths(origin.network.model_dump(), "")
    fingerprint = encoder.fingerprint
    if calibration is not None:
        calibration.check_network(fingerprint, "this network")
    state = {
        name: value.detach().cpu().contiguous().clone()
        for name, value in encoder.network.state_dict().items()
        if not name.startswith(CLASSIFIER)
    }
    fields = {
        **{name: getattr(origin, name) for name in Origin.model_fields},
        "architecture": f"{origin.network.name}-n{encoder.num_frames}",
        "preprocessing": Preprocessing(input_size=(encoder.height, encoder.width)),
        "num_frames": encoder.num_frames,
        "descriptor_size": encoder.network.descriptor_size,
        "distance": encoder.distance,
        "fingerprint": fingerprint,
        "reid_cosam": __version__,
    }
    existing = _existing(folder, fingerprint)
    if existing is not None:
        config = ModelConfig(**fields, weights_sha256=existing.weights_sha256)
        _write_records(folder, config, calibration)
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with scratch_for(folder) as staged:
        with replacing(staged / WEIGHTS) as temporary:
            temporary.write_bytes(save(state, {"format": "pt"}))  # save_file lets nobody else read it
        config = ModelConfig(**fields, weights_sha256=file_hash(staged / WEIGHTS))
        _write_records(staged, config, calibration)
        staged.rename(folder)


def _write_records(folder: Path, config: ModelConfig, calibration: Calibration | None) -> None:
    if calibration is not None:
        calibration.write(folder / FILE)
    write_record(folder / CONFIG, config.model_dump(mode="json"))
    write_card(folder / FILE)


def write_card(calibration: Path) -> Path | None:
    """Writes the card of the model folder that a calibration belongs to, if any; returns its path.

    Raises:
        ValueError, OSError: the folder is damaged, or cannot be written.
    """
    folder = calibration.parent
    if calibration.name != FILE or not is_model_folder(folder):
        return None
    config = read_config(folder)
    write_text(folder / CARD, model_card(config, read_calibration(folder, config.fingerprint)))
    return folder / CARD


def _existing(folder: Path, fingerprint: str) -> ModelConfig | None:
    """The configuration of the same network in `folder`; None where there is nothing yet."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return None
    remedy = "it was left as it is: choose another folder, or delete it"
    if not is_model_folder(folder):
        raise FileExistsError(f"{folder} exists and is no model folder; {remedy}")
    config = read_config(folder)
    if config.fingerprint != fingerprint:
        raise FileExistsError(f"{folder} holds another network, {config.architecture}; {remedy}")
    _check_weights(folder, config)
    return config


def _check_no_paths(arguments: object, name: str) -> None:
    """Raises ValueError if an argument is a path: it would be published, and would exist nowhere else."""
    for place, value in _leaves(arguments, name):
        if isinstance(value, str) and (value.startswith("~") or Path(value).is_absolute()):
            raise ValueError(f"{place}={value} is a path on this machine: a model folder cannot name it")


def _leaves(node: object, name: str) -> Iterator[tuple[str, object]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, f"{name}.{key}" if name else str(key))
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from _leaves(value, f"{name}[{index}]")
    else:
        yield name, node


def read_weights(folder: Path, config: ModelConfig) -> dict[str, Tensor]:
    """The weights by their names in the network, without classifier, checked by the SHA-256 in `config`.

    Raises:
        FileNotFoundError: there are none.
        ValueError: they are others than those that were written.
    """
    _check_weights(folder, config)
    try:
        return load_file(folder / WEIGHTS)
    except SafetensorError as error:
        raise ValueError(f"{folder / WEIGHTS} is not a readable file of weights: {error}") from error


def _check_weights(folder: Path, config: ModelConfig) -> None:
    path = folder / WEIGHTS
    if not path.is_file():
        raise FileNotFoundError(f"{folder} is not complete: {WEIGHTS} is missing")
    if file_hash(path) != config.weights_sha256:
        raise ValueError(f"{path} is damaged or was exchanged: its SHA-256 is not the one in {CONFIG}")


def read_calibration(folder: Path, fingerprint: str) -> Calibration | None:
    """The calibration in a model folder; None where there is none.

    Raises:
        ValueError: it is damaged, or another network's.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    calibration = Calibration.read(path)
    calibration.check_network(fingerprint, str(folder))
    return calibration
