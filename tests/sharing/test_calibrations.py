"""Which calibration belongs to a gallery."""

from pathlib import Path

import pytest

from reid_cosam.sharing.calibrations import find_calibration
from tests.support.galleries import calibration_of, gallery_of, two_people


def test_the_file_named_comes_before_that_of_the_gallery_and_of_its_model(tmp_path: Path) -> None:
    gallery = gallery_of([("a", "1", "", 0, 1, (1,))], model=str(tmp_path / "model"))
    folder = tmp_path / "gallery"
    assert find_calibration(gallery, folder) is None
    for place, distance in (("model", 1), ("gallery", 2)):
        calibration = calibration_of().model_copy(
            update={"source": {**calibration_of().source, "people": distance}}
        )
        calibration.write(tmp_path / place / "calibration.json")
        found = find_calibration(gallery, folder)
        assert found is not None
        assert found.source["people"] == distance
    calibration_of().write(tmp_path / "other" / "calibration.json")
    of_model = find_calibration(gallery, folder, model=str(tmp_path / "other"))
    assert of_model is not None
    assert of_model.source["people"] == 160
    other = find_calibration(gallery, folder, model=str(tmp_path / "none"))
    assert other is not None
    assert other.source["people"] == 2
    named = find_calibration(
        gallery, folder, str(tmp_path / "model" / "calibration.json"), str(tmp_path / "other")
    )
    assert named is not None
    assert named.source["people"] == 1
    with pytest.raises(FileNotFoundError, match=r"none\.json"):
        find_calibration(gallery, folder, str(tmp_path / "none.json"))


def test_a_calibration_of_another_network_is_refused(tmp_path: Path) -> None:
    calibration_of("cd34").write(tmp_path / "calibration.json")
    with pytest.raises(ValueError, match=r"cd34.*ab12"):
        find_calibration(two_people(), tmp_path)
