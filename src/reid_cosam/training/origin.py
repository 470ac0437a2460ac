"""Where the numbers of a run come from, beside its settings."""

from typing import NamedTuple


class Origin(NamedTuple):
    """What a run's numbers depend on beside its settings; every checkpoint holds it.

    Attributes:
        split: hash of the tracklets (`data.verification.split_hash`).
        images: hash of a sample of their images (`data.verification.image_hash`).
        processes: ranks that share a batch.
        accelerator: `cpu` or `gpu`.
        precision: Lightning's name of it.
        compiled: whether torch.compile changed the network's arithmetic.
    """

    split: str
    images: str
    processes: int
    accelerator: str
    precision: str
    compiled: bool
