import shutil
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from reid_cosam.data import synthetic
from reid_cosam.data.synthetic import rendering, store, writer
from reid_cosam.data.synthetic.tracklets import TrackletPlan
from tests.data.walkers import TINY


def test_a_crash_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter(range(9))
    actual = writer._write_tracklet

    def fail_late(folder: Path, spec: synthetic.SyntheticSpec, plan: TrackletPlan) -> None:
        if next(calls) == 8:
            raise OSError("disk full")
        actual(folder, spec, plan)

    monkeypatch.setattr(writer, "_write_tracklet", fail_late)
    with pytest.raises(OSError, match="disk full"):
        synthetic.ensure(tmp_path, TINY, processes=1)

    assert list(tmp_path.iterdir()) == []


def test_a_failed_renderer_process_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(RuntimeError, match="rendering synthetic tiny failed"):
        synthetic.ensure(tmp_path, TINY, processes=2)

    assert list(tmp_path.iterdir()) == []


def test_the_slower_of_two_renders_uses_the_folder_of_the_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    final = tmp_path / TINY.folder_name

    def overtaken(staged: Path, spec: synthetic.SyntheticSpec, processes: int) -> None:
        for place, author in ((staged, "slower"), (final, "faster")):
            place.mkdir(exist_ok=True)
            (place / "author").write_text(f"{author} {spec.name} {processes}")

    monkeypatch.setattr(store, "render", overtaken)

    assert synthetic.ensure(tmp_path, TINY, processes=1) == final
    assert (final / "author").read_text() == "faster tiny 1"
    assert list(tmp_path.iterdir()) == [final]


def test_a_second_process_of_a_machine_waits_for_the_first_and_renders_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    began, go_on = threading.Event(), threading.Event()
    rendered: list[str] = []

    def slowly(*_: object) -> None:
        rendered.append(threading.current_thread().name)
        began.set()
        assert go_on.wait(60)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "locks"))
    (tmp_path / "locks").mkdir()
    monkeypatch.setattr(store, "render", slowly)
    ensure = partial(synthetic.ensure, tmp_path / "data", TINY, processes=1)
    # Each opens the lock for itself, so that threads stand for processes.
    first, second = (threading.Thread(target=ensure, name=name) for name in ("first", "second"))
    first.start()
    assert began.wait(60)
    second.start()
    said = ""
    while "waiting" not in said and second.is_alive():
        time.sleep(0.05)  # what is printed while it reads could be lost
        said += capsys.readouterr().err
    go_on.set()
    first.join(60)
    second.join(60)

    assert said == "waiting for another process, which renders synthetic tiny\n"
    assert rendered == ["first"]
    assert list((tmp_path / "data").iterdir()) == [tmp_path / "data" / TINY.folder_name]


def test_without_a_terminal_two_lines_tell_size_and_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # 6 s for the 2 frames of the first chunk: 3 s for each of them all.
    monkeypatch.setattr(rendering, "write_tracklets", lambda *_: (2, 6.0))
    monkeypatch.setattr(rendering, "CHUNK", 1000)

    rendering.render(tmp_path, TINY, 1)

    lists = (tmp_path / "info").glob("*_name.txt")
    frames = sum(names.read_bytes().count(b"\n") for names in lists)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == (
        f"rendering synthetic tiny: {frames} frames of 64x32, about {3 * frames} s with processes=1"
    )
    assert lines[1].startswith("rendered synthetic tiny in ")
    assert len(lines) == 2
