"""Analyses of attention on the page: how much of each run's masks is place, and what scores lose without."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reid_cosam.results.analysis import ANALYSIS, PICTURE, MaskRow, ScoreRow, read_analysis
from reid_cosam.results.faults import noting
from reid_cosam.results.report.pictures import Picture, compressed_picture
from reid_cosam.results.runs import Run


@dataclass(frozen=True)
class ShownAnalysis:
    """An analysis of a run's last checkpoint or of another one, with its picture."""

    run: Run
    title: str
    checkpoint: str
    masks: list[MaskRow]
    scores: list[ScoreRow]
    picture: Picture


def analyses(places: Sequence[Path], runs: Sequence[Run], faults: list[str]) -> list[ShownAnalysis]:
    """Those below `places` that are of these runs, in the order of the runs; `faults` names the others."""
    by_folder = {run.folder.resolve(): run for run in runs}
    found: list[ShownAnalysis] = []
    for path in sorted({path.resolve() for place in places for path in place.rglob(ANALYSIS)}):
        with noting(faults, path):
            found.append(_shown(path, by_folder))
    return sorted(found, key=lambda one: runs.index(one.run))


def _shown(path: Path, runs: dict[Path, Run]) -> ShownAnalysis:
    """Of the run in whose folder the analysis lies, or else of the run that wrote its checkpoint."""
    about, masks, scores = read_analysis(path)
    checkpoint = Path(about["ckpt"])
    folders = [*path.parents, checkpoint.resolve().parent.parent]
    run = next((runs[folder] for folder in folders if folder in runs), None)
    if run is None:
        raise ValueError(f"its checkpoint, {checkpoint}, is of no run on this page")
    alt = f"Mean masks of {about['title']}, and mAP with each change of the layers"
    picture = compressed_picture(path.with_name(PICTURE), alt, about["title"], [run])
    return ShownAnalysis(run, about["title"], checkpoint.name, masks, scores, picture)
