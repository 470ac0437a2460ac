"""The files of linked galleries."""

import json
from pathlib import Path

import pandas as pd
import pytest

from reid_cosam.galleries.identity_files import write_linked
from reid_cosam.galleries.linked import link_gallery
from tests.support.galleries import two_people


def test_files_of_identities_and_boxes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    boxes = tmp_path / "boxes"
    boxes.mkdir()
    (boxes / "cam2.txt").write_text("7,2,1.5,2,30,60,0.9,1,1\n8,1,5,6,7,8\n8,99,1,1,1,1\n")
    write_linked(link_gallery(two_people(), threshold=3.0), tmp_path / "out", boxes)
    assert (tmp_path / "out" / "cam2.txt").read_text() == "7,2,1.5,2,30,60,0.9,1,1\n8,1,5,6,7,8\n"
    assert "1 tracks are not in the gallery" in caplog.text
    assert not (tmp_path / "out" / "cam1.txt").exists()
    table = pd.read_csv(tmp_path / "out" / "identities.csv", dtype={"nearest_identity": "Int64"})
    assert table["identity"].tolist() == [1, 2, 3, 1, 2]
    assert json.loads((tmp_path / "out" / "link.json").read_text())["identities"] == 3
    (boxes / "cam1.txt").write_text("7 2 1.5 2 30 60\n")
    with pytest.raises(ValueError, match=r"cam1.txt, line 1: not MOT text"):
        write_linked(link_gallery(two_people(), threshold=3.0), tmp_path / "out", boxes)
