"""What goes wrong in practice, as a person meets it: real commands, signals, files and disks."""
