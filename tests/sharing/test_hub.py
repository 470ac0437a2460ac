"""Networks go to the hub and come back whole; what is wrong there is said in one line."""

import socket
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
import torch

import reid_cosam
from reid_cosam import Encoder
from reid_cosam.galleries.calibration import Calibration
from reid_cosam.sharing.calibrations import calibration_file
from tests.sharing.folders import calibration, checkpoint, clips
from tests.sharing.hub_server import Hub, Repository, served

NAME, SOURCE = "lab/walkers", "hf://lab/walkers"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with served() as server:
        use(monkeypatch, server.endpoint, tmp_path)
        yield server


def use(monkeypatch: pytest.MonkeyPatch, endpoint: str, folder: Path) -> None:
    """What HF_ENDPOINT, HF_HUB_CACHE and HF_TOKEN do for a new process."""
    constants = huggingface_hub.constants
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.replace(constants.ENDPOINT, endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder / "cache"))
    monkeypatch.setenv("HF_TOKEN", "hf_nobody")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return reid_cosam.load(checkpoint(tmp_path_factory.mktemp("run") / "model.ckpt"))


def test_a_pushed_network_is_private_and_comes_back_bit_for_bit(hub: Hub, encoder: Encoder) -> None:
    address = encoder.push_to_hub(NAME)

    repository = hub.repositories[NAME]
    assert address == f"{hub.endpoint}/{NAME}"
    assert repository.private
    assert set(repository.files) == {"weights.safetensors", "reid_config.json", "README.md"}
    frames = clips(1, 4, 64, 32, 3)
    for source in (SOURCE, f"{SOURCE}@{repository.commit}"):
        assert torch.equal(reid_cosam.load(source).embed(frames), encoder.embed(frames))


def test_only_the_files_of_a_model_folder_are_fetched(hub: Hub, encoder: Encoder) -> None:
    encoder.push_to_hub(NAME, private=False)
    hub.repositories[NAME].files |= {"modeling.py": b"raise SystemExit", "pytorch_model.bin": b"\x80\x02"}
    hub.asked.clear()

    reid_cosam.load(SOURCE)

    fetched = {line.rpartition("/")[2] for line in hub.asked if line.startswith("GET /lab/walkers/resolve")}
    assert fetched == {"weights.safetensors", "reid_config.json", "README.md"}


def test_its_calibration_is_found_in_the_copy_that_loading_left(hub: Hub, encoder: Encoder) -> None:
    encoder.push_to_hub(NAME, calibration=calibration(encoder.fingerprint, "shop"))
    assert calibration_file(SOURCE) is None
    reid_cosam.load(SOURCE)
    hub.asked.clear()

    found = calibration_file(SOURCE)

    assert found is not None
    assert Calibration.read(found).source["name"] == "shop"
    assert hub.asked == []


def test_a_tampered_file_is_refused(hub: Hub, encoder: Encoder) -> None:
    encoder.push_to_hub(NAME)
    files = hub.repositories[NAME].files
    content = bytearray(files["weights.safetensors"])
    content[-1] ^= 1
    files["weights.safetensors"] = bytes(content)

    with pytest.raises(ValueError, match="is damaged or was exchanged"):
        reid_cosam.load(SOURCE)


def test_a_repository_that_does_not_exist_is_named(hub: Hub) -> None:
    with pytest.raises(FileNotFoundError, match=f"^{SOURCE}: there is no such repository on {hub.endpoint}"):
        reid_cosam.load(SOURCE)


@pytest.mark.usefixtures("hub")
def test_a_revision_that_does_not_exist_is_named(encoder: Encoder) -> None:
    encoder.push_to_hub(NAME)
    with pytest.raises(FileNotFoundError, match=f"^{SOURCE}@v2: the repository has no such revision"):
        reid_cosam.load(f"{SOURCE}@v2")


def test_a_repository_without_a_network_is_named(hub: Hub) -> None:
    hub.repositories[NAME] = Repository(private=False, files={"README.md": b"a text model"})
    with pytest.raises(FileNotFoundError, match=f"^{SOURCE} holds no network of reid_cosam"):
        reid_cosam.load(SOURCE)


def test_nothing_goes_to_a_public_repository_unasked(hub: Hub, encoder: Encoder) -> None:
    hub.repositories[NAME] = Repository(private=False)
    with pytest.raises(ValueError, match=f"{SOURCE} exists and is public"):
        encoder.push_to_hub(NAME)
    assert hub.repositories[NAME].files == {}

    encoder.push_to_hub(NAME, private=False)
    assert "reid_config.json" in hub.repositories[NAME].files


@pytest.mark.parametrize("name", ["hf://walkers", "hf://lab/walkers/model.ckpt", "hf://lab/walkers@"])
def test_other_names_are_refused(hub: Hub, name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} is not hf://owner/name or hf://owner/name@revision"):
        reid_cosam.load(name)
    assert hub.asked == []


@pytest.mark.usefixtures("hub")
def test_without_a_network_connection_the_cache_serves_or_an_error_says_so(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder.push_to_hub(NAME)
    reid_cosam.load(SOURCE)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        use(monkeypatch, endpoint, tmp_path)

        assert reid_cosam.load(SOURCE).fingerprint == encoder.fingerprint
        for call in (lambda: reid_cosam.load("hf://lab/other"), lambda: encoder.push_to_hub(NAME)):
            with pytest.raises(ConnectionError, match=f"^hf://lab/.* {endpoint} cannot be reached"):
                call()
