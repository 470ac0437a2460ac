"""`reid-cosam score`: anybody's matrix gets the scores that an evaluation of its network would print."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file
from scipy.io import loadmat, savemat

from reid_cosam import cli, evaluate, score_matrix
from reid_cosam.data.readers.mars import Mars, read_info
from tests.metrics.test_protocols_mars import GOLDEN, _descriptors
from tests.support.evaluated import train_checkpoint
from tests.support.in_process import call
from tests.support.tree import write_mars_tree

RERANKING = ("rerank=true", "reranking.k1=3", "reranking.k2=2")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mars_tree(tmp_path_factory.mktemp("data") / "mars")


@pytest.fixture(scope="module")
def evaluated(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation under two protocols, re-ranked too, whose descriptors lie in `store`."""
    folder = tmp_path_factory.mktemp("evaluated")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Mars, "counts", {})
        ckpt = train_checkpoint(tree, folder / "trained")
        out = (f"ckpt={ckpt}", f"store={folder / 'store'}", "protocol=[released,with_queries]")
        code, _, errors = call(evaluate.main, folder, *out, *RERANKING)
    assert code == 0, errors
    return folder


@pytest.fixture(autouse=True)
def tiny_counts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "real_mars" not in request.node.name:
        monkeypatch.setattr(Mars, "counts", {})


def score(folder: Path, root: Path, *arguments: str) -> tuple[int, str, str]:
    return call(score_matrix.main, folder, "data=mars", f"data.root={root}", *arguments)


