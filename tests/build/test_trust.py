"""What a file may name, and what it may not."""

import sys

import pytest

from reid_cosam.build.trust import Untrusted, check_trust, modules_of
from tests.test_settings import settings


@pytest.mark.parametrize(
    "target",
    [
        "reid_cosam.models.backbones.se_resnet50",
        "reid_cosam.models.timm_backbones.timm_backbone",
        "reid_cosam.models.cosam.Cosam",
        "reid_cosam.data.transforms.Augmentation",
        "reid_cosam.training.optimisation.one_cycle",
        "torch.nn.Identity",
        "torch.optim.SGD",
        "torch.optim.lr_scheduler.StepLR",
        "torchvision.models.resnet.resnet18",
        "timm.models.resnet.resnet18",
    ],
)
def test_parts_of_networks_and_of_training_are_allowed(target: str) -> None:
    check_trust({"recipe": {"loss": {"_target_": target}}}, "last.ckpt")


@pytest.mark.parametrize(
    "target",
    [
        *("os.system", "my_nets.GeM", "builtins.eval", "torchmetrics.Metric", "${oc.env:HOME}"),
        # by way of a library that is allowed
        *("torch.hub.load", "torch.load", "torch.os.system", "torch.utils.cpp_extension.load"),
        *("timm.models.load_checkpoint", "timm.create_model", "torchvision.datasets.utils.download_url"),
        *(
            "reid_cosam.results.store.remove_strays",
            "reid_cosam.models.weights.os.remove",
            "reid_cosam.models.timm_backbones._made",
            "reid_cosam.models.timm_backbones.load_file",
            "reid_cosam.train.main",
        ),
        *("torch.nosuch.Thing", "torch"),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_other_code_is_refused_by_setting_and_name(target: str, nested: bool) -> None:
    part = {"_target_": target}
    content = {"agg": {"_target_": "torch.nn.Identity", "inner": [part]}} if nested else {"agg": part}
    name = "agg.inner.0._target_" if nested else "agg._target_"

    with pytest.raises(Untrusted) as raised:
        check_trust(content, "runs/last.ckpt")

    assert "runs/last.ckpt" in str(raised.value)
    assert f"{name}={target}" in str(raised.value)
    assert ("trust=[" in str(raised.value)) == (target not in ("${oc.env:HOME}", "torch"))


@pytest.mark.parametrize("argument", ["pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path"])
def test_a_listed_model_reads_no_file_that_is_named_beside_it(argument: str) -> None:
    part = {"_target_": "timm.models.resnet.resnet18", argument: "evil.pth"}

    with pytest.raises(Untrusted, match=argument):
        check_trust({"agg": part}, "last.ckpt")


def test_nothing_else_of_the_package_is_imported_before_it_is_refused() -> None:
    sys.modules.pop("reid_cosam.__main__", None)

    with pytest.raises(Untrusted):
        check_trust({"agg": {"_target_": "reid_cosam.__main__.main"}}, "last.ckpt")

    assert "reid_cosam.__main__" not in sys.modules


def test_one_module_may_be_trusted_without_brackets() -> None:
    check_trust({"agg": {"_target_": "my_nets.GeM"}}, "last.ckpt", "my_nets")


@pytest.mark.parametrize(
    ("trust", "refused"),
    [(("my_nets",), False), (("my_nets.pooling",), False), (("my_net",), True), (("my_nets.other",), True)],
)
def test_a_trusted_module_is_allowed_with_what_it_holds(trust: tuple[str, ...], refused: bool) -> None:
    content = {"agg": {"_target_": "my_nets.pooling.GeM"}}
    if refused:
        with pytest.raises(Untrusted):
            check_trust(content, "last.ckpt", trust)
    else:
        check_trust(content, "last.ckpt", trust)


def test_every_shipped_configuration_may_stand_in_a_file() -> None:
    for overrides in (
        ["experiment=quickstart"],
        ["recipe=released", "agg=ta"],
        ["agg=rnn", "backbone=resnet50"],
    ):
        check_trust(settings(*overrides).model_dump(mode="json"), "config.yaml")


def test_the_modules_that_a_file_would_have_to_be_trusted_with() -> None:
    content = {"agg": {"_target_": "my_nets.GeM"}, "backbone": {"_target_": "torch.nn.Identity"}}

    assert modules_of(content) == ["my_nets"]
