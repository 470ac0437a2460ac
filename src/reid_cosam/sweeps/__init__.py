"""Sweeps over runs, and the registry that lets them be stopped and started again."""
