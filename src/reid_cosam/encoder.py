"""A trained network as a Python object: clips in, descriptors out."""

import copy
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Shaped, UInt8
from torch import Tensor

from reid_cosam.data.clips import Frames, snippets, stacked
from reid_cosam.data.transforms import normalise
from reid_cosam.galleries.calibration import Calibration
from reid_cosam.models.network import VideoReidNet
from reid_cosam.settings.base import Distance
from reid_cosam.sharing import hub, model_folder
from reid_cosam.sharing.config import Origin, Training

_SNIPPETS_AT_ONCE = 32  # as the commands take them, so that a tracklet of any length fits into memory


class Encoder:
    """A network that turns clips into descriptors, with the clip length and image size it was trained with.

    `load` makes one of a checkpoint. One can also be made of a network that was composed by hand:

    >>> backbone = resnet_tiny(pretrained=False, last_stride=1)
    >>> network = VideoReidNet(backbone, {}, TemporalAveragePooling(256), num_identities=10)
    >>> encoder = Encoder(network, num_frames=4, height=64, width=32)
    >>> encoder.embed(torch.zeros(2, 4, 64, 32, 3, dtype=torch.uint8)).shape
    torch.Size([2, 256])

    Args:
        network: called on normalised clips `[b, num_frames, 3, height, width]`, on whatever device it is.
        num_frames: N, frames in a snippet.
        height: of the frames, in pixels.
        width: of the frames, in pixels.

    Attributes:
        calibration: which distances mean the same person, if the network was loaded from a model folder that
            says so; else None.
        distance: by which its descriptors are compared, as its recipe has it: `euclidean` or `cosine`.
    """

    calibration: Calibration | None = None
    distance: Distance = "euclidean"
    engine: Callable[[Tensor], Tensor] | None = None  # computes the descriptors instead of the network
    # Of a network that `loading.load` has loaded: what is known of it, and its fingerprint then.
    _origin: tuple[Callable[[], Origin], str] | None = None

    def __init__(self, network: VideoReidNet, num_frames: int, height: int, width: int) -> None:
        self.network = network.eval().to(memory_format=torch.channels_last)
        self.num_frames, self.height, self.width = num_frames, height, width

    def __repr__(self) -> str:
        size = f"num_frames={self.num_frames}, height={self.height}, width={self.width}"
        return f"Encoder({size}, descriptor_size={self.network.descriptor_size}, device={self.device})"

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the weights that descriptors depend on, N and size. Others are not comparable."""
        digest = hashlib.sha256(f"{self.num_frames}x{self.height}x{self.width}".encode())
        for name, value in sorted(self.network.state_dict().items()):
            if name.startswith(model_folder.CLASSIFIER):
                continue
            digest.update(f"{name} {value.dtype} {list(value.shape)}".encode())
            digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()

    @property
    def training(self) -> Training:
        """What the network was trained on.

        Raises:
            ValueError: it was composed by hand.
        """
        return self._known()[0]().training

    def to(self, device: torch.device | str) -> "Encoder":
        """Move the network, for example to `cuda`; returns this same object."""
        self.network.to(device)
        return self

    def computed_by(self, engine: Callable[[Tensor], Tensor]) -> "Encoder":
        """A copy of the same fingerprint, whose descriptors `engine` computes from normalised clips."""
        made = copy.copy(self)
        made.engine = engine
        return made

    @torch.inference_mode()
    def embed(self, clips: Shaped[Tensor | np.ndarray, "b t _ _ _"]) -> Float32[Tensor, "b d"]:
        """One descriptor per clip, in float32 on the network's device; compare them by `distance`.

        These are the descriptors that `reid-cosam evaluate trainer.precision=32-true` extracts, to float32
        rounding; where the device computes in bfloat16, `evaluate` does so unless it is told that. Frames
        of another size are resized as it resizes them (bilinear, antialiased). A clip that is longer or
        shorter than `num_frames` is treated as a whole tracklet: it is cut into snippets of `num_frames`
        frames, the last of which is filled up with its own frames, and gets the mean of their descriptors
        (paper, section 6.3).

        Args:
            clips: RGB frames as 8-bit integers, `[b, t, h, w, 3]` or `[b, t, 3, h, w]`, on any device.
                `embed_tracklets` takes tracklets of different lengths.

        Raises:
            ValueError: `clips` are of another type or shape, or empty.
        """
        found = snippets(clips, self.num_frames, self.height, self.width)
        self.network.eval()  # it may have been trained in the meantime
        parts = [self._embed_snippets(part) for part in found.flatten(0, 1).split(_SNIPPETS_AT_ONCE)]
        by_clip: Tensor = torch.cat(parts).unflatten(0, found.shape[:2])
        return by_clip.mean(dim=1)

    @torch.inference_mode()
    def embed_tracklets(self, tracklets: Iterable[Frames | Sequence[Frames]]) -> Float32[Tensor, "n d"]:
        """One descriptor per tracklet, whatever their lengths and sizes: what `embed` gives for each alone.

        Snippets of several tracklets are extracted together, which takes less time than one by one.

        >>> backbone = resnet_tiny(pretrained=False, last_stride=1)
        >>> network = VideoReidNet(backbone, {}, TemporalAveragePooling(256), num_identities=10)
        >>> encoder = Encoder(network, num_frames=4, height=64, width=32)
        >>> walk, glimpse = np.zeros((9, 120, 50, 3), np.uint8), np.zeros((2, 64, 32, 3), np.uint8)
        >>> encoder.embed_tracklets([walk, glimpse]).shape
        torch.Size([2, 256])

        Args:
            tracklets: RGB frames as 8-bit integers, each `[t, h, w, 3]` or `[t, 3, h, w]`; or, where crops
                of a tracklet differ in size, a list of frames `[h, w, 3]` each. They may come from a
                generator: one batch of snippets is kept at a time.

        Raises:
            ValueError: a tracklet is of another type or shape, or empty.
        """
        self.network.eval()
        lengths: list[int] = []
        parts: list[Tensor] = []
        waiting: list[Tensor] = []
        for tracklet in tracklets:
            frames = stacked(tracklet, self.height, self.width)
            found = snippets(frames[None], self.num_frames, self.height, self.width)[0]
            lengths.append(len(found))
            waiting += found
            while len(waiting) >= _SNIPPETS_AT_ONCE:
                parts.append(self._embed_snippets(torch.stack(waiting[:_SNIPPETS_AT_ONCE])))
                del waiting[:_SNIPPETS_AT_ONCE]
        if waiting:
            parts.append(self._embed_snippets(torch.stack(waiting)))
        if not parts:
            return torch.zeros(0, self.network.descriptor_size, device=self.device)
        return torch.stack([one.mean(dim=0) for one in torch.cat(parts).split(lengths)])

    def _embed_snippets(self, frames: UInt8[Tensor, "s t h w 3"]) -> Float32[Tensor, "s d"]:
        clips = normalise(frames.to(self.device).permute(0, 1, 4, 2, 3), torch.float32)
        descriptors: Tensor = self.network(clips).descriptors if self.engine is None else self.engine(clips)
        return descriptors.float()

    def save_pretrained(self, folder: str | PathLike[str], calibration: Calibration | None = None) -> None:
        """Writes a model folder, from which `load` makes this encoder anywhere, to the last bit.

        >>> encoder = load("logs/train/my_run")
        >>> encoder.save_pretrained("my_model")
        >>> load("my_model").fingerprint == encoder.fingerprint
        True

        It holds `weights.safetensors`, `reid_config.json`, `README.md` (a model card, with the scores of the
        run) and `calibration.json` if there is a calibration. The classifier, which knows the people of the
        training data, is left out, and so are the paths of this machine.

        Args:
            folder: new, empty, or a model folder of this same network, whose configuration and card are
                written anew.
            calibration: by default `self.calibration`.

        Raises:
            ValueError: the network was composed by hand, so that its settings are unknown; or the calibration
                was made with another network.
            FileExistsError: `folder` holds something else; it stays as it is.
        """
        calibration = self.calibration if calibration is None else calibration
        make_origin, loaded = self._known()
        origin = make_origin()
        if loaded != self.fingerprint:  # it was trained further
            origin = origin.model_copy(update={"scores": ()})
        model_folder.write_model(Path(folder), self, origin, calibration)

    def _known(self) -> tuple[Callable[[], Origin], str]:
        if self._origin is None:
            raise ValueError(
                "this network was composed by hand, so that its settings are unknown: take one that "
                "reid_cosam.load has loaded"
            )
        return self._origin

    def push_to_hub(
        self, repository: str, private: bool = True, calibration: Calibration | None = None
    ) -> str:
        """Uploads what `save_pretrained` writes to the Hugging Face hub, for `load("hf://owner/name")`.

        `hf auth login` or the environment variable HF_TOKEN says who you are.

        Args:
            repository: `owner/name`, which is created if need be.
            private: only its owner may read it; an existing public repository is then refused.

        Returns:
            The address of the repository.

        Raises:
            ValueError, OSError: as `save_pretrained`; or the hub cannot be reached, or refuses.
        """
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch, "model")
            self.save_pretrained(folder, calibration)
            return hub.push(folder, repository, private)
