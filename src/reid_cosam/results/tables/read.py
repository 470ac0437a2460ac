"""Results of runs: of folders that training and evaluation wrote, and of a Weights & Biases project."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from reid_cosam.results.faults import noting
from reid_cosam.results.run_settings import ATTENTION, SETTINGS, network_of
from reid_cosam.results.runs import Run, finished_folders, read_run
from reid_cosam.results.tables.layout import RERANKED_WITH
from reid_cosam.results.tables.records import FOREIGN, SCORES, Record, Scored, read_results
from reid_cosam.settings.identity import identity
from reid_cosam.settings.train import part_name

# Settings that a record names; all others go into a hash.
_NAMED = {
    *SETTINGS.values(),
    *("seed", "trainer.max_steps", "data.name", "data.size", "data.split", "recipe.sampling.frames"),
}


class Results(NamedTuple):
    """What was found, the training runs among it, and what was left out, and why."""

    records: list[Record]
    runs: list[Run]
    faults: list[str]


def from_places(places: Sequence[Path]) -> Results:
    """Results at any depth of folders, or in files such as `results.csv`.

    An evaluation of a run's last checkpoint adds what the run itself did not score: by attribute, re-ranked.

    Raises:
        FileNotFoundError: there is no such place.
    """
    found = Results([], [], [])
    for place in places:
        if not place.exists():
            raise FileNotFoundError(f"runs: there is no {place}; name folders of runs, or a results.csv")
        if place.is_file():
            with noting(found.faults, place):
                read, wrong = read_results(place)
                found.records.extend(read)
                found.faults.extend(wrong)
    _read_folders(finished_folders(places), found)
    return found


def _read_folders(folders: Iterable[Path], found: Results) -> None:
    trained: dict[Path, list[Record]] = {}
    evaluated = []
    for folder in folders:
        with noting(found.faults, folder):
            run = read_run(folder)
            if "ckpt" in run.config:
                evaluated.append(run)
            elif "descriptors" not in run.config:  # which are of somebody else's network
                trained[folder.resolve()] = list(records_of(run.config, run.metrics, str(folder)))
                found.runs.append(run)
    for evaluation in evaluated:
        records = trained.get(Path(evaluation.config["ckpt"]).resolve().parent.parent)
        with noting(found.faults, evaluation.folder):
            if records and _is_comparable(evaluation.config, records[0]):
                records += _added(records, evaluation.metrics)
    found.records.extend(record for records in trained.values() for record in records)


def _is_comparable(config: Mapping[str, Any], run: Record) -> bool:
    """Whether an evaluation is of the last iteration, on the run's own data, by plain L2 distances."""
    data, scored = config["data"], run.scored
    # Without a name, only the place of the run's own data was given.
    own = data is None or "name" not in data
    own = own or (data["name"], data.get("size") or "", data["split"]) == (
        *(scored.data, scored.size, scored.split),
    )
    plain = (config["distance"], config["snippet_tail"]) == ("euclidean", "cycle")
    return own and plain and Path(config["ckpt"]).name == "last.ckpt"


def _added(run: Sequence[Record], metrics: Mapping[str, Any]) -> list[Record]:
    known = {record.scored for record in run}
    found = (
        replace(run[0], **_outcome(row, replace(run[0].scored, attribute=attribute, reranked=reranked)))
        for row, attribute, reranked in _rows(metrics)
        if not reranked or metrics["reranking"] == RERANKED_WITH
    )
    return [record for record in found if record.scored not in known]


def _recipe(config: Mapping[str, Any]) -> str:
    """Its name, and the parts that are none of this package: `paper with CircleLoss`."""
    used = [part for name, part in config["recipe"].items() if name != "attention" or config["cosam"]]
    targets = [part["_target_"] for part in used if isinstance(part, Mapping) and "_target_" in part]
    foreign = [part_name({"_target_": one}) for one in targets if not one.startswith("reid_cosam.")]
    return (
        FOREIGN.join([config["recipe"]["name"], ", ".join(foreign)]) if foreign else config["recipe"]["name"]
    )


def records_of(config: Mapping[str, Any], metrics: Mapping[str, Any], run: str) -> Iterator[Record]:
    """The results of a training run: all queries first, then re-ranked and by attribute where it has them.

    Raises:
        KeyError, TypeError, ValueError: settings or scores are not those of a run.
    """
    data = config["data"]
    made = {"network": network_of(config), "seed": config["seed"], "recipe": _recipe(config)} | {
        "iterations": config["trainer"]["max_steps"],
        "sampling": config["recipe"]["sampling"]["frames"],
        "settings": _other_settings(config),
        "run": run,
        "computed": _computed(metrics.get("made_with")),
    }
    for row, attribute, reranked in _rows(metrics):
        scored = Scored(data["name"], data.get("size") or "", data["split"], attribute, reranked, "")
        yield Record(**made, **_outcome(row, scored))


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


def _rows(metrics: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str, bool]]:
    """Scores, attribute and whether re-ranked.

    `metrics.json` of an older run holds one result only, or calls the scores by attribute `carriers`.
    """
    for row in metrics.get("results", [metrics]):
        reranked = row.get("reranked", False)
        yield row, "", reranked
        for attribute, scores in row.get("by_attribute", row.get("carriers", {})).items():
            if scores is not None:
                yield scores, attribute, reranked


def _outcome(row: Mapping[str, Any], scored: Scored) -> dict[str, Any]:
    return {
        "scored": replace(scored, protocol=row["protocol"]),
        "valid_queries": row["valid_queries"],
        "scores": {name: float(row[name]) for name in SCORES},
    }


def from_wandb(runs: Iterable[Any]) -> tuple[list[Record], list[str]]:
    """Results of a project's finished runs, as `wandb.Api().runs` has them; what was left out, and why."""
    records: list[Record] = []
    faults: list[str] = []
    for run in runs:
        if run.state != "finished":
            faults.append(f"{run.url} left out: it is {run.state}")
            continue
        with noting(faults, run.url):
            records += list(records_of(run.config, run.summary_metrics, run.url))
    return records, faults
