"""Objects from what a configuration names: `{_target_: module.name, argument: value}`."""

import inspect
import pkgutil
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.errors import PydanticSchemaGenerationError

from reid_cosam.settings.messages import faults_in_words

TARGET = "_target_"


def make(setting: str, part: Mapping[str, Any], **known: Any) -> Any:
    """Calls what `part` names with its arguments, and with those of `known` that it takes.

    An argument of `part` that is None gives way to a known one. Arguments that name a class are made first.

    Raises:
        OSError, ValueError: it cannot be imported, or raises an error; the message names the setting.
    """
    function = callable_of(setting, part)
    taken = _parameters(function)
    arguments = {
        name: make(f"{setting}.{name}", value) if _is_part(value) else value
        for name, value in part.items()
        if name != TARGET and not (value is None and name in known)
    }
    filled = {name: value for name, value in known.items() if name in taken and name not in arguments}
    try:
        return function(**arguments, **filled)
    except OSError as error:
        raise type(error)(_of_part(setting, part, str(error))) from error
    except Exception as error:
        raise part_error(setting, part, error_in_words(error)) from error


def part_error(setting: str, part: Mapping[str, Any], reason: str) -> ValueError:
    """That a part does not fit, by its setting and the class or function that it names."""
    return ValueError(_of_part(setting, part, reason))


def _of_part(setting: str, part: Mapping[str, Any], reason: str) -> str:
    """The reason with settings for the arguments of the part that it gives as `argument=value`."""
    reason = in_settings(reason, {argument: f"{setting}.{argument}" for argument in part})
    return f"{setting} ({part[TARGET]}): {reason}"


def in_settings(message: str, settings: Mapping[str, str]) -> str:
    """The message with settings for the arguments that it gives as `argument=value`."""
    for argument, setting in settings.items():
        message = re.sub(rf"(?<![\w./-]){argument}=", f"{setting}=", message)
    return message


def error_in_words(error: Exception) -> str:
    """The message of an error from somebody's class, with its type where that says more."""
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def callable_of(setting: str, part: Mapping[str, Any]) -> Callable[..., Any]:
    """The class or function that a part names.

    Raises:
        ValueError: there is none of that name.
    """
    target = part[TARGET]
    try:
        found = pkgutil.resolve_name(target)
    except Exception as error:  # whatever importing somebody's module raises
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"{setting}.{TARGET}={target} cannot be imported ({reason}): it is module.class, of a module "
            "that is installed or lies in the current folder"
        ) from error
    if not callable(found):
        raise ValueError(f"{setting}.{TARGET}={target} is neither a class nor a function")
    return found  # type: ignore[no-any-return]


def checked(setting: str, part: Mapping[str, Any], known: Collection[str] = ()) -> dict[str, Any]:
    """`part` with its arguments as the types and ranges in the signature of its class make them.

    Args:
        known: names of the arguments that `make` will fill in.

    Raises:
        ValueError: arguments are unknown, missing, or out of range; the message names each by its setting.
    """
    function = callable_of(setting, part)
    _check_signature(setting, part, function)
    taken = _parameters(function)
    # None stands for what is filled in, where the class takes it.
    unfilled = {name for name in known if part.get(name, ...) is None and name not in taken}
    own = {name: value for name, value in part.items() if name != TARGET and name not in unfilled}
    nested = {name: checked(f"{setting}.{name}", value) for name, value in own.items() if _is_part(value)}
    model = _model_of(function, known, nested)
    try:
        values = model.model_validate(own).model_dump(exclude_unset=True)
    except ValidationError as error:
        faults = [{**fault, "loc": (*setting.split("."), *fault["loc"])} for fault in error.errors()]
        content: Any = own
        for name in reversed(setting.split(".")):
            content = {name: content}
        takes = ", ".join(name for name in taken if name not in known) or "no settings"
        extra = [one["loc"][-1] for one in error.errors() if one["type"] == "extra_forbidden"]
        unknown = " ".join(f"'~{setting}.{name}'" for name in extra)
        remedy = f"; remove what the chosen option brings along: {unknown}" if unknown else ""
        text = f"{faults_in_words(faults, content)} ({part[TARGET]} takes {takes}{remedy})"
        raise ValueError(text) from None
    return {TARGET: part[TARGET], **values, **nested}


def _model_of(
    function: Callable[..., Any], known: Collection[str], nested: Collection[str]
) -> type[BaseModel]:
    """The arguments that a part may hold, and those that it must, as a pydantic model."""
    hints, fields = _hints(function), {}
    for name, parameter in _parameters(function).items():
        kind = Any if name in nested else hints.get(name, Any)
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (kind | None, None) if name in known else (kind, default)
    takes_any = any(one.kind is one.VAR_KEYWORD for one in inspect.signature(function).parameters.values())
    config = ConfigDict(
        extra="allow" if takes_any else "forbid",
        arbitrary_types_allowed=True,
        allow_inf_nan=False,
        protected_namespaces=(),
    )
    return create_model("Arguments", __config__=config, **fields)  # type: ignore[call-overload, no-any-return]


def _check_signature(setting: str, part: Mapping[str, Any], function: Callable[..., Any]) -> None:
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError as error:  # some that are written in C
        raise part_error(setting, part, f"{error}; name a function or class of Python") from None
    nameless = [
        one.name for one in parameters if one.kind is one.POSITIONAL_ONLY and one.default is one.empty
    ]
    if nameless:
        raise part_error(
            setting,
            part,
            f"{', '.join(nameless)} cannot be given by name, as all arguments are: "
            "remove the / from its signature",
        )


def takes(setting: str, part: Mapping[str, Any], argument: str) -> bool:
    """Whether the class or function that a part names has an argument of this name."""
    return argument in _parameters(callable_of(setting, part))


def _parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Those that can be given by name."""
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    found = inspect.signature(function).parameters
    return {name: parameter for name, parameter in found.items() if parameter.kind in by_name}


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The types in a signature that pydantic has rules for; others are not checked."""
    try:
        found = get_type_hints(
            function.__init__ if inspect.isclass(function) else function, include_extras=True
        )
    except (NameError, TypeError):  # a type that is imported for type checkers only
        return {}
    return {name: kind for name, kind in found.items() if _has_rules(kind)}


def _has_rules(kind: Any) -> bool:
    try:
        create_model("Probe", __config__=ConfigDict(arbitrary_types_allowed=True), value=(kind, ...))
    except PydanticSchemaGenerationError:
        return False
    return True


def _is_part(value: object) -> bool:
    return isinstance(value, Mapping) and TARGET in value
