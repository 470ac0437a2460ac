"""What only a CUDA device can show."""

import copy
import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import CSVLogger

from reid_cosam import build
from reid_cosam.data.datasets import ClipBatch
from reid_cosam.data.prefetcher import CudaPrefetcher
from reid_cosam.metrics.retrieval import TrackletDescriptors
from reid_cosam.models.cosam import CosamOutput
from reid_cosam.models.network import ReidOutput
from tests.models.test_numerics import agree, people, trained
from tests.support.training_steps import RepeatedBatch, module_without_data, noise_batch, step_settings

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")


@pytest.mark.parametrize("compiled", [False, True], ids=["as it is", "compiled"])
@pytest.mark.parametrize("name", ["se_resnet50", "resnet50"])
def test_bfloat16_with_the_channels_last_agrees_with_float32_on_a_cpu(name: str, compiled: bool) -> None:
    plain, clips = trained(name), people(torch.Generator())
    fast = copy.deepcopy(plain).to("cuda", memory_format=torch.channels_last)  # type: ignore[call-overload]
    if compiled:
        fast.compile()

    with torch.no_grad(), torch.autocast("cuda", torch.bfloat16):
        quick: ReidOutput = fast(clips.cuda())

    attention = {block: CosamOutput(*(one.cpu() for one in seen)) for block, seen in quick.attention.items()}
    with torch.no_grad():
        agree(
            ReidOutput(quick.descriptors.cpu(), quick.logits.cpu(), attention, quick.features.cpu()),
            plain(clips),
        )


@pytest.mark.parametrize("compiled", ["false", "true"])
@pytest.mark.parametrize("backbone", ["se_resnet_tiny", "resnet_tiny"])
def test_training_never_waits_for_the_device(backbone: str, compiled: str, tmp_path: Path) -> None:
    more = ("trainer=gpu", f"trainer.compile={compiled}", "trainer.max_steps=6", "trainer.log_every=6")
    chosen = step_settings(backbone, 8, 4, *more)
    refusal = RefusingToWait(first=2, last=4)  # the first steps set up libraries, and the last is logged
    with quiet():
        trainer = build.make_trainer(chosen.trainer, tmp_path, [CSVLogger(tmp_path)])
        trainer.limit_val_batches = 0
        trainer.callbacks.append(refusal)  # type: ignore[attr-defined]

        trainer.fit(module_without_data(chosen), datamodule=RepeatedBatch(noise_batch(8, 4), 6))

    assert refusal.steps == 3


def test_a_batch_arrives_as_it_is_with_its_layout() -> None:
    batch, transfer = noise_batch(8, 4), CudaPrefetcher()

    for _ in range(3):
        moved = transfer(batch, torch.device("cuda"))

        assert isinstance(moved, ClipBatch)
        for one, other in zip(moved, batch, strict=True):
            assert one.is_cuda
            assert one.stride() == other.stride()
            assert torch.equal(one.cpu(), other)


def test_evaluation_adds_the_snippets_of_a_tracklet_in_the_same_order_every_time(tmp_path: Path) -> None:
    chosen = step_settings("se_resnet_tiny", 8, 4, "trainer=gpu")
    descriptors, weights = torch.randn(4000, 256, device="cuda"), torch.ones(4000, device="cuda")
    tracklets = torch.arange(4000, device="cuda") % 3
    found = []
    with quiet():
        build.make_test_trainer(chosen.trainer, tmp_path)
        for _ in range(5):
            means = TrackletDescriptors(3, 256).to("cuda")
            means.update(descriptors, tracklets, weights)
            found.append(means.compute())

    assert all(torch.equal(one, found[0]) for one in found)


@contextmanager
def quiet() -> Iterator[None]:
    """Without warnings and Lightning's advertisements; afterwards kernels are chosen as before."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    deterministic, tries = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(deterministic, warn_only=True)
            torch.backends.cudnn.benchmark = tries


@contextmanager
def refusing_to_wait() -> Iterator[None]:
    """Whatever waits for the device is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the mode is a prototype
        torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


class RefusingToWait(pl.Callback):
    """Refuses it from the beginning of one step to the beginning of the step after another."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last, self.steps = first, last, 0
        self._refusing = ExitStack()

    def on_train_batch_start(self, trainer: pl.Trainer, *_: object) -> None:
        if trainer.global_step == self.first:
            self._refusing.enter_context(refusing_to_wait())
        if trainer.global_step > self.last:
            self._refusing.close()
        self.steps += self.first <= trainer.global_step <= self.last

    def on_exception(self, *_: object) -> None:
        self._refusing.close()
