"""A trained network from a checkpoint, a run, a model folder or the Hugging Face hub."""

from collections.abc import Collection
from functools import partial
from os import PathLike, fspath
from pathlib import Path

from reid_cosam import build
from reid_cosam.encoder import Encoder
from reid_cosam.galleries.calibration import Calibration
from reid_cosam.sharing import hub, model_folder
from reid_cosam.sharing.calibrations import calibration_file
from reid_cosam.sharing.config import CONFIG, is_model_folder
from reid_cosam.training.checkpoint_files import LAST


def load(path: str | PathLike[str], trust: Collection[str] = ()) -> Encoder:
    """A trained network, on the CPU and ready to use.

    >>> encoder = load("logs/train/my_run")  # or load(".../checkpoints/last.ckpt").to("cuda")
    >>> encoder.num_frames, encoder.height, encoder.width
    (4, 64, 32)
    >>> tracklet = Mars().read("datasets/mars").query[0]
    >>> clip = read_clip(tracklet.frames, height=encoder.height, width=encoder.width)
    >>> encoder.embed(clip[np.newaxis]).shape
    torch.Size([1, 256])

    Nothing that is read is executed. It may name only classes of this package, torch, torchvision and timm.

    Args:
        path: a checkpoint that `reid-cosam train` or `convert` wrote; the folder of a run, whose
            `checkpoints/last.ckpt` is taken; a model folder; or one on the Hugging Face hub, `hf://owner/name`
            or `hf://owner/name@revision`.
        trust: modules with parts of your own (a backbone, an aggregator, ...) that may be named as well, such
            as `["my_nets"]`.

    Raises:
        FileNotFoundError: there is no such file, folder or repository.
        ConnectionError: the hub cannot be reached, and the cache has no copy.
        ValueError: it is damaged, was written by another program or version, or names code of a module
            that is not in `trust`.
    """
    name = fspath(path)
    file = hub.download(name) if name.startswith(hub.SCHEME) else Path(name)
    if is_model_folder(file):
        return _load_shared(file, trust)
    if file.is_dir():
        folder, file = file, file / "checkpoints" / LAST
        if not file.exists():
            raise FileNotFoundError(
                f"{file}: there is no such checkpoint, and {folder} is no model folder either, as it has no "
                f"{CONFIG}"
            )
    settings, network = build.load_network(file, trust)
    encoder = Encoder(network, settings.num_frames, settings.data.height, settings.data.width)
    encoder.distance = settings.recipe.distance
    origin = partial(build.origin_of, settings, file, network.classifier.out_features)
    encoder._origin = (origin, encoder.fingerprint)
    if place := calibration_file(str(file)):
        calibration = Calibration.read(place)
        if calibration.network == encoder.fingerprint:  # else of an earlier checkpoint of the run
            encoder.calibration = calibration
    return encoder


def _load_shared(folder: Path, trust: Collection[str]) -> Encoder:
    config, network = build.load_shared(folder, trust)
    encoder = Encoder(network, config.num_frames, *config.preprocessing.input_size)
    encoder.distance = config.distance
    found = (encoder.fingerprint, network.descriptor_size)
    if found != (config.fingerprint, config.descriptor_size):
        raise ValueError(f"{folder / CONFIG} does not describe the network in {model_folder.WEIGHTS}")
    encoder.calibration = model_folder.read_calibration(folder, config.fingerprint)
    encoder._origin = (lambda: config, config.fingerprint)
    return encoder
