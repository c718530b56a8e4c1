"""Who read what, and the alarms that stand."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from vpr_events.contracts.access import AlarmKind, BreakGlassReason
from vpr_events.contracts.values import Role
from vpr_events.event import Instant
from vpr_service.requests import Body, PageQuery


class BreakingGlass(Body):
    """Why a report must be read without holding its case; ``text`` is kept apart from the events, as personal data."""

    reason: BreakGlassReason
    text: Annotated[str, Field(min_length=10, max_length=2000)]


class BrokenGlass(Body):
    """The report can be read until ``until``; the alarm stands until a supervisor acknowledges it.

    ``text_kept``: what was said for it is kept, which it is not once the report's personal data was erased.
    """

    report_id: UUID
    alarm_id: UUID
    reason: str
    until: datetime
    text_kept: bool


class Alarm(Body):
    """Something that a supervisor must look at; open without ``acknowledged_at``."""

    id: UUID
    kind: AlarmKind
    report_id: UUID
    caused_by: UUID
    reason: str
    raised_at: datetime
    acknowledged_by: UUID | None
    acknowledged_at: datetime | None


class AlarmWithText(Alarm):
    """An alarm with what its cause said for it; null once that is erased."""

    text: str | None


class AccessQuery(PageQuery):
    """Which accesses: to one report, by one reader (or by a service for them), ``since`` and before ``until``."""

    model_config = ConfigDict(extra="forbid")

    report_id: UUID | None = None
    reader_id: UUID | None = None
    since: Instant | None = None
    until: Instant | None = None


class Access(Body):
    """Somebody read personal data of a report: with ``until`` the glass was broken, until then.

    ``item_id`` names the one attachment that was read.
    """

    id: UUID
    at: datetime
    report_id: UUID
    reader_id: UUID
    role: Role
    resource: str
    purpose: str
    break_glass: bool
    until: datetime | None
    acting_for: UUID | None
    item_id: UUID | None
