"""Descriptors once, scores under any protocol, and what is left in the folder."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from safetensors import SafetensorError

from reid_cosam import build, train
from reid_cosam.command_line.arguments import refuse_image_size
from reid_cosam.data.frames import read_clip
from reid_cosam.data.readers.mars import Mars
from reid_cosam.data.transforms import normalise
from reid_cosam.evaluation.extraction import Extraction
from reid_cosam.evaluation.run_outputs import FinishedRun, write_outputs
from tests.support.evaluated import RERANKING, run, settings, stored, train_checkpoint
from tests.support.tree import write_mars_tree
from tests.test_train import small

pytestmark = pytest.mark.usefixtures("any_counts")


@pytest.fixture
def copied(trained_checkpoint: Path, tmp_path: Path) -> Path:
    """The checkpoint alone, without descriptors beside it."""
    return Path(shutil.copy(trained_checkpoint, tmp_path / "model.ckpt"))


def test_it_scores_as_the_training_run_did(copied: Path, trained_checkpoint: Path, tmp_path: Path) -> None:
    trained = json.loads((trained_checkpoint.parents[1] / "metrics.json").read_text())

    found = run(tmp_path / "out", copied, "trainer.precision=32-true")

    for name in ("mAP", "R1", "R5", "R20", "valid_queries", "protocol"):
        assert found[name] == pytest.approx(trained[name]), name


def test_the_folder_of_a_run_stands_for_its_last_checkpoint(trained_checkpoint: Path) -> None:
    run_folder = trained_checkpoint.parents[1]

    assert settings(run_folder).ckpt == str(run_folder / "checkpoints" / "last.ckpt")


def test_a_strong_network_is_scored_by_its_average_and_its_distance(small_mars: Path, tmp_path: Path) -> None:
    ckpt = train_checkpoint(small_mars, tmp_path / "run", "recipe=strong")
    trained = json.loads((tmp_path / "run" / "metrics.json").read_text())

    found = run(tmp_path / "out", ckpt, "trainer.precision=32-true")
    other = run(tmp_path / "other", ckpt, "trainer.precision=32-true", "distance=euclidean")

    assert found["distance"] == found["results"][0]["distance"] == trained["distance"] == "cosine"
    assert other["distance"] == "euclidean"
    for name in ("mAP", "R1", "R5", "R20"):
        assert found[name] == pytest.approx(trained[name]), name


def test_its_descriptors_are_those_of_the_training_run_bit_for_bit(
    small_mars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In bfloat16, where every other way to the same number shows."""
    found: list[torch.Tensor] = []

    def remember(finished: FinishedRun, folder: Path) -> Any:
        found.append(finished.validation.descriptors)
        return write_outputs(finished, folder)

    monkeypatch.setattr("reid_cosam.sweeps.run_folder.write_outputs", remember)
    train.run(small(small_mars, "logger=none", "trainer.precision=bf16-mixed"), tmp_path / "trained")

    ckpt = tmp_path / "trained" / "checkpoints" / "last.ckpt"
    metrics = run(tmp_path / "out", ckpt, "trainer.precision=bf16-mixed")

    (trained,) = found
    assert torch.equal(stored(Path(metrics["store"]))[: len(trained)], trained)


