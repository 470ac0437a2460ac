"""Settings of the verbs that lead from footage to people."""

from typing import Annotated

from annotated_types import Gt, Lt
from pydantic import BeforeValidator, Field

from reid_cosam.settings.base import Count, PathText, Settings, Text, listed

Rate = Annotated[float, Gt(0), Lt(1)]
Names = Annotated[tuple[Text, ...], BeforeValidator(listed)]


class LinkSettings(Settings):
    gallery: PathText
    calibration: PathText | None
    far: Rate
    threshold: Annotated[float, Field(gt=0)] | None
    travel_times: PathText | None
    out: PathText | None


class SearchSettings(Settings):
    gallery: PathText
    query: PathText
    model: PathText | None
    trust: Names
    calibration: PathText | None
    far: Rate
    cameras: Names
    top: Count
    rerank: bool
    out: PathText
