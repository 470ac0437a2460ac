"""CNNs of timm as backbones: the same maps as timm's own, and weights from files."""

import hashlib
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import timm
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from reid_cosam.data.transforms import normalise
from reid_cosam.models.aggregators import TemporalAveragePooling
from reid_cosam.models.backbones import Backbone
from reid_cosam.models.cosam import Cosam
from reid_cosam.models.network import VideoReidNet
from reid_cosam.models.timm_backbones import timm_backbone
from tests.models.test_fusing import _assert_unchanged, _norms, _with_random_norms

SMALL = [
    *("resnet10t", "mobilenetv2_050", "mobilenetv3_small_050", "efficientnet_b0", "regnety_002"),
    *("convnext_atto", "ghostnet_050", "mnasnet_small", "dla46_c", "rexnet_100", "edgenext_xx_small"),
    *("hardcorenas_a", "fbnetc_100", "lcnet_035", "tf_efficientnet_lite0"),
]
LARGE = ["densenet121", "vgg11_bn", "res2net50_14w_8s", "resnext50_32x4d", "wide_resnet50_2", "darknet53"]


def _maps(backbone: Backbone, images: Tensor) -> list[Tensor]:
    found = []
    for stage in backbone.stages:
        images = stage(images)
        found.append(images.clone())
    return found


@pytest.mark.parametrize("model", [*SMALL, *(pytest.param(one, marks=pytest.mark.slow) for one in LARGE)])
def test_stages_return_the_maps_of_timm_in_training_and_in_evaluation(model: str) -> None:
    backbone = timm_backbone(model)
    whole: Any = timm.create_model(model, num_classes=0)
    features = len(whole.feature_info)
    expected_of: Any = timm.create_model(
        model, features_only=True, out_indices=tuple(range(features))[-5:], num_classes=0
    )
    ours = {name: one for name, one in backbone.state_dict().items() if "rescaling" not in name}
    for one, other in zip(ours.values(), expected_of.state_dict().values(), strict=True):
        other.copy_(one)
    images = torch.rand(2, 3, 64, 64)
    seen = getattr(backbone.stages[0], "rescaling", nn.Identity())(images)

    for training in (True, False):
        torch.manual_seed(0)  # drop path and dropout are random
        found = _maps(backbone.train(training), images)
        torch.manual_seed(0)
        expected = expected_of.train(training)(seen)
        assert len(expected) == min(features, 5)
        for one, other in zip(found[-len(expected) :], expected, strict=True):
            assert torch.equal(one, other)


@pytest.mark.parametrize("model", ["mobilenetv2_050", "convnext_atto", "tf_efficientnet_lite0"])
@pytest.mark.parametrize("size", [(100, 52), (127, 65)])
def test_maps_have_the_size_that_is_promised(model: str, size: tuple[int, int]) -> None:
    backbone = timm_backbone(model).eval()

    for number, maps in enumerate(_maps(backbone, torch.rand(1, 3, *size)), start=1):
        assert maps.shape == (1, backbone.channels[number - 1], *backbone.map_size(number, *size))


@pytest.mark.parametrize("model", ["mobilenetv2_050", "convnext_atto"])
def test_cosam_follows_any_stage(model: str) -> None:
    backbone, frames = timm_backbone(model), torch.rand(2, 2, 3, 64, 48)
    attention = {
        number: Cosam(channels, 2, backbone.map_size(number, 64, 48), reduced_channels=8)
        for number, channels in enumerate(backbone.channels, start=1)
    }
    network = VideoReidNet(backbone, attention, TemporalAveragePooling(backbone.channels[-1]), 3)

    output = network(frames)
    output.logits.square().sum().backward()

    assert sorted(output.attention) == [1, 2, 3, 4, 5]
    assert all(one.grad is not None for one in network.parameters())


def test_cutting_changes_no_random_number_statistic_or_mode() -> None:
    torch.manual_seed(0)
    whole: Any = timm.create_model("mobilenetv2_050", num_classes=0)
    state = torch.get_rng_state()
    torch.manual_seed(0)
    backbone = timm_backbone("mobilenetv2_050")

    assert torch.equal(torch.get_rng_state(), state)
    assert all(layer.training for layer in backbone.modules())
    for one, other in zip(backbone.state_dict().values(), whole.state_dict().values(), strict=False):
        assert torch.equal(one, other)


