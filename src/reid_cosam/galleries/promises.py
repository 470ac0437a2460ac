"""The calibration that belongs to a gallery, and in words what its verdicts promise there."""

import logging
from pathlib import Path

from reid_cosam.galleries.calibration import FILE, Calibration
from reid_cosam.galleries.drift import drift
from reid_cosam.galleries.gallery import Gallery

MISS = 0.05
"""Share of people in the gallery who may get `not here`."""

_log = logging.getLogger(__name__)


def find_calibration(
    gallery: Gallery, folder: Path, named: str | None = None, model: str | None = None
) -> Calibration | None:
    """The one in the file `named`, otherwise in the folder `model`, of the gallery or of its model.

    None if there is none.

    A warning where the gallery's footage is unlike that which was calibrated on.

    Raises:
        FileNotFoundError: `named` does not exist.
        ValueError: it is damaged, or belongs to another network.
    """
    models = [Path(model) / FILE] if model else []
    places = (
        [Path(named)]
        if named
        else [one for one in (*models, folder / FILE, Path(gallery.model) / FILE) if one.is_file()]
    )
    if not places:
        return None
    calibration = Calibration.read(places[0])
    calibration.check_network(gallery.network, f"the gallery {folder}")
    if warning := drift(calibration, gallery):
        _log.warning("%s", warning)
    return calibration


def in_words(calibration: Calibration, far: float, searched: int) -> str:
    """What `same` and `not here` mean in a search among so many tracklets, with their distances."""
    threshold, source = calibration.threshold(far, searched), calibration.source
    if calibration.measurable(far, searched):
        promise = f"a person who is not in the gallery gets it in at most {100 * far:.3g} % of searches"
    else:
        needed, found = (
            calibration.people_needed(far, searched),
            calibration.false_alarm_rate(threshold, searched),
        )
        promise = (
            f"far={far:g} cannot be promised, which takes a calibration on about {needed:,} people; a "
            f"person who is not in the gallery gets it in at most {100 * found.high:.3g} % of searches"
        )
    absent = calibration.not_here(MISS)
    if not calibration.miss_measurable(MISS):
        misses = "not here: never promised, as too few pairs of one person were calibrated on"
    else:
        misses = (
            f"not here (above {absent:.4g}): at most {100 * MISS:g} % of people who are in the gallery get it"
        )
    if calibration.source["labelled"]:
        misses += "\nno verdict on hits under the query's own camera, which this calibration does not cover"
    return (
        f"same (up to {threshold:.4g}): {promise}\n{misses}\n"
        f"estimated on {source['people']:,} people in {source['name']}"
    )
