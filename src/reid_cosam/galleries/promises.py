"""In words: what the verdicts of a calibration promise."""

from reid_cosam.galleries.calibration import Calibration
from reid_cosam.words import number_of

MISS = 0.05
"""Share of people in the gallery who may get `not here`."""


def in_words(calibration: Calibration, far: float, searched: int) -> str:
    """What `same` and `not here` mean in a search among so many tracklets, with their distances."""
    source, people = calibration.source, counted_as(calibration)
    if calibration.measurable(far, searched):
        threshold = calibration.threshold(far, searched)
        same = (
            f"same (up to {threshold:.4g} among {number_of(searched, 'tracklet')}): a person who is not in "
            f"the gallery gets it in at most {100 * far:.3g} % of searches"
        )
    else:
        same = (
            f"nobody is called same, as far={far:g} among {number_of(searched, 'tracklet')} takes a "
            f"calibration on about {calibration.people_needed(far, searched):,} {people}"
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
