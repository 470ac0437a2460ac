"""One way to run a command: compose its configuration, check it, and report user errors in one line."""

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import hydra._internal.hydra as hydra_application
import hydra._internal.utils as hydra_utils
from hydra import version
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig
from pydantic import BaseModel

from reid_cosam import interruption
from reid_cosam.command_line.errors import USER_ERRORS, exits_with_one_line, foreign_errors_as_ours
from reid_cosam.command_line.output import never_fail_to_print
from reid_cosam.command_line.trust import CheckedConfigLoader
from reid_cosam.paths import CONF
from reid_cosam.settings.reading import read_settings
from reid_cosam.startup import let_threads_sleep
from reid_cosam.sweeps import resolvers  # conf/ uses them

Function: TypeAlias = Callable[..., Any]


def command(
    verb: str,
    *settings: type[BaseModel],
    sweeps: bool = False,
    before: Callable[[Sequence[str]], None] | None = None,
    subcommands: Mapping[str, Callable[[Sequence[str]], None]] | None = None,
    flags: Mapping[str, str] | None = None,
    module: str | None = None,
) -> "Callable[[Function], Command]":
    """Makes a function of checked settings the command that composes `conf/<verb>.yaml` from its arguments.

    The command raises SystemExit for user errors: `error: ...` in one line, exit status 1. With
    HYDRA_FULL_ERROR=1 the error itself is raised instead, with its origin.

    Args:
        settings: of each the function gets an argument.
        sweeps: in a sweep (`-m`) one failed run does not stop the others.
        before: raises a user error for arguments that this verb refuses, before anything is composed.
        subcommands: functions of the other arguments, for when the first one is their name.
        flags: what stands for a setting, such as `--dry-run` for `dry_run=true`.
        module: the module of this package that the function is in, if it is not named after the verb.
    """

    def decorate(function: Function) -> "Command":
        job = _Job(module or verb, settings, function, sweeps)
        return Command(verb, job, before, subcommands or {}, flags or {})

    return decorate


@dataclass(frozen=True)
class Command:
    """A verb: called with arguments, or with those of this process, it composes, checks and runs."""

    verb: str
    job: "_Job"
    before: Callable[[Sequence[str]], None] | None
    subcommands: Mapping[str, Callable[[Sequence[str]], None]]
    flags: Mapping[str, str]

    def __call__(self, arguments: Sequence[str] | None = None) -> None:
        given = list(sys.argv[1:] if arguments is None else arguments)
        if given and given[0] in self.subcommands:
            self.subcommands[given[0]](given[1:])
            return
        never_fail_to_print()
        interruption.handle()
        with exits_with_one_line():
            _refuse_pickles(given)
            if self.before is not None:
                self.before(given)
            _run([self.flags.get(word, word) for word in given], self.verb, self.job)


def output_folder() -> Path:
    """Where the command that runs now writes."""
    return Path(HydraConfig.get().runtime.output_dir)


def is_sweep() -> bool:
    """Whether the job that runs now is one of a sweep."""
    return HydraConfig.get().mode == RunMode.MULTIRUN


class _Job:
    """The work of one run, as Hydra and its launchers call it."""

    def __init__(
        self, module: str, settings: Sequence[type[BaseModel]], function: Function, sweeps: bool
    ) -> None:
        self.__module__ = f"reid_cosam.{module}"  # Hydra names the log after it
        self._settings, self._function, self._sweeps = settings, function, sweeps

    def __reduce__(self) -> tuple[Callable[[str], "_Job"], tuple[str]]:
        """A launcher may send it to another process."""
        return _job_of, (self.__module__,)

    def __call__(self, config: DictConfig) -> None:
        interruption.handle()  # a launcher may have started this process for the job
        if self._sweeps and is_sweep():
            from reid_cosam.sweeps import sweep

            sweep.attempt(output_folder(), lambda: self._work(config), USER_ERRORS)
            return
        with exits_with_one_line(), _no_folder_of_refusal():
            self._work(config)

    def _work(self, config: DictConfig) -> Any:
        with foreign_errors_as_ours():
            return self._function(*(read_settings(one, config) for one in self._settings))


@contextmanager
def _no_folder_of_refusal() -> Iterator[None]:
    """Removes the folder that was made for a run if an error leaves nothing but Hydra's record and log."""
    try:
        yield
    except USER_ERRORS:
        folder, own = output_folder(), {".hydra", f"{HydraConfig.get().job.name}.log"}
        if folder in resolvers.new_folders and {path.name for path in folder.iterdir()} <= own:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _job_of(module: str) -> _Job:
    let_threads_sleep()
    job: _Job = import_module(module).main.job
    return job


def _refuse_pickles(arguments: Sequence[str]) -> None:
    for argument in arguments:
        if argument.startswith("--e"):
            raise ValueError(
                f"{argument}: a pickled configuration can run any code when it is read; "
                "repeat a run with -cp RUN/.hydra -cn config"
            )


def _run(arguments: list[str], verb: str, job: _Job) -> None:
    """As `hydra.main` does, with these arguments, our loader, and errors raised instead of printed."""
    version.setbase("1.3")
    parser = hydra_utils.get_args_parser()
    parser.prog = f"reid-cosam {verb}"
    parser.error = _refuse_flags  # type: ignore[method-assign]
    with (
        _replaced(hydra_application, "ConfigLoaderImpl", CheckedConfigLoader),
        _replaced(hydra_utils, "run_and_report", lambda work: work()),
    ):
        given = parser.parse_intermixed_args(arguments)
        if given.config_path is not None:  # Hydra would look for a relative one beside this module
            given.config_path = str(Path(given.config_path).absolute())
        hydra_utils._run_hydra(given, parser, job, str(CONF), verb)


def _refuse_flags(message: str) -> NoReturn:
    """Instead of argparse's, which prints all flags before the error."""
    raise ValueError(f"{message}; settings are written key=value, and --help lists settings and flags")


@contextmanager
def _replaced(module: Any, name: str, value: object) -> Iterator[None]:
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)
