"""Make the paper's tables of your results: `reid-cosam tables --help`."""

from collections.abc import Sequence
from pathlib import Path

from reid_cosam.command_line import command, exits_with_one_line, never_fail_to_print
from reid_cosam.settings import TablesSettings

_HELP = """\
reid-cosam tables status [TABLE ...] [key=value ...]

Lists the runs of the paper's tables that are not finished (missing, interrupted, failed or running) and the
time that they still take. Trains nothing and changes nothing.

  TABLE       table2 to table7, figure6, placements, frame_selection, cross_dataset;
              all of them if you name none
  key=value   settings of reid-cosam train, the same as for the sweep: data=mars data.root=... registry=...

Commands worth copying
  reid-cosam tables status
  reid-cosam tables status table3 data=mars data.root=/data/mars
  reid-cosam tables status table3 experiment=tables_synthetic"""


def status(arguments: Sequence[str]) -> None:
    """`tables status`: user errors print one line."""
    never_fail_to_print()
    if {"--help", "-h"} & set(arguments):
        print(_HELP)
        return
    with exits_with_one_line():
        from reid_cosam.sweeps.table_status import table_status

        table_status(arguments)


@command("tables", TablesSettings, subcommands={"status": status})
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
