"""Make the paper's tables of your results: `python -m reid_cosam.tables --help`."""

import sys
from pathlib import Path

import wandb
from omegaconf import DictConfig

from reid_cosam import build
from reid_cosam.command_line import command
from reid_cosam.results.tables.write import write_tables
from reid_cosam.settings import TablesSettings


@command("tables", also_mendable=(wandb.Error,))
def main(config: DictConfig) -> None:
    """Makes them."""
    run(build.read_tables_settings(config))


def run(settings: TablesSettings) -> None:
    """Writes the tables, and prints where they are and what is missing or was left out.

    Raises:
        ValueError, OSError: there are no results; the message says what to do.
    """
    write_tables([*map(Path, settings.runs)], settings.project, settings.tables, Path(settings.out))


def tables() -> None:
    """`tables`, or with `status` as its first word what the tables' sweeps have done so far."""
    if sys.argv[1:2] == ["status"]:
        from reid_cosam.sweeps import table_status

        del sys.argv[1]
        table_status.main()
    else:
        main()


if __name__ == "__main__":
    tables()
