#!/usr/bin/env bash
# The benchmarks that a CUDA device has a part in, all or those named, on a machine with one.
#   bash benchmarks/gpu.sh [COPY_OF_RELEASED_CODE [FOLDER_FOR_RESULTS [NAME...]]]
# An empty COPY_OF_RELEASED_CODE stands for none. One that takes longer than nine minutes is stopped, and the next
# goes on. Each writes its file when it ends. Where a machine is lent for ten minutes a call, these should fit together:
#   step
#   placements breakdown changes
#   room cosam formulas layouts loader extraction
# PYTHON names another interpreter than .venv's or the system's. Run it in the repository's root.
set -euo pipefail
python=${PYTHON:-$([ -x .venv/bin/python ] && echo .venv/bin/python || echo python3)}
export PYTHONPATH=src:.${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1

# Some are needed minutes later, or by one benchmark only: what is missing had better be known now.
needed=(torch torchvision pytorch_lightning torchmetrics hydra omegaconf pydantic pretrainedmodels simplejpeg
    jaxtyping numpy scipy PIL matplotlib rich)
"$python" -W ignore - "${needed[@]}" <<'END'
import sys
from importlib import import_module

lacking = []
for name in sys.argv[1:]:
    try:
        import_module(name)
    except ImportError as error:
        lacking.append(f"{name} ({error})")
if lacking:
    remedy = "install them, or name by PYTHONPATH where they lie"
    sys.exit(f"error: {sys.executable} cannot import {', '.join(lacking)}: {remedy}")
import shutil

import torch

free = shutil.disk_usage("/dev/shm").free
if free < 8e9:
    remedy = "a container gets more by --shm-size=8g"
    print(f"warning: /dev/shm has {free / 1e9:.2f} GB left; extraction's workers fill about 6: {remedy}")
if not torch.cuda.is_available():
    remedy = "take a machine where nvidia-smi lists one, and a torch that is built for CUDA"
    sys.exit(f"error: torch {torch.__version__} finds no CUDA device: {remedy}")
END

copy=${1:-} folder=${2:-benchmarks}
shift $(($# < 2 ? $# : 2))
[ $# -gt 0 ] || set -- step placements breakdown changes room cosam formulas layouts loader extraction
exec "$python" -m benchmarks --device cuda --size full --limit 540 --out "$folder" \
    ${copy:+"released=$copy"} --only "$@"
