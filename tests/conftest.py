"""Checks every array shape and type that the package's signatures promise, while the tests run."""

from jaxtyping import install_import_hook

install_import_hook("reid_cosam", "beartype.beartype")

import reid_cosam  # noqa: E402, F401, before torch: it says how OpenMP's threads wait
