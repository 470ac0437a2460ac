import subprocess
import sys

import pytest

# Page faults of twenty times allocating and freeing 64 MB, before the call and, once settled, after it.
SCRIPT = """
import resource, torch
from reid_cosam.training.cpu_memory import keep_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.zeros(16_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

first = faults()
kept = keep_memory()
faults()
print(kept, first, faults())
"""


def test_memory_that_was_freed_is_used_again_without_asking_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    kept, before, after = done.stdout.split()
    if kept == "False":
        pytest.skip("this C library has no mallopt")

    assert int(before) > 20 * 32  # 64 MB are 32 huge pages, or 16,384 of 4 kB
    assert int(after) < 100
