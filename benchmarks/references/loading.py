"""Reading clips by Pillow and torchvision's transforms, frame by frame, in the released program's order."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset
from torchvision import transforms

from reid_cosam.data.snippets import dense
from reid_cosam.data.tracklet import Tracklet

NORMALISED = [transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]


class _Translated:
    """Half of the frames enlarged by an eighth and cropped, the others resized."""

    def __init__(self, height: int, width: int) -> None:
        self.larger = transforms.Compose(
            [
                transforms.Resize((round(1.125 * height), round(1.125 * width))),
                transforms.RandomCrop((height, width)),
            ]
        )
        self.resized = transforms.Resize((height, width))

    def __call__(self, image: Image.Image) -> Image.Image:
        chosen = self.larger if torch.rand(()) < 0.5 else self.resized
        result: Image.Image = chosen(image)
        return result


class PlainClips(Dataset[Float[Tensor, "t 3 h w"]]):
    """Training clips: the first frames of a tracklet, augmented one by one."""

    def __init__(self, tracklets: Sequence[Tracklet], num_frames: int, height: int, width: int) -> None:
        self.tracklets, self.num_frames = tracklets, num_frames
        augmented = [_Translated(height, width), transforms.RandomHorizontalFlip()]
        self.transform = transforms.Compose([*augmented, *NORMALISED])

    def __len__(self) -> int:
        return len(self.tracklets)

    def __getitem__(self, index: int) -> Float[Tensor, "t 3 h w"]:
        return _read(self.tracklets[index].frames[: self.num_frames], self.transform)


class PlainTracklets(Dataset[Float[Tensor, "s t 3 h w"]]):
    """All snippets of a tracklet at once."""

    def __init__(self, tracklets: Sequence[Tracklet], num_frames: int, height: int, width: int) -> None:
        self.tracklets, self.num_frames = tracklets, num_frames
        self.transform = transforms.Compose([transforms.Resize((height, width)), *NORMALISED])

    def __len__(self) -> int:
        return len(self.tracklets)

    def __getitem__(self, index: int) -> Float[Tensor, "s t 3 h w"]:
        frames = self.tracklets[index].frames
        places = dense(len(frames), self.num_frames)
        clips = [_read([frames[place] for place in row], self.transform) for row in places]
        return torch.stack(clips)


def _read(paths: Sequence[str], transform: transforms.Compose) -> Float[Tensor, "t 3 h w"]:
    frames = []
    for path in paths:
        with Image.open(path) as image:
            frames.append(transform(image.convert("RGB")))
    return torch.stack(frames)
