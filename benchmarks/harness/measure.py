"""Time and memory of a step, on a CPU or a CUDA device."""

import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d

Step = Callable[[], object]
Steps = Callable[[int], object]  # makes that many


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
    events = [one for one in traced(step, profile_memory=True) if one.get("name") == "[memory]"]
    held = peak = 0
    for event in sorted(events, key=lambda event: event["ts"]):
        held += event["args"]["Bytes"]
        peak = max(peak, held)
    return peak


def traced(step: Step, profile_memory: bool = False, record_shapes: bool = False) -> list[dict[str, Any]]:
    """The events that torch's profiler sees of the CPU during `step`."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # no announcements on the terminal
    cpu = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(
        activities=cpu, profile_memory=profile_memory, record_shapes=record_shapes
    ) as profile:
        step()
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        profile.export_chrome_trace(str(trace))
        events: list[dict[str, Any]] = json.loads(trace.read_text())["traceEvents"]
    return events


def repeated(step: Step) -> Steps:
    """That step, again and again."""

    def several(count: int) -> None:
        for _ in range(count):
            step()

    return several


def interleaved_medians(
    first: Step, second: Step, device: torch.device, budget: float
) -> tuple[float, float]:
    """Median seconds of two steps, in turn 3 to 25 times (about `budget` seconds) after a warm-up."""
    both = [repeated(first), repeated(second)]
    warm_up = sum(min(seconds(steps, device) for _ in range(2)) for steps in both)
    repetitions = min(25, max(3, round(budget / warm_up / at_once(device))))
    one, other = medians(both, device, 0, repetitions * at_once(device))
    return one, other


def medians(steps: Sequence[Steps], device: torch.device, warm_up: int, repetitions: int) -> list[float]:
    """Median seconds of each step, all taken in turn, so that other work on the machine slows all alike."""
    for one in steps:
        one(warm_up)
    count = at_once(device)
    rounds = [[seconds(one, device, count) for one in steps] for _ in range(max(1, repetitions // count))]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def at_once(device: torch.device) -> int:
    """Steps between two waits for the device. Waiting after each, the host could not run ahead of a GPU."""
    return 20 if device.type == "cuda" else 1


def seconds(steps: Steps, device: torch.device, count: int = 1) -> float:
    """Of one step, the mean of `count`."""
    synchronise(device)
    start = time.perf_counter()
    steps(count)
    synchronise(device)
    return (time.perf_counter() - start) / count


def own_seconds(step: Step, device: torch.device) -> float:
    """On a CPU the time of the process on all its threads, so that other work on the machine matters less."""
    if device.type == "cuda":
        return seconds(repeated(step), device, at_once(device))
    start = time.process_time()
    step()
    return time.process_time() - start


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def matrix_ceiling(device: torch.device, dtype: torch.dtype) -> float:
    """FLOP/s of the fastest of many products: what this device can do at best.

    Of two square matrices, and as a 1x1 convolution over maps with the channels last: the same product by
    another library, which on some CPUs is twice as fast, and on GPUs rounds float32 as convolutions do.
    """
    sizes = (4096, 8192) if device.type == "cuda" else (512, 1024, 2048)
    return max(_product_rate(size, form, device, dtype) for size in sizes for form in (_matrices, _maps))


def _product_rate(
    size: int, form: Callable[[Tensor, Tensor], Step], device: torch.device, dtype: torch.dtype
) -> float:
    first, second = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    product = repeated(form(first, second))
    return 2 * size**3 / min(seconds(product, device) for _ in range(30))


def _matrices(first: Tensor, second: Tensor) -> Step:
    return lambda: first @ second


def _maps(first: Tensor, second: Tensor) -> Step:
    images, height = 4, 16  # and width: the first matrix's rows
    maps = first.unflatten(0, (images, height, -1)).permute(0, 3, 1, 2)
    weights = second[:, :, None, None].contiguous(memory_format=torch.channels_last)
    return lambda: conv2d(maps, weights)


def machine(device: torch.device, threads: int | None) -> str:
    """The processor or GPU by name, and on a CPU the number of threads, or where these differ of cores."""
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor()
    return f"{name}, {os.cpu_count()} core(s)" if threads is None else f"{name}, {threads} thread(s)"
