"""Where configuration and published numbers lie: beside a checkout's sources, inside a wheel's package."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[1]

CONF = _CHECKOUT / "conf" if (_CHECKOUT / "conf" / "train.yaml").exists() else _PACKAGE / "conf"
EXPERIMENTS = CONF.with_name("experiments")


def is_utf8(path: Path) -> bool:
    """Whether a path is text; the system allows any bytes in it."""
    return str(path).encode(errors="ignore").decode() == str(path)
