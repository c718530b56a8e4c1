"""The way from filing to closing."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel

from vpr_metrics import definitions
from vpr_metrics.schemas.choosing import Choice
from vpr_metrics.schemas.drawing import DrawnFlow
from vpr_metrics.schemas.figures import AsOf


class FlowQuery(Choice, DrawnFlow):
    """Which records."""


class Stage(BaseModel):
    """How many of the cases reached it (``share`` of them all), and how many seconds after filing."""

    stage: str
    cases: int | None
    share: float | None
    mean: float | None
    median: float | None
    suppressed: bool = False


class End(BaseModel):
    """How many of the cases came to this."""

    end: str
    cases: int | None
    share: float | None
    suppressed: bool = False


class Transition(BaseModel):
    """From one milestone to the next: seconds, and the ``share`` of the time of all transitions."""

    before: str
    after: str
    n: int | None
    mean: float | None
    median: float | None
    total: float | None
    share: float | None
    suppressed: bool = False


class Work(BaseModel):
    """How often in this hour of the week."""

    activity: str
    hour: str
    n: int | None


class Flow(BaseModel):
    """The way of the chosen cases. ``bottleneck`` is the transition that took the most time in all, of those shown."""

    definition_version: int = definitions.VERSION
    source: str
    unit: Literal["seconds"] = "seconds"
    zone: str
    as_of: AsOf | None
    until: AwareDatetime | None
    cases: int | None
    stages: list[Stage]
    ends: list[End]
    transitions: list[Transition]
    bottleneck: Transition | None
    workload: list[Work]
