"""Durations of which some have not ended."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from vpr_metrics import definitions
from vpr_metrics.schemas.choosing import Percentile, Spanning
from vpr_metrics.schemas.drawing import DrawnSurvival
from vpr_metrics.schemas.figures import MOST_PERCENTILES, AsOf, Groupings


class SurvivalQuery(Spanning, DrawnSurvival):
    """Which records, which interval, which percentiles (median and P90 always), split how; without ``curve`` only the
    figures, with ``steps`` at most so many of each curve, evenly spread.
    """

    by: Groupings = Field(default_factory=list)
    percentile: list[Percentile] = Field(default_factory=list, max_length=MOST_PERCENTILES)
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    curve: bool = True
    steps: Annotated[int, Field(ge=2)] | None = None


class Estimate(BaseModel):
    """A time in seconds with its confidence interval; null where the curve does not come down so far."""

    value: float | None
    low: float | None
    high: float | None


class CurveStep(BaseModel):
    """From ``time`` (seconds) on. The counts are null for who may not see small ones."""

    time: float
    at_risk: int | None
    ended: int | None
    survival: float
    low: float | None
    high: float | None


class Incidence(BaseModel):
    """From ``time`` (seconds) on."""

    time: float
    incidence: float


class Survival(BaseModel):
    """``n`` cases, how their interval ended, and what follows for cases of the kind.

    A small count is null for who may not see it, and so is another, so that it cannot be worked out.
    With ``suppressed`` there are too few cases to show any of it. ``completed`` is the mean and median of those that
    reached the second clock point alone: it leaves out whoever waits longest.
    """

    n: int | None = None
    open: int | None = None
    causes: dict[str, int | None] | None = None
    excluded: int | None = None
    invalid: int | None = None
    median: Estimate | None = None
    percentiles: dict[str, Estimate] | None = None
    completed: dict[str, float | None] | None = None
    curve: list[CurveStep] | None = None
    incidences: dict[str, list[Incidence]] | None = None
    suppressed: bool = False


class SurvivalGroup(Survival):
    """The cases that have ``keys`` in common."""

    key: str
    keys: dict[str, str]


class Survivals(BaseModel):
    """Of one interval; ``observed_until`` says until when those that wait were seen to wait."""

    definition_version: int = definitions.VERSION
    source: str
    interval: str
    start: Annotated[str, Field(serialization_alias="from")]
    end: Annotated[str, Field(serialization_alias="to")]
    unit: Literal["seconds"] = "seconds"
    zone: str
    groupings: list[str]
    confidence: float
    as_of: AsOf | None
    until: AwareDatetime | None
    observed_until: datetime
    groups: list[SurvivalGroup]
    total: Survival
