"""A model folder gives the network that was written into it, to the last bit, or is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import reid_cosam
from reid_cosam import Encoder
from reid_cosam.galleries.measurements import RateCurve
from reid_cosam.results.store import read_record, write_record
from tests.sharing.folders import calibration, checkpoint, clips

CONFIG, WEIGHTS = "reid_config.json", "weights.safetensors"


@pytest.fixture(scope="module")
def ckpt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In the folder of a run with scores."""
    run = tmp_path_factory.mktemp("run-of-somebody")
    path = checkpoint(run / "checkpoints" / "last.ckpt", f"data.root={run}/frames")
    score = {"mAP": 0.25, "R1": 0.5, "R5": 0.75, "R10": 1.0, "queries": 1980, "protocol": "released"}
    row = score | {"gallery_tracklets": 9330, "distance": "euclidean", "reranked": False}
    rows = [row | {"by_attribute": {"anna": None}}, row | {"reranked": True, "mAP": 0.26}]
    data = {"name": "mars", "root": str(run)}
    write_record(run / "metrics.json", row | {"step": 7, "results": rows, "data": data})
    return path


@pytest.fixture
def encoder(ckpt: Path) -> Encoder:
    return reid_cosam.load(ckpt)


@pytest.fixture
def model(encoder: Encoder, tmp_path: Path) -> Path:
    encoder.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def change(model: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    content = read_record(model / CONFIG)
    edit(content)
    write_record(model / CONFIG, content)


@pytest.mark.parametrize(
    "overrides",
    [
        ("backbone=resnet_tiny", "agg=tp_avg", "cosam=[4,5]"),
        ("backbone=se_resnet_tiny", "agg=ta", "cosam=[2]", "num_frames=2"),
        ("backbone=resnet_tiny", "agg=rnn", "cosam=[]", "num_frames=8"),
        ("backbone=resnet_tiny", "agg=tp_avg", "cosam=[4,5]", "recipe/attention=pooled"),
        ("backbone=resnet_tiny", "agg=ta", "cosam=[5]", "recipe/attention=prototypes", "num_frames=1"),
        ("backbone=timm", "backbone.model=resnet18", "agg=tp_max", "cosam=[5]", "backbone.last_stride=2"),
        ("backbone=resnet_tiny", "agg=rnn", "cosam=[4]", "recipe=strong"),
    ],
)
def test_descriptors_are_those_of_the_checkpoint_bit_for_bit(
    tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    written = reid_cosam.load(checkpoint(tmp_path / "model.ckpt", *overrides))
    written.save_pretrained(tmp_path / "model")
    read = reid_cosam.load(f"{tmp_path}/model/")
    frames = clips(2, 9, 80, 40, 3)

    assert torch.equal(read.embed(frames), written.embed(frames))
    assert (read.fingerprint, repr(read)) == (written.fingerprint, repr(written))
    assert read.distance == written.distance == ("cosine" if "recipe=strong" in overrides else "euclidean")
    assert read.network.backbone.map_size(5, 64, 32) == written.network.backbone.map_size(5, 64, 32)


@pytest.mark.slow
@pytest.mark.parametrize("backbone", ["resnet50", "se_resnet50"])
def test_so_are_those_of_the_large_backbones(tmp_path: Path, backbone: str) -> None:
    written = reid_cosam.load(checkpoint(tmp_path / "model.ckpt", f"backbone={backbone}"))
    written.save_pretrained(tmp_path / "model")
    frames = clips(1, 4, 64, 32, 3)

    assert torch.equal(reid_cosam.load(tmp_path / "model").embed(frames), written.embed(frames))


def test_the_folder_says_all_that_preprocessing_needs(model: Path) -> None:
    content = json.loads((model / CONFIG).read_text())

    assert {path.name for path in model.iterdir()} == {WEIGHTS, CONFIG, "README.md"}
    assert len({path.stat().st_mode for path in model.iterdir()}) == 1  # others may read all or nothing
    assert content["preprocessing"] == {
        "input_size": [64, 32],
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "interpolation": "bilinear",
        "to_rgb": True,
        "resize_mode": "stretch",
    }
    assert content["architecture"] == "resnet_tiny-cosam45-tp_avg-n4"
    assert (content["num_frames"], content["descriptor_size"], content["distance"]) == (4, 256, "euclidean")
    seen = {"data": "synthetic medium", "split": None, "people": 3, "split_sha256": "5" * 64}
    assert content["training"] == seen | {"recipe": "paper", "seed": 0, "steps": 7}


def test_the_card_has_scores_and_names_no_place_and_nobody(model: Path, ckpt: Path) -> None:
    card = (model / "README.md").read_text()

    assert card.startswith("---\nlibrary_name: reid-cosam\n")
    assert "\n| released | no | 25.0 | 50.0 | 75.0 | 100.0 | 1,980 |\n| released | yes | 26.0 |" in card
    assert "3 people of `synthetic medium`" in card
    for heading in ("Training data", "Scores", "Thresholds", "Intended use", "Limits", "Privacy"):
        assert f"\n## {heading}\n" in card
    for path in model.iterdir():
        content = path.read_bytes()
        for private in (str(ckpt.parents[1]), ckpt.parents[1].name, "anna", "/home"):
            assert private.encode() not in content
    assert not any(name.startswith("classifier") for name in load_file(model / WEIGHTS))


def test_scores_of_another_checkpoint_of_the_run_are_left_out(ckpt: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "checkpoints" / "best.ckpt"
    content = torch.load(ckpt, weights_only=True)
    earlier.parent.mkdir()
    torch.save(content | {"global_step": 5}, earlier)
    (tmp_path / "metrics.json").write_bytes((ckpt.parents[1] / "metrics.json").read_bytes())

    reid_cosam.load(earlier).save_pretrained(tmp_path / "model")

    assert read_record(tmp_path / "model" / CONFIG)["scores"] == []
    assert "None are recorded" in (tmp_path / "model" / "README.md").read_text()


def test_a_network_that_was_trained_further_has_no_scores(encoder: Encoder, tmp_path: Path) -> None:
    with torch.no_grad():
        next(encoder.network.parameters()).add_(1)
    encoder.save_pretrained(tmp_path / "model")

    assert read_record(tmp_path / "model" / CONFIG)["scores"] == []


def test_writing_again_keeps_what_else_lies_there(model: Path) -> None:
    (model / "model.onnx").write_text("of this network")
    (model / "README.md").unlink()
    before = (model / WEIGHTS).stat().st_ino

    reid_cosam.load(model).save_pretrained(model)

    assert (model / "model.onnx").exists()
    assert (model / "README.md").exists()
    assert (model / WEIGHTS).stat().st_ino == before


def test_what_is_no_folder_of_this_network_is_left_alone(encoder: Encoder, model: Path) -> None:
    other = model.with_name("other")
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=f"{other} exists and is no model folder"):
        encoder.save_pretrained(other)
    with torch.no_grad():
        next(encoder.network.parameters()).add_(1)
    before = {path: path.read_bytes() for path in model.iterdir()}
    with pytest.raises(FileExistsError, match=f"{model} holds another network"):
        encoder.save_pretrained(model)
    assert {path: path.read_bytes() for path in model.iterdir()} == before


def test_a_failure_while_writing_leaves_nothing(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reid_cosam.sharing.model_folder.model_card", full_disk)
    with pytest.raises(OSError, match="No space left"):
        encoder.save_pretrained(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_was_composed_by_hand_is_refused(encoder: Encoder, tmp_path: Path) -> None:
    by_hand = Encoder(encoder.network, 4, 64, 32)
    with pytest.raises(ValueError, match="composed by hand"):
        by_hand.save_pretrained(tmp_path / "model")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda one: one["preprocessing"].update(mean=[0.5, 0.5, 0.5]), r"mean=.*take \[0\.485, 0\.456"),
        (lambda one: one["preprocessing"].update(interpolation="bicubic"), "interpolation=bicubic"),
        (lambda one: one["preprocessing"].update(to_rgb=False), "to_rgb=False"),
        (lambda one: one.update(num_frames=0), "num_frames=0"),
        (lambda one: one.update(num_frames=3), "does not hold the network"),
        (lambda one: one.update(distance="manhattan"), "distance=manhattan"),
        (lambda one: one.update(weights_sha256="../x"), "weights_sha256"),
        (lambda one: one.update(extra=1), "extra=1"),
        (lambda one: one.pop("network"), "network is missing"),
        (lambda one: one.update(fingerprint="0" * 64), "does not describe the network"),
        (lambda one: one["network"]["backbone"].update(depth=3), r"reid_config\.json: backbone\.depth=3"),
        (lambda one: one["network"].update(cosam=[7]), "7"),
        (lambda one: one["network"]["agg"].update(_target_="os.system"), "agg._target_=os.system"),
        (lambda one: one["network"]["agg"].update(_target_="torch.load"), "agg._target_=torch.load"),
        (
            lambda one: one["network"]["attention"].update(_target_="examples.gem.GeM"),
            r"attention\._target_=examples\.gem\.GeM.*trust=\[examples\]",
        ),
    ],
)
def test_every_field_is_checked(model: Path, edit: Callable[[dict[str, Any]], object], said: str) -> None:
    change(model, edit)
    with pytest.raises(ValueError, match=said) as caught:
        reid_cosam.load(model)
    assert str(model) in str(caught.value)


def test_a_flipped_bit_is_noticed(model: Path) -> None:
    path = model / WEIGHTS
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path} is damaged or was exchanged"):
        reid_cosam.load(model)