def test_a_network_gets_images_of_its_own_mean_and_deviation() -> None:
    backbone = timm_backbone("tf_efficientnet_lite0").eval()
    pixels = torch.randint(0, 256, (1, 1, 3, 64, 48), dtype=torch.uint8)
    rescaling: Any = backbone.stages[0].rescaling

    found = rescaling(normalise(pixels, torch.float32)[0])

    torch.testing.assert_close(found, (pixels[0] / 255 - 0.5) / 0.5, rtol=0, atol=1e-6)
    assert not hasattr(timm_backbone("efficientnet_lite0").stages[0], "rescaling")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("resnet18x", "no model resnet18x; the nearest are .*resnet18"),
        ("hf-hub:timm/resnet18", "no model hf-hub:timm/resnet18"),
        ("vit_tiny_patch16_224", r"^model=vit_tiny_patch16_224 .*not a sequence of stages"),
        ("hrnet_w18_small", "hrnet_w18_small .*not a sequence of stages"),
        ("mambaout_femto", r"mambaout_femto .*stages\.0 returns \[1, 24, 16, 48\]"),
        ("shvit_s1", "shvit_s1 .*it has 3 features"),
        ("selecsls42", r"selecsls42 .*features\.1 returns a list"),
    ],
)
def test_what_is_no_sequence_of_stages_is_refused_by_name(model: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        timm_backbone(model)


def test_something_between_two_layers_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    whole: Any = timm.create_model("resnet10t", num_classes=0)
    layer2 = whole.layer2.forward
    monkeypatch.setattr(
        type(whole),
        "forward_features",
        lambda self, maps: layer2(2 * self.layer1(self.maxpool(self.act1(self.bn1(self.conv1(maps)))))),
    )
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: whole)

    with pytest.raises(ValueError, match=r"resnet10t .*not a sequence of stages"):
        timm_backbone("resnet10t")


def test_the_stride_of_plain_convolutions_is_removed_and_no_other() -> None:
    assert timm_backbone("mobilenetv2_050", last_stride=1).map_size(5, 64, 32) == (4, 2)
    assert timm_backbone("mobilenetv2_050").map_size(5, 64, 32) == (2, 1)
    with pytest.raises(ValueError, match=r"last_stride=1.*Conv2dSame.*last_stride=2"):
        timm_backbone("tf_efficientnet_lite0", last_stride=1)
    with pytest.raises(ValueError, match=r"last_stride=1.*last_stride=2"):
        timm_backbone("convnext_atto", last_stride=1).map_size(5, 64, 32)


def test_fused_it_computes_the_same() -> None:
    backbone = timm_backbone("mobilenetv2_100")
    network = VideoReidNet(backbone, {}, TemporalAveragePooling(320), 2)

    _assert_unchanged(_with_random_norms(network), norms_left=_norms(network))


@pytest.fixture(scope="module")
def whole() -> dict[str, Tensor]:
    """Weights of timm's resnet10t with its classifier."""
    torch.manual_seed(1)
    network: Any = timm.create_model("resnet10t")
    return dict(network.state_dict())


def _assert_loaded(backbone: Backbone, whole: dict[str, Tensor]) -> None:
    loaded = {name: one for name, one in backbone.state_dict().items() if "num_batches" not in name}
    expected = [one for name, one in whole.items() if "num_batches" not in name][:-2]
    assert all(torch.equal(one, other) for one, other in zip(loaded.values(), expected, strict=True))


