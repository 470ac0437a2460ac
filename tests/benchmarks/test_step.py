"""A tiny step is the product's own, and what is counted about it is right."""

import logging
from pathlib import Path

import pytest
import torch
from benchmarks import changes, layouts, step
from benchmarks.harness.command import Options
from benchmarks.harness.fit import through_lightning
from benchmarks.harness.records import table
from benchmarks.harness.steps import ProductStep, Scale, make_batch, settings
from benchmarks.references.step import plain
from benchmarks.room import Held

CPU = torch.device("cpu")
TINY = Scale("se_resnet_tiny", 64, 32, 4, 2)


@pytest.fixture(autouse=True)
def _quiet() -> None:
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)


@pytest.fixture(scope="module")
def product() -> ProductStep:
    return ProductStep(settings(TINY, (4, 5), "cpu", "32-true"), make_batch(TINY), CPU)


def test_a_step_changes_the_weights_as_lightning_does(product: ProductStep) -> None:
    trained: list[dict[str, torch.Tensor]] = []
    chosen = settings(TINY, (4, 5), "cpu", "32-true")
    before = {name: one.clone() for name, one in product.module.network.state_dict().items()}

    product()
    through_lightning(chosen, make_batch(TINY), 1, lambda module: trained.append(module.network.state_dict()))

    ours = product.module.network.state_dict()
    torch.testing.assert_close(ours, trained[0])
    assert not torch.equal(ours["classifier.weight"], before["classifier.weight"])


def test_the_plain_step_starts_from_the_same_network() -> None:
    chosen = settings(TINY, (4, 5), "cpu", "32-true")
    ours = ProductStep(chosen, make_batch(TINY), CPU)
    theirs = plain(ProductStep(chosen, make_batch(TINY), CPU))

    torch.testing.assert_close(theirs.closure(), ours.closure())


def test_the_plain_step_has_the_channels_of_its_maps_first() -> None:
    theirs = plain(ProductStep(settings(TINY, (), "cpu", "32-true"), make_batch(TINY), CPU))
    seen: list[bool] = []
    for stage in theirs.module.network.backbone.stages:
        stage.register_forward_hook(lambda *hooked: seen.append(hooked[2].is_contiguous()))

    theirs()

    assert seen == [True] * 5


def test_every_change_is_shown_for_every_component() -> None:
    records = changes.measure(Options(CPU, 1, "check", None))

    headings, rows = table(records)
    made = ["linear COSAM", "channels last", "fused Adam", "bf16"]
    assert headings == ["ms", "plain step", *made, "all changes"]
    blocks = [f"CNN block {number}" for number in range(1, 6)]
    assert {"whole step", "COSAM 4", "COSAM 5", "loss", "optimiser", *blocks} < {row[0] for row in rows}
    assert {len(row) for row in rows} == {len(headings)}


def test_every_figure_of_a_step_is_a_record() -> None:
    options = Options(CPU, 1, "check", None)

    records = list(step.measure(options))

    names = [record.name for record in records]
    assert {"step, float32", "step, bf16", "peak memory, bf16", "through Trainer.fit, bf16"} < set(names)
    assert all(record.ours > 0 and record.reference > 0 for record in records)


def test_a_released_copy_that_is_none_is_refused(tmp_path: Path) -> None:
    options = Options(CPU, 1, "quick", tmp_path)

    with pytest.raises(FileNotFoundError, match=r"SE_ResNet\.py: give the folder of a copy"):
        next(step.measure(options))


def test_a_copy_counts_that_changes_the_order_of_the_axes() -> None:
    nhwc, nchw = [24, 1, 8, 2], [24, 12, 4, 1]
    sizes = [2, 2, 3, 4]

    def copied(target: list[int], source: list[int]) -> bool:
        return layouts.is_layout_copy(
            {"args": {"Input Dims": [sizes, sizes, []], "Input Strides": [target, source, []]}}
        )

    assert copied(nhwc, nchw)
    assert not copied(nhwc, nhwc)


def test_held_bytes_rise_and_fall_with_the_storages() -> None:
    with Held() as held:
        first = torch.zeros(1000)
        second = first + 1
        view = second[:10]
        del first
        third = view * 2

    assert held.peak == 8000  # first and second together
    assert held.now == 4000 + third.nbytes