def test_a_second_evaluation_extracts_nothing(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(tmp_path / "first", copied)
    monkeypatch.delattr(Extraction, "test_step")

    second = run(tmp_path / "second", copied, "protocol=[with_queries,official]", "rerank=true", *RERANKING)

    assert second["store"] == first["store"]
    assert [(row["protocol"], row["reranked"]) for row in second["results"]] == [
        ("with_queries", False),
        ("with_queries", True),
        ("official", False),
        ("official", True),
    ]


@pytest.mark.parametrize("error", [OSError("disk full"), SafetensorError("I/O error: disk full")])
def test_what_cannot_be_stored_in_the_end_is_scored(
    error: Exception,
    copied: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise error

    expected = run(tmp_path / "a", copied, f"store={tmp_path / 'store'}")
    monkeypatch.setattr("reid_cosam.results.descriptors.save_file", fail)

    metrics = run(tmp_path / "b", copied)

    assert metrics["results"] == expected["results"]
    assert metrics["store"] is None
    (record,) = [one for one in caplog.records if one.levelname == "WARNING"]
    assert "disk full" in record.getMessage()


def test_a_file_where_the_store_would_be_is_told_before_extraction(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "descriptors").touch()
    assert run(tmp_path / "a", copied)["store"] is None

    monkeypatch.delattr(Extraction, "test_step")  # nothing is extracted
    with pytest.raises(OSError, match=rf"store={tmp_path}/descriptors/mine cannot take the descriptors"):
        run(tmp_path / "b", copied, f"store={tmp_path}/descriptors/mine")


def test_everything_is_left_in_the_folder(copied: Path, tmp_path: Path) -> None:
    metrics = run(tmp_path / "out", copied, "rerank=true", *RERANKING)

    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {
        "cmc.csv",
        "config.yaml",
        "environment.json",
        "metrics.json",
        "pictures",
        "queries_released.csv",
        "queries_released_reranked.csv",
    }
    assert {path.name for path in (out / "pictures").iterdir()} == {"cmc.png", "hardest_queries.png"}
    assert (metrics["queries"], metrics["valid_queries"]) == (6, 6)
    assert {"mAP", "mINP", "R1", "R5", "R10", "R20", "protocol"} <= metrics.keys()
    table = pd.read_csv(Path(metrics["store"]) / "tracklets.csv")
    assert table["part"].value_counts().to_dict() == {"query": 6, "gallery": 6}
    assert table.iloc[0].tolist() == ["query", 101, 1, 5, "bbox_test/0101/0101C1T0001F001.jpg"]
    by_query = pd.read_csv(out / "queries_released.csv")
    assert by_query["first_frame"].tolist() == table["first_frame"][:6].tolist()


def test_the_curves_are_there_in_numbers(copied: Path, tmp_path: Path) -> None:
    metrics = run(tmp_path / "out", copied, "protocol=[released,with_queries]", "rerank=true", *RERANKING)

    table = pd.read_csv(tmp_path / "out" / "cmc.csv", index_col="rank")
    assert table.index.tolist() == list(range(1, 13))  # the larger gallery: 6 queries are in it
    assert table["released"].notna().sum() == 6
    results = dict(zip(table.columns, metrics["results"], strict=True))
    assert list(results) == ["released", "released_reranked", "with_queries", "with_queries_reranked"]
    for name, row in results.items():
        assert table.loc[[1, 5], name].tolist() == [row["R1"], row["R5"]]


def test_the_record_does_not_depend_on_the_folder_of_the_command(
    copied: Path, small_mars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(small_mars.parent)

    metrics = run(tmp_path / "out", Path(os.path.relpath(copied)), f"data.root={small_mars.name}")

    assert metrics["data"]["root"] == str(small_mars)
    assert Path(metrics["store"]).is_absolute()
    assert Path(metrics["checkpoint"]["path"]).is_absolute()


@pytest.mark.parametrize("batch_size", [1, 5])
def test_the_size_of_batches_changes_nothing(
    copied: Path, tmp_path: Path, batch_size: int, small_mars: Path
) -> None:
    data = ("data=mars", f"data.root={small_mars}", "data.workers=0", "trainer.precision=32-true")
    expected = run(tmp_path / "first", copied, *data, f"store={tmp_path / 'a'}")

    found = run(
        tmp_path / "out", copied, *data, f"data.eval_batch_size={batch_size}", f"store={tmp_path / 'b'}"
    )

    torch.testing.assert_close(stored(tmp_path / "b"), stored(tmp_path / "a"), rtol=1e-4, atol=1e-5)
    assert found["mAP"] == expected["mAP"]


def test_another_data_set_is_scored_with_the_same_network(copied: Path, tmp_path: Path) -> None:
    other = write_mars_tree(tmp_path / "other", test_ids=4, cameras=3)

    metrics = run(tmp_path / "out", copied, "data=mars", f"data.root={other}", "data.workers=0")

    assert metrics["queries"] == 12
    assert metrics["data"]["root"] == str(other)


def test_a_weighted_tail_changes_the_descriptors(copied: Path, tmp_path: Path) -> None:
    cycle = run(tmp_path / "cycle", copied)
    weighted = run(tmp_path / "weighted", copied, "snippet_tail=weighted")

    assert cycle["store"] != weighted["store"]
    assert not torch.equal(stored(Path(cycle["store"])), stored(Path(weighted["store"])))


@pytest.fixture(scope="module", params=["pooled", "prototypes"])
def without_places(
    small_mars: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    """A checkpoint of a network for clips of any length."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Mars, "counts", {})
        folder = tmp_path_factory.mktemp("trained")
        return train_checkpoint(small_mars, folder, f"recipe/attention={request.param}")


def test_clips_may_be_longer_than_in_training(without_places: Path, tmp_path: Path) -> None:
    trained, network = build.load_network(without_places)
    exact = "trainer.precision=32-true"

    metrics = {
        chosen: run(tmp_path / chosen, without_places, exact, f"num_frames={chosen}")
        for chosen in ("null", str(trained.num_frames), "8", "tracklet")
    }

    n = trained.num_frames
    assert {chosen: found["tested_frames"] for chosen, found in metrics.items()} == {
        "null": f"all frames in snippets of {n}, tail cycle",
        str(n): f"all frames in snippets of {n}, tail cycle",
        "8": f"all frames in snippets of 8, tail cycle (trained in snippets of {n})",
        "tracklet": f"all frames of a tracklet as one clip (trained in snippets of {n})",
    }
    assert [found["num_frames"] for found in metrics.values()] == [n, n, 8, "tracklet"]
    stores = [Path(found["store"]) for found in metrics.values()]
    assert stores[0] == stores[1]
    assert len(set(stores)) == 3
    splits = build.make_splits(trained.data)
    size = (trained.data.height, trained.data.width)
    for tracklet, by_8, whole in zip(splits.query, stored(stores[2]), stored(stores[3]), strict=False):
        frames = torch.from_numpy(read_clip(tracklet.frames, *size)).permute(0, 3, 1, 2)
        clip = normalise(frames[None], torch.float32)
        with torch.inference_mode():
            torch.testing.assert_close(whole, network.eval()(clip).descriptors[0], rtol=1e-4, atol=1e-5)
            filled = clip[:, torch.arange(8) % len(frames)]
            assert len(frames) <= 8
            torch.testing.assert_close(by_8, network(filled).descriptors[0], rtol=1e-4, atol=1e-5)


def test_descriptors_of_another_clip_length_are_not_used(without_places: Path, tmp_path: Path) -> None:
    store = f"store={tmp_path / 'store'}"
    run(tmp_path / "a", without_places, store, "num_frames=3")

    with pytest.raises(ValueError, match=r"snippet 3x64x32 \(asked for: trackletx64x32\)"):
        run(tmp_path / "b", without_places, store, "num_frames=tracklet")


@pytest.mark.parametrize("num_frames", ["1", "8", "tracklet"])
def test_cosam_with_places_is_tested_on_the_clips_it_was_trained_on(
    copied: Path, tmp_path: Path, num_frames: str
) -> None:
    with pytest.raises(ValueError, match=f"^num_frames={num_frames}: .*trained with 4.*COSAM was built for"):
        run(tmp_path / "out", copied, f"num_frames={num_frames}")


@pytest.mark.parametrize("num_frames", ["0", "all"])
def test_a_bad_clip_length_is_named(copied: Path, num_frames: str) -> None:
    with pytest.raises(ValueError, match=f"^num_frames={num_frames}: "):
        settings(copied, f"num_frames={num_frames}")


def test_queries_with_an_attribute_are_scored_by_themselves(
    copied: Path, small_mars: Path, tmp_path: Path
) -> None:
    lines = ["person_id,camera_id,tracklets_id,hat,backpack,hand bag"]
    lines += ["101,1,1,1,0,0", "102,1,2,1,1,0", "103,1,3,0,0,0"]
    (tmp_path / "who.csv").write_text("\n".join(lines) + "\n")

    (row,) = run(
        tmp_path / "out",
        copied,
        "data=mars",
        f"data.root={small_mars}",
        f"data.attributes={tmp_path / 'who.csv'}",
        "data.workers=0",
    )["results"]

    # Each person is queried from two cameras.
    assert (row["by_attribute"]["hat"]["queries"], row["by_attribute"]["backpack"]["queries"]) == (4, 2)
    assert row["by_attribute"]["handbag"] is None


def test_the_checkpoints_own_data_set_may_have_moved(copied: Path, small_mars: Path, tmp_path: Path) -> None:
    first = run(tmp_path / "first", copied, f"store={tmp_path / 'a'}")
    moved = Path(shutil.copytree(small_mars, tmp_path / "moved"))

    second = run(
        tmp_path / "second", copied, f"data.root={moved}", "data.workers=0", f"store={tmp_path / 'b'}"
    )

    assert (first["data"]["root"], second["data"]["root"]) == (str(small_mars), str(moved))
    assert second["data"]["name"] == "mars"
    assert second["results"] == first["results"]
    assert torch.equal(stored(tmp_path / "a"), stored(tmp_path / "b"))


def test_a_data_set_with_other_sizes_by_default_is_not_refused(
    copied: Path, small_mars: Path, tmp_path: Path
) -> None:
    overrides = ("data=mars", f"data.root={small_mars}", "data.workers=0")

    refuse_image_size(overrides)
    metrics = run(tmp_path / "out", copied, *overrides)  # data=mars alone says 256x128

    assert (metrics["height"], metrics["width"]) == (64, 32)


def test_told_to_end_it_leaves_no_result(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Extraction, "test_step", told)

    with pytest.raises(SystemExit) as ended:
        run(tmp_path / "out", copied, "data.eval_batch_size=2")

    assert ended.value.code == 143
    assert not list(tmp_path.rglob("metrics.json"))
    assert not list(tmp_path.rglob("*.safetensors"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="here is a GPU")
def test_a_gpu_that_is_not_there_is_named(copied: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"^trainer\.accelerator=gpu, but torch finds no GPU on this machine"
    ):
        run(tmp_path / "out", copied, "trainer.accelerator=gpu")
