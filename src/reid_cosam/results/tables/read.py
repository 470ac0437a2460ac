"""Results of runs: of folders that training and evaluation wrote, and of a Weights & Biases project."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from reid_cosam.results.faults import noting
from reid_cosam.results.run_settings import ATTENTION, SETTINGS, network_of
from reid_cosam.results.runs import Run, finished_folders, read_run
from reid_cosam.results.tables.paper import RERANKED_WITH, SCORES
from reid_cosam.results.tables.records import FOREIGN, Record, make_record, read_results, results_table
from reid_cosam.settings.identity import identity
from reid_cosam.settings.train import part_name

# Settings that a record names; all others go into a hash.
_NAMED = {
    *SETTINGS.values(),
    *("seed", "trainer.max_steps", "data.name", "data.size", "data.split", "recipe.sampling.frames"),
}


class Results(NamedTuple):
    """One row per result that was found, the training runs among them, and what was left out, and why."""

    table: pd.DataFrame
    runs: list[Run]
    faults: list[str]


def from_places(places: Sequence[Path]) -> Results:
    """Results at any depth of folders, or in files such as `results.csv`.

    An evaluation of a run's last checkpoint adds what the run itself did not score: by attribute, re-ranked.

    Raises:
        FileNotFoundError: there is no such place.
    """
    records: list[Record] = []
    faults: list[str] = []
    for place in places:
        if not place.exists():
            raise FileNotFoundError(f"runs: there is no {place}; name folders of runs, or a results.csv")
        if place.is_file():
            with noting(faults, place):
                records += read_results(place, faults)
    trained: dict[Path, list[Record]] = {}
    runs, evaluations = [], []
    for folder in finished_folders(places):
        with noting(faults, folder):
            run = read_run(folder)
            if "ckpt" in run.config:
                evaluations.append(run)
            elif "descriptors" not in run.config:  # which are of somebody else's network
                trained[folder.resolve()] = [*records_of(run.config, run.metrics, str(folder))]
                runs.append(run)
    for evaluation in evaluations:
        with noting(faults, evaluation.folder):
            _add(evaluation, trained)
    return Results(results_table(chain(records, *trained.values())), runs, faults)


def _add(evaluation: Run, trained: Mapping[Path, list[Record]]) -> None:
    """What an evaluation scored beside the run of its checkpoint, if that is among those trained."""
    of_run = trained.get(Path(evaluation.config["ckpt"]).resolve().parent.parent)
    if of_run and _is_comparable(evaluation, of_run[0]):
        of_run += _added(of_run, evaluation.metrics)


def from_wandb(runs: Iterable[Any]) -> Results:
    """Results of a project's finished runs, as `wandb.Api().runs` has them."""
    records: list[Record] = []
    faults: list[str] = []
    for run in runs:
        with noting(faults, run.url):
            if run.state != "finished":
                raise ValueError(f"it is {run.state}")
            records += [*records_of(run.config, run.summary_metrics, run.url)]
    return Results(results_table(records), [], faults)


def no_finished_run(where: str) -> ValueError:
    """The error of a command that found nothing to read."""
    return ValueError(f"{where} holds no finished run: train one, or name other folders with 'runs=[...]'")


def records_of(config: Mapping[str, Any], metrics: Mapping[str, Any], run: str) -> Iterator[Record]:
    """The results of a training run: all queries first, then re-ranked and by attribute where it has them.

    Raises:
        KeyError, TypeError, ValueError: settings or scores are not those of a run.
    """
    data = config["data"]
    made = network_of(config).columns | {
        **{"data": data["name"], "size": data.get("size") or "", "split": data["split"]},
        "seed": config["seed"],
        "recipe": _recipe(config),
        "iterations": config["trainer"]["max_steps"],
        "sampling": config["recipe"]["sampling"]["frames"],
        "settings": _other_settings(config),
        "run": run,
        "computed": _computed(metrics.get("made_with")),
    }
    for scored in _scored(metrics):
        yield make_record(made | scored)


def _scored(metrics: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What a record says of the scores; `metrics.json` of an older run holds one result only."""
    for row in metrics.get("results", [metrics]):
        by_attribute = row.get("by_attribute", row.get("carriers", {}))  # its name in older runs
        for attribute, scores in {"": row, **by_attribute}.items():
            if scores is not None:
                names = ("protocol", "valid_queries", *SCORES)
                yield {"attribute": attribute, "reranked": row.get("reranked", False)} | {
                    name: scores[name] for name in names
                }


def _is_comparable(evaluation: Run, run: Record) -> bool:
    """Whether it is of the last iteration, on the run's own data, by the plain distances of its recipe."""
    config = evaluation.config
    data = config["data"]
    # Without a name, only the place of the run's own data was given.
    own = data is None or "name" not in data
    own = own or (data["name"], data.get("size") or "", data["split"]) == (run.data, run.size, run.split)
    distance = evaluation.metrics.get("trained", {}).get("recipe.distance", "euclidean")
    plain = (config["distance"], config["snippet_tail"]) == (distance, "cycle")
    return own and plain and Path(config["ckpt"]).name == "last.ckpt"


def _added(run: Sequence[Record], metrics: Mapping[str, Any]) -> list[Record]:
    known = {(one.attribute, one.reranked, one.protocol) for one in run}
    return [
        make_record(vars(run[0]) | scored)
        for scored in _scored(metrics)
        if (scored["attribute"], scored["reranked"], scored["protocol"]) not in known
        and (not scored["reranked"] or metrics["reranking"] == RERANKED_WITH)
    ]


def _recipe(config: Mapping[str, Any]) -> str:
    """Its name, and the parts that are none of this package: `paper with CircleLoss`."""
    used = [part for name, part in config["recipe"].items() if name != "attention" or config["cosam"]]
    targets = [part["_target_"] for part in used if isinstance(part, Mapping) and "_target_" in part]
    foreign = [part_name({"_target_": one}) for one in targets if not one.startswith("reid_cosam.")]
    return FOREIGN.join(filter(None, (str(config["recipe"]["name"]), ", ".join(foreign))))


def _computed(made_with: Mapping[str, Any] | None) -> str:
    if made_with is None:
        return ""
    processes = made_with["processes"]
    several = f" by {processes} processes" if processes > 1 else ""
    compiled = ", compiled" if made_with["compiled"] else ""
    return f"{made_with['precision']} on {made_with['accelerator']}{several}{compiled}"


def _other_settings(config: Mapping[str, Any]) -> str:
    others = {name: value for name, value in identity(config).items() if name not in _NAMED}
    attention = {name: others.pop(name) for name in list(others) if name.startswith(ATTENTION)}
    return "-".join(
        hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:8]
        for part in (others, attention)
        if part
    )
