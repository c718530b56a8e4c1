"""Timing figures, and what they mean."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from vpr_metrics import definitions, queries
from vpr_metrics.doubts import RULES
from vpr_metrics.projecting import Stage
from vpr_metrics.schemas.choosing import Choice, Percentile, PointName, checked_end
from vpr_metrics.schemas.drawing import DrawnTimings

NONE = "none"
GROUPINGS = (NONE, *queries.GROUPINGS)
INTERVAL_NAMES = ("all", *definitions.INTERVALS)
MOST_PERCENTILES = 20


def _known_interval(name: str) -> str:
    if name not in INTERVAL_NAMES:
        raise ValueError(f"one of {', '.join(INTERVAL_NAMES)}")
    return name


def _known_groupings(names: list[str]) -> list[str]:
    if unknown := set(names) - set(GROUPINGS):
        raise ValueError(f"{min(unknown)[:40]!r} is none of {', '.join(GROUPINGS)}")
    chosen = [name for name in dict.fromkeys(names) if name != NONE]
    if len(chosen) > queries.MOST_GROUPINGS:
        raise ValueError(f"at most {queries.MOST_GROUPINGS}")
    return chosen


IntervalName = Annotated[str, AfterValidator(_known_interval), Field(json_schema_extra={"enum": list(INTERVAL_NAMES)})]
Groupings = Annotated[
    list[str],
    AfterValidator(_known_groupings),
    Field(json_schema_extra={"items": {"enum": list(GROUPINGS)}, "maxItems": queries.MOST_GROUPINGS}),
]


class TimingQuery(Choice, DrawnTimings):
    """Which records, split how (``by`` up to three times), measured between which points, with which percentiles.

    ``start`` and ``end`` together ask for an interval of one's own, instead of ``interval``.
    """

    model_config = ConfigDict(populate_by_name=False)

    by: Groupings = Field(default_factory=list)
    interval: IntervalName = "all"
    start: PointName | None = None
    end: Annotated[PointName | None, Field(validate_default=True)] = None
    percentile: list[Percentile] = Field(default_factory=list, max_length=MOST_PERCENTILES)

    @field_validator("end")
    @classmethod
    def _both_points(cls, end: str | None, info: ValidationInfo) -> str | None:
        return checked_end(end, info)

    def spans(self) -> list[definitions.Interval]:
        """The intervals that are asked for."""
        if self.start and self.end:
            return [definitions.between(self.start, self.end)]
        return list(queries.chosen_intervals(self.interval))


class ExcludedReasons(BaseModel):
    """Why records were left out; the first reason that holds is counted."""

    flagged: int
    no_start: int
    ended_before: int


class InvalidReasons(BaseModel):
    """Why records cannot be used."""

    end_before_start: int


class Figures(BaseModel):
    """One group's figures in seconds, and where each of its records is counted.

    With ``suppressed`` there are too few cases to show any of it: all else is null. Where few records are left out of
    n, who may not see small numbers is not told for what reasons. ``percentiles`` by percentage. ``min``, ``max`` and
    percentiles with fewer than five cases on either side are null for them, too.
    """

    n: int | None
    mean: float | None
    median: float | None
    p90: float | None
    min: float | None
    max: float | None
    stddev: float | None
    percentiles: dict[str, float | None]
    open: int | None
    excluded: int | None
    invalid: int | None
    excluded_reasons: ExcludedReasons | None
    invalid_reasons: InvalidReasons | None
    suppressed: bool = False


class Group(Figures):
    """The figures of the records that have ``keys`` in common, by grouping; "unknown" where they lack it.

    ``key`` holds the same, joined by " / ".
    """

    key: str
    keys: dict[str, str]


class IntervalTimings(BaseModel):
    """One interval: ``groups`` (none without ``by``), and ``total`` over all records."""

    interval: str
    start: Annotated[str, Field(serialization_alias="from")]
    end: Annotated[str, Field(serialization_alias="to")]
    groups: list[Group]
    total: Figures


class AsOf(BaseModel):
    """The newest event that the figures know of."""

    event_id: UUID
    recorded_at: datetime


class Timings(BaseModel):
    """Timing figures. ``records`` is how many the query chose: each interval accounts for all of them.

    ``by`` names the groupings, joined by commas; ``zone`` is that of days, weeks, months and hours. ``gravest`` says
    which end of the priority scale is the gravest: both where the records' scales differ. ``records`` is null where it
    would tell of few. ``withheld`` says why statistics are null that a supervisor is shown; null for supervisors.
    """

    definition_version: int = definitions.VERSION
    source: str
    by: str
    groupings: list[str]
    gravest: list[str]
    unit: Literal["seconds"] = "seconds"
    zone: str
    as_of: AsOf | None
    until: AwareDatetime | None
    records: int | None
    withheld: str | None = None
    intervals: list[IntervalTimings]


class Source(BaseModel):
    """A source of records; sources differ in what their clock points mean, so figures never mix them."""

    source: str
    records: int | None


class IntervalDefinition(BaseModel):
    """What one interval measures."""

    interval: str
    start: Annotated[str, Field(serialization_alias="from")]
    end: Annotated[str, Field(serialization_alias="to")]
    sentence: str


class Definitions(BaseModel):
    """What the figures mean."""

    definition_version: int = definitions.VERSION
    unit: Literal["seconds"] = "seconds"
    intervals: list[IntervalDefinition]
    points: dict[str, str] = definitions.POINTS
    pathways: dict[str, str] = definitions.PATHWAYS
    officer_initiated: str = definitions.OFFICER_INITIATED
    statistics: dict[str, str]
    small_numbers: dict[str, str] = definitions.SMALL_NUMBERS
    counts: dict[str, str]
    excluded_reasons: dict[str, str]
    invalid_reasons: dict[str, str] = definitions.INVALID
    over: str
    rules: dict[str, str] = definitions.RULES
    causes: dict[str, str] = definitions.CAUSES
    arms: dict[str, str] = definitions.ARMS
    ends: dict[str, str] = definitions.ENDS
    flow: dict[str, str] = definitions.FLOW
    doubts: dict[str, str] = RULES
    survival: dict[str, str] = definitions.SURVIVAL


class RebuildStatus(BaseModel):
    """The generation that answers (null before the first), and the last rebuild since the service started.

    ``total`` counts the messages that the log held when it began, ``seconds_left`` goes by the speed so far.
    """

    generation: int | None
    stage: Stage
    started_at: datetime | None
    finished_at: datetime | None
    read: int
    unreadable: int
    total: int | None
    seconds_left: float | None
