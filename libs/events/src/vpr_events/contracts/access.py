"""Family ``access``, owned by intake: who read what personal data, why, and what that set off. One stream a report."""

from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.values import Role
from vpr_events.event import Code, Event, Instant


class BreakGlassReason(StrEnum):
    """Why somebody reads a report without holding its case."""

    IMMINENT_DANGER = "imminent_danger"
    WELFARE_CHECK = "welfare_check"
    TECHNICAL_FAULT = "technical_fault"
    SUPERVISOR_REVIEW = "supervisor_review"
    OTHER = "other"


class AlarmKind(StrEnum):
    """What raised an alarm."""

    BREAK_GLASS = "break_glass"
    STOPPED_REPORT = "stopped_report"
    UNCLOSED_REPORT = "unclosed_report"
    BULK_READING = "bulk_reading"
    OWN_CASE = "own_case"
    RESTRICTED_CASE = "restricted_case"


class AccessRecorded(Event, name="access.recorded"):
    """Personal data of a report was read. ``resource`` names what, ``purpose`` why.

    With ``until`` the glass was broken: the reader may read until then. ``acting_for`` is the officer for whom a
    service reads; ``item_id`` the one item that was read, such as an attachment.
    """

    reader_id: UUID
    role: Role
    resource: Code
    purpose: Code
    break_glass: bool = False
    until: Instant | None = None
    acting_for: UUID | None = None
    item_id: UUID | None = None


class AccessAlarmRaised(Event, name="access.alarm_raised", version=3):
    """A supervisor must look at what ``caused_by`` did; the alarm stands until it is acknowledged.

    For ``stopped_report`` that is who filed: a 311 client, a member of staff, or an id that stands for any resident.
    Nobody caused ``unclosed_report``: the report is open for too long, and the id is zero.
    """

    alarm_id: UUID
    kind: AlarmKind
    caused_by: UUID
    reason: Code


class AccessAcknowledged(Event, name="access.acknowledged"):
    """Somebody looked at the alarm; at broken glass, somebody else than who broke it."""

    alarm_id: UUID
    acknowledged_by: UUID
