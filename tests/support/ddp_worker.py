"""One rank of `test_ddp.py`: a step and an evaluation, and what rank 0 saw of them."""

import sys
from pathlib import Path
from typing import cast

import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_dir
from torch import nn

from reid_cosam import build
from reid_cosam.data import mars
from reid_cosam.paths import CONF
from reid_cosam.training.extractor import Extractor

OVERRIDES = [
    "experiment=quickstart",
    "agg=ta",
    "logger=none",
    "data.height=64",
    "data.width=32",
    "data.workers=0",
    "data.eval_batch_size=3",
    "recipe.sampling.identities=4",
    "recipe.sampling.tracklets=2",
    "trainer.accelerator=cpu",
    "trainer.precision=32-true",
    "trainer.max_steps=1",
]


class Watch(pl.Callback):
    """Holds BatchNorm still, and keeps the step's gradients and the counts of snippets."""

    def __init__(self) -> None:
        self.gradients: dict[str, torch.Tensor] = {}
        self.counts = torch.empty(0)

    def on_validation_epoch_end(self, _: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Snippets that each tracklet received over all ranks."""
        means = cast(Extractor, pl_module._extractor).means
        with means.sync_context():
            self.counts = means.weights.clone()

    def on_train_batch_start(self, _: pl.Trainer, pl_module: pl.LightningModule, *__: object) -> None:
        for module in pl_module.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.eval()

    def on_before_optimizer_step(self, _: pl.Trainer, pl_module: pl.LightningModule, *__: object) -> None:
        parameters = pl_module.named_parameters()
        self.gradients = {name: one.grad.clone() for name, one in parameters if one.grad is not None}


def main(tree: Path, out: Path, ranks: int, recipe: str) -> None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", overrides=[*OVERRIDES, f"recipe={recipe}", f"trainer.devices={ranks}"])
    settings = build.read_settings(config)
    pl.seed_everything(settings.seed)
    datamodule = build.make_datamodule(settings, mars.read(tree))
    module = build.make_module(settings, datamodule)
    watch = Watch()
    trainer = build.make_trainer(settings.trainer, out, [])
    trainer.callbacks.append(watch)  # type: ignore[attr-defined]
    trainer.validate(module, datamodule=datamodule, verbose=False)
    validation = module.validation
    assert validation is not None
    trainer.fit(module, datamodule=datamodule)
    if trainer.is_global_zero:
        seen = {
            "parameters": [name for name, one in module.named_parameters() if one.requires_grad],
            "gradients": watch.gradients,
            "distances": validation.result.distances,
            "mAP": validation.result.scores.mean_ap,
            "counts": watch.counts,
        }
        torch.save(seen, out / "seen.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
