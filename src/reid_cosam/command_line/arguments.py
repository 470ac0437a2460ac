"""Arguments that Hydra cannot read or does not know, and how to write them instead."""

import re
import shlex
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException
from omegaconf import Container, DictConfig, OmegaConf

from reid_cosam.settings.messages import renamed

# What stands before the value: a setting or a group, with the signs that add or remove it.
_SETTING = re.compile(r"(?P<name>(?:\+\+|\+|~)?[^=\s]+)=(?P<value>.*)", re.DOTALL)
_OPENS = tuple("[{(\"'")


def refuse_image_size(arguments: Sequence[str]) -> None:
    """Raises ValueError if images are to have a size, which a trained network alone decides on."""
    for argument in arguments:
        if argument.lstrip("+").startswith(("data.height=", "data.width=")):
            raise ValueError(
                f"{argument}: images keep the size that the network was trained with; leave this out"
            )


def unreadable(argument: str) -> str:
    """One sentence that names the argument, and the way to write it if there is one."""
    parts = _SETTING.fullmatch(argument)
    written = shlex.quote(argument)
    if parts is None:
        return f"{written} is not a setting: settings are written key=value, without a space before ="
    quoted = _quoted(parts["name"], parts["value"])
    if quoted is None:
        return f"Hydra cannot read {argument}: {parts['name']} is not the name of a setting"
    closing = "close its brackets and quotes, or " if parts["value"].startswith(_OPENS) else ""
    return f"Hydra cannot read {argument}; {closing}quote its value: {quoted}"


def _quoted(name: str, value: str) -> str | None:
    """None where no quoting helps. What is returned has been read back: it gives this very value."""
    parser = OverridesParser.create()
    for quote in (Quote.double, Quote.single):
        argument = f"{name}={QuotedString(value, quote).with_quotes()}"
        try:
            if parser.parse_override(argument).value() == value:
                return shlex.quote(argument)
        except HydraException:
            continue
    return None


def unknown(name: str, node: Container) -> str:
    """One sentence about a setting that does not exist: its new name, or the nearest that does.

    Args:
        node: the part of the composed configuration that lacks the setting.
    """
    known = dict(_names(node._get_root(), "", ours=not name.startswith("hydra.")))
    new = renamed(name)
    if new is not None and new.split()[-1].rstrip("=") in known:
        return new
    text = f"{name}: there is no such setting"
    target = known.get(f"{name.rpartition('.')[0]}._target_")
    if target is not None:
        text += f" (to pass it on to {target}, write +{name}=...)"
    nearest = _nearest(name, list(known))
    text += f"; the nearest is {nearest}" if nearest else ""
    return f"{text}; --cfg job shows all settings"


def no_such_choice(path: str, choices: Sequence[str], message: str) -> str:
    """One sentence about a choice that its group lacks.

    Args:
        path: group and choice, `backbone/resnet5`.
        choices: what the group has.
        message: Hydra's, which alone says where the group's name ends: a choice may hold a slash too.
    """
    named = re.search(r"Available options in '(.+?)'", message)
    group = named[1] if named else path.rpartition("/")[0]
    choice = path.removeprefix(f"{group}/")
    nearest = get_close_matches(choice, choices, 1)
    meant = f" (did you mean {nearest[0]}?)" if nearest else ""
    return f"{group}={choice}: there is no such choice{meant}: there are {', '.join(choices)}"


def _names(node: Any, prefix: str, ours: bool) -> Iterator[tuple[str, Any]]:
    for key in node:
        if ours and prefix == "" and key == "hydra":
            continue
        missing = OmegaConf.is_missing(node, key) or OmegaConf.is_interpolation(node, key)
        value = None if missing else node[key]
        yield f"{prefix}{key}", value
        if isinstance(value, DictConfig):
            yield from _names(value, f"{prefix}{key}.", ours)


def _nearest(name: str, known: list[str]) -> str | None:
    """By the last part of the name, or else by all of it: `margin` means `recipe.loss.margin`."""
    last = {one: one.rpartition(".")[2] for one in known}
    parts = get_close_matches(name.rpartition(".")[2], set(last.values()), 1, 0.8)
    alike = [one for one in known if last[one] in parts]
    return next(iter(get_close_matches(name, alike or known, 1, 0.0 if alike else 0.6)), None)
