"""Settings of `python -m reid_cosam.train`."""

from pydantic import field_validator, model_validator

from reid_cosam.settings.base import Frames, PathText, Seed, Settings
from reid_cosam.settings.parts import DataSettings, LoggerSettings, TrainerSettings
from reid_cosam.settings.recipe import Part, RecipeSettings, part_name


class TrainSettings(Settings):
    """Everything that `python -m reid_cosam.train` composes."""

    backbone: Part
    cosam: tuple[int, ...]
    agg: Part
    recipe: RecipeSettings
    data: DataSettings
    trainer: TrainerSettings
    logger: LoggerSettings
    num_frames: Frames
    seed: Seed
    ckpt_path: PathText | None
    registry: PathText | None

    @field_validator("cosam", mode="before")
    @classmethod
    def _is_list(cls, cosam: object) -> object:
        if not isinstance(cosam, list | tuple):
            raise ValueError(
                "expected a list of CNN blocks; quote it for the shell: 'cosam=[4,5]', 'cosam=[]'"
            )
        return cosam

    @model_validator(mode="after")
    def _fits_together(self) -> "TrainSettings":
        outside = [stage for stage in self.cosam if not 1 <= stage <= 5]
        if outside:
            raise ValueError(f"cosam stages must be within 1..5, got {list(self.cosam)}")
        if len(set(self.cosam)) < len(self.cosam):
            raise ValueError(f"each cosam stage may occur only once, got {list(self.cosam)}")
        ranks = self.trainer.devices * self.trainer.num_nodes
        if self.batch_size % ranks:
            raise ValueError(
                f"a batch of {self.batch_size} clips cannot be divided among {ranks} devices; change "
                "trainer.devices, recipe.sampling.identities or recipe.sampling.tracklets"
            )
        if self.cosam and self.num_frames < 2:
            raise ValueError(
                f"COSAM compares the frames of a clip and needs num_frames >= 2, got {self.num_frames}; "
                "use more frames, or no COSAM: 'cosam=[]'"
            )
        return self

    @property
    def batch_size(self) -> int:
        """Clips in a batch, over all devices."""
        return self.recipe.sampling.identities * self.recipe.sampling.tracklets

    @property
    def run_name(self) -> str:
        """Short and readable: what tells one run of a sweep from another."""
        placement = "cosam" + "".join(map(str, self.cosam)) if self.cosam else "no-cosam"
        names = part_name(self.backbone), placement, part_name(self.agg)
        parts = [*names, f"n{self.num_frames}", f"seed{self.seed}"]
        if self.data.split is not None:
            parts.append(f"split{self.data.split}")
        return "-".join(parts)
