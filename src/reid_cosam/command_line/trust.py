"""Which code a configuration may name: Hydra makes objects of what it finds, whoever wrote it.

Hydra's own settings name nothing but what belongs to it and to this package. Elsewhere the command line, and
the folders that it adds with `--config-dir`, name any code. A whole configuration may come from elsewhere
(`-cp FOLDER/.hydra -cn config` repeats somebody's run): `build.trust` says what such a file may name. Every
configuration is checked as soon as it is composed, before Hydra or `logging.config` looks at it.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository, IConfigRepository
from hydra.core.default_element import ResultDefault
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.errors import CompactHydraException
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig, OmegaConf

from reid_cosam.paths import CONF

# Beside them: the launchers and sweepers that Hydra has found among its own and the installed plugins.
_CALLBACKS = {"reid_cosam.sweeps.sweep.SweepReport", "reid_cosam.sweeps.split_summary.SplitSummary"}
_HANDLERS = {"logging.StreamHandler", "logging.FileHandler", "logging.NullHandler"}
_STREAMS = {"ext://sys.stdout", "ext://sys.stderr"}
_IMPORTS = re.compile("(ext|cfg):")
_OUTPUT = "${hydra.runtime.output_dir}/"
_AS_TYPED = ("hydra.overrides.", "hydra.job.override_dirname")  # arguments, which nothing resolves
# Keys whose value is called or imported: by Hydra, and by logging.config.dictConfig.
_NAMES_CODE = ("_target_", "()", "class")
_OF_HYDRA = ("pkg://hydra", "structured://")  # what Hydra and its plugins bring along
_VARIABLES = {"REID_COSAM_WORKER"}  # that configurations may set; others only the command line
# Resolvers that give text and numbers, or a node that stands elsewhere in the configuration. What others give
# (oc.create makes nodes of text) could not be checked before it is used, nor could a node in an argument.
_RESOLVERS = (
    *("now", "hydra", "python_version", "oc.env", "by_data_size", "up_to_cores", "folder_of", "run_folder"),
    *("choices", "runs_at_once", "slurm_tasks", "slurm_cpus"),
)
_INTERPOLATION = re.compile(rf"\$\{{(?:[\w.]+(?=\}})|(?:{'|'.join(map(re.escape, _RESOLVERS))}):)")


class Refused(CompactHydraException):
    """A configuration that is not used; the message says why."""


class CheckedConfigLoader(ConfigLoaderImpl):
    """Composes as Hydra does, and refuses what names other code than that which belongs here.

    Every way to a configuration leads through here: a run, `--help`, `--cfg`, and each job of a sweep, in
    whatever process its launcher composes it.
    """

    _foreign: str | None = None  # the file that the configuration starts from, if it is none of `conf/`

    def load_configuration(self, *args: Any, **kwargs: Any) -> DictConfig:
        config = super().load_configuration(*args, **kwargs)
        check(config)
        self._check_trust(config)
        for node in (config.hydra.run, config.hydra.sweep):
            unresolved: Any = OmegaConf.to_container(node)
            if str(unresolved["dir"]).startswith("~"):
                node.dir = str(Path(node.dir).expanduser())
        return config

    def _check_trust(self, config: DictConfig) -> None:
        """Takes nobody's word but the command line's for which modules are trusted."""
        if self._foreign is None:
            return
        from reid_cosam.build.trust import (
            Untrusted,
            check_trust,
        )  # imports torch, which `--help` does without

        typed = config.hydra.overrides.task
        trust = _typed_trust(typed)
        if "trust" in config:
            config.trust = trust
        named = [one.partition("=")[2] for one in typed if one.partition("=")[0].endswith("._target_")]
        content: Any = OmegaConf.to_container(config, resolve=False)
        content.pop("hydra")
        try:
            check_trust(content, self._foreign, (*trust, *named))
        except Untrusted as error:
            raise Refused(str(error)) from None

    def _process_config_searchpath(
        self, config_name: str | None, parsed_overrides: list[Override], repo: CachingConfigRepository
    ) -> None:
        """Before any place is searched: one in a Python package would be imported."""
        loaded = repo.load_config(config_path=config_name) if config_name is not None else None
        places = [one.value() for one in parsed_overrides if one.get_key_element() == "hydra.searchpath"]
        self._foreign = None
        if loaded is not None:
            self._check_saved(loaded)
            path = str(loaded.path).removeprefix("file://")
            self._foreign = None if Path(path).is_relative_to(CONF) else f"{path}/{config_name}.yaml"
            places.append(OmegaConf.select(loaded.config, "hydra.searchpath"))
        for place in places:
            if "pkg:" in str(place):
                raise Refused(f"hydra.searchpath={place}: only folders are searched, no Python packages")
        super()._process_config_searchpath(config_name, parsed_overrides, repo)

    def _check_saved(self, loaded: ConfigResult) -> None:
        """What a run saved is composed already: it holds its settings, and nothing of Hydra."""
        path = next((one.path for one in self.repository.get_sources() if one.provider == "main"), "")
        _refuse_hydra(path, loaded.config)
        if Path(path).name == ".hydra" and loaded.defaults_list:
            raise Refused(f"{path} was not used: it contains a defaults list, which a run never saves there")

    def _load_single_config(self, default: ResultDefault, repo: IConfigRepository) -> ConfigResult:
        """Settings of Hydra itself (what it calls, where it logs and searches) are ours or typed."""
        loaded = super()._load_single_config(default, repo)
        if not str(loaded.path).startswith(_OF_HYDRA):
            _refuse_hydra(f"{str(loaded.path).removeprefix('file://')}/{default.config_path}", loaded.config)
        return loaded


def _refuse_hydra(path: str, config: Any) -> None:
    if not Path(path).is_relative_to(CONF) and OmegaConf.is_dict(config) and "hydra" in config:
        raise Refused(
            f"{path} was not used: it contains settings of Hydra itself. Give those on the command line: "
            "hydra.key=value"
        )


def check(config: DictConfig) -> None:
    """
    Raises:
        Refused: a node names code that does not belong here, or makes names that cannot be read off it.
    """
    content: Any = OmegaConf.to_container(config, resolve=False)
    typed = content["hydra"]["overrides"]["hydra"]
    for name in content["hydra"]["job"]["env_set"]:
        if name not in _VARIABLES and not any("env_set" in one and name in one for one in typed):
            raise Refused(f"hydra.job.env_set.{name}: only the command line sets environment variables")
    for name, key, value in _values(content, ""):
        _check_value(name, key, value)
        node = (
            re.fullmatch(r"\$\{([\w.]+)\}", value) if _is_of_hydra(name) and isinstance(value, str) else None
        )
        if node is not None:
            stands_for: Any = OmegaConf.select(config, node[1])
            if OmegaConf.is_config(stands_for):
                for inner, key, value in _values(OmegaConf.to_container(stands_for, resolve=False), name):
                    _check_value(inner, key, value)


def _values(node: Any, name: str, key: str = "") -> Iterator[tuple[str, str, Any]]:
    """Full name, key and value of everything that is no container."""
    if isinstance(node, dict):
        for inner, value in node.items():
            yield from _values(value, f"{name}.{inner}" if name else str(inner), str(inner))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _values(value, f"{name}[{index}]")
    else:
        yield name, key, node


def _check_value(name: str, key: str, value: Any) -> None:
    if key in _NAMES_CODE and _is_of_hydra(name):
        allowed = _HANDLERS if key == "class" else _CALLBACKS | Plugins.instance().class_name_to_class.keys()
        if key == "()" or value not in allowed:
            raise Refused(f"{name}={value}: this code does not belong to reid_cosam and was not run")
    if not isinstance(value, str) or name.startswith(_AS_TYPED):
        return
    if value not in _STREAMS and (_IMPORTS.match(value) or (".handlers." in name and _may_import(value))):
        raise Refused(f"{name}={value}: logs go to {' or '.join(sorted(_STREAMS))} and to files only")
    if "${" in value and "{" in _INTERPOLATION.sub("", value):
        raise Refused(
            f"{name}={value}: only ${{setting}} and ${{resolver:...}} are read here, of the resolvers "
            f"{', '.join(_RESOLVERS)}"
        )


def _is_of_hydra(name: str) -> bool:
    return name.startswith("hydra.")


def _typed_trust(overrides: Sequence[str]) -> list[str]:
    parser = OverridesParser.create()
    typed = [one for one in overrides if one.lstrip("+").startswith("trust=")]
    values = [parser.parse_override(one).value() for one in typed]
    return [str(module) for value in values for module in (value if isinstance(value, list) else [value])]


def _may_import(value: str) -> bool:
    """Whether an interpolation could make `ext://...` of it, which logging imports."""
    start, found, _ = value.partition("${")
    return (bool(found) and start.isalpha()) or (start == "" and not value.startswith(_OUTPUT))