def written(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of the only run below `folder`, and its metrics."""
    (path,) = folder.glob("logs/*/runs/*/metrics.json")
    return path.parent, json.loads(path.read_text())


def test_exported_descriptors_score_as_in_the_evaluation(evaluated: Path, tree: Path, tmp_path: Path) -> None:
    expected_folder, expected = written(evaluated)
    matrix = evaluated / "store" / "descriptors.safetensors"

    code, out, errors = score(tmp_path, tree, f"descriptors={matrix}", *RERANKING)

    assert code == 0, errors
    folder, metrics = written(tmp_path)
    assert metrics["results"] == expected["results"]  # to the last digit, and with all that they depend on
    assert metrics["tested_frames"] == "all frames in snippets of 4, tail cycle"
    assert metrics["camera_input"] is False
    names = {path.name for path in folder.rglob("*") if path.is_file() and ".hydra" not in path.parts}
    assert names >= {"metrics.json", "cmc.csv", "queries_released.csv", "cmc.png", "hardest_queries.png"}
    for name in ("cmc.csv", "queries_released.csv", "queries_with_queries_reranked.csv"):
        assert (folder / name).read_text() == (expected_folder / name).read_text()
    assert "tested: all frames in snippets of 4, tail cycle; camera: not given to the network" in out


@pytest.mark.parametrize("seed", range(2))
def test_rows_in_any_order_score_alike(evaluated: Path, tree: Path, tmp_path: Path, seed: int) -> None:
    store = evaluated / "store"
    table = pd.read_csv(store / "tracklets.csv")
    matrix = load_file(store / "descriptors.safetensors")["descriptors"].numpy()
    order = np.random.default_rng(seed).permutation(len(table))
    np.save(tmp_path / "theirs.npy", matrix[order])
    table.loc[order, ["first_frame"]].to_csv(tmp_path / "theirs.csv", index=False)
    by_path = np.argsort(table["first_frame"].to_numpy(dtype=object))
    np.save(tmp_path / "sorted.npy", matrix[by_path])

    for matrix_name, rows in (("theirs.npy", f"{tmp_path}/theirs.csv"), ("sorted.npy", "frames")):
        folder = tmp_path / Path(matrix_name).stem
        folder.mkdir()
        named = (f"descriptors={tmp_path / matrix_name}", f"rows={rows}", "camera_input=true")
        code, _, errors = score(folder, tree, *named, *RERANKING, "tested_frames=first 8")
        assert code == 0, errors
        _, metrics = written(folder)
        for row, expected in zip(metrics["results"], written(evaluated)[1]["results"], strict=True):
            assert {**row, "tested_frames": 0, "camera_input": 0} == {
                **expected,
                "tested_frames": 0,
                "camera_input": 0,
            }
            assert (row["tested_frames"], row["camera_input"]) == ("first 8", True)


def test_without_a_matrix_it_lists_the_rows(evaluated: Path, tree: Path, tmp_path: Path) -> None:
    code, out, _ = score(tmp_path, tree)

    assert code == 0
    (path,) = tmp_path.glob("logs/score/runs/*/tracklets.csv")
    assert str(path) in out
    assert path.read_text() == (evaluated / "store" / "tracklets.csv").read_text()


def test_what_others_do_not_say_is_unknown(tree: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", np.random.default_rng(0).standard_normal((12, 4)))

    code, out, errors = score(tmp_path, tree, "descriptors=m.npy", "distance=cosine")

    assert code == 0, errors
    assert "cosine distance; tested: unknown; camera: unknown whether given to the network" in out
    _, metrics = written(tmp_path)
    assert [row["protocol"] for row in metrics["results"]] == ["released", "with_queries"]
    assert (metrics["distance"], metrics["gallery"], metrics["gallery_tracklets"]) == (
        *("cosine", ["gallery"], 6),
    )


def test_rows_in_a_wrong_order_are_suspected(tree: Path, tmp_path: Path) -> None:
    persons = np.repeat(np.eye(3), 4, axis=0)  # right if sorted by path: four tracklets of each person
    np.save(tmp_path / "m.npy", persons)

    code, out, _ = score(tmp_path, tree, "descriptors=m.npy", "rows=frames")
    assert (code, out.count("hardly better than chance")) == (0, 0)

    queries_last = np.concatenate([np.roll(persons[::2], 3, axis=0), persons[::2]])
    np.save(tmp_path / "m.npy", queries_last)
    _, out, _ = score(tmp_path, tree, "descriptors=m.npy")

    assert "hardly better than chance: are the rows in the order rows=parts?" in out
    assert "chance, released" in out


def test_frames_are_needed_for_pictures_only(tree: Path, tmp_path: Path) -> None:
    shutil.copytree(tree / "info", tmp_path / "mars" / "info")
    for name in ("bbox_train", "bbox_test"):
        (tmp_path / "mars" / name).mkdir()
    np.save(tmp_path / "m.npy", np.random.default_rng(0).standard_normal((12, 4)))

    code, out, errors = score(tmp_path, tmp_path / "mars", "descriptors=m.npy")

    assert code == 0, errors
    assert "there will be no picture of the hardest queries" in out
    folder, _ = written(tmp_path)
    assert [path.name for path in (folder / "pictures").iterdir()] == ["cmc.png"]


def test_descriptors_of_other_tracklets_are_refused(evaluated: Path, tmp_path: Path) -> None:
    other = write_mars_tree(tmp_path / "other", train_ids=5)

    matrix = evaluated / "store" / "descriptors.safetensors"
    code, _, errors = score(tmp_path, other, f"descriptors={matrix}")

    assert code == 1
    assert f"{matrix} holds descriptors of other tracklets than those of mars in {other}" in errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("descriptors=m.npy", "protocol=clothes_changing"), "needs the clothes of every tracklet"),
        (("descriptors=m.npy", "protocol=cross_view"), "needs the views of every tracklet"),
        (("descriptors=m.npy", "rows=gallery"), "rows=gallery: there is no such table; the orders are parts"),
        (("descriptors=short.npy",), "error: short.npy has 5 rows; the data set has 12 test tracklets"),
        (("descriptors=none.npy",), "descriptors=none.npy: there is no such file"),
        (("descriptors=m.npy", "camera_input=perhaps"), "camera_input=perhaps"),
    ],
)
def test_bad_input_is_one_line(arguments: tuple[str, ...], message: str, tree: Path, tmp_path: Path) -> None:
    for name, size in (("m", 12), ("short", 5)):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(0).standard_normal((size, 4)))

    code, _, errors = score(tmp_path, tree, *arguments)

    assert code == 1
    assert message in errors
    assert "\n" not in errors
    assert not list(tmp_path.glob("logs/score/runs/*"))


def test_a_folder_that_the_user_named_stays_after_a_refusal(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()

    code, _, _ = score(tmp_path, tree, "descriptors=none.npy", "hydra.run.dir=mine")

    assert code == 1
    assert (tmp_path / "mine").is_dir()


def test_official_needs_the_junk_rows(tmp_path: Path) -> None:
    root = write_mars_tree(tmp_path / "mars")
    info = root / "info" / "tracks_test_info.mat"
    rows = loadmat(info)["track_test_info"]
    rows[-1, 2] = -1
    savemat(info, {"track_test_info": rows})
    names = (root / "info" / "test_name.txt").read_text().split()
    first, last = rows[-1, :2]
    names[first - 1 : last] = [f"00-1{name[4:]}" for name in names[first - 1 : last]]
    (root / "info" / "test_name.txt").write_text("\n".join(names))
    matrix = np.random.default_rng(0).standard_normal((12, 4))
    np.save(tmp_path / "whole.npy", matrix)
    np.save(tmp_path / "without.npy", matrix[:11])

    for name, expected in (
        ("whole", ["released", "with_queries", "official"]),
        ("without", ["released", "with_queries"]),
    ):
        (tmp_path / name).mkdir()
        code, _, errors = score(tmp_path / name, root, f"descriptors=../{name}.npy")
        assert code == 0, errors
        assert [row["protocol"] for row in written(tmp_path / name)[1]["results"]] == expected
    code, _, errors = score(tmp_path, root, "descriptors=without.npy", "protocol=official")

    assert code == 1
    assert "protocol official searches the 1 junk tracklets too: without.npy lacks them" in errors


def test_its_verb_is_in_the_overview() -> None:
    assert "\n  score " in cli.overview()


@pytest.mark.parametrize("rows", ["frames", "parts", "table"])
def test_real_mars_lists_score_as_the_program_of_the_data_set(rows: str, tmp_path: Path) -> None:
    """Descriptors by rule, in the order of tracks_test_info and in others; no frame is read."""
    info = os.environ.get("REID_COSAM_MARS_INFO")
    if info is None:
        pytest.skip("REID_COSAM_MARS_INFO does not name the folder with the MARS lists")
    root = tmp_path / "mars"
    for name in ("bbox_train", "bbox_test"):
        (root / name).mkdir(parents=True)
    (root / "info").symlink_to(info)
    splits = read_info(Path(info), root)
    parts = splits.query + splits.gallery + splits.junk
    listed = sorted(parts, key=lambda tracklet: tracklet.frames[0])
    matrix = _descriptors(np.array([t.pid for t in listed]), np.array([t.camid for t in listed])).numpy()
    place = {tracklet.frames[0]: number for number, tracklet in enumerate(listed)}
    order = {
        "frames": np.arange(len(listed)),
        "parts": np.array([place[tracklet.frames[0]] for tracklet in parts]),
        "table": np.random.default_rng(0).permutation(len(listed)),
    }[rows]
    np.save(tmp_path / "theirs.npy", matrix[order])
    if rows == "table":
        names = [listed[number].first_frame(root) for number in order]
        pd.DataFrame({"first_frame": names}).to_csv(tmp_path / "tracklets.csv", index=False)

    named = () if rows == "table" else (f"rows={rows}",)
    code, _, errors = score(tmp_path, root, "descriptors=theirs.npy", *named)

    assert code == 0, errors
    golden = json.loads((GOLDEN / "mars_protocol.json").read_text())
    found = {row["protocol"]: row for row in written(tmp_path)[1]["results"]}
    assert found.keys() == {"released", "with_queries", "official"}
    for protocol, row in found.items():
        expected = golden[protocol]
        assert (row["gallery_tracklets"], row["valid_queries"]) == (
            *(expected["gallery"], expected["valid_queries"]),
        )
        for name in ("mAP", "R1", "R5", "R20"):
            assert row[name] == pytest.approx(expected[name], abs=1e-6)
