"""What a distance of a network means: error rates by threshold, and verdicts whose errors are bounded."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Float, Float32
from pydantic import AfterValidator, ValidationError
from torch import Tensor

from reid_cosam.galleries.measurements import Measured, OpenSetScores, RateCurve, WithinCameras
from reid_cosam.metrics.retrieval import cosine_distances, euclidean_distances
from reid_cosam.results.store import read_record, write_record
from reid_cosam.settings.base import Distance, Settings

FILE = "calibration.json"
Verdict = Literal["same", "uncertain", "not here"]


def _checked_source(source: dict[str, Any]) -> dict[str, Any]:
    """With the names of folders: calibrations are shared, and tell nobody where these lie."""
    kinds = {"name": str, "labelled": bool, "people": int, "tracklets": int, "cameras": list}
    for name, kind in kinds.items():
        if not isinstance(source.get(name), kind):
            raise ValueError(f"{name} is missing or no {kind.__name__}")
    places = {name: source[name] for name in ("name", "misses_from") if name in source}
    return source | {name: Path(place).absolute().name for name, place in places.items()}


class Calibration(Settings):
    """Error rates of a network's distances, measured on people it was not trained on.

    A pair of tracklets under different cameras is taken for one person up to a threshold. False alarms are
    pairs of different people below it, misses are pairs of one person above it.

    **What the verdicts promise.** Somebody who is not in a gallery is called `same` with a probability of at
    most `far`, somebody who is there is called `not here` with a probability of at most `miss`. Three things
    make it hold on other people:

    - Thresholds are taken where the *upper end* of the 95 % interval meets the promise, not the measured
      rate, which is too low for every second set of people.
    - With n tracklets in the gallery, the rate that a pair may have is `1 - (1 - far) ** (1 / n)`. That is
      exact where the n pairs are independent. Where they are not, as with several tracklets of a person, or
      with somebody who resembles many, false alarms gather on fewer searches, and the promise holds with
      room.
    - Somebody with several tracklets in the gallery is missed only where all of them are too far away, which
      is rarer than that one of them is.

    Nothing is extrapolated: `measurable` and `miss_measurable` tell where there were too few people for a
    promise. That verdict is then given to nobody.

    It belongs to one network, one distance and footage like that it was measured on (`drift`). The distances
    are those of descriptors as they are: re-ranked ones are not calibrated. Hits under the query's own camera
    are more alike and are not covered, unless the calibration comes from pairs within cameras, as it does
    where `source["labelled"]` is False.

    Attributes:
        network: fingerprint (`Encoder.fingerprint`).
        distance: `euclidean`, which is not squared, or `cosine` (1 - the cosine of the angle).
        source: what it was measured on: `name`, `labelled`, `people` (tracks where `labelled` is False),
            `tracklets`, `cameras` (names); where the misses come from, if elsewhere, as `misses_from`. Of a
            path, the last part is kept.
        false_alarms: by threshold, which lie denser where false alarms are rare.
        misses: by threshold; None where no pairs of one person were known: nobody is called `not here` then.
        scores: of all camera pairs together.
        camera_pairs: scores by camera pair, as `camera 1 / camera 2`.
        within_cameras: what `drift` compares other footage with.
    """

    network: str
    distance: Distance
    source: Annotated[dict[str, Any], AfterValidator(_checked_source)]
    false_alarms: RateCurve
    misses: RateCurve | None
    scores: OpenSetScores
    camera_pairs: dict[str, OpenSetScores]
    within_cameras: WithinCameras | None

    def threshold(self, far: float, gallery_size: int) -> float:
        """The largest distance at which somebody who is not in a gallery gets a hit at a rate up to `far`.

        Args:
            far: false alarm rate of a search, above 0 and below 1.
            gallery_size: tracklets in the gallery.

        Returns:
            Just below the nearest different pair that was measured where `measurable` says False.
        """
        allowed = np.array(self.false_alarms.high) <= pair_rate(far, gallery_size)
        if allowed.any():
            return self.false_alarms.thresholds[int(np.flatnonzero(allowed)[-1])]
        nearest = self.false_alarms.thresholds[int(np.flatnonzero(self.false_alarms.value)[0])]
        return float(np.nextafter(np.float32(nearest), np.float32(0)))

    def measurable(self, far: float, gallery_size: int) -> bool:
        """Whether there were enough different pairs to promise this false alarm rate."""
        return bool(self.false_alarms.high[0] <= pair_rate(far, gallery_size))

    def people_needed(self, far: float, gallery_size: int) -> int:
        """About how many people a calibration would need to promise this false alarm rate.

        Pairs grow with the square of the people, and what can be promised shrinks as they grow. Without
        names, tracks are meant.
        """
        factor = self.false_alarms.high[0] / pair_rate(far, gallery_size)
        return math.ceil(self.scores.people * math.sqrt(max(1.0, factor)))

    def false_alarm_rate(self, threshold: float, gallery_size: int) -> Measured:
        """How often somebody who is not in a gallery of so many tracklets gets a hit at a threshold."""
        pair = self.false_alarms.at(threshold)
        value, low, high = (1 - (1 - rate) ** gallery_size for rate in (pair.value, pair.low, pair.high))
        return Measured(value=value, low=low, high=high)

    def not_here(self, miss: float) -> float:
        """The distance beyond which at most a share `miss` of the pairs of one person lie.

        Returns:
            The largest distance of such a pair where `miss_measurable` says False; infinity where no such
            pairs are known.
        """
        if self.misses is None:
            return float("inf")
        allowed = np.flatnonzero(np.array(self.misses.high) <= miss)
        place = allowed[0] if len(allowed) else int(np.argmin(self.misses.value))
        return self.misses.thresholds[place]

    def miss_measurable(self, miss: float) -> bool:
        """Whether there were enough pairs of one person to promise this rate of misses."""
        return self.misses is not None and self.misses.high[-1] <= miss

    def verdicts(
        self,
        nearest: Sequence[float] | Float[Tensor | np.ndarray, " q"],
        gallery_size: int,
        far: float = 0.01,
        miss: float = 0.05,
    ) -> list[Verdict]:
        """One verdict per search, by the distance of its nearest hit.

        Args:
            nearest: distances, of the calibrated kind.
            gallery_size: tracklets that each search compared with.
            far: promised rate of `same` among people who are not there.
            miss: promised rate of `not here` among people who are.

        Returns:
            `uncertain` in place of a verdict whose promise cannot be kept: of `same` where `measurable` says
            False, of `not here` where `miss_measurable` does.
        """
        same = self.threshold(far, gallery_size) if self.measurable(far, gallery_size) else -math.inf
        absent = self.not_here(miss) if self.miss_measurable(miss) else math.inf
        return [
            "same" if distance <= same else "not here" if distance > absent else "uncertain"
            for distance in map(float, nearest)
        ]

    def check_network(self, network: str, what: str) -> None:
        """Raises ValueError unless `what`, a gallery or a network, has this fingerprint."""
        if network != self.network:
            raise ValueError(
                f"the calibration belongs to network {self.network[:12]}, but {what} to {network[:12]}: "
                "distances of different networks cannot be compared; calibrate this one"
            )

    def write(self, path: Path) -> None:
        """Writes JSON with a sum over its content; raises OSError where that fails."""
        write_record(path, self.model_dump(mode="json"))

    @classmethod
    def read(cls, path: Path) -> "Calibration":
        """The calibration in a file that `reid-cosam calibrate` wrote.

        Raises:
            FileNotFoundError: there is none.
            ValueError: it is damaged, or holds something else; names the file.
        """
        try:
            content = read_record(path)
        except FileNotFoundError:
            raise FileNotFoundError(
                f"{path}: there is no calibration; reid-cosam calibrate writes one"
            ) from None
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "content"
            raise ValueError(f"{path} is no calibration of reid-cosam: {place}: {first['msg']}") from None


def distances(
    query: Float[Tensor, "q d"], gallery: Float[Tensor, "g d"], distance: Distance
) -> Float32[np.ndarray, "q g"]:
    """As a calibration means them: L2, not squared, or 1 - cosine."""
    if distance == "cosine":
        return cosine_distances(query, gallery).float().numpy()
    return euclidean_distances(query, gallery).sqrt_().float().numpy()


def pair_rate(far: float, gallery_size: int) -> float:
    """The false alarm rate that a pair may have so that a search in a gallery has `far`.

    Raises:
        ValueError: the rate is not between 0 and 1, or the gallery is empty.
    """
    if not 0 < far < 1:
        raise ValueError(f"far={far} must lie between 0 and 1")
    if gallery_size < 1:
        raise ValueError(f"the gallery holds {gallery_size} tracklets: there is nothing to compare with")
    return float(-np.expm1(np.log1p(-far) / gallery_size))
