"""Ratios against named references: what `make bench` runs."""

import reid_cosam  # noqa: F401, before torch: it says how OpenMP's threads wait
