"""Video person re-identification with co-segmentation attention (COSAM)."""

import os

# Read once, when torch loads OpenMP. Threads that spin while they wait make a training step several times
# slower as soon as anything else (a data loader, a browser) runs on the same cores; sleeping costs a tenth.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
