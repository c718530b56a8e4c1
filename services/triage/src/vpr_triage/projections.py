"""Events to rows: triage's own cases, and how far video and dispatch are with them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, bindparam, delete, func, insert, select, update
from sqlalchemy import case as case_when
from sqlalchemy.dialects.postgresql import insert as upsert

from vpr_events.contracts.case import (
    CaseAppointmentBooked,
    CaseAppointmentCancelled,
    CaseAppointmentMoved,
    CaseAssessed,
    CaseClaimed,
    CaseClosed,
    CaseDuplicateLinked,
    CaseNoShow,
    CaseOpened,
    CasePrioritised,
    CaseReleased,
    CaseReportAmended,
    CaseVideoRequested,
)
from vpr_events.contracts.dispatch import (
    DispatchCancelled,
    DispatchUnitAssigned,
    DispatchUnitCleared,
    DispatchUnitOnScene,
)
from vpr_events.contracts.report import ReportAttachmentAdded
from vpr_events.contracts.session import SessionConnected, SessionEnded
from vpr_events.contracts.values import Gravest
from vpr_events.erasure import erasing
from vpr_events.event import Event, Recorded
from vpr_events.writes import Write
from vpr_triage.domain.no_shows import next_step
from vpr_triage.erased import note_erasure
from vpr_triage.status import Status
from vpr_triage.tables import attachments, cases, notes, progress

UNRANKED = 2**31 - 1
"""The gravity of a case without a priority: behind all others."""


def gravity(priority: int, gravest: Gravest) -> int:
    """The priority turned so that the lower number is the graver, whatever the direction of its scale."""
    return priority if gravest is Gravest.LOWEST else -priority


def _setting(*columns: str, **fixed: Any) -> Executable:
    """An update of one case: its version and these columns from ``new_<column>``, and fixed values."""
    changes: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("version", *columns)}
    return update(cases).where(cases.c.id == bindparam("case")).values({**changes, **fixed})


def _unless_assessed(status: Status) -> Any:
    return case_when((cases.c.outcome.is_not(None), Status.ASSESSED), else_=status)


INSERT_CASE = insert(cases)
PRIORITISE = _setting("priority", "gravest", "gravity")
FOLLOW_REPORT = _setting(
    category=func.coalesce(bindparam("report_category"), cases.c.category),
    district=func.coalesce(bindparam("report_district"), cases.c.district),
)
CLAIM = _setting(
    "holder",
    "lease_until",
    claimed_at=func.coalesce(cases.c.claimed_at, bindparam("at")),
    status=_unless_assessed(Status.CLAIMED),
)
RELEASE = _setting(holder=None, lease_until=None, status=_unless_assessed(Status.OPEN))
REQUEST_VIDEO = _setting("request_id", "requested_at", next_step=None)
BOOK = _setting("appointment_id", "appointment_at", "appointment_zone", "earliest_at", next_step=None)
NO_SHOW = _setting("no_shows", "next_step")
"""What is to be done after a no-show stands until it is: another time, another session, an assessment, the end."""
MOVE = _setting("appointment_at", "appointment_zone")
CANCEL = _setting(appointment_id=None, appointment_at=None, appointment_zone=None, earliest_at=None)
ASSESS = _setting(
    "assessment_id",
    "assessed_by",
    "assessed_at",
    "outcome",
    district=func.coalesce(bindparam("assessed_district"), cases.c.district),
    status=Status.ASSESSED,
    next_step=None,
)
FOLLOW = _setting()
"""The version alone, so that it tells of every event."""
RENEW = update(cases).where(cases.c.id == bindparam("case")).values(lease_until=bindparam("new_lease_until"))
LINK = _setting("duplicate_of")
CLOSE = _setting("closed_at", "close_reason", holder=None, lease_until=None, next_step=None, status=Status.CLOSED)


def project_case(event: Recorded) -> Iterable[Write]:
    """Triage's own events. ``claimed_at`` is the first claim."""
    match event.data:
        case CaseOpened() as opened:
            yield _inserted(event, opened)
        case CaseReportAmended(category=category, district=district):
            yield _changed(event, FOLLOW_REPORT, report_category=category, report_district=district)
        case CasePrioritised(priority=priority, gravest=gravest):
            yield _prioritised(event, priority, gravest)
        case CaseClaimed() | CaseReleased() as told:
            yield _held(event, told)
        case CaseVideoRequested() | CaseNoShow() as told:
            yield _meeting(event, told)
        case CaseAppointmentBooked() | CaseAppointmentMoved() | CaseAppointmentCancelled() as agreed:
            yield _appointed(event, agreed)
        case CaseAssessed() as assessed:
            yield from _assessed(event, assessed)
        case CaseDuplicateLinked() | CaseClosed() as told:
            yield _ended(event, told)
        case _ if event.stream.startswith("case/"):
            yield _changed(event, FOLLOW)


def _held(event: Recorded, told: CaseClaimed | CaseReleased) -> Write:
    if isinstance(told, CaseReleased):
        return _changed(event, RELEASE)
    at = event.occurred_at
    return _changed(event, CLAIM, at=at, new_holder=told.officer_id, new_lease_until=told.lease_until)


