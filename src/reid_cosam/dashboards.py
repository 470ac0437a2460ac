"""Make Weights & Biases show the runs: `python -m reid_cosam.dashboards --help`."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from reid_cosam.command_line import command
from reid_cosam.paths import EXPERIMENTS
from reid_cosam.results.store import write_json
from reid_cosam.results.tables.membership import read_all
from reid_cosam.settings import DashboardsSettings


@command("dashboards", DashboardsSettings, flags={"--dry-run": "dry_run=true"})
def main(settings: DashboardsSettings) -> None:
    """Makes them."""
    run(settings)


def run(settings: DashboardsSettings) -> None:
    """Saves workspace and reports at Weights & Biases or, in a dry run, their specifications in `out`.

    Raises:
        ImportError: wandb-workspaces is not installed.
        ValueError: there is no login, or Weights & Biases refuses; the message says how to mend it.
    """
    if find_spec("wandb_workspaces") is None:
        raise ImportError("dashboards need wandb-workspaces: pip install 'reid-cosam[dashboards]'")
    made = _make(settings)
    if settings.dry_run:
        from reid_cosam.results.dashboards.specification import specification

        for name, one in made.items():
            write_json(Path(settings.out) / f"{name}.json", specification(one))
        print(f"nothing sent; written: {settings.out}/{{{','.join(made)}}}.json")
        return
    for name, one in made.items():
        print(f"{name}: {_saved(one)}")


def _make(settings: DashboardsSettings) -> dict[str, Any]:
    from reid_cosam.results.dashboards.report import report
    from reid_cosam.results.dashboards.workspace import workspace

    entity, _, project = settings.project.partition("/")
    published = read_all(EXPERIMENTS)
    tables: dict[str, Any] = {
        name: report(entity, project, name, published[name]) for name in settings.tables
    }
    return {"workspace": workspace(entity, project), **tables}


def _saved(made: Any) -> str:
    """Its address, once it is saved. The library says everything by bare exceptions."""
    try:
        made.save()
        return str(made.url)
    except Exception as error:
        said = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"Weights & Biases did not take it: {said}. `wandb login` first, and check project=entity/name; "
            "--dry-run needs neither"
        ) from error


if __name__ == "__main__":
    main()
