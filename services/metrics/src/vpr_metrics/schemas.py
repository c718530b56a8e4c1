"""What metrics takes and gives over HTTP."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from vpr_events.contracts.values import Pathway
from vpr_events.event import Code
from vpr_metrics import definitions
from vpr_metrics.model import LIVE
from vpr_metrics.projecting import Stage
from vpr_service.requests import Body


class Grouping(StrEnum):
    """What figures can be split by."""

    NONE = "none"
    PATHWAY = "pathway"
    CATEGORY = "category"
    DISTRICT = "district"
    PRIORITY = "priority"
    WEEK = "week"


def _known_interval(name: str) -> str:
    if name not in INTERVAL_NAMES:
        raise ValueError(f"one of {', '.join(INTERVAL_NAMES)}")
    return name


INTERVAL_NAMES = ("all", *definitions.INTERVALS)
IntervalName = Annotated[str, AfterValidator(_known_interval), Field(json_schema_extra={"enum": list(INTERVAL_NAMES)})]


class TimingQuery(Body):
    """Which records, split how. ``from`` (inclusive) and ``to`` (exclusive) bound filed_at."""

    model_config = ConfigDict(populate_by_name=True)

    source: Code = LIVE
    by: Grouping = Grouping.NONE
    interval: IntervalName = "all"
    start: Annotated[AwareDatetime | None, Field(alias="from")] = None
    end: Annotated[AwareDatetime | None, Field(alias="to")] = None
    category: Code | None = None
    district: Code | None = None
    priority: int | None = None
    pathway: Pathway | None = None

    @field_validator("end")
    @classmethod
    def _after_start(cls, end: datetime | None, info: ValidationInfo) -> datetime | None:
        start: datetime | None = info.data.get("start")
        if start and end and end <= start:
            raise ValueError("must lie after from")
        return end


class ExcludedReasons(BaseModel):
    """Why records were left out; the first reason that holds is counted."""

    flagged: int
    no_start: int
    ended_before: int


class Figures(BaseModel):
    """One group's figures in seconds, and where each of its records is counted."""

    n: int
    mean: float | None
    median: float | None
    p90: float | None
    open: int
    excluded: int
    invalid: int
    excluded_reasons: ExcludedReasons


class Group(Figures):
    """The figures of the records that have ``key`` in common; "unknown" where they lack it."""

    key: str


class IntervalTimings(BaseModel):
    """One interval: ``groups`` (none without ``by``), and ``total`` over all records."""

    model_config = ConfigDict(populate_by_name=True)

    interval: str
    start: Annotated[str, Field(serialization_alias="from")]
    end: Annotated[str, Field(serialization_alias="to")]
    groups: list[Group]
    total: Figures


class AsOf(BaseModel):
    """The newest event in the read model."""

    event_id: UUID
    recorded_at: datetime


class Timings(BaseModel):
    """Timing figures. ``records`` is how many the query chose: each interval accounts for all of them."""

    definition_version: int = definitions.VERSION
    source: str
    by: Grouping
    unit: Literal["seconds"] = "seconds"
    as_of: AsOf | None
    records: int
    intervals: list[IntervalTimings]


class Source(BaseModel):
    """A source of records; sources differ in what their clock points mean, so figures never mix them."""

    source: str
    records: int


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
    statistics: dict[str, str]
    counts: dict[str, str]
    excluded_reasons: dict[str, str]
    over: str


class RebuildStatus(BaseModel):
    """The generation that answers (null before the first), and the last rebuild since the service started."""

    generation: int | None
    stage: Stage
    started_at: datetime | None
    finished_at: datetime | None
    read: int
    unreadable: int


class Query(Body):
    """One SELECT."""

    sql: Annotated[str, Field(min_length=1, max_length=20_000)]


class Column(BaseModel):
    """A column of an answer, and its Arrow type."""

    name: str
    type: str


class QueryResult(BaseModel):
    """Rows of a query on a snapshot that was ``snapshot_age`` seconds old; ``truncated``: there are more."""

    columns: list[Column]
    rows: list[tuple[Any, ...]]
    snapshot_at: datetime
    snapshot_age: float
    truncated: bool
