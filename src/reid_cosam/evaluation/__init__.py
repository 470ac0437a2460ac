"""Describing and scoring a test set, and what is written of it."""
