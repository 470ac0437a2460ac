"""Score descriptors that anybody's network made: `reid-cosam score --help`.

The module is not called `score`, as the package has a function of that name.
"""

import logging
from pathlib import Path
from typing import Literal

from omegaconf import OmegaConf

from reid_cosam.command_line import command, output_folder
from reid_cosam.settings import ScoreSettings

_log = logging.getLogger("reid_cosam.score_matrix")  # under `python -m` the name would be __main__


@command("score", ScoreSettings, sweeps=True, module="score_matrix")
def main(settings: ScoreSettings) -> Literal["scored", "listed"]:
    """One matrix. Where one of a sweep fails, the sweep goes on."""
    return run(settings, output_folder())


def run(settings: ScoreSettings, folder: Path) -> Literal["scored", "listed"]:
    """Scores a matrix and writes into `folder`; without one, lists the rows that a matrix must have.

    Raises:
        ValueError, OSError: an input does not fit; the message says how to fix it.
    """
    from reid_cosam import build
    from reid_cosam.data.verification import split_hash
    from reid_cosam.evaluation.outputs import write_evaluation
    from reid_cosam.evaluation.rows import matched, read_rows, resembles_chance
    from reid_cosam.metrics.scoring import score_protocols
    from reid_cosam.results.descriptors import TABLE
    from reid_cosam.results.environment import environment
    from reid_cosam.results.matrix import read_matrix
    from reid_cosam.results.store import write_json, write_text
    from reid_cosam.results.summary import print_evaluation
    from reid_cosam.sweeps import registry
    from reid_cosam.words import data_name

    data = settings.data
    splits = build.make_splits(data)
    test = build.make_test_tracklets(data, data, splits.query, splits.gallery, splits.junk)
    if settings.descriptors is None:
        write_text(folder / TABLE, test.table().to_csv(index=False))
        name = data_name(data.model_dump())
        print(f"rows that a matrix of {name} must have, one per line: {folder / TABLE}")
        return "listed"
    path = Path(settings.descriptors)
    matrix = read_matrix(path)
    distance = settings.distance or matrix.origin.get("distance", "euclidean")
    settings = settings.model_copy(update={"distance": distance})
    split = split_hash(splits, test.root)
    if matrix.origin and matrix.origin["split"] != split:
        raise ValueError(
            f"{path} holds descriptors of other tracklets than those of {data.name} in {test.root}"
        )
    named = read_rows(settings.rows, path)
    test, rows = matched(test, len(matrix.descriptors), named, str(path))
    scoring = build.make_scoring(settings, data, test.queries, build.default_protocols(data, test.test_set))
    build.check_scoring(test.test_set, scoring, processes=1)
    if "official" in scoring.protocols and len(splits.junk) > test.test_set.num_junk:
        raise ValueError(
            f"protocol official searches the {len(splits.junk):,} junk tracklets too: {path} lacks them"
        )
    registry.move_earlier_outputs(folder, same_run=False)
    write_text(folder / "config.yaml", OmegaConf.to_yaml(settings.model_dump(mode="json")))
    write_json(folder / "environment.json", environment())
    results = score_protocols(matrix.descriptors[rows], test.test_set, scoring)
    about = build.matrix_record(settings, matrix.origin, split)
    metrics, pictures = write_evaluation(results, test, about, folder)
    print_evaluation(metrics, pictures, folder)
    if resembles_chance(metrics):
        order = f"rows={named}" if isinstance(named, str) else f"of {named.path}"
        _log.warning("these scores are hardly better than chance: are the rows in the order %s?", order)
    return "scored"


if __name__ == "__main__":
    main()
