"""`python -m reid_cosam.runs.ranks`: torchrun, but it ends when the process that started it does."""

import os
import signal
import threading
import time

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.run import main

_SECONDS = 1.0  # between two looks


def end_with_parent() -> None:
    """Sends this process SIGTERM once its parent is gone, however that came about."""

    def watch(parent: int) -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, args=(os.getppid(),), daemon=True).start()


if __name__ == "__main__":
    end_with_parent()
    try:
        main()
    except SignalException as told:  # no failure: its traceback would look like one
        raise SystemExit(128 + told.sigval) from None
