"""A Weights & Biases run that training never ends with and never waits for without limit."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
from pytorch_lightning.loggers import WandbLogger

from reid_cosam.training.loggers import GuardedLogger, Outcome, reason

_log = logging.getLogger(__name__)

_ANSWER_SECONDS = 30.0
_FINISH_SECONDS = 60.0  # for an upload of what is left
_END_SECONDS = 5.0  # for what ends at once, such as a wait for a killed process


class GuardedWandb(GuardedLogger):
    """Starts a W&B run at the first call, offline where it does not start online.

    Its service is a process of its own, which may be killed or stopped, or wait for a network. So each call
    is waited for only so long, in a thread; after a failure the service is killed. Its record until then
    can be uploaded later. W&B's own variables WANDB_INIT_TIMEOUT and WANDB_FINISH_TIMEOUT give the seconds
    that start and end may take.

    Args:
        folder: of the run.
        offline: as W&B's own settings have it unless true.
        run: `name`, `id`, `entity` and `group` of the W&B run.

    Raises:
        RuntimeError: W&B does not accept the project or the tags.
    """

    logger: WandbLogger

    def __init__(
        self, folder: Path, offline: bool, project: str | None, tags: Sequence[str], **run: str | None
    ) -> None:
        import wandb  # takes a quarter of a second, which runs with another logger need not wait for

        self._offline = offline
        self._settings: dict[str, Any] = {"save_dir": folder, "project": project, "tags": tags, **run}
        try:
            logger = self._make(offline)
        except wandb.Error as error:  # callers need not load W&B to know its errors
            raise RuntimeError(str(error)) from error
        super().__init__(logger, folder / "wandb")
        self._started = False
        self._seconds = _ANSWER_SECONDS

    def _make(self, offline: bool) -> WandbLogger:
        import wandb

        # Offline, its last lines would repeat the run's own. A project or tags that W&B does not accept are
        # an error here, before training, and not guarded against.
        project, tags = self._settings["project"], self._settings["tags"]
        settings = wandb.Settings(silent=offline, project=project, run_tags=tags)
        # Lightning's own `offline` would put it into the environment of all later runs of the process.
        logger = WandbLogger(**self._settings, mode="offline" if offline else None, settings=settings)
        logger._wandb_init.pop("anonymous", None)  # passed on by Lightning in any case; W&B warns of it
        return logger

    def save(self) -> None:
        """Nothing: the service writes what it gets."""

    def log_summary(self, metrics: Mapping[str, Any], pictures: Mapping[str, Path]) -> None:
        self.logger.experiment.summary.update({**metrics, **_by_attribute(metrics)})
        for name, path in pictures.items():
            self.logger.log_image(f"pictures/{name}", [str(path)])  # "attention" is a score

    def finish(self, outcome: Outcome) -> None:
        """Ends the run and its service."""
        self._seconds = _allowed("WANDB_FINISH_TIMEOUT", _FINISH_SECONDS)
        if self._started:
            with self._abandoned_at_a_signal():
                self.attempt(lambda: self._finish(outcome))

    def _finish(self, outcome: Outcome) -> None:
        import wandb

        run = self.logger.experiment
        if outcome == "interrupted":
            run.mark_preempting()
        run.finish(exit_code=0 if outcome == "finished" else 1)
        # Left to the end of the process, it would be waited for without limit.
        wandb.teardown()

    def _call(self, call: Callable[[], object]) -> None:
        if not self._started:
            with self._abandoned_at_a_signal():
                self._start()
        _result(_in_background(call), self._seconds)

    def _start(self) -> None:
        _replace_home(self._record.parent)
        seconds = _allowed("WANDB_INIT_TIMEOUT", _ANSWER_SECONDS)
        starting = _in_background(lambda: self.logger.experiment)
        try:
            _result(starting, seconds)
        except Exception as error:
            self._abandon()
            wait([starting], _END_SECONDS)
            if self._offline or not starting.done():
                raise
            refused = f"W&B does not start online ({reason(error)})"
            self.logger = self._make(True)
            _result(_in_background(lambda: self.logger.experiment), seconds)
            command = f"wandb sync {self._folder()}"
            _log.warning("%s; recording offline, to upload later: %s", refused, command)
        self._started = True

    def _folder(self) -> Path:
        return Path(self.logger.experiment.dir).parent

    def _give_up(self, error: Exception) -> str:
        self._abandon()
        if not self._started:
            return f"W&B does not start ({reason(error)}); the run continues without it"
        return (
            f"W&B fails ({reason(error)}); the run continues without it; "
            f"to upload its record so far: wandb sync {self._folder()}"
        )

    @contextmanager
    def _abandoned_at_a_signal(self) -> Iterator[None]:
        """W&B's exit hook would go on with the wait within."""
        try:
            yield
        except BaseException as error:
            if not isinstance(error, Exception):
                self._abandon()
            raise

    def _abandon(self) -> None:
        """Kills the service, and makes W&B forget it: the next run of this process gets one of its own."""
        import wandb

        _kill_service()
        run, wandb.run = self.logger._experiment, None

        def forget() -> None:
            if isinstance(run, wandb.Run):
                with suppress(Exception):  # it may have stopped before
                    run._console_stop()  # else the output of later runs is sent to the dead service
            wandb.teardown()

        with suppress(Exception):  # nor does the service answer to its end
            _result(_in_background(forget), _END_SECONDS)


def _in_background(call: Callable[[], object]) -> Future[object]:
    """Starts a call in a thread that the end of the process does not wait for."""
    future: Future[object] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except Exception as error:
            future.set_exception(error)
        except BaseException as error:  # W&B exits where its service has failed
            future.set_exception(RuntimeError(reason(error)))

    Thread(target=work, daemon=True).start()
    return future


def _result(future: Future[object], seconds: float) -> None:
    if not wait([future], seconds).done:
        raise TimeoutError(f"no answer within {seconds:g} s")
    future.result()


def _allowed(variable: str, seconds: float) -> float:
    """The seconds in an environment variable, or else those."""
    return float(os.environ.get(variable, seconds))


def _replace_home(folder: Path) -> None:
    """Without a writable home directory, W&B gets a run's folder for its own files."""
    try:
        if os.access(Path.home(), os.W_OK):
            return
    except RuntimeError:  # there is none
        if "WANDB_CONFIG_DIR" not in os.environ:
            own = os.environ["WANDB_CONFIG_DIR"] = str(folder / "wandb")
            _log.warning("no home directory, set HOME: W&B looks for its settings in %s instead", own)
    os.environ.setdefault("WANDB_CACHE_DIR", str(folder))


def _kill_service() -> None:
    for service in psutil.Process().children():
        with suppress(psutil.Error):  # it has ended meanwhile
            if service.name().startswith("wandb"):
                for process in (*service.children(recursive=True), service):
                    process.kill()
                service.wait(_END_SECONDS)


def _by_attribute(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Scores of the queries with an attribute, such as `hat/mAP`: W&B plots no nested lists."""
    plain = [row for row in metrics.get("results", ()) if not row["reranked"]]
    return {
        f"{attribute}/{name}": scores[name]
        for row in plain
        for attribute, scores in row["by_attribute"].items()
        if scores is not None
        for name in ("mAP", "R1", "R5", "R20")
    }
