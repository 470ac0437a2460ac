"""Ratios against named references: what `make bench` runs."""
