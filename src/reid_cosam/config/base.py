"""What all settings have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0, le=1)]
Natural = Annotated[int, Field(ge=0)]


class Settings(BaseModel):
    """Refuses unknown keys and never changes after it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
