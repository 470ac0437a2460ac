"""Scores identities and verdicts on rendered footage against the truth.

    python experiments/footage/score.py FOOTAGE GALLERY CALIBRATION LINK [LINK ...]

FOOTAGE is what `reid-cosam render` wrote, GALLERY what `embed` made of it, CALIBRATION the file that
`calibrate` wrote for other people, each LINK a folder that `link` wrote. All boxes are true, so that
nothing but identities is scored.
"""

import sys
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int64
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from reid_cosam.galleries.calibration import Calibration
    from reid_cosam.galleries.gallery import Gallery

FAR, MISS = 0.01, 0.05
PROMISES = ((0.1, MISS), (FAR, MISS))
DRAWS = 2000
KEY = ["camera", "track"]


class Searches(NamedTuple):
    """Nearest distances of tracklets that are searched for under the other cameras, which verdicts cover.

    Attributes:
        match: to the same person.
        stranger: to anybody else, which is what the query finds where its person is not there.
        people: number of each query's person.
        sizes: number of tracklets that each query is compared with.
    """

    match: Float[np.ndarray, " q"]
    stranger: Float[np.ndarray, " q"]
    people: Int64[np.ndarray, " q"]
    sizes: Int64[np.ndarray, " q"]


def idf1(people: Sequence[Hashable], identities: Sequence[Hashable | None], boxes: Sequence[int]) -> float:
    """IDF1 over cameras of tracks whose boxes are the true ones.

    E. Ristani et al., "Performance Measures and a Data Set for Multi-Target, Multi-Camera Tracking", 2016:
    2 IDTP / (boxes + boxes that were given an identity), with identities matched one to one to people so that
    IDTP, the boxes of which both agree, is largest.

    Args:
        people: true person of each track.
        identities: given to each track; None where it was given none.
        boxes: number of boxes of each track.
    """
    tracks = pd.DataFrame({"person": list(people), "identity": list(identities), "boxes": list(boxes)})
    given = tracks.dropna(subset="identity")
    common = given.pivot_table(
        index="person", columns="identity", values="boxes", aggfunc="sum", fill_value=0
    )
    counts = common.to_numpy()
    both = int(counts[linear_sum_assignment(counts, maximize=True)].sum())
    return 2 * both / float(tracks["boxes"].sum() + given["boxes"].sum())


def hota(boxes: pd.DataFrame) -> float:
    """HOTA of trackeval over all cameras as one sequence.

    Args:
        boxes: camera, frame, person, identity, one row per box; no identity where none was given.
    """
    return float(np.mean(evaluate(boxes, "HOTA")["HOTA"]))


def evaluate(boxes: pd.DataFrame, metric: str) -> dict[str, float]:
    """What a metric of trackeval says of boxes as `hota` takes them."""
    from trackeval import metrics

    given = boxes["identity"].notna()
    person, people = pd.factorize(boxes["person"])
    identity, identities = pd.factorize(boxes["identity"])
    places = list(boxes.reset_index(drop=True).groupby(["camera", "frame"]).indices.values())
    data = {
        "num_timesteps": len(places),
        "num_gt_ids": len(people),
        "num_tracker_ids": len(identities),
        "num_gt_dets": len(boxes),
        "num_tracker_dets": int(given.sum()),
        "gt_ids": [person[place] for place in places],
        "tracker_ids": [identity[place][identity[place] >= 0] for place in places],
        "similarity_scores": [np.eye(len(place))[:, identity[place] >= 0] for place in places],
    }
    options = {"PRINT_CONFIG": False} if metric == "Identity" else None
    scorer = getattr(metrics, metric)(*([options] if options else []))
    scores: dict[str, float] = scorer.eval_sequence(data)
    return scores


def search_all(
    distances: Float[np.ndarray, "n n"], people: Int64[np.ndarray, " n"], cameras: Int64[np.ndarray, " n"]
) -> Searches:
    """Every tracklet as a query under the other cameras, where its person is there."""
    same, elsewhere = people[:, None] == people, cameras[:, None] != cameras
    match = np.where(elsewhere & same, distances, np.inf).min(axis=1)
    stranger = np.where(elsewhere & ~same, distances, np.inf).min(axis=1)
    valid = np.isfinite(match)
    return Searches(match[valid], stranger[valid], people[valid], elsewhere.sum(axis=1)[valid])


def share(
    hit: Bool[np.ndarray, " q"], people: Int64[np.ndarray, " q"], seed: int = 0
) -> tuple[float, float, float]:
    """Share of the queries that are hit, with a 95 % interval by a bootstrap over people."""
    table = pd.DataFrame({"hit": hit, "person": people}).groupby("person")["hit"].agg(["sum", "count"])
    drawn = np.random.default_rng(seed).integers(0, len(table), (DRAWS, len(table)))
    hits, counts = table["sum"].to_numpy()[drawn].sum(axis=1), table["count"].to_numpy()[drawn].sum(axis=1)
    low, high = np.percentile(hits / counts, [2.5, 97.5])
    return float(hit.mean()), float(low), float(high)


