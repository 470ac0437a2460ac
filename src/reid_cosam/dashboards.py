"""Make Weights & Biases show the runs: `python -m reid_cosam.dashboards --help`."""

import sys
from importlib.util import find_spec
from pathlib import Path

import wandb
from omegaconf import DictConfig

from reid_cosam import build
from reid_cosam.command_line import command
from reid_cosam.settings import DashboardsSettings


@command("dashboards", also_mendable=(ImportError, wandb.Error))
def main(config: DictConfig) -> None:
    """Makes them."""
    run(build.read_dashboards_settings(config))


def run(settings: DashboardsSettings) -> None:
    """Saves workspace and reports at Weights & Biases or, in a dry run, their specifications in `out`.

    Raises:
        ImportError: wandb-workspaces is not installed.
        ValueError: there is no login, or Weights & Biases refuses; the message says what to do.
    """
    if find_spec("wandb_workspaces") is None:
        raise ImportError("dashboards need wandb-workspaces: pip install 'reid-cosam[dashboards]'")
    from reid_cosam.results.dashboards.save import save_dashboards

    folder = Path(settings.out) if settings.dry_run else None
    save_dashboards(settings.project, settings.tables, folder)


def dashboards() -> None:
    """`--dry-run` as other programs have it; Hydra knows settings only."""
    sys.argv[1:] = ["dry_run=true" if word == "--dry-run" else word for word in sys.argv[1:]]
    main()


if __name__ == "__main__":
    dashboards()
