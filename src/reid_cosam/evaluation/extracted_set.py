"""A checkpoint, a data set, and the descriptors of the one's network for the other's tracklets."""

import hashlib
import logging
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
from jaxtyping import Float32
from torch import Tensor

from reid_cosam import build
from reid_cosam.data import attributes
from reid_cosam.data.tracklet import Tracklet
from reid_cosam.data.verification import image_hash, split_hash
from reid_cosam.distributed import launch
from reid_cosam.evaluation.extraction import Extraction
from reid_cosam.evaluation.run_outputs import data_record
from reid_cosam.evaluation.scoring import Reranking, ScoringConfig, check
from reid_cosam.results.descriptors import check_finite, check_room, load_descriptors, save_descriptors
from reid_cosam.settings import EvaluateSettings
from reid_cosam.settings.identity import identity
from reid_cosam.training.stopping import interruptible

_log = logging.getLogger(__name__)

# What Lightning and torch warn of without a reason for the reader to act.
_HARMLESS = (
    ".*does not have many workers",  # few by choice
    ".*LeafSpec",  # of one library about the other
)


class TestExtraction:
    """What is evaluated, and where its descriptors are kept.

    Attributes:
        data: settings of the evaluated data set; the checkpoint's own unless another is named.
        root: folder of its frames.
        plan: its tracklets, and how they are scored. Descriptors are those of its parts, in their order.
        size: height and width at which the network sees its frames.
        store: folder of the descriptors, by default named after all that they depend on.

    Raises:
        ValueError, OSError: the checkpoint or the data set cannot be read, or cannot be scored as asked for.
    """

    def __init__(self, settings: EvaluateSettings) -> None:
        self.settings, self._ckpt = settings, Path(settings.ckpt)
        self._trained, self._network = build.load_network(self._ckpt, settings.trust)
        self.data = settings.shown(self._trained.data)
        splits = build.make_shown_splits(settings, self.data)
        self.size = (self._trained.data.height, self._trained.data.width)
        self.root = build.data_folder(self.data)
        carried = build.attributes_file(self.data)
        self.plan = ScoringConfig(
            {"query": splits.query, "gallery": splits.gallery, "junk": splits.junk},
            settings.protocol or (self.data.protocol,),
            settings.distance,
            Reranking(**settings.reranking.model_dump()) if settings.rerank else None,
            attributes.read(carried) if carried is not None else None,
        )
        check(self.plan, settings.trainer.devices)
        self._tracklets = (*splits.query, *splits.gallery, *splits.junk)
        self._origin = {
            "checkpoint": _sha256(self._ckpt),
            "split": split_hash(splits, self.root),
            "images": image_hash(splits),
            "snippet": "x".join(map(str, (self._trained.num_frames, *self.size))),
            "tail": settings.snippet_tail,
            "precision": build.precision(settings.trainer),
        }
        self.store = Path(settings.store) if settings.store else self._default_store()
        self._stores = True

    def _default_store(self) -> Path:
        key = hashlib.sha256("\n".join(self._origin.values()).encode()).hexdigest()
        in_run = self._ckpt.parent.name == "checkpoints"
        run = self._ckpt.parent.parent if in_run else self._ckpt.parent
        return run / "descriptors" / f"{self.data.name}-{key[:8]}"

    def about(self) -> dict[str, Any]:
        """What was evaluated, for the record."""
        return {
            "ckpt": self.settings.ckpt,
            "checkpoint": {"path": str(self._ckpt.absolute()), "sha256": self._origin["checkpoint"]},
            "trained": {"run_name": self._trained.run_name} | identity(self._trained.model_dump(mode="json")),
            "data": data_record(self.data) | {"sha256": self._origin["split"]},
            "distance": self.settings.distance,
            "num_frames": self._trained.num_frames,
            "height": self.size[0],
            "width": self.size[1],
            "precision": self._origin["precision"],
            "snippet_tail": self.settings.snippet_tail,
            "reranking": self.settings.reranking.model_dump() if self.settings.rerank else None,
            "store": str(self.store.absolute()) if self._stores else None,
        }

    def stored(self) -> Float32[Tensor, "n d"] | None:
        """The descriptors, if they were extracted before; ValueError if the store is of something else."""
        return load_descriptors(self.store, len(self._tracklets), self._origin)

    def check_store(self) -> None:
        """Says before hours of extraction, not after, that the descriptors cannot be stored.

        Raises:
            OSError: they cannot where `store` asks for them; elsewhere they are scored all the same.
        """
        row = 4 * self._network.descriptor_size + 100  # with the tracklet's own row
        try:
            check_room(self.store, len(self._tracklets) * row + 2**20)
        except OSError as error:
            if self.settings.store is not None:
                raise OSError(f"store={self.store} cannot take the descriptors: {error}") from error
            self._go_without_store(error, quietly=launch.is_launched() or not launch.is_first_rank())

    def _go_without_store(self, error: OSError, quietly: bool = False) -> None:
        self._stores = False
        if not quietly:
            _log.warning(
                "descriptors cannot be stored (%s): they are scored all the same, and have to be extracted "
                "again for other scores; store=FOLDER names another place",
                error,
            )

    def extract(self, folder: Path) -> Float32[Tensor, "n d"]:
        """Describes every tracklet once, on all ranks together, and stores the result if it can."""
        test_data = build.make_test_data(self.settings, self.data, self._trained, self._tracklets)
        _log.info(
            "describing %d tracklets of %s in %d snippets of %d frames (%dx%d)",
            len(self._tracklets),
            self.data.name,
            test_data.num_snippets,
            self._trained.num_frames,
            *self.size,
        )
        module = Extraction(self._network, len(self._tracklets))
        with warnings.catch_warnings():
            for message in _HARMLESS:
                warnings.filterwarnings("ignore", message=message)
            trainer = build.make_test_trainer(self.settings.trainer, folder)
            with interruptible(trainer, "after this batch"):
                trainer.test(module, datamodule=test_data, verbose=False)
        check_finite(module.descriptors, str(self._ckpt))
        if launch.is_first_rank() and self._stores:
            try:
                save_descriptors(self.store, module.descriptors, self._table(), self._origin)
            except OSError as error:
                self._go_without_store(error)
        return module.descriptors

    def _table(self) -> pd.DataFrame:
        """A row a tracklet; its first frame is named relative to the data set's folder."""
        rows = [(part, *self._row(one)) for part, held in self.plan.tracklets.items() for one in held]
        return pd.DataFrame(rows, columns=["part", "pid", "camid", "length", "first_frame"])

    def _row(self, tracklet: Tracklet) -> tuple[int, int, int, str]:
        return tracklet.pid, tracklet.camid, len(tracklet), tracklet.first_frame(self.root)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
