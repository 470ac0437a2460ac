"""Weights & Biases dashboards as code: a workspace for all runs, a report for each of the paper's tables.

They need `wandb-workspaces`, which `pip install 'reid-cosam[dashboards]'` brings.
"""
