"""The configuration is found in a checkout and in an installed wheel."""

import runpy
import shutil
from pathlib import Path

import pytest

from reid_cosam import paths


@pytest.mark.parametrize(
    ("package", "conf"),
    [
        ("checkout/src/reid_cosam", "checkout/conf"),
        ("site-packages/reid_cosam", "site-packages/reid_cosam/conf"),
    ],
)
def test_conf_is_found(package: str, conf: str, tmp_path: Path) -> None:
    for folder in (package, conf):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / conf / "train.yaml").touch()
    copy = shutil.copy(paths.__file__, tmp_path / package)

    found = runpy.run_path(str(copy))
    assert found["CONF"] == tmp_path / conf
    assert found["EXPERIMENTS"] == (tmp_path / conf).parent / "experiments"


def test_a_foreign_conf_folder_above_a_wheel_is_passed_over(tmp_path: Path) -> None:
    package = tmp_path / "app" / "lib" / "reid_cosam"
    package.mkdir(parents=True)
    (tmp_path / "app" / "conf").mkdir()
    copy = shutil.copy(paths.__file__, package)

    assert runpy.run_path(str(copy))["CONF"] == package / "conf"
