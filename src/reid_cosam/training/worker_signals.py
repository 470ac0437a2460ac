"""SIGTERM and the processes that read data."""

import os
import signal
from types import FrameType


def outlive_a_signal(worker: int) -> None:  # noqa: ARG001, of the interface
    """For a DataLoader worker to call first: SIGTERM that tells a run to stop leaves it alive.

    torchrun and `timeout` send it to the run's process group, Slurm to all processes. Without its workers the
    run could not end its iteration and write its checkpoint. So they leave the group, and only a second
    SIGTERM ends them, such as their own process sends when it goes; without an error, as torch's handler.
    """
    os.setpgrp()

    def spare(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, end)

    def end(_number: int, _frame: FrameType | None) -> None:
        os._exit(0)

    signal.signal(signal.SIGTERM, spare)