class GivesVerdicts(Protocol):
    """What a `Calibration` does."""

    def verdicts(
        self, nearest: Float[np.ndarray, " q"], gallery_size: int, far: float, miss: float
    ) -> Sequence[str]: ...


def verdict_rows(searches: Searches, calibration: GivesVerdicts) -> list[str]:
    """Lines of a table: how often a verdict was wrong, beside the rate that was promised."""
    nearest = np.minimum(searches.match, searches.stranger)
    rows = []
    for far, miss in PROMISES:
        absent, there = (
            np.array(
                [
                    calibration.verdicts(one[None], int(size), far=far, miss=miss)[0]
                    for one, size in zip(found, searches.sizes, strict=True)
                ]
            )
            for found in (searches.stranger, nearest)
        )
        right = searches.match < searches.stranger
        for name, hit, promised in (
            ("not in the gallery, `same`", absent == "same", f"at most {far:.1%}"),
            ("not in the gallery, `uncertain`", absent == "uncertain", ""),
            ("in the gallery, `not here`", there == "not here", f"at most {miss:.1%}"),
            ("in the gallery, `same`, and it is", (there == "same") & right, ""),
            ("in the gallery, `same`, but another person", (there == "same") & ~right, ""),
            ("in the gallery, `uncertain`", there == "uncertain", ""),
        ):
            value, low, high = share(hit, searches.people)
            rows.append(f"| {far:g} | {name} | {promised} | {value:.1%} | {low:.1%} to {high:.1%} |")
    return rows


def print_searches(tracks: pd.DataFrame, gallery: "Gallery", calibration: "Calibration") -> None:
    """Prints the open-set scores, and how often verdicts were wrong."""
    from reid_cosam.galleries.calibration import distances
    from reid_cosam.metrics import openset

    between = distances(gallery.descriptors, gallery.descriptors, calibration.distance)
    people, cameras = (pd.factorize(tracks[name])[0] for name in ("person", "camera"))
    found = search_all(between, people, cameras)
    rates = openset.identification_rates(openset.Searches(*found[:3]), openset.FALSE_ALARM_RATES)
    print(f"{len(tracks)} tracklets of {len(set(people))} people, {len(found.match)} queries")
    print(f"rank 1: {(found.match < found.stranger).mean():.1%}")
    for far, rate in zip(openset.FALSE_ALARM_RATES, rates, strict=True):
        print(f"DIR at FAR {far:.1%}: {'too few queries' if rate is None else f'{rate:.1%}'}")
    print("\n| far | query | promised | measured | 95 % |\n|---|---|---|---|---|")
    print("\n".join(verdict_rows(found, calibration)))


def print_links(links: Sequence[Path], footage: Path, truth: pd.DataFrame) -> None:
    """Prints IDF1 and HOTA of each link."""
    boxes = pd.concat(
        pd.read_csv(path, names=["frame", "track"], usecols=[0, 1]).assign(camera=path.stem)
        for path in sorted(footage.glob("*.txt"))
    ).astype({"track": str})
    print("\n| link | IDF1 | HOTA | identities | people |\n|---|---|---|---|---|")
    for link in links:
        given = pd.read_csv(link / "identities.csv", dtype=str)[[*KEY, "identity"]]
        scored = boxes.merge(truth, on=KEY).merge(given, on=KEY, how="left")
        tracks = scored.groupby(KEY).agg(
            person=("person", "first"), identity=("identity", "first"), boxes=("frame", "count")
        )
        score = idf1(tracks["person"].tolist(), tracks["identity"].tolist(), tracks["boxes"].tolist())
        numbers = f"{given['identity'].nunique()} | {truth['person'].nunique()}"
        print(f"| {link.name} | {score:.1%} | {hota(scored):.1%} | {numbers} |")


def main() -> None:
    from reid_cosam.galleries.calibration import Calibration
    from reid_cosam.galleries.gallery import read_gallery

    footage, folder, file, *links = map(Path, sys.argv[1:])
    gallery, calibration = read_gallery(folder), Calibration.read(file)
    calibration.check_network(gallery.network, f"gallery {folder}")
    truth = pd.read_csv(footage / "identities.csv", dtype=str)
    tracks = gallery.tracklets.drop(columns="person").merge(truth, on=KEY, how="left", validate="1:1")
    print_searches(tracks, gallery, calibration)
    print_links(links, footage, truth)


if __name__ == "__main__":
    main()
