"""Fused forms with backward passes of their own; `python -m benchmarks.formulas` measures what they save."""
