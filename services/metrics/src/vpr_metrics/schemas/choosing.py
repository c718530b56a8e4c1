"""Which records a question is about."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from vpr_events.contracts.values import Channel
from vpr_events.event import Code, Instant
from vpr_metrics import definitions
from vpr_metrics.choosing import Selection
from vpr_metrics.records import LIVE
from vpr_service.requests import Body


class PathwayFilter(StrEnum):
    """How cases were met; ``in_person`` is every pathway but virtual."""

    VIRTUAL = "virtual"
    CONVENTIONAL = "conventional"
    DECLINED = "declined"
    HISTORICAL = "historical"
    IN_PERSON = "in_person"


def _known_interval(name: str) -> str:
    if name not in definitions.INTERVALS:
        raise ValueError(f"one of {', '.join(definitions.INTERVALS)}")
    return name


def _known_point(name: str) -> str:
    if name not in definitions.POINTS:
        raise ValueError(f"one of {', '.join(definitions.POINTS)}")
    return name


def _of_our_time(moment: datetime) -> datetime:
    if not EARLIEST <= moment.year <= LATEST:
        raise ValueError(f"must lie in the years {EARLIEST} to {LATEST}")
    return moment


EARLIEST, LATEST = 1900, 2200
Moment = Annotated[Instant, AfterValidator(_of_our_time)]
IntervalName = Annotated[
    str, AfterValidator(_known_interval), Field(json_schema_extra={"enum": list(definitions.INTERVALS)})
]
PointName = Annotated[str, AfterValidator(_known_point), Field(json_schema_extra={"enum": list(definitions.POINTS)})]
Percentile = Annotated[float, Field(gt=0, lt=100)]


class Choice(Body):
    """Filters. ``from`` (inclusive) and ``to`` (exclusive) bound filed_at; ``as_of`` leaves out what was recorded
    later, ``until`` what happened later.
    """

    model_config = ConfigDict(populate_by_name=False)

    source: Code = LIVE
    filed_from: Annotated[Moment | None, Field(alias="from")] = None
    filed_before: Annotated[Moment | None, Field(alias="to")] = None
    category: Code | None = None
    district: Code | None = None
    priority: Annotated[int | None, Field(ge=-(2**31), lt=2**31)] = None
    channel: Channel | None = None
    pathway: PathwayFilter | None = None
    officer_initiated: bool | None = None
    outcome: Code | None = None
    eligible: bool | None = None
    as_of: Moment | None = None
    until: Moment | None = None

    @field_validator("filed_before")
    @classmethod
    def _after_start(cls, end: datetime | None, info: ValidationInfo) -> datetime | None:
        start: datetime | None = info.data.get("filed_from")
        if start and end and end <= start:
            raise ValueError("must lie after from")
        return end

    def selection(self) -> Selection:
        """The same for the read model."""
        return Selection(**{name: getattr(self, name) for name in Choice.model_fields})


class Spanning(Choice):
    """Filters, and one interval: a named one, or one between ``start`` and ``end``."""

    interval: IntervalName = "headline"
    start: PointName | None = None
    end: Annotated[PointName | None, Field(validate_default=True)] = None

    @field_validator("end")
    @classmethod
    def _both_points(cls, end: str | None, info: ValidationInfo) -> str | None:
        return checked_end(end, info)

    def span(self) -> definitions.Interval:
        """The interval."""
        if self.start and self.end:
            return definitions.between(self.start, self.end)
        return definitions.INTERVALS[self.interval]


def checked_end(end: str | None, info: ValidationInfo) -> str | None:
    """``end``, when it goes with ``start``. Raises ValueError."""
    start = info.data.get("start")
    if (start is None) != (end is None) and "start" in info.data:
        raise ValueError("start and end belong together")
    if start and start == end:
        raise ValueError("must differ from start")
    return end
