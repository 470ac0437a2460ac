"""Memory of a process that computes on a CPU."""

import ctypes

# Parameters of glibc's mallopt(3).
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


def keep_memory() -> bool:
    """Returns no large block to the system before the process ends; False where the C library cannot do so.

    By default glibc maps a large tensor again and unmaps it when it is freed, and gives back what lies on top
    of the heap: then every step writes into pages that the system must first fill with zeros, which took a
    third of a step of small networks. Costs about a tenth more memory. Other C libraries are left alone.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, -1))
