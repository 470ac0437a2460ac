"""A trained network as a Python object: clips in, descriptors out."""

import hashlib
from collections.abc import Collection, Iterable
from os import PathLike
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Shaped, UInt8
from torch import Tensor

from reid_cosam import build
from reid_cosam.data.frames import resize
from reid_cosam.data.snippets import dense
from reid_cosam.data.transforms import normalise
from reid_cosam.models.network import VideoReidNet
from reid_cosam.training.checkpoint_files import LAST

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
    """

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
        """SHA-256 of all that descriptors depend on: weights, N and size. Others are not comparable."""
        digest = hashlib.sha256(f"{self.num_frames}x{self.height}x{self.width}".encode())
        for name, value in sorted(self.network.state_dict().items()):
            digest.update(f"{name} {value.dtype} {list(value.shape)}".encode())
            digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
        return digest.hexdigest()

    def to(self, device: torch.device | str) -> "Encoder":
        """Move the network, for example to `cuda`; returns this same object."""
        self.network.to(device)
        return self

    @torch.inference_mode()
    def embed(self, clips: Shaped[Tensor | np.ndarray, "b t _ _ _"]) -> Float32[Tensor, "b d"]:
        """One descriptor per clip, in float32 on the network's device; compare them by L2 distance.

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
        snippets = self._snippets(clips)
        self.network.eval()  # it may have been trained in the meantime
        parts = [self._embed_snippets(part) for part in snippets.flatten(0, 1).split(_SNIPPETS_AT_ONCE)]
        by_clip: Tensor = torch.cat(parts).unflatten(0, snippets.shape[:2])
        return by_clip.mean(dim=1)

    @torch.inference_mode()
    def embed_tracklets(
        self, tracklets: Iterable[Shaped[Tensor | np.ndarray, "_ _ _ _"]]
    ) -> Float32[Tensor, "n d"]:
        """One descriptor per tracklet, whatever their lengths and sizes: what `embed` gives for each alone.

        Snippets of several tracklets are extracted together, which takes less time than one by one.

        >>> backbone = resnet_tiny(pretrained=False, last_stride=1)
        >>> network = VideoReidNet(backbone, {}, TemporalAveragePooling(256), num_identities=10)
        >>> encoder = Encoder(network, num_frames=4, height=64, width=32)
        >>> walk, glimpse = np.zeros((9, 120, 50, 3), np.uint8), np.zeros((2, 64, 32, 3), np.uint8)
        >>> encoder.embed_tracklets([walk, glimpse]).shape
        torch.Size([2, 256])

        Args:
            tracklets: RGB frames as 8-bit integers, each `[t, h, w, 3]` or `[t, 3, h, w]`. They may come
                from a generator: one batch of snippets is kept at a time.

        Raises:
            ValueError: a tracklet is of another type or shape, or empty.
        """
        self.network.eval()
        lengths: list[int] = []
        parts: list[Tensor] = []
        waiting: list[Tensor] = []
        for tracklet in tracklets:
            snippets = self._snippets(torch.as_tensor(tracklet)[None])[0]
            lengths.append(len(snippets))
            waiting += snippets
            while len(waiting) >= _SNIPPETS_AT_ONCE:
                parts.append(self._embed_snippets(torch.stack(waiting[:_SNIPPETS_AT_ONCE])))
                del waiting[:_SNIPPETS_AT_ONCE]
        if waiting:
            parts.append(self._embed_snippets(torch.stack(waiting)))
        if not parts:
            return torch.zeros(0, self.network.descriptor_size, device=self.device)
        return torch.stack([one.mean(dim=0) for one in torch.cat(parts).split(lengths)])

    def _snippets(self, clips: Shaped[Tensor | np.ndarray, "b t _ _ _"]) -> UInt8[Tensor, "b s n h w 3"]:
        """All snippets of each clip, at the network's size."""
        frames = _channels_last(torch.as_tensor(clips))
        if frames.shape[2:4] != (self.height, self.width):
            resized = resize(frames.flatten(0, 1).cpu(), self.height, self.width)
            frames = resized.unflatten(0, frames.shape[:2])
        positions = torch.from_numpy(dense(frames.shape[1], self.num_frames)).to(frames.device)
        return frames[:, positions]

    def _embed_snippets(self, frames: UInt8[Tensor, "s t h w 3"]) -> Float32[Tensor, "s d"]:
        clips = normalise(frames.to(self.device).permute(0, 1, 4, 2, 3), torch.float32)
        output = self.network(clips)
        descriptors: Tensor = output.descriptors
        return descriptors.float()


def load(path: str | PathLike[str], trust: Collection[str] = ()) -> Encoder:
    """The trained network of a checkpoint, on the CPU and ready to use.

    >>> encoder = load("logs/train/my_run")  # or load(".../checkpoints/last.ckpt").to("cuda")
    >>> encoder.num_frames, encoder.height, encoder.width
    (4, 64, 32)
    >>> tracklet = Mars().read("datasets/mars").query[0]
    >>> clip = read_clip(tracklet.frames, height=encoder.height, width=encoder.width)
    >>> encoder.embed(clip[np.newaxis]).shape
    torch.Size([1, 256])

    Nothing in the file is executed. It may name only classes of this package, torch, torchvision and timm.

    Args:
        path: a checkpoint that `reid-cosam train` or `convert` wrote, or the folder of a run, whose
            `checkpoints/last.ckpt` is taken.
        trust: modules with parts of your own (a backbone, an aggregator, ...) that the checkpoint may name
            as well, such as `["my_nets"]`.

    Raises:
        FileNotFoundError: there is no such checkpoint.
        ValueError: it is damaged, was written by another program or version, or names code of a module
            that is not in `trust`.
    """
    file = Path(path)
    settings, network = build.load_network(file / "checkpoints" / LAST if file.is_dir() else file, trust)
    return Encoder(network, settings.num_frames, settings.data.height, settings.data.width)


def _channels_last(clips: Tensor) -> UInt8[Tensor, "b t h w 3"]:
    if clips.dtype != torch.uint8:
        raise ValueError(f"clips must be 8-bit integers (uint8) from 0 to 255, got {clips.dtype}")
    if clips.ndim != 5 or (clips.shape[2] == 3) == (clips.shape[4] == 3):
        raise ValueError(f"clips must be [b, t, h, w, 3] or [b, t, 3, h, w], got shape {list(clips.shape)}")
    if not clips.numel():
        raise ValueError(f"clips are empty: shape {list(clips.shape)}")
    return clips if clips.shape[4] == 3 else clips.permute(0, 1, 3, 4, 2)
