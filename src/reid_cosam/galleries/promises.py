"""The calibration that belongs to a gallery, and in words what its verdicts promise there."""

import logging
from pathlib import Path

from reid_cosam.galleries.calibration import FILE, Calibration, beside
from reid_cosam.galleries.drift import drift
from reid_cosam.galleries.gallery import Gallery

MISS = 0.05
"""Share of people in the gallery who may get `not here`."""

_log = logging.getLogger(__name__)


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
    near = (beside(model) if model else None, folder / FILE, beside(gallery.model))
    place = Path(named) if named else next((one for one in near if one is not None and one.is_file()), None)
    if place is None:
        return None
    calibration = Calibration.read(place)
    calibration.check_network(gallery.network, f"the gallery {folder}")
    if warning := drift(calibration, gallery):
        _log.warning("%s", warning)
    return calibration


def in_words(calibration: Calibration, far: float, searched: int) -> str:
    """What `same` and `not here` mean in a search among so many tracklets, with their distances."""
    source, people = calibration.source, counted_as(calibration)
    if calibration.measurable(far, searched):
        threshold = calibration.threshold(far, searched)
        same = (
            f"same (up to {threshold:.4g} among {searched:,} tracklets): a person who is not in the gallery "
            f"gets it in at most {100 * far:.3g} % of searches"
        )
    else:
        same = (
            f"nobody is called same, as far={far:g} among {searched:,} tracklets takes a calibration on "
            f"about {calibration.people_needed(far, searched):,} {people}"
        )
    if calibration.miss_measurable(MISS):
        absent = (
            f"not here (above {calibration.not_here(MISS):.4g}): at most {100 * MISS:g} % of people who are "
            "in the gallery get it"
        )
    else:
        pairs = "no pairs" if calibration.misses is None else "too few pairs"
        absent = f"nobody is called not here, as {pairs} of one person were calibrated on"
    if source["labelled"]:
        return f"{same}\n{absent}\ncalibrated on {source['people']:,} people of {source['name']}"
    return (
        f"{same}\n{absent}\ncalibrated on {source['people']:,} tracks of {source['name']}, whose people "
        "nobody named: on pairs within one camera that were seen at the same time"
    )


def counted_as(calibration: Calibration) -> str:
    """What a calibration counts as its people: without names, every track is one."""
    return "people" if calibration.source["labelled"] else "tracks"