def test_a_changed_configuration_is_noticed(model: Path) -> None:
    path = model / CONFIG
    path.write_text(path.read_text().replace('"steps": 7', '"steps": 9'))
    with pytest.raises(ValueError, match=f"{path} is damaged"):
        reid_cosam.load(model)


def test_a_pickle_in_place_of_the_weights_is_not_read(model: Path, ckpt: Path) -> None:
    (model / WEIGHTS).write_bytes(ckpt.read_bytes())
    with pytest.raises(ValueError, match="SHA-256"):
        reid_cosam.load(model)


def test_missing_files_are_named(model: Path) -> None:
    (model / WEIGHTS).unlink()
    with pytest.raises(FileNotFoundError, match=f"{model} is not complete: {WEIGHTS} is missing"):
        reid_cosam.load(model)
    (model / CONFIG).unlink()
    with pytest.raises(FileNotFoundError, match=f"{model} is no model folder"):
        reid_cosam.load(model)


def test_parts_of_others_need_trust(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "own.ckpt", "agg._target_=examples.gem.GeM")
    written = reid_cosam.load(path, trust=["examples"])
    written.save_pretrained(tmp_path / "model")

    with pytest.raises(ValueError, match=r"agg\._target_=examples\.gem\.GeM"):
        reid_cosam.load(tmp_path / "model")
    read = reid_cosam.load(tmp_path / "model", trust=["examples"])
    frames = clips(1, 4, 64, 32, 3)
    assert torch.equal(read.embed(frames), written.embed(frames))


