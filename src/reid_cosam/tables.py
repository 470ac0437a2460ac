"""Make the paper's tables of your results: `python -m reid_cosam.tables --help`."""

from pathlib import Path

from reid_cosam.command_line import command
from reid_cosam.settings import TablesSettings


@command("tables", TablesSettings, subcommands={"status": "reid_cosam.sweeps.table_status"})
def main(settings: TablesSettings) -> None:
    """Writes the tables, and prints where they are and what is missing or was left out.

    With `status` as the first word it says what the tables' sweeps have done so far.

    Raises:
        ValueError, OSError: there are no results; the message says what to do.
    """
    from reid_cosam.results.tables.write import write_tables

    write_tables([*map(Path, settings.runs)], settings.project, settings.tables, Path(settings.out))


if __name__ == "__main__":
    main()
