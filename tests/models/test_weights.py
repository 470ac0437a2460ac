import hashlib
import http.client
import io
import pickle
import re
import shutil
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
import torch

from reid_cosam.models.weights import Weights, load_file, load_weights

URL = "https://example.org/files/net-00.pth"
STATE = {"weight": torch.arange(6.0).reshape(2, 3)}


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the weights belong; nothing is there yet."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    return tmp_path / "checkpoints" / "net-00.pth"


def _bytes(state: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def _weights(content: bytes) -> Weights:
    return Weights(URL, hashlib.sha256(content).hexdigest())


def _place(content: bytes, path: Path) -> Weights:
    path.parent.mkdir()
    path.write_bytes(content)
    return _weights(content)


class _Answer(io.BytesIO):
    """As a server answers that does not say how long its file is."""

    def __init__(self, content: bytes, fault: Exception | None = None) -> None:
        super().__init__(content)
        self.fault = fault

    def info(self) -> Message:
        return Message()

    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        if not content and self.fault is not None:
            raise self.fault
        return content


def _serve(monkeypatch: pytest.MonkeyPatch, answer: bytes | Exception, begun: bytes = b"") -> list[str]:
    asked = []

    def urlopen(request: urllib.request.Request) -> _Answer:
        asked.append(request.full_url)
        if isinstance(answer, Exception):
            if not begun:
                raise answer
            return _Answer(begun, answer)
        return _Answer(answer)

    monkeypatch.setattr(torch.hub, "urlopen", urlopen)
    return asked


def test_a_file_in_the_checkpoint_folder_is_read_without_the_network(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _serve(monkeypatch, urllib.error.URLError("no network"))

    state = load_weights(_place(_bytes(STATE), checkpoint))

    torch.testing.assert_close(state, STATE)
    assert asked == []


def test_a_missing_file_is_fetched_once(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = _bytes(STATE)
    asked = _serve(monkeypatch, content)

    states = [load_weights(_weights(content)) for _ in range(2)]

    torch.testing.assert_close(states, [STATE, STATE])
    assert asked == [URL]
    assert list(checkpoint.parent.iterdir()) == [checkpoint]


def test_the_first_digits_of_the_hash_are_enough(checkpoint: Path) -> None:
    whole = _place(_bytes(STATE), checkpoint)

    torch.testing.assert_close(load_weights(Weights(URL, whole.sha256[:8])), STATE)


def test_another_file_under_that_name_is_refused(checkpoint: Path) -> None:
    found = _place(_bytes(STATE), checkpoint).sha256

    message = rf"{re.escape(str(checkpoint))} .*{found}, expected 0123.*Delete it"
    with pytest.raises(ValueError, match=message):
        load_weights(Weights(URL, "0123"))


def test_another_file_that_is_served_is_discarded(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = _bytes(STATE)
    _serve(monkeypatch, b"an error page")

    message = (
        rf"download from {URL} .*{_weights(content).sha256}.*{_weights(b'an error page').sha256}.*discarded"
    )
    with pytest.raises(ValueError, match=message):
        load_weights(_weights(content))
    assert list(checkpoint.parent.iterdir()) == []

    _serve(monkeypatch, content)
    torch.testing.assert_close(load_weights(_weights(content)), STATE)


@pytest.mark.parametrize("begun", [b"", b"half"])
@pytest.mark.parametrize(
    "fault",
    [urllib.error.URLError("no route"), TimeoutError("slow"), http.client.IncompleteRead(b"half", 4)],
    ids=lambda fault: type(fault).__name__,
)
def test_a_failed_download_says_what_to_do_by_hand(
    fault: Exception, begun: bytes, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _serve(monkeypatch, fault, begun)

    with pytest.raises(ConnectionError, match=rf"{URL}.*{re.escape(str(checkpoint))}.*pretrained=False"):
        load_weights(_weights(b""))
    assert list(checkpoint.parent.iterdir()) == []


def test_a_download_that_cannot_be_stored_leaves_nothing_behind(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = _bytes(STATE)
    _serve(monkeypatch, content)

    def full_disk(*_: str) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(shutil, "move", full_disk)

    with pytest.raises(ConnectionError, match="no space left on device"):
        load_weights(_weights(content))
    assert list(checkpoint.parent.iterdir()) == []


class _Touch:
    """Runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_code_in_a_file_is_not_run(checkpoint: Path, tmp_path: Path) -> None:
    weights = _place(_bytes({"weight": _Touch(tmp_path / "touched")}), checkpoint)

    with pytest.raises(pickle.UnpicklingError):
        load_weights(weights)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize("bad", [torch.nan, -torch.inf, 1e300])
def test_a_file_of_weights_that_are_not_finite_is_refused(tmp_path: Path, bad: float) -> None:
    wanted = {name: torch.zeros(2) for name in ("conv.weight", "bn.weight", "bn.bias")}
    state = {name: torch.ones(2, dtype=torch.float64) for name in wanted}
    state["bn.weight"][1] = state["bn.bias"][0] = bad
    torch.save(state, file := tmp_path / "net.pth")

    with pytest.raises(ValueError, match=rf"{file}: bn\.weight is not finite"):
        load_file(file, wanted)

    assert all(not tensor.any() for tensor in wanted.values())


def test_a_head_that_is_left_out_need_not_be_finite(tmp_path: Path) -> None:
    wanted = {"conv.weight": torch.zeros(2)}
    torch.save({"conv.weight": torch.ones(2), "fc.weight": torch.tensor([torch.nan])}, tmp_path / "net.pth")

    load_file(tmp_path / "net.pth", wanted)

    assert wanted["conv.weight"].tolist() == [1, 1]
