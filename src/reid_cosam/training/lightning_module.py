"""Training steps, optimiser and evaluation of a network, for Lightning."""

import copy
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any, NamedTuple, Protocol, cast, runtime_checkable

import numpy as np
import pytorch_lightning as pl
import torch
from jaxtyping import Float, UInt8
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import get_ema_multi_avg_fn

from reid_cosam.data.datasets import ClipBatch, SnippetBatch
from reid_cosam.data.transforms import normalise
from reid_cosam.metrics.scoring import ProtocolResult, ScoringConfig, score_protocols
from reid_cosam.metrics.testset import TestSet
from reid_cosam.models.network import VideoReidNet
from reid_cosam.training.extractor import Extractor


class ValidationResult(NamedTuple):
    """What was scored after an iteration, and the descriptors of the whole test set that it comes from."""

    step: int
    result: ProtocolResult
    descriptors: Float[Tensor, "n d"]


@runtime_checkable
class Augmentation(Protocol):
    """What changes the frames of a training batch; `reid_cosam.data.transforms.Augmentation` is one."""

    def draw(self, num_clips: int, num_frames: int, height: int, width: int, rng: np.random.Generator) -> Any:
        """Decides for a whole batch: a named tuple of tensors `[num_clips, ...]`."""

    def apply(self, clips: UInt8[Tensor, "b t 3 h w"], draw: Any) -> UInt8[Tensor, "b t 3 h w"]:
        """The clips as decided."""


