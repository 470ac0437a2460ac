"""Create a Weights & Biases workspace and reports: `reid-cosam dashboards --help`."""

from importlib.util import find_spec
from pathlib import Path

from reid_cosam.command_line import command
from reid_cosam.settings import DashboardsSettings


@command("dashboards", DashboardsSettings, flags={"--dry-run": "dry_run=true"})
def main(settings: DashboardsSettings) -> None:
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


if __name__ == "__main__":
    main()
