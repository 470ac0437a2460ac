"""Arguments that Hydra's grammar cannot read, and how to write them instead."""

import re
import shlex

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException

# What stands before the value: a setting or a group, with the signs that add or remove it.
_SETTING = re.compile(r"(?P<name>(?:\+\+|\+|~)?[^=\s]+)=(?P<value>.*)", re.DOTALL)
_OPENS = tuple("[{(\"'")


def unreadable(argument: str) -> str:
    """One sentence that names the argument, and the way to write it if there is one."""
    parts = _SETTING.fullmatch(argument)
    written = shlex.quote(argument)
    if parts is None:
        return f"{written} is no setting: settings are written key=value, without a blank before the ="
    quoted = _quoted(parts["name"], parts["value"])
    if quoted is None:
        return f"Hydra cannot read {argument}: {parts['name']} is no name of a setting"
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
