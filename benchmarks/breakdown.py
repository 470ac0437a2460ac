"""Where a training step goes: each component alone, forward and backward, on the maps that it gets in a step.

python -m benchmarks.breakdown [--size quick] [--device cuda]
"""

from collections.abc import Callable, Iterator, Sequence
from typing import cast

import torch
from torch import Tensor

from benchmarks.harness import command
from benchmarks.harness.command import Benchmark, Options
from benchmarks.harness.measure import Step, medians, repeated
from benchmarks.harness.records import Record
from benchmarks.harness.steps import PLACEMENT, ProductStep, make_batch, quiet, rounds, scale_of, settings
from reid_cosam.data.datasets import ClipBatch
from reid_cosam.data.transforms import normalise
from reid_cosam.models.cosam import Cosam

NOTES = """\
- Each component by itself, in turn with all others and with the whole step, forward and backward. `rest` is
  what the components leave of the step: transfer, schedule, and what runs better or worse alone.
"""


def measure(options: Options) -> Sequence[Record]:
    size, device = scale_of(options), options.device
    step = ProductStep(settings(size, PLACEMENT, device.type, "auto"), make_batch(size), device)
    step()
    components = taken_apart(step)
    timed = [repeated(step), *map(repeated, components.values())]
    whole, *seconds = medians(timed, device, *rounds(options))
    named = {**dict(zip(components, seconds, strict=True)), "rest": whole - sum(seconds)}
    return [Record(name, value, whole, "whole step", "s", "share") for name, value in named.items()]


def taken_apart(step: ProductStep) -> dict[str, Step]:
    """Each component on what it gets in a step, by name; its backward pass starts from ones."""
    return {name: _under_flags(step, part) for name, part in _components(step)}


def _components(step: ProductStep) -> Iterator[tuple[str, Step]]:
    module, network = step.module, step.module.network
    clips = step.batch.clips.to(step.device)
    yield "augmentation, normalisation", lambda: _discard(normalise(module._augmented(clips), torch.float32))
    maps = normalise(module._augmented(clips), torch.float32).flatten(0, 1)
    clip = clips.shape[:2]
    for number, stage in enumerate(network.backbone.stages, start=1):
        yield f"CNN block {number}", _both_ways(step, stage, maps, wants_gradient=number > 1)
        maps = _forward(step, stage, maps)
        if str(number) in network.attention:
            layer = cast(Cosam, network.attention[str(number)])
            attend = _attending(layer)
            yield f"COSAM {number}", _both_ways(step, attend, maps.unflatten(0, clip))
            maps = _forward(step, attend, maps.unflatten(0, clip)).flatten(0, 1)
    pool = network.aggregator
    yield "aggregator", _both_ways(step, pool, maps.unflatten(0, clip))
    descriptors = _forward(step, pool, maps.unflatten(0, clip))
    yield "classifier", _both_ways(step, network.classifier, descriptors)
    logits = _forward(step, network.classifier, descriptors)
    yield "loss", _loss(step, descriptors, logits)
    yield "optimiser", _optimise(step)


def _under_flags(step: ProductStep, part: Step) -> Step:
    def run() -> None:
        with quiet(), step.flags():
            part()

    return run


def _attending(layer: Cosam) -> Callable[[Tensor], Tensor]:
    return lambda maps: cast(Tensor, layer(maps).maps)


def _forward(step: ProductStep, part: Callable[[Tensor], Tensor], values: Tensor) -> Tensor:
    with torch.no_grad(), step.trainer.precision_plugin.forward_context():
        return part(values)


def _both_ways(
    step: ProductStep, part: Callable[[Tensor], Tensor], values: Tensor, wants_gradient: bool = True
) -> Step:
    leaf = values.detach().requires_grad_(wants_gradient)

    def both() -> None:
        leaf.grad = None
        step.optimiser.zero_grad()
        with step.trainer.precision_plugin.forward_context():
            output = part(leaf)
        output.backward(torch.ones_like(output))

    return both


def _loss(step: ProductStep, descriptors: Tensor, logits: Tensor) -> Step:
    leaves = [one.detach().requires_grad_() for one in (descriptors, logits)]
    batch = ClipBatch(*(one.to(step.device) for one in step.batch))

    def both() -> None:
        with step.trainer.precision_plugin.forward_context():
            terms = step.module.loss(*leaves, batch.labels)
        terms.total.backward()

    return both


def _optimise(step: ProductStep) -> Step:
    weights = list(step.module.network.parameters())
    gradients = [torch.zeros_like(one) for one in weights]

    def update() -> None:
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient
        with quiet():
            step.optimiser.step()

    return update


def _discard(_: object) -> None: ...


BENCHMARK = Benchmark(
    "breakdown",
    "The components of a step",
    lambda options: f"{scale_of(options)}, COSAM after CNN blocks 4 and 5, precision `auto`.\n\n{NOTES}",
    measure,
    reads=("device", "threads"),
)

if __name__ == "__main__":
    command.main(BENCHMARK, __doc__)
