"""The verb `calibrate`, on a tiny network, and open-set scores of an evaluation."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import reid_cosam
from reid_cosam.calibrate import main
from reid_cosam.galleries.calibration import Calibration
from reid_cosam.galleries.gallery import Gallery, read_gallery, write_gallery
from reid_cosam.loading import load
from reid_cosam.sharing.calibrations import find_calibration
from tests.galleries.people import at_times, made_up
from tests.support.evaluated import run as evaluate
from tests.support.in_process import call

ON_CPU = ("trainer.accelerator=cpu", "trainer.precision=32-true", "draws=50")


pytestmark = pytest.mark.usefixtures("any_counts")


@pytest.fixture
def ckpt(trained_checkpoint: Path, tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    return Path(shutil.copy(trained_checkpoint, tmp_path / "model" / "model.ckpt"))


@pytest.fixture(scope="module")
def network(trained_checkpoint: Path) -> str:
    return load(trained_checkpoint).fingerprint


def write(gallery: Gallery, network: str, folder: Path) -> Path:
    write_gallery(Gallery(gallery.descriptors, gallery.tracklets, network, "model.ckpt"), folder)
    return folder


def test_a_test_set_gives_what_an_evaluation_prints(ckpt: Path, small_mars: Path, tmp_path: Path) -> None:
    code, printed, errors = call(
        main, tmp_path, f"model={ckpt}", "data=mars", f"data.root={small_mars}", "data.workers=0", *ON_CPU
    )
    assert code == 0, errors
    found = Calibration.read(ckpt.parent / "calibration.json")
    assert found.network == load(ckpt).fingerprint
    assert "EER" in printed
    assert "gallery of 100" in printed
    (folder,) = (tmp_path / "logs" / "calibrate" / "runs").iterdir()
    assert np.array(Image.open(folder / "pictures" / "openset.png")).std() > 10
    table = pd.read_csv(folder / "openset.csv")
    assert table["cameras"].iloc[0] == "all"
    assert len(set(table["cameras"])) > 1

    plain = evaluate(tmp_path / "plain", ckpt, "trainer.precision=32-true")
    metrics = evaluate(tmp_path / "out", ckpt, "openset=true", "trainer.precision=32-true")

    assert found.scores.eer is not None
    assert metrics["openset"]["eer"]["value"] == pytest.approx(found.scores.eer.value)
    assert metrics["openset"]["same_pairs"] == found.scores.same_pairs
    changed = {name for name in metrics if metrics[name] != plain.get(name)}
    assert changed <= {"openset", "sha256"}
    assert "openset" not in plain


def test_a_gallery_with_names_then_without(ckpt: Path, network: str, tmp_path: Path) -> None:
    shop = write(made_up(15, seed=1), network, tmp_path / "shop")
    names = made_up(15, seed=1).tracklets[["camera", "track", "person"]]
    names.to_csv(tmp_path / "people.csv", index=False)
    code, printed, errors = call(main, tmp_path, f"model={ckpt}", f"gallery={shop}", *ON_CPU)
    assert code == 0, errors
    assert "are named" not in printed + errors
    assert "15 people of shop" in printed
    assert "nobody is called same, as far=0.01 among" in printed
    first = Calibration.read(ckpt.parent / "calibration.json")
    assert reid_cosam.load(ckpt).calibration == first  # so `export` takes it along
    of_checkpoint = replace(read_gallery(shop), model=str(ckpt))
    assert find_calibration(of_checkpoint, shop) == first
    named = f"persons={tmp_path / 'people.csv'}"
    code, _, errors = call(
        main, tmp_path, f"model={ckpt}", f"gallery={shop}", named, "out=same.json", *ON_CPU
    )
    assert code == 0, errors
    assert Calibration.read(tmp_path / "same.json") == first
    names[:-3].to_csv(tmp_path / "people.csv", index=False)
    code, printed, errors = call(
        main, tmp_path, f"model={ckpt}", f"gallery={shop}", named, "out=few.json", *ON_CPU
    )
    assert code == 0, errors
    assert f"{len(names) - 3} of {len(names)} tracklets are named" in printed + errors

    street = made_up(15, seed=2, scale=0.5, named=False)
    street = at_times(street, 5.0 * np.arange(len(street)), 12.0)
    folder = write(street, network, tmp_path / "street")
    code, printed, errors = call(
        main, tmp_path, f"model={ckpt}", f"gallery={folder}", "labels=none", "out=street.json", *ON_CPU
    )
    assert code == 0, errors
    found = Calibration.read(tmp_path / "street.json")
    assert found.source["misses_from"] == "shop"
    assert found.misses == first.misses
    assert str(tmp_path) not in (tmp_path / "street.json").read_text()
    assert f"{found.source['people']} tracks of street" in printed
    assert "pairs within one camera" in printed
    assert "not verified" in printed + errors
    assert "differs from what was calibrated on" in printed + errors


def test_the_card_of_a_model_folder_has_the_thresholds(ckpt: Path, network: str, tmp_path: Path) -> None:
    shop = write(made_up(15, seed=1), network, tmp_path / "shop")
    load(ckpt).save_pretrained(tmp_path / "shared")
    card = tmp_path / "shared" / "README.md"
    assert "There is no calibration" in card.read_text()

    code, printed, errors = call(main, tmp_path, "model=shared", f"gallery={shop}", *ON_CPU)

    assert code == 0, errors
    assert "tracklets of `shop`, of 15 people" in card.read_text()
    assert "card, written anew: shared/README.md" in printed
    assert str(tmp_path) not in (tmp_path / "shared" / "calibration.json").read_text()


def test_bad_input_is_named_in_one_line(ckpt: Path, network: str, tmp_path: Path) -> None:
    other = write(made_up(5, seed=1), "f" * 64, tmp_path / "other")
    unnamed = write(made_up(5, seed=1, named=False), network, tmp_path / "unnamed")
    cases = [
        ((f"gallery={other}",), "another network"),
        ((f"gallery={unnamed}",), "labels=none"),
        ((f"gallery={unnamed}", "labels=none"), "at the same time"),
        ((f"gallery={unnamed}", "persons=nobody.csv"), "nobody.csv"),
        ((f"gallery={tmp_path / 'nowhere'}",), "nowhere"),
        ((), "either data=... or gallery=FOLDER"),
        ((f"gallery={unnamed}", "persons=a.csv", "labels=none"), "leave one out"),
    ]
    for arguments, named in cases:
        code, _, errors = call(main, tmp_path, f"model={ckpt}", *arguments, *ON_CPU)
        assert (code, named in errors) == (1, True), (arguments, errors)
    (ckpt.parent / "calibration.json").write_text("{}")
    timed = write(
        at_times(made_up(5, seed=1), [0.0] * len(made_up(5, seed=1)), 1.0), network, tmp_path / "timed"
    )
    code, _, errors = call(main, tmp_path, f"model={ckpt}", f"gallery={timed}", "labels=none", *ON_CPU)
    assert code == 1
    assert "calibration.json" in errors
    assert json.loads((ckpt.parent / "calibration.json").read_text()) == {}