class ReidModule(pl.LightningModule):
    """Trains a network on snippets and scores it on whole tracklets.

    Args:
        network: what is trained.
        loss: of features, logits and labels of the whole batch, over all ranks: a scalar, or a named
            tuple or dict of scalars of which `total` is minimised and all are logged. Its parameters are
            trained as well.
        augmentation: drawn for the whole batch from `seed` and the iteration, whatever the ranks.
        make_optimiser: from the parameters.
        make_schedule: from the optimiser and the number of iterations.
        test_set: what validation batches index.
        scoring: how it is scored, under one protocol.
        seed: of the augmentation.
        config: plain containers, kept in checkpoints so that a mismatch can be named.
        ema: the decay of an exponential moving average of the network, or None for none. In the first
            iterations n it is (1 + n) / (10 + n), if that is less, so that short runs forget their beginning.

    Attributes:
        tested: what is scored and, in checkpoints, named `network`: the moving average, if there is one.
    """

    def __init__(
        self,
        network: VideoReidNet,
        loss: nn.Module,
        augmentation: Augmentation,
        make_optimiser: Callable[[Iterable[nn.Parameter]], Optimizer],
        make_schedule: Callable[[Optimizer, int], LRScheduler],
        test_set: TestSet,
        scoring: ScoringConfig,
        seed: int,
        config: dict[str, object],
        ema: float | None = None,
    ) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)
        # A second network, as an interruption would mix two that exchange their weights for a validation.
        self.average = None if ema is None else copy.deepcopy(self.network).requires_grad_(False)
        self.loss = loss
        self.augmentation = augmentation
        self._make_optimiser, self._make_schedule = make_optimiser, make_schedule
        self.test_set = test_set
        self.scoring = scoring
        self.seed = seed
        self.config = config
        self._ema = ema
        self.validation: ValidationResult | None = None

    @property
    def tested(self) -> VideoReidNet:
        return self.network if self.average is None else self.average

    def training_step(self, batch: ClipBatch) -> Tensor:
        """Loss of the whole batch: hard examples are mined over all ranks."""
        clips = normalise(self._augmented(batch.clips), torch.float32)
        output = self.network(clips)
        terms = self._terms(*map(self._gather, (output.features, output.logits, batch.labels)))
        self.log_dict({f"train/{name}": value.detach() for name, value in terms.items()})
        self.log("train/learning_rate", _on_host(self.trainer.optimizers[0].param_groups[0]["lr"]))
        self._log_iteration(self.global_step + 1)
        return terms["total"]

    def _terms(self, features: Tensor, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The terms of the loss; its errors name it, as it may be a user's."""
        try:
            terms = _named_terms(self.loss(features, logits, labels))
            if not terms["total"].requires_grad:
                raise ValueError("its total has no gradient: does it detach features or logits?")
        except torch.OutOfMemoryError:
            raise
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            kind = type(self.loss)
            raise ValueError(f"recipe.loss ({kind.__module__}.{kind.__qualname__}): {error}") from error
        return terms

    def _log_iteration(self, finished: int) -> None:
        """Puts what is logged at the iterations finished; Lightning itself would count those before."""
        self.log("step", _on_host(float(finished)))

    def _augmented(self, clips: UInt8[Tensor, "b t 3 h w"]) -> UInt8[Tensor, "b t 3 h w"]:
        """This rank's clips under its share of a draw for the whole batch."""
        rank, ranks = self.trainer.global_rank, self.trainer.world_size
        (num_clips, num_frames), (height, width) = clips.shape[:2], clips.shape[-2:]
        rng = np.random.default_rng([self.seed, self.global_step])
        draw = self.augmentation.draw(num_clips * ranks, num_frames, height, width, rng)
        _check_draw(draw, num_clips * ranks)
        own = type(draw)(*(drawn[rank * num_clips : (rank + 1) * num_clips] for drawn in draw))
        return self.augmentation.apply(clips, own)

    def _gather(self, values: Tensor) -> Tensor:
        """The whole batch, in the order of ranks, with gradients.

        Every rank then has the same loss, so each rank's gradient of its own part is `ranks` times too large
        after the sum over ranks in the backward pass; DDP's mean over ranks makes it right again.
        """
        if self.trainer.world_size == 1:
            return values
        gathered = cast(Tensor, self.all_gather(values, sync_grads=values.requires_grad))
        return gathered.flatten(0, 1)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        parameters = [*self.network.parameters(), *self.loss.parameters()]
        optimiser = self._make_optimiser(parameters)
        schedule = self._make_schedule(optimiser, self.trainer.max_steps)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        """The average moves before any callback may save it."""
        super().optimizer_step(*args, **kwargs)
        if self._ema is not None and self.average is not None:
            finished = self.global_step + 1
            move = get_ema_multi_avg_fn(min(self._ema, (1 + finished) / (10 + finished)))
            move(_floats(self.average), _floats(self.network), finished)

    def on_validation_epoch_start(self) -> None:
        self.validation = None  # frees its distances
        if self.trainer.world_size > 1:
            # Without SyncBatchNorm the ranks' running statistics differ; the checkpoint holds rank 0's.
            for buffer in self.tested.buffers():
                torch.distributed.broadcast(buffer, src=0)
        self._extractor = Extractor(self.tested, len(self.test_set), self.device)

    def validation_step(self, batch: SnippetBatch) -> None:
        self._extractor.add(batch)

    def on_validation_epoch_end(self) -> None:
        descriptors = self._extractor.compute()
        del self._extractor  # with its weights
        if self.trainer.sanity_checking:
            return
        (result,) = score_protocols(descriptors, self.test_set, self.scoring)
        self.validation = ValidationResult(self.global_step, result, descriptors.cpu())
        self._log_iteration(self.global_step)
        self.log("eval/mAP", result.scores.mean_ap, prog_bar=True)
        self.log_dict({f"eval/R{k}": result.scores.rank(k) for k in (1, 5, 20)})

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["config"] = self.config
        self._exchange_names(checkpoint)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self._exchange_names(checkpoint)

    def _exchange_names(self, checkpoint: dict[str, Any]) -> None:
        """The network that is tested is `network` to whoever reads a checkpoint."""
        if self.average is not None:
            other = {"network": "average", "average": "network"}
            parts = [(*name.partition("."), value) for name, value in checkpoint["state_dict"].items()]
            checkpoint["state_dict"] = {
                other.get(part, part) + dot + rest: value for part, dot, rest, value in parts
            }


def _floats(network: nn.Module) -> list[Tensor]:
    """Weights and statistics; whole numbers are counts."""
    values = chain(network.parameters(), network.buffers())
    return [value for value in values if value.is_floating_point()]


def _named_terms(loss: object) -> dict[str, Tensor]:
    """The scalars that a loss returns, by the names to log them under."""
    terms: dict[str, Tensor] = {"total": loss} if isinstance(loss, Tensor) else {}
    if isinstance(loss, Mapping):
        terms = dict(loss)
    elif isinstance(loss, tuple) and hasattr(loss, "_asdict"):
        terms = loss._asdict()
    are_scalars = all(isinstance(term, Tensor) and term.numel() == 1 for term in terms.values())
    if "total" not in terms or not are_scalars:
        found = f"a tensor {list(loss.shape)}" if isinstance(loss, Tensor) else repr(loss)
        raise ValueError(
            f"must return a scalar tensor, or a named tuple or dict of them with `total`, got {found}"
        )
    return terms


def _check_draw(draw: object, num_clips: int) -> None:
    drawn = draw if isinstance(draw, tuple) and hasattr(draw, "_fields") else (None,)
    if not all(isinstance(one, Tensor) and one.shape[:1] == (num_clips,) for one in drawn):
        raise ValueError(
            "recipe.augmentation: draw must return a named tuple of tensors, each with an entry for every "
            f"clip ({num_clips}), got {draw!r:.200}"
        )


def _on_host(value: float) -> Tensor:
    """To be logged. Lightning would move a plain number to the GPU, which waits for it, in every step."""
    return torch.tensor(value)
