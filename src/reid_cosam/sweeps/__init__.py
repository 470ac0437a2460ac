"""Runs as such: what they are, where they are kept, how sweeps of them start, go on and end."""
