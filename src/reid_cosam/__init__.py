"""Video person re-identification with co-segmentation attention (COSAM)."""

import gc
import os
import sys

# Read once, when torch loads OpenMP. Threads that spin while they wait make a training step several times
# slower as soon as anything else (a data loader, a browser) runs on the same cores; sleeping at once costs a
# tenth of it. GNU's OpenMP, which goes by the number, lets them spin for microseconds: nearly as fast, and as
# good a neighbour.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")

# Imports leave a million objects that stay. Searching them for cycles took a tenth of the time that a command
# needs to start and end. While Python looks for a module to run as a command, its first argument is "-m".
if sys.argv[:1] == ["-m"]:
    from reid_cosam.interruption import handle_early

    handle_early()
    gc.set_threshold(*gc.get_threshold()[:2], 100)  # the eldest are searched a tenth as often

__version__ = "0.1.0"