def _meeting(event: Recorded, told: CaseVideoRequested | CaseNoShow) -> Write:
    if isinstance(told, CaseNoShow):
        return _changed(event, NO_SHOW, new_no_shows=told.attempt, new_next_step=next_step(told.attempt))
    return _changed(event, REQUEST_VIDEO, new_request_id=told.request_id, new_requested_at=event.occurred_at)


def _appointed(
    event: Recorded, agreed: CaseAppointmentBooked | CaseAppointmentMoved | CaseAppointmentCancelled
) -> Write:
    if isinstance(agreed, CaseAppointmentCancelled):
        return _changed(event, CANCEL)
    told = {"new_appointment_at": agreed.starts_at, "new_appointment_zone": agreed.zone}
    if isinstance(agreed, CaseAppointmentMoved):
        return _changed(event, MOVE, **told)
    told |= {"new_appointment_id": agreed.appointment_id, "new_earliest_at": agreed.earliest_at}
    return _changed(event, BOOK, **told)


def _ended(event: Recorded, told: CaseDuplicateLinked | CaseClosed) -> Write:
    if isinstance(told, CaseDuplicateLinked):
        return _changed(event, LINK, new_duplicate_of=told.original_case_id)
    return _changed(event, CLOSE, new_closed_at=event.occurred_at, new_close_reason=told.reason)


def renewed(case_id: UUID, lease_until: datetime) -> Write:
    """A lease that was renewed, which no event tells."""
    return Write(case_id, RENEW, {"case": case_id, "new_lease_until": lease_until})


def _inserted(event: Recorded, opened: CaseOpened) -> Write:
    row = {
        "id": event.entity_id,
        "version": event.version,
        "opened_at": event.occurred_at,
        "status": Status.OPEN,
        "gravity": UNRANKED,
    }
    return Write(event.entity_id, INSERT_CASE, row | opened.model_dump())


def _assessed(event: Recorded, assessed: CaseAssessed) -> Iterable[Write]:
    yield _changed(
        event,
        ASSESS,
        new_assessment_id=assessed.assessment_id,
        new_assessed_by=assessed.officer_id,
        new_assessed_at=event.occurred_at,
        new_outcome=assessed.outcome,
        assessed_district=assessed.district,
    )
    if assessed.priority is not None and assessed.gravest is not None:
        yield _prioritised(event, assessed.priority, assessed.gravest)


def _prioritised(event: Recorded, priority: int, gravest: Gravest) -> Write:
    turned = gravity(priority, gravest)
    return _changed(event, PRIORITISE, new_priority=priority, new_gravest=gravest, new_gravity=turned)


def _changed(event: Recorded, statement: Executable, **values: Any) -> Write:
    return Write(event.entity_id, statement, {"case": event.entity_id, "new_version": event.version, **values})


FIRST, LAST = func.least, func.greatest

POINTS: dict[type[Event], tuple[str, Any]] = {
    SessionConnected: ("session_connected_at", FIRST),
    SessionEnded: ("session_ended_at", LAST),
    DispatchUnitAssigned: ("dispatched_at", FIRST),
    DispatchUnitOnScene: ("on_scene_at", FIRST),
    DispatchUnitCleared: ("cleared_at", LAST),
    DispatchCancelled: ("dispatch_cancelled_at", LAST),
}
"""Which event of another service sets which point of a case's progress, and which of several times counts."""


def _reached(point: str, choose: Any) -> Executable:
    """The first (the last for an end) of a point's times counts, so that order and repetition do not matter."""
    row = upsert(progress).values({"report_id": bindparam("report"), point: bindparam("at")})
    changes = {point: choose(progress.c[point], row.excluded[point])}
    return row.on_conflict_do_update(index_elements=["report_id"], set_=changes)


REACHED = {contract: _reached(*rule) for contract, rule in POINTS.items()}


_CASES = select(cases.c.id).where(cases.c.report_id == bindparam("report"))

project_erasure = erasing(delete(notes).where(notes.c.case_id.in_(_CASES)))

ERASING = (note_erasure, project_erasure)
"""In this order: who notes something of the report meanwhile waits, and finds it erased."""


INSERT_ATTACHMENT = upsert(attachments).on_conflict_do_nothing()


def project_attachments(event: Recorded) -> Iterable[Write]:
    """Which files a report has, whether or not its case is known yet."""
    if isinstance(event.data, ReportAttachmentAdded):
        row = {"report_id": event.entity_id, "attachment_id": event.data.attachment_id}
        yield Write(("attachments", event.entity_id), INSERT_ATTACHMENT, row)


def project_progress(event: Recorded) -> Iterable[Write]:
    """What video and dispatch did for a report, whether or not its case is known yet."""
    if (statement := REACHED.get(type(event.data))) is not None:
        report = event.correlation_id
        yield Write(("progress", report), statement, {"report": report, "at": event.occurred_at})
