"""Views of G2A-VReID; `test_mars.py` has what it shares with MARS."""

from dataclasses import replace
from pathlib import Path

import pytest

from reid_cosam.data.readers.g2a_vreid import G2aVreid
from reid_cosam.data.readers.mars import Mars
from tests.support.tree import write_mars_tree


def test_each_camera_is_a_view(tmp_path: Path) -> None:
    root = write_mars_tree(tmp_path, size=(8, 4))

    splits = G2aVreid().read(str(root))

    assert {(t.camid, t.view) for t in splits.tracklets()} == {(1, "camera 1"), (2, "camera 2")}
    assert [replace(t, view=None) for t in splits.tracklets()] == list(Mars().read(root).tracklets())


def test_a_missing_folder_is_named_with_the_layout(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"info is missing; expected") as error:
        G2aVreid().read(tmp_path)

    assert "tracks_test_info.mat" in str(error.value)
