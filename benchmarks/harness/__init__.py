"""What all benchmarks share: their command line, timing and memory, records of results, steps and frames."""
