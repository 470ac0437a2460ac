"""Files for other programs compute what the network does, at every batch size, and say what they expect."""

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
from logging.handlers import BufferingHandler
from pathlib import Path
from tempfile import gettempdir
from typing import get_args

import pytest
import torch
from PIL import Image
from torch.nn.functional import cosine_similarity

from reid_cosam import Encoder, ScoringConfig, TestSet, Tracklet, normalise, read_clip, score_protocols
from reid_cosam.data.readers.mars import Mars
from reid_cosam.settings.footage import Format
from reid_cosam.sharing import engines, exchange, parity
from reid_cosam.sharing.quantising import example_clips
from tests.sharing.networks import HEIGHT, WIDTH, Attention, make_encoder
from tests.support.tree import write_mars_tree

FORMATS: tuple[Format, ...] = tuple(one for one in get_args(Format) if one != "openvino_int8")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return make_encoder(has_neck=True)


@pytest.fixture(scope="module")
def written(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder, and what was logged while its files were written."""
    folder, log = tmp_path_factory.mktemp("model"), BufferingHandler(10**6)
    root = logging.getLogger()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(root, "handlers", [*root.handlers, log])
        patch.setattr(root, "level", logging.INFO)
        exchange.write_files(encoder, folder, FORMATS)
    return folder, [record.getMessage() for record in log.buffer]


@pytest.fixture(scope="module")
def folder(written: tuple[Path, list[str]]) -> Path:
    return written[0]


def noise(*shape: int) -> torch.Tensor:
    return torch.randint(256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def in_a_process(code: str, *arguments: object, **environment: str) -> str:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment}
    if "ORT_DISABLE_TELEMETRY" not in environment:
        env.pop("ORT_DISABLE_TELEMETRY", None)  # of this process
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True, timeout=120).stdout


def test_every_format_and_form_agrees_with_the_network(encoder: Encoder, folder: Path) -> None:
    found = parity.write_parity(encoder, folder, FORMATS)

    assert found == json.loads((folder / parity.FILE).read_text())
    rows = found["batches"]
    assert {(row["format"], row["form"], row["batch"]) for row in rows} == {
        (format, form, batch) for format in FORMATS for form in exchange.FORMS for batch in (1, 3, 7, 16)
    }
    assert all(row["largest_difference"] < 1e-5 * row["largest_number"] for row in rows)
    assert found["agrees"]


def test_the_exporters_log_nothing(written: tuple[Path, list[str]]) -> None:
    assert written[1] == []
    assert logging.getLogger("onnxscript").level == logging.NOTSET


def test_files_of_another_network_do_not_agree(folder: Path) -> None:
    other = make_encoder(has_neck=True)
    torch.nn.init.normal_(other.network.backbone.stages[4].get_parameter("0.conv2.weight"))

    found = parity.write_parity(other, folder, ["torch_export"])

    assert not found["agrees"]
    with pytest.raises(ValueError, match="torch_export are too far"):
        parity.check(found)


def test_exporting_leaves_the_network_as_it_was(encoder: Encoder, folder: Path) -> None:
    assert folder.is_dir()  # exported
    untouched = make_encoder(has_neck=True)
    clips = noise(2, 4, HEIGHT, WIDTH, 3)

    assert encoder.fingerprint == untouched.fingerprint
    assert torch.equal(encoder.embed(clips), untouched.embed(clips))


WITHOUT_TORCH = """
import json, sys
sys.modules["torch"] = None  # cannot be imported
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
(given,), (made,) = session.get_inputs(), session.get_outputs()
blank = [np.zeros((batch, *given.shape[1:]), np.float32) for batch in (1, 5)]
shapes = [session.run(None, {given.name: one})[0].shape for one in blank]
print(json.dumps([given.name, given.type, given.shape[1:], made.name, shapes,
                  session.get_modelmeta().custom_metadata_map]))
"""


@pytest.mark.parametrize(
    ("form", "name", "shape"),
    [("clips", "clips", [4, 3, HEIGHT, WIDTH]), ("single_frame", "frames", [3, HEIGHT, WIDTH])],
)
def test_onnx_runs_where_there_is_no_torch(
    encoder: Encoder, folder: Path, form: exchange.Form, name: str, shape: list[int]
) -> None:
    path = exchange.file_of(folder, "onnx", form)

    *interface, metadata = json.loads(in_a_process(WITHOUT_TORCH, path, ORT_DISABLE_TELEMETRY="1"))

    assert interface == [name, "tensor(float)", shape, "descriptors", [[1, 256], [5, 256]]]
    assert metadata["fingerprint"] == encoder.fingerprint
    assert (metadata["mean"], metadata["std"]) == ("0.485 0.456 0.406", "0.229 0.224 0.225")
    assert (metadata["height"], metadata["width"], metadata["form"]) == ("64", "32", form)
    assert metadata["num_frames"] == ("4" if form == "clips" else "1")


@pytest.mark.parametrize("attention", ["pooled", "prototypes"])
def test_attention_without_places_is_exported_too(attention: Attention, tmp_path: Path) -> None:
    encoder = make_encoder(attention=attention)

    exchange.write_files(encoder, tmp_path, ["onnx", "torch_export"])

    assert parity.write_parity(encoder, tmp_path, ["onnx", "torch_export"])["agrees"]


def test_the_opset_is_the_stated_one(folder: Path) -> None:
    import onnx

    model = onnx.load(folder / "clips.onnx")
    onnx.checker.check_model(model)

    assert [one.version for one in model.opset_import if one.domain == ""] == [exchange.OPSET]


def test_a_single_frame_passes_over_cosam(encoder: Encoder) -> None:
    frames = torch.rand(3, 3, HEIGHT, WIDTH)
    plain = make_encoder(cosam=(), has_neck=True)
    state = {key: value for key, value in encoder.network.state_dict().items() if "attention" not in key}
    plain.network.load_state_dict(state)

    with torch.inference_mode():
        found = exchange.SingleFrame(encoder.network)(frames)
        expected = plain.network(frames[:, None]).descriptors

    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("form", exchange.FORMS)
def test_files_hold_nothing_of_the_code_and_no_clips(folder: Path, form: exchange.Form) -> None:
    import onnx

    program = torch.export.load(exchange.file_of(folder, "torch_export", form))
    assert program.example_inputs is None
    traced = [
        node.meta.get(name) for node in program.graph.nodes for name in ("stack_trace", "nn_module_stack")
    ]
    assert not any(traced)
    model = onnx.load(exchange.file_of(folder, "onnx", form))
    parts = (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input)
    assert not any(one.metadata_props or one.doc_string for one in parts)


def test_files_hold_no_paths_of_the_machine(folder: Path) -> None:
    files = list(folder.iterdir())
    assert {path.suffix for path in files} >= {".onnx", ".pt2", ".xml", ".bin"}
    source, libraries = Path(exchange.__file__).parents[2], Path(torch.__file__).parents[1]

    for place in (source, libraries, folder, Path(gettempdir())):
        assert not [path for path in files if f"{place}/".encode() in path.read_bytes()], place


def test_every_format_has_the_map_of_the_network(
    encoder: Encoder, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Mars, "counts", {})
    splits = Mars().read(write_mars_tree(tmp_path / "mars", size=(HEIGHT, WIDTH)))
    tracklets = (*splits.query, *splits.gallery, *splits.junk)
    clips = [torch.from_numpy(read_clip(one.frames, HEIGHT, WIDTH)) for one in tracklets]
    test_set = TestSet.of(splits.query, splits.gallery, splits.junk)

    rows = parity.write_parity(encoder, folder, FORMATS, splits)["test_set"]

    (result,) = score_protocols(
        torch.cat([encoder.embed(one[None]) for one in clips]), test_set, ScoringConfig()
    )
    scores = {(row["format"], row["form"]): row["mAP"] for row in rows}
    assert len(scores) == len(rows) == 2 * (len(FORMATS) + 1)
    assert scores["torch", "clips"] == result.scores.mean_ap
    for format in FORMATS:
        for form in exchange.FORMS:
            assert scores[format, form] == scores["torch", form]


WITHOUT_TELEMETRY = """
import sys
from pathlib import Path
from reid_cosam.settings.footage import Format
from reid_cosam.sharing import engines
for path in sys.argv[1:]:
    engines.open_file(Path(path))
from openvino.tools.ovc import telemetry_utils
print(telemetry_utils.tm.__name__, "openvino_telemetry.main" in sys.modules)
"""


def test_neither_library_sends_anything_to_its_maker(folder: Path, tmp_path: Path) -> None:
    paths = [exchange.file_of(folder, format, "clips") for format in ("openvino", "onnx")]
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}

    found = in_a_process(WITHOUT_TELEMETRY, *paths, **home)

    assert found.split() == ["openvino.tools.ovc.telemetry_stub", "False"]
    # where each of them would keep the number by which its maker knows this machine
    assert not [path for path in ("intel", "Microsoft") if (tmp_path / path).exists()]


@pytest.mark.parametrize(
    ("package", "format", "extra"),
    [("onnxscript", "onnx", "onnx"), ("onnx", "openvino", "onnx"), ("openvino", "openvino", "openvino")],
)
def test_without_an_extra_one_line_names_it(
    encoder: Encoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    format: Format,
    extra: str,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(ImportError, match=rf"^{package} .*pip install 'reid-cosam\[{extra}\]'$"):
        exchange.write_files(encoder, tmp_path / "out", [format])

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_an_engine_gives_the_descriptors_of_torch(
    encoder: Encoder, folder: Path, engine: engines.EngineName
) -> None:
    clips = noise(3, 6, 80, 40, 3)  # resized, and cut into two snippets each

    found = engines.with_engine(encoder, engine, folder).embed(clips)

    torch.testing.assert_close(found, encoder.embed(clips), rtol=1e-4, atol=1e-6)
    assert encoder.engine is None


@pytest.fixture(scope="module")
def int8(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("int8")
    exchange.write_files(encoder, folder, ["openvino_int8"], normalised(noise(8, 4, HEIGHT, WIDTH, 3)))
    return folder


def normalised(clips: torch.Tensor) -> torch.Tensor:
    return normalise(clips.permute(0, 1, 4, 2, 3), torch.float32)


@pytest.mark.parametrize("precision", get_args(engines.Precision))
def test_an_8_bit_network_is_near_the_network_and_not_the_same(
    encoder: Encoder, int8: Path, precision: engines.Precision
) -> None:
    clips = noise(3, 8, HEIGHT, WIDTH, 3)

    found = engines.with_engine(encoder, "openvino_int8", int8, precision).embed(clips)

    expected = encoder.embed(clips)
    assert cosine_similarity(found, expected).min() > parity.LEAST_COSINE_INT8
    assert (found - expected).abs().max() > 1e-3 * expected.abs().max()


def test_an_8_bit_network_is_written_alone_and_smaller(int8: Path, folder: Path) -> None:
    files = {f"{form}_int8{suffix}" for form in exchange.FORMS for suffix in (".xml", ".bin")}

    assert {path.name for path in int8.iterdir()} == files
    weights = (int8 / "clips_int8.bin").stat().st_size, (folder / "clips.bin").stat().st_size
    assert weights[0] < 0.6 * weights[1]


def test_an_8_bit_network_too_far_from_the_network_is_named(int8: Path, tmp_path: Path) -> None:
    other = make_encoder(aggregator="tp_max")
    for file in int8.iterdir():
        shutil.copy(file, tmp_path)

    found = parity.write_parity(other, tmp_path, ["openvino_int8"])

    assert not found["agrees"]
    with pytest.raises(ValueError, match="openvino_int8 are too far"):
        parity.check(found)


def test_a_report_keeps_what_it_said_of_other_formats(encoder: Encoder, folder: Path, tmp_path: Path) -> None:
    before = tmp_path / "before.json"
    parity.write_parity(encoder, folder, ["onnx"])
    shutil.copy(folder / parity.FILE, before)

    found = parity.write_parity(encoder, folder, ["torch_export"], before=before)
    other = parity.write_parity(make_encoder(aggregator="tp_max"), folder, ["torch_export"], before=before)

    assert {row["format"] for row in found["batches"]} == {"onnx", "torch_export"}
    assert {row["format"] for row in other["batches"]} == {"torch_export"}


def test_8_bits_need_clips(encoder: Encoder, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs examples: clips"):
        exchange.write_files(encoder, tmp_path / "out", ["openvino_int8"])
    with pytest.raises(ValueError, match="no training part"):
        example_clips(encoder, ())
    assert not (tmp_path / "out").exists()


def test_example_clips_are_spread_over_the_tracklets(encoder: Encoder, tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{number}.png") for number in range(100)]
    for number, path in enumerate(paths):
        Image.new("RGB", (WIDTH, HEIGHT), (number, number, number)).save(path)
    tracklets = [Tracklet(pid=0, camid=0, frames=(path,)) for path in paths]

    clips = example_clips(encoder, tracklets)

    assert clips.shape == (32, encoder.num_frames, 3, HEIGHT, WIDTH)
    red = clips[:, :, 0].unique().mul(0.229).add(0.485).mul(255).round().int().tolist()
    assert red == [round(place * 99 / 31) for place in range(32)]


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_signals_are_handled_after_another_library_has_computed(
    encoder: Encoder, folder: Path, engine: engines.EngineName
) -> None:
    engines.with_engine(encoder, engine, folder).embed(noise(16, encoder.num_frames, HEIGHT, WIDTH, 3))
    received = list[int]()
    before = signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    try:
        signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert received == [signal.SIGTERM]


@pytest.mark.parametrize(("precision", "cosine"), [("float32", 0.999999), ("bfloat16", 0.999)])
def test_torch_as_an_engine(encoder: Encoder, precision: engines.Precision, cosine: float) -> None:
    clips = noise(3, 4, HEIGHT, WIDTH, 3)

    found = engines.with_engine(encoder, "torch", precision=precision).embed(clips)

    assert found.dtype == torch.float32
    assert cosine_similarity(found, encoder.embed(clips)).min() > cosine


def test_an_engine_refuses_files_of_another_network(folder: Path) -> None:
    other = make_encoder(aggregator="tp_max")
    other.network.backbone.stages[0].get_parameter("0.weight").data *= 2

    with pytest.raises(ValueError, match=r"clips\.onnx .* another network .*export format=onnx"):
        engines.with_engine(other, "onnx", folder)


def test_an_engine_needs_its_file(encoder: Encoder, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"clips\.xml .*export ckpt=.* format=openvino"):
        engines.with_engine(encoder, "openvino", tmp_path)
    with pytest.raises(ValueError, match=r"engine=onnx .*model folder"):
        engines.with_engine(encoder, "onnx")
    with pytest.raises(ValueError, match="precision=bfloat16"):
        engines.with_engine(encoder, "onnx", folder, "bfloat16")


@pytest.mark.parametrize("format", FORMATS)
def test_a_damaged_file_is_named(tmp_path: Path, format: Format) -> None:
    path = exchange.file_of(tmp_path, format, "clips")
    path.write_bytes(b"nothing")

    with pytest.raises(ValueError, match=re.escape(path.name)):
        engines.open_file(path)


def test_a_layer_that_cannot_be_exported_is_refused(tmp_path: Path) -> None:
    class Undecided(torch.nn.Module):
        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            return maps if maps.sum() > 0 else -maps

    encoder = make_encoder(cosam=())
    encoder.network.attention["4"] = Undecided()

    with pytest.raises(ValueError, match=r"cannot be exported"):
        exchange.write_files(encoder, tmp_path / "out", ["torch_export"])
