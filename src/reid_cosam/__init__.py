"""Video person re-identification with co-segmentation attention (COSAM)."""

__version__ = "0.1.0"
