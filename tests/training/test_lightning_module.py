"""What a training step accepts from a loss and from an augmentation, and what is tested after it."""

import re
import warnings
from typing import Any, NamedTuple, cast

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor

from reid_cosam.training.lightning_module import ReidModule, _check_draw, _named_terms
from tests.support.training_steps import RepeatedBatch, module_without_data, noise_batch, step_settings


class Steps(pl.Callback):
    """The network's numbers before training and after each step."""

    def __init__(self, module: ReidModule) -> None:
        self.seen = [{name: value.clone() for name, value in module.network.state_dict().items()}]

    def on_train_batch_end(self, _: pl.Trainer, pl_module: pl.LightningModule, *__: object) -> None:
        state = cast(ReidModule, pl_module).network.state_dict()
        self.seen.append({name: value.clone() for name, value in state.items()})


@pytest.fixture(scope="module")
def averaged(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReidModule, Steps, dict[str, Any]]:
    """A module after three steps, what its network was, and what is saved of it."""
    torch.manual_seed(0)
    chosen = step_settings("se_resnet_tiny", 8, 2, "recipe=strong", "recipe.ema=0.3", "trainer.max_steps=3")
    module = module_without_data(chosen)
    steps = Steps(module)
    trainer = pl.Trainer(
        accelerator="cpu",
        max_steps=3,
        limit_val_batches=0,
        callbacks=[steps],
        default_root_dir=tmp_path_factory.mktemp("run"),
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
        logger=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that nothing is validated, and that loaders have no workers
        trainer.fit(module, RepeatedBatch(noise_batch(8, 2), 3))
    saved = {"state_dict": dict(module.state_dict())}
    module.on_save_checkpoint(saved)
    return module, steps, saved


def test_what_is_tested_is_the_moving_average(averaged: tuple[ReidModule, Steps, dict[str, Any]]) -> None:
    module, steps, _ = averaged
    expected = steps.seen[0]
    for state, decay in zip(steps.seen[1:], (2 / 11, 3 / 12, 0.3), strict=True):  # 4 / 13 is above 0.3
        expected = {name: decay * value + (1 - decay) * state[name] for name, value in expected.items()}

    found = module.tested.state_dict()

    assert len(steps.seen) == 4
    assert not torch.equal(found["classifier.weight"], steps.seen[-1]["classifier.weight"])
    for name, value in found.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, expected[name])


def test_a_checkpoint_calls_the_average_network(averaged: tuple[ReidModule, Steps, dict[str, Any]]) -> None:
    module, steps, saved = averaged
    state = saved["state_dict"]

    for name, value in module.tested.state_dict().items():
        assert torch.equal(state[f"network.{name}"], value)
        assert torch.equal(state[f"average.{name}"], steps.seen[-1][name])
    module.on_load_checkpoint(loaded := {"state_dict": dict(state)})
    assert loaded["state_dict"].keys() == module.state_dict().keys()
    for name, value in module.state_dict().items():
        assert torch.equal(loaded["state_dict"][name], value)


class Terms(NamedTuple):
    total: Any
    other: Any


ONE, TWO = torch.tensor(1.0), torch.tensor(2.0)


@pytest.mark.parametrize(
    ("returned", "expected"),
    [
        (ONE, {"total": ONE}),
        (Terms(ONE, TWO), {"total": ONE, "other": TWO}),
        ({"total": ONE, "other": TWO}, {"total": ONE, "other": TWO}),
    ],
)
def test_a_loss_returns_a_scalar_or_named_ones(returned: object, expected: dict[str, Any]) -> None:
    assert _named_terms(returned) == expected


@pytest.mark.parametrize(
    ("returned", "got"),
    [
        (None, "None"),
        (1.0, "1.0"),
        ((ONE, TWO), "(tensor(1.), tensor(2.))"),
        ({"triplet": ONE}, "{'triplet': tensor(1.)}"),
        (Terms(ONE, 2.0), "Terms(total=tensor(1.), other=2.0)"),
        (torch.ones(3), "a tensor [3]"),
    ],
)
def test_other_results_of_a_loss_are_refused(returned: object, got: str) -> None:
    with pytest.raises(ValueError, match=rf"^must return .*total.*{re.escape(got)}"):
        _named_terms(returned)


class Failing(torch.nn.Module):
    def forward(self, features: Tensor, *_: Tensor) -> Tensor:
        if len(features) == 1:
            raise IndexError("no other clip")
        return features.detach().sum()


@pytest.mark.parametrize(("clips", "said"), [(1, "no other clip"), (2, "its total has no gradient")])
def test_an_error_of_a_loss_names_it(clips: int, said: str) -> None:
    module = module_without_data(step_settings("se_resnet_tiny", 8, 2))
    module.loss = Failing()
    features = torch.rand(clips, 3, requires_grad=True)

    with pytest.raises(ValueError, match=rf"^recipe\.loss \(.*test_lightning_module\.Failing\): {said}"):
        module._terms(features, features, torch.zeros(clips, dtype=torch.int64))


def test_a_draw_has_an_entry_for_every_clip() -> None:
    _check_draw(Terms(torch.ones(4), torch.ones(4, 2)), num_clips=4)
    for draw in (None, (torch.ones(4),), Terms(torch.ones(4), torch.ones(2)), Terms(torch.ones(4), 1)):
        with pytest.raises(ValueError, match=r"^recipe\.augmentation: .*\(4\), got "):
            _check_draw(draw, num_clips=4)
