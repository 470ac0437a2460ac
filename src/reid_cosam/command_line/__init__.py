"""What all commands have in common: reading their arguments, refusing code, one-line errors, exit codes."""

from reid_cosam.startup import is_command, start_process

if is_command():  # before Hydra and torch are imported, which takes seconds
    start_process()

from reid_cosam.command_line.commands import command, is_sweep, output_folder
from reid_cosam.command_line.errors import exits_with_one_line
from reid_cosam.command_line.output import never_fail_to_print

__all__ = ["command", "exits_with_one_line", "is_sweep", "never_fail_to_print", "output_folder"]
