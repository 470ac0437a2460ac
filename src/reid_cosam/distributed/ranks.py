"""`python -m reid_cosam.distributed.ranks`: torchrun, but it ends when the process that started it does.

So do the ranks that it starts (`worker.settle`), which would else train on when it is killed.
"""

import os
import signal
from types import FrameType

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.run import main

from reid_cosam.processes import PARENT, end_with


def _stop(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGTERM)


if __name__ == "__main__":
    end_with(int(os.environ[PARENT]))
    os.environ[PARENT] = str(os.getpid())
    for number in (signal.SIGUSR1, signal.SIGXCPU):  # which torchrun knows nothing of, and would end by
        signal.signal(number, _stop)
    try:
        main()
    except SignalException as told:  # no failure: its traceback would look like one
        raise SystemExit(128 + told.sigval) from None
