"""Model folders on the Hugging Face hub, or on another server that HF_ENDPOINT names."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reid_cosam.galleries.calibration import FILE
from reid_cosam.sharing.config import CONFIG, is_model_folder
from reid_cosam.sharing.model_folder import CARD, WEIGHTS

SCHEME = "hf://"
_FILES = (WEIGHTS, CONFIG, FILE, CARD)
_TRANSPORTS = ("httpx", "httpx2", "requests")  # the libraries that versions of huggingface_hub use
_NAME = re.compile(r"([\w.-]+/[\w.-]+)(?:@(.+))?")


def download(source: str) -> Path:
    """The folder in the local cache with the model folder that `hf://owner/name[@revision]` names.

    Only the files of a model folder are fetched, and no code among them.

    Raises:
        ValueError: `source` is no such name.
        FileNotFoundError: there is no such repository or revision, or it holds no model folder.
        OSError: the server cannot be reached, or refuses.
    """
    from huggingface_hub import snapshot_download

    repository, revision = _parsed(source.removeprefix(SCHEME))
    with _errors_in_words(source):
        folder = Path(snapshot_download(repository, revision=revision, allow_patterns=list(_FILES)))
    if not is_model_folder(folder):
        raise FileNotFoundError(f"{source} holds no network of reid_cosam: it has no {CONFIG}")
    return folder


def cached(source: str) -> Path | None:
    """As `download`, without asking the server: the copy in the local cache; None if there is none."""
    from huggingface_hub import errors, snapshot_download

    repository, revision = _parsed(source.removeprefix(SCHEME))
    try:
        return Path(snapshot_download(repository, revision=revision, local_files_only=True))
    except errors.LocalEntryNotFoundError:
        return None


def push(folder: Path, repository: str, private: bool) -> str:
    """Uploads a model folder as a commit to `owner/name`, which is created if need be; returns its address.

    Raises:
        ValueError: `repository` is no such name, or is public although `private`.
        OSError: the server cannot be reached, or refuses.
    """
    from huggingface_hub import HfApi

    repository, revision = _parsed(repository.removeprefix(SCHEME))
    if revision is not None:
        raise ValueError(f"{repository}@{revision}: networks are pushed to owner/name, without a revision")
    api = HfApi()
    with _errors_in_words(f"{SCHEME}{repository}"):
        address = api.create_repo(repository, private=private, exist_ok=True)
        if private and not api.model_info(repository).private:
            raise ValueError(
                f"{SCHEME}{repository} exists and is public: nothing was uploaded; pass private=False if "
                "everybody may have this network"
            )
        api.upload_folder(
            repo_id=repository,
            folder_path=folder,
            allow_patterns=list(_FILES),
            commit_message="Network of reid_cosam",
        )
    return str(address)


def _parsed(name: str) -> tuple[str, str | None]:
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{SCHEME}{name} is not {SCHEME}owner/name or {SCHEME}owner/name@revision")
    return found[1], found[2]


@contextmanager
def _errors_in_words(source: str) -> Iterator[None]:
    from huggingface_hub import constants, errors

    try:
        yield
    except errors.RevisionNotFoundError as error:
        raise FileNotFoundError(f"{source}: the repository has no such revision") from error
    except errors.RepositoryNotFoundError as error:
        raise FileNotFoundError(
            f"{source}: there is no such repository on {constants.ENDPOINT}, or you may not read it "
            "(hf auth login tells the hub who you are)"
        ) from error
    except errors.HfHubHTTPError as error:
        reason = str(error).strip().partition("\n")[0]
        raise OSError(f"{source}: {constants.ENDPOINT} refuses: {reason}") from error
    except errors.LocalEntryNotFoundError as error:
        raise ConnectionError(
            f"{source} cannot be fetched: {constants.ENDPOINT} cannot be reached, and "
            f"{constants.HF_HUB_CACHE} has no copy"
        ) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _TRANSPORTS:
            raise
        raise ConnectionError(f"{source}: {constants.ENDPOINT} cannot be reached: {error}") from error
