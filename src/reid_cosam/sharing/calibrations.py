"""Where the calibrations of networks lie, and which of them belongs to a gallery."""

import logging
from pathlib import Path

from reid_cosam.galleries.calibration import FILE, Calibration
from reid_cosam.galleries.drift import drift
from reid_cosam.galleries.gallery import Gallery
from reid_cosam.sharing import hub

_log = logging.getLogger(__name__)


def place_beside(model: str) -> Path | None:
    """Where the calibration of a model is written: in its folder, or in that of the run that it came from.

    None for a model that is not on this machine.
    """
    path = Path(model)
    if path.is_file():
        path = path.parent.parent if path.parent.name == "checkpoints" else path.parent
    return path / FILE if path.is_dir() else None


def calibration_file(model: str) -> Path | None:
    """The file with the calibration of a model; None if it has none.

    That of a model on the hub is the one that came with it when it was loaded; nothing is fetched.
    """
    if model.startswith(hub.SCHEME):
        folder = hub.cached(model)
        place = folder / FILE if folder else None
    else:
        place = place_beside(model)
    return place if place is not None and place.is_file() else None


def find_calibration(
    gallery: Gallery, folder: Path, named: str | None = None, model: str | None = None
) -> Calibration | None:
    """The one in the file `named`, otherwise that of `model`, in the gallery's folder or of its model.

    None if there is none.

    A warning where the gallery's footage is unlike that which was calibrated on.

    Raises:
        FileNotFoundError: `named` does not exist.
        ValueError: it is damaged, or belongs to another network.
    """
    if (place := Path(named) if named else _near(gallery, folder, model)) is None:
        return None
    calibration = Calibration.read(place)
    calibration.check_network(gallery.network, f"the gallery {folder}")
    if warning := drift(calibration, gallery):
        _log.warning("%s", warning)
    return calibration


def _near(gallery: Gallery, folder: Path, model: str | None) -> Path | None:
    if model and (place := calibration_file(model)):
        return place
    return folder / FILE if (folder / FILE).is_file() else calibration_file(gallery.model)
