#!/usr/bin/env bash
# recipe=strong beside recipe=paper on the full set of rendered walkers, with and without COSAM, on a CUDA device.
#   bash experiments/strong/gpu.sh [FOLDER_FOR_RUNS [FOLDER_FOR_RESULTS]]
# Finished runs are kept and an interrupted one continues, so it may be stopped and called again.
# It takes .venv's Python, or else the first on PATH. Run it in the repository's root.
set -euo pipefail
export PATH=$PWD/.venv/bin:$PATH PYTHONPATH=src:.${PYTHONPATH:+:$PYTHONPATH}
runs=${1:-logs/strong_gpu} out=${2:-experiments/strong/gpu}

python -m reid_cosam.train -m data=synthetic data.size=full backbone=resnet50 recipe=paper,strong 'cosam=[],[4,5]' \
    registry=$runs trainer.accelerator=gpu
for run in "$runs"/*cosam45*; do
    python -m reid_cosam.analyse ckpt=$run/checkpoints/last.ckpt hydra.run.dir=$run/analysis trainer.accelerator=gpu
done
python -m experiments.compare "$out" "$runs" --recipes paper
