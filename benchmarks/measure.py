"""Time and memory of a step, on a CPU or a CUDA device."""

import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
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
    with quiet_profile(profile_memory=True) as profile:
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


def quiet_profile(profile_memory: bool = False, record_shapes: bool = False) -> torch.profiler.profile:
    """torch's profiler of what the CPU does, without its announcements on the terminal."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")
    return torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU],
        profile_memory=profile_memory,
        record_shapes=record_shapes,
    )


def interleaved_medians(
    first: Step, second: Step, device: torch.device, budget: float
) -> tuple[float, float]:
    """Median seconds of two steps, in turn 3 to 25 times (about `budget` seconds) after a warm-up."""
    warm_up = seconds(first, device) + seconds(second, device)
    repetitions = min(25, max(3, round(budget / warm_up)))
    one, other = medians([first, second], device, 0, repetitions)
    return one, other


def medians(steps: Sequence[Step], device: torch.device, warm_up: int, repetitions: int) -> list[float]:
    """Median seconds of each step, all taken in turn, so that other work on the machine slows all alike."""
    for _ in range(warm_up):
        for step in steps:
            step()
    rounds = [[seconds(step, device) for step in steps] for _ in range(repetitions)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def seconds(step: Step, device: torch.device) -> float:
    synchronise(device)
    start = time.perf_counter()
    step()
    synchronise(device)
    return time.perf_counter() - start


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def matrix_ceiling(device: torch.device, dtype: torch.dtype) -> float:
    """FLOP/s of the fastest of many products of two square matrices: what this device can do at best."""
    sizes = (4096, 8192) if device.type == "cuda" else (512, 1024, 2048)
    return max(_product_rate(size, device, dtype) for size in sizes)


def _product_rate(size: int, device: torch.device, dtype: torch.dtype) -> float:
    first, second = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))

    def product() -> None:
        first @ second

    return 2 * size**3 / min(seconds(product, device) for _ in range(10))


def machine(device: torch.device) -> str:
    """The processor or GPU by name, and on a CPU the number of threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor()
    return f"{name}, {torch.get_num_threads()} thread(s)"
