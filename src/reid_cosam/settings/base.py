"""What all settings have in common."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Probability = Annotated[float, Field(ge=0, le=1)]
Natural = Annotated[int, Field(ge=0)]
# Far above what anybody trains with, and below what ends in an error that names nothing: an integer that does
# not fit, or memory that nobody has.
Count = Annotated[int, Field(ge=1, lt=2**31)]
Channels = Annotated[int, Field(ge=1, le=65_536)]
Frames = Annotated[int, Field(ge=1, le=1024)]
Side = Annotated[int, Field(ge=32, le=4096, multiple_of=4)]
"""Of an image: backbones halve it several times."""
Distance = Literal["euclidean", "cosine"]
Workers = Annotated[int, Field(ge=0, le=1024)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""NumPy, with which Lightning seeds a run, takes no others."""


def _as_text(value: object) -> object:
    """A name may look like a number, as 2026 does: Hydra then makes a number of it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _as_path(path: str) -> str:
    if not path:
        raise ValueError("the path is empty")
    if not path.startswith("~"):
        return path
    try:
        return str(Path(path).expanduser())
    except RuntimeError:
        raise ValueError("there is no such home folder; for a file of that name, put ./ before it") from None


Text = Annotated[str, BeforeValidator(_as_text)]
PathText = Annotated[Text, AfterValidator(_as_path)]
"""A file or a folder; `~` stands for the home folder."""


def listed(value: Any) -> Any:
    """One value may stand without brackets."""
    return (value,) if isinstance(value, str | int | float) else value


class Settings(BaseModel):
    """Refuses unknown keys and never changes after it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
