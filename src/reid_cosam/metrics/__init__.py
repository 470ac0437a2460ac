"""Ranking scores and evaluation protocols."""
