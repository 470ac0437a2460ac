"""The settings of the commands that go from footage to people."""

from typing import Annotated, Literal

from pydantic import Field

from reid_cosam.settings.base import Count, PathText, Seed, Settings, Side


class RenderSettings(Settings):
    out: PathText
    people: Annotated[int, Field(ge=1, le=9999)]
    first_person: Count
    part: Literal["train", "test"]
    cameras: Annotated[int, Field(ge=1, le=99)]
    visits: Annotated[int, Field(ge=1, le=99)]
    minutes: Annotated[float, Field(ge=0, le=600)]
    height: Side
    width: Side
    fps: Annotated[int, Field(ge=1, le=60)]
    seed: Seed
