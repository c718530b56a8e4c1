"""What triage takes and gives over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, ConfigDict, Field

from vpr_events.contracts.case import CloseReason, Outcome
from vpr_events.contracts.values import Capability, Channel, Gravest
from vpr_events.event import Code, Instant
from vpr_service.languages import Language
from vpr_service.requests import Body, PageQuery
from vpr_triage.domain.appointments import CancelReason
from vpr_triage.domain.no_shows import NextStep
from vpr_triage.status import Status

NOTE_LIMIT = 4000

Priority = Annotated[int, Field(ge=0, le=1000)]
"""A number on the agency's own scale."""


def _to_the_minute(moment: datetime) -> datetime:
    if moment.second or moment.microsecond:
        raise ValueError("a time to the minute")
    return moment


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ValueError, ZoneInfoNotFoundError, OSError) as error:
        raise ValueError("not an IANA time zone") from error


Minute = Annotated[Instant, AfterValidator(_to_the_minute)]
"""A moment of a whole minute."""

ZoneName = Annotated[Code, AfterValidator(_zone)]
"""The IANA name of a time zone."""


class QueueQuery(PageQuery):
    """Which cases. Several values of one filter mean any of them.

    ``status`` is ``open`` unless given; with ``holder=me``, the caller's own cases, it is anything unless given.
    """

    model_config = ConfigDict(extra="forbid")

    status: Annotated[list[Status], Field(default_factory=list)]
    holder: Literal["me"] | None = None
    category: Annotated[list[Code], Field(default_factory=list)]
    district: Annotated[list[Code], Field(default_factory=list)]


class Nothing(Body):
    """The body of a request that needs none."""


class NewPriority(Body):
    """A priority; ``gravest`` says which end of its scale is the gravest."""

    priority: Priority
    gravest: Gravest


class NewInvitation(Body):
    """How the resident is invited, where the city's own way does not suit.

    By ``sms`` or ``email``, in ``language`` instead of that of their report, ``neutral``: without a word of police.
    Who asked for that is invited so in any case.
    """

    channel: Literal["sms", "email"] | None = None
    language: Language | None = None
    neutral: bool = False


class NewAppointment(Body):
    """A time that was agreed, to the minute. ``zone`` is the IANA name of the wall clock that the resident goes by.

    ``earliest_at`` is the first time that was on offer: what lies between is the resident's choice. It may be left out
    when the appointment is moved. The resident is sent an invitation: without ``invitation`` as before, at first as the
    city does.
    """

    starts_at: Minute
    zone: ZoneName
    earliest_at: Minute | None = None
    invitation: NewInvitation | None = None


class Cancellation(Body):
    """Why the appointment will not take place."""

    reason: CancelReason


class NewAssessment(Body):
    """What the officer decides. ``note`` is kept apart from the events, as personal data.

    Absent priority (with ``gravest``) and district are the case's own. ``suggested`` is what a rule had proposed.
    """

    outcome: Outcome
    capabilities: Annotated[tuple[Capability, ...], Field(max_length=10)] = ()
    priority: Priority | None = None
    gravest: Gravest | None = None
    district: Code | None = None
    suggested: Outcome | None = None
    note: Annotated[str, Field(min_length=1, max_length=NOTE_LIMIT)] | None = None


class Closing(Body):
    """The end of a case; ``reason`` may be left out, it follows from the assessment."""

    reason: CloseReason | None = None


class Original(Body):
    """The case that tells of the same incident."""

    original_case_id: UUID


class VideoRequested(Body):
    """The answer to a video request."""

    request_id: UUID
    case_id: UUID
    report_id: UUID


class Assessed(Body):
    """The answer to an assessment."""

    assessment_id: UUID
    case_id: UUID
    report_id: UUID
    outcome: Outcome


class Progress(Body):
    """When video and dispatch reached each point; absent points were not reached."""

    session_connected_at: datetime | None
    session_ended_at: datetime | None
    dispatched_at: datetime | None
    on_scene_at: datetime | None
    cleared_at: datetime | None
    dispatch_cancelled_at: datetime | None


class Case(Body):
    """A case, without personal data. ``claimed_at`` is the first claim, ``lease_until`` moves when it is renewed.

    ``appointment_at`` is the time that was last agreed, on the wall clock of ``appointment_zone``; ``earliest_at`` the
    first one that was on offer. All three are null without an appointment, or when it was cancelled.
    ``no_shows`` counts how often the resident did not come, ``next_step`` is what is to be done about it, until it is.
    ``attachments`` counts the files of its report, which intake gives to who holds the case.
    """

    id: UUID
    report_id: UUID
    version: int
    status: Status
    category: str
    channel: Channel
    district: str | None
    priority: int | None
    gravest: Gravest | None
    holder: UUID | None
    lease_until: datetime | None
    opened_at: datetime
    claimed_at: datetime | None
    request_id: UUID | None
    requested_at: datetime | None
    appointment_id: UUID | None
    appointment_at: datetime | None
    appointment_zone: str | None
    earliest_at: datetime | None
    no_shows: int
    next_step: NextStep | None
    assessment_id: UUID | None
    assessed_by: UUID | None
    assessed_at: datetime | None
    outcome: Outcome | None
    closed_at: datetime | None
    close_reason: CloseReason | None
    duplicate_of: UUID | None
    attachments: int
    progress: Progress
