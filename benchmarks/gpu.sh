#!/usr/bin/env bash
# All benchmarks that a CUDA device has a part in, on a machine with one; each command within ten minutes.
#   bash benchmarks/gpu.sh [COPY_OF_RELEASED_CODE [FOLDER_FOR_RESULTS]]
# PYTHON names another interpreter than .venv's or the system's. Run it in the repository's root.
set -euo pipefail
python=${PYTHON:-$([ -x .venv/bin/python ] && echo .venv/bin/python || echo python3)}
export PYTHONPATH=src:. PYTHONUNBUFFERED=1
options=(--device cuda --size full --out "${2:-benchmarks}")
[ -n "${1:-}" ] && options+=("released=$1")
status=0
for name in step placements breakdown room cosam layouts loader extraction; do
  timeout 600 "$python" -m benchmarks --only "$name" "${options[@]}" || status=1
done
exit $status