def test_a_path_of_this_machine_is_not_published(ckpt: Path, tmp_path: Path) -> None:
    encoder = reid_cosam.load(ckpt)
    assert encoder._origin is not None
    found = encoder._origin[0]()
    attention = {**found.network.attention, "variant": "/home/anna/variant"}
    network = found.network.model_copy(update={"attention": attention})
    encoder._origin = (lambda: found.model_copy(update={"network": network}), encoder.fingerprint)

    with pytest.raises(ValueError, match=r"attention\.variant=/home/anna/variant is a path"):
        encoder.save_pretrained(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_calibration_goes_with_the_network(encoder: Encoder, tmp_path: Path) -> None:
    given = calibration(encoder.fingerprint, "/home/anna/shop")
    encoder.save_pretrained(tmp_path / "model", given)
    read = reid_cosam.load(tmp_path / "model")
    read.save_pretrained(tmp_path / "copy")

    assert encoder.calibration is None
    assert read.calibration == given
    assert given.source["name"] == "shop"
    assert (tmp_path / "copy" / "calibration.json").exists()
    card = (tmp_path / "copy" / "README.md").read_text()
    assert "20 tracklets of `shop`, of 5 people, under\n2 cameras" in card
    assert "| up to 0 | same | in a gallery of 100 tracklets, at most 1 %" in card
    assert "| - | not here | cannot be promised at 5 %" in card
    rows = [
        "|---|---|",
        "| equal error rate | 12.5 (10.0 to 20.0) |",
        "| found, at a false alarm rate of 1 % | 50.0 (25.0 to 75.0) |",
        "",
        "## Intended use",
    ]
    assert "\n".join(rows) in card


def test_the_card_says_which_distances_keep_a_promise(encoder: Encoder, tmp_path: Path) -> None:
    """In a gallery of 100 a pair may have the rate 1 - 0.99 ** (1 / 100) = 0.0001; √4 times 5 people do."""
    falling = RateCurve(thresholds=(0, 1, 2), value=(1, 0.5, 0), low=(1, 0.4, 0), high=(1, 0.6, 0.04))
    for high, said in (
        (0.0001, "| up to 1 | same | in a gallery of 100 tracklets, at most 1 %"),
        (
            0.0004,
            "| - | same | cannot be promised at 1 % in a gallery of 100 tracklets, which takes about 10",
        ),
    ):
        rising = RateCurve(thresholds=(0, 1, 2), value=(0, 0, 1), low=(0, 0, 1), high=(high, high, 1))
        changes = {"misses": falling, "false_alarms": rising}
        given = calibration(encoder.fingerprint, "shop").model_copy(update=changes)
        encoder.save_pretrained(tmp_path / "model", given)
        card = (tmp_path / "model" / "README.md").read_text()
        assert f"| euclidean distance | verdict | promise |\n|---|---|---|\n{said}" in card
        assert "\n| above 2 | not here | at most 5 % of" in card


def test_a_calibration_of_another_network_is_refused(encoder: Encoder, model: Path) -> None:
    other = calibration("0" * 64, "shop")
    with pytest.raises(ValueError, match="000000000000"):
        encoder.save_pretrained(model, other)
    assert not (model / "calibration.json").exists()
    other.write(model / "calibration.json")
    with pytest.raises(ValueError, match=f"{model}.*calibrate"):
        reid_cosam.load(model)