@pytest.mark.parametrize("kind", ["plain", "wrapped", "no counts", "safetensors"])
def test_names_that_agree_are_loaded_by_name(
    kind: str, whole: dict[str, Tensor], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / ("w.safetensors" if kind == "safetensors" else "w.pth")
    if kind == "safetensors":
        save_file(whole, file)
    else:
        state = {name: one for name, one in reversed(whole.items()) if kind == "plain" or "num_b" not in name}
        torch.save({"state_dict": state} if kind == "wrapped" else state, file)

    with caplog.at_level("INFO"):
        _assert_loaded(timm_backbone("resnet10t", weights=file), whole)

    assert f"{file} matched by name" in caplog.text
    assert "fc.weight" in caplog.text
    assert "fc.bias" in caplog.text


def _renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Other names of the same kinds, as another library's port has them."""
    return {f"net.{index}.{name.rpartition('.')[2]}": one for index, (name, one) in enumerate(state.items())}


def test_other_names_are_matched_by_order_and_shape(
    whole: dict[str, Tensor], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    torch.save(_renamed(whole), tmp_path / "w.pth")
    counted = sum("num_batches" not in name for name in whole)

    with caplog.at_level("INFO"):
        _assert_loaded(timm_backbone("resnet10t", weights=tmp_path / "w.pth"), whole)

    assert (
        f"weights: {counted - 2} of {counted} tensors of {tmp_path / 'w.pth'} matched by order" in caplog.text
    )


def _without(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    return {one: value for one, value in state.items() if one != name}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (
            lambda state: _without(state, "layer2.0.conv1.weight"),
            r"layer2\.0\.conv1\.weight \[128, 64, 3, 3\]",
        ),
        (
            lambda state: state | {"conv1.0.weight": torch.zeros(24, 3, 7, 7)},
            r"conv1\.0\.weight \[24, 3, 7, 7\] does not fit conv1\.0\.weight \[24, 3, 3, 3\]",
        ),
        (
            lambda state: _renamed(state | {"bn1.weight": torch.zeros(7)}),
            r"net\.\d+\.weight \[7\] does not fit bn1\.weight \[64\]",
        ),
        (lambda state: _renamed(dict(list(state.items())[:30])), r"has no tensor for layer"),
        (
            lambda state: state | {"layer4.1.conv1.weight": torch.zeros(512, 512, 3, 3)},
            r"no tensor for layer4\.1\.conv1\.weight \[512, 512, 3, 3\]",
        ),
        (
            lambda state: _renamed(dict(zip(state, reversed(state.values()), strict=True))),
            r"does not fit conv1\.0\.weight",
        ),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_tensor_shapes_and_file(
    change: Any, named: str, whole: dict[str, Tensor], tmp_path: Path
) -> None:
    torch.save(change(whole), tmp_path / "w.pth")

    with pytest.raises(ValueError, match=rf"^weights=.*w\.pth.*{named}"):
        timm_backbone("resnet10t", weights=tmp_path / "w.pth")


def test_kinds_of_the_same_shape_are_not_mistaken(whole: dict[str, Tensor], tmp_path: Path) -> None:
    """A library that stores a BatchNorm's bias before its weight."""
    state = _renamed(whole)
    names = list(state)
    first = next(index for index, name in enumerate(names) if name.endswith("bias"))
    names[first - 1], names[first] = names[first], names[first - 1]
    torch.save({name: state[name] for name in names}, tmp_path / "w.pth")

    with pytest.raises(ValueError, match=rf"{names[first - 1]} .*does not fit .*weight"):
        timm_backbone("resnet10t", weights=tmp_path / "w.pth")


def test_files_that_hold_no_weights_are_named(whole: dict[str, Tensor], tmp_path: Path) -> None:
    missing, broken, other = tmp_path / "no.pth", tmp_path / "text.pth", tmp_path / "other.pth"
    broken.write_text("no weights")
    torch.save({"epoch": 3}, other)
    unordered = tmp_path / "w.safetensors"
    save_file(_renamed(whole), unordered)

    with pytest.raises(FileNotFoundError, match=r"^weights=.*no\.pth"):
        timm_backbone("resnet10t", weights=missing)
    nested = tmp_path / "nested.pth"
    torch.save({"model": whole, "epoch": 3}, nested)
    words = {
        broken: "damaged",
        other: r"no state dict, .*but a dict with epoch: save network\.state_dict\(\)",
        nested: "no state dict, .*but a dict with model, epoch: save its 'model' in a file of its own",
        unordered: "keeps no order",
    }
    for file, word in words.items():
        with pytest.raises(ValueError, match=rf"^weights={file}.*{word}"):
            timm_backbone("resnet10t", weights=file)


def test_another_file_than_the_recorded_one_is_refused(whole: dict[str, Tensor], tmp_path: Path) -> None:
    file = tmp_path / "w.pth"
    torch.save(whole, file)

    timm_backbone("resnet10t", weights=file, weights_sha256=hashlib.sha256(file.read_bytes()).hexdigest())
    with pytest.raises(ValueError, match=r"w\.pth is another file .*weights_sha256=00ff"):
        timm_backbone("resnet10t", weights=file, weights_sha256="00ff")


@pytest.fixture
def no_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of a hub at a port that nobody serves."""
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "torch"))
    return tmp_path / "hub"


@pytest.mark.usefixtures("no_hub")
def test_a_hub_that_does_not_answer_is_asked_once(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConnectionError, match=r"http://127\.0\.0\.1:9 does not answer: .* weights=\.\.\."):
        timm_backbone("resnet10t", pretrained=True)

    assert "Retrying" not in caplog.text  # for a minute
    assert not huggingface_hub.constants.HF_HUB_OFFLINE


def test_weights_fetched_before_need_no_hub(no_hub: Path) -> None:
    cached, commit = no_hub / "models--timm--resnet10t.c3_in1k", "0" * 40
    for file in (cached / "refs" / "main", cached / "snapshots" / commit / "model.safetensors"):
        file.parent.mkdir(parents=True)
    (cached / "refs" / "main").write_text(commit)
    whole = timm.create_model("resnet10t").state_dict()
    save_file(whole, cached / "snapshots" / commit / "model.safetensors")

    found = timm_backbone("resnet10t", pretrained=True).state_dict()

    assert torch.equal(found["stages.0.conv1.0.weight"], whole["conv1.0.weight"])


@pytest.mark.usefixtures("no_hub")
def test_pretrained_weights_come_through_timm(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, asked = timm.create_model("resnet10t", num_classes=0), dict[str, object]()

    def create(_model: str, **arguments: object) -> nn.Module:
        asked.update(arguments)
        return whole

    monkeypatch.setattr(timm, "create_model", create)
    timm_backbone("resnet10t", pretrained=True)

    assert asked == {"pretrained": True, "num_classes": 0}


@pytest.mark.usefixtures("no_hub")
def test_pretrained_weights_that_cannot_be_had_end_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: object, **__: object) -> None:
        raise RuntimeError("no network\nand a long explanation")

    with pytest.raises(ValueError, match=r"^pretrained=True and weights=w\.pth exclude"):
        timm_backbone("resnet10t", pretrained=True, weights="w.pth")
    with pytest.raises(ValueError, match=r"^pretrained=True: .*convnext_atto_rms.*: weights="):
        timm_backbone("convnext_atto_rms", pretrained=True)
    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(ConnectionError, match=r"^pretrained=True.*resnet10t.* weights=") as no:
        timm_backbone("resnet10t", pretrained=True)
    assert "\n" not in str(no.value)
