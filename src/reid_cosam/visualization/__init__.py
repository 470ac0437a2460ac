"""What COSAM attends to: chosen, drawn and measured."""
