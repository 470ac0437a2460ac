"""Where the configuration lies: beside the sources in a checkout, inside the package in a wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[1]

CONF = _CHECKOUT / "conf" if (_CHECKOUT / "conf" / "train.yaml").exists() else _PACKAGE / "conf"
