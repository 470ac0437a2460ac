"""Time and memory of a step, on a CPU or a CUDA device."""

import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

Step = Callable[[], None]


def peak_bytes(step: Step, device: torch.device) -> int:
    """Peak bytes of tensors during `step`, over what was held before it.

    On CUDA the allocator's peak. On a CPU the running sum of the allocations and frees that torch's profiler
    records: exact and repeatable, where the process' resident size also shows pages that the C library keeps
    from earlier steps. Scratch space inside MKL and oneDNN is not seen.
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step()
        return torch.cuda.max_memory_allocated() - before
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # or the profiler announces itself on the terminal
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities, profile_memory=True) as profile:
        step()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profile.export_chrome_trace(str(trace))
        events = [e for e in json.loads(trace.read_text())["traceEvents"] if e.get("name") == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda event: event["ts"]):
        held += event["args"]["Bytes"]
        peak = max(peak, held)
    return peak


def interleaved_medians(
    first: Step, second: Step, device: torch.device, budget: float
) -> tuple[float, float]:
    """Median seconds of two steps, in turn 3 to 25 times (about `budget` seconds) after a warm-up."""
    warm_up = _seconds(first, device) + _seconds(second, device)
    repetitions = min(25, max(3, round(budget / warm_up)))
    pairs = [(_seconds(first, device), _seconds(second, device)) for _ in range(repetitions)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def _seconds(step: Step, device: torch.device) -> float:
    start = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def machine(device: torch.device) -> str:
    """The processor or GPU by name, the number of threads on a CPU, and the version of torch."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor()
    return f"{name}, {torch.get_num_threads()} thread(s), torch {torch.__version__}"
