"""Events to rows: intake's reports and who reads them, how far other services are, and whom they allow to read."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Executable, bindparam, delete, func, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from vpr_events.contracts.access import AccessAcknowledged, AccessAlarmRaised, AccessRecorded
from vpr_events.contracts.case import (
    CaseAssessed,
    CaseClaimed,
    CaseClosed,
    CaseOpened,
    CaseReleased,
    CaseReopened,
    CloseReason,
    Outcome,
)
from vpr_events.contracts.dispatch import (
    DispatchCancelled,
    DispatchCompleted,
    DispatchRequested,
    DispatchUnitAssigned,
    DispatchUnitCleared,
    DispatchUnitOnScene,
)
from vpr_events.contracts.report import (
    ReportAmended,
    ReportAnnotated,
    ReportAttachmentAdded,
    ReportFiled,
    ReportHoldLifted,
    ReportHoldPlaced,
    ReportPersonalDataErased,
    ReportScreened,
    ReportStatementConfirmed,
    ReportStatementTaken,
    ReportStopped,
    ReportWithdrawn,
)
from vpr_events.contracts.session import SessionConnected, SessionCreated, SessionEnded, SessionExpired
from vpr_events.erasure import erasing
from vpr_events.event import Event, Recorded
from vpr_events.notices import notice
from vpr_events.writes import Write
from vpr_intake.basis import Basis
from vpr_intake.channels import ALARMS
from vpr_intake.tables import (
    accesses,
    alarm_texts,
    alarms,
    annotations,
    answers,
    attachment_files,
    attachments,
    details,
    dispositions,
    erasure_approvals,
    grants,
    holds,
    particulars,
    progress,
    reports,
    residents,
    screenings,
    statements,
    status_changes,
    updates,
)

AMENDABLE = ("category", "district", "occurred_from", "occurred_to")
"""What an amendment may tell anew of a report's row."""

INSERT_REPORT = insert(reports)
UPDATE_REPORT = update(reports).where(reports.c.id == bindparam("report_id"))
ADVANCE_REPORT = UPDATE_REPORT.values(version=bindparam("new_version"))
AMEND_REPORT = UPDATE_REPORT.values(
    version=bindparam("new_version"),
    **{name: func.coalesce(bindparam(f"new_{name}"), reports.c[name]) for name in AMENDABLE},
)
STOP_REPORT = UPDATE_REPORT.values(version=bindparam("new_version"), stopped_at=bindparam("at"))
WITHDRAW_REPORT = UPDATE_REPORT.values(version=bindparam("new_version"), withdrawn_at=bindparam("at"))

CONFIRM_STATEMENT = (
    update(statements)
    .where(statements.c.id == bindparam("statement"))
    .values(confirmed_by=bindparam("by"), confirmed_at=bindparam("at"))
)

INSERT_ATTACHMENT = insert(attachments)
INSERT_HOLD = insert(holds)
LIFT_HOLD = (
    update(holds).where(holds.c.id == bindparam("hold")).values(lifted_by=bindparam("by"), lifted_at=bindparam("at"))
)

INSERT_SCREENING = insert(screenings)


def _screening_anew() -> Executable:
    row = upsert(screenings)
    changes = {column.name: row.excluded[column.name] for column in screenings.c if not column.primary_key}
    return row.on_conflict_do_update(index_elements=["report_id"], set_=changes)


SCREEN_ANEW = _screening_anew()
AT_FILING = 2
"""The version of a screening that was made with the filing: no row of it is there yet, so that COPY can write it."""

POINTS: dict[type[Event], str] = {
    CaseOpened: "opened_at",
    CaseClaimed: "claimed_at",
    SessionConnected: "connected_at",
    CaseAssessed: "assessed_at",
    DispatchUnitAssigned: "dispatched_at",
    DispatchUnitOnScene: "arrived_at",
    DispatchUnitCleared: "cleared_at",
    CaseClosed: "closed_at",
}
"""Which event of another service sets which clock point."""

FIRST, LAST = func.least, func.greatest


def _reached(point: str) -> Executable:
    """The earliest time of a point (the latest for an end) wins, so that order and repetition do not matter."""
    changed: BindParameter[Any] = bindparam("recorded")
    row = upsert(progress).values(report_id=bindparam("report"), updated_at=changed, **{point: bindparam("at")})
    choose = LAST if point in {"cleared_at", "closed_at"} else FIRST
    changes = {
        point: choose(progress.c[point], row.excluded[point]),
        "updated_at": LAST(progress.c.updated_at, row.excluded.updated_at),
    }
    return row.on_conflict_do_update(index_elements=["report_id"], set_=changes)


def _touched() -> Executable:
    """The report changed, with no clock point reached."""
    row = upsert(progress).values(report_id=bindparam("report"), updated_at=bindparam("recorded"))
    changes = {"updated_at": LAST(progress.c.updated_at, row.excluded.updated_at)}
    return row.on_conflict_do_update(index_elements=["report_id"], set_=changes)


REACHED = {point: _reached(point) for point in POINTS.values()}
TOUCH = _touched()


def project_report(event: Recorded) -> Iterable[Write]:
    """Intake's own events."""
    report_id = event.entity_id
    match event.data:
        case ReportFiled() as filed:
            row = {"id": report_id, "version": event.version, "filed_at": event.occurred_at}
            yield Write(report_id, INSERT_REPORT, {**row, **filed.model_dump()})
        case ReportAmended() as amended:
            told = {f"new_{name}": getattr(amended, name) for name in AMENDABLE}
            yield Write(report_id, AMEND_REPORT, {"report_id": report_id, "new_version": event.version, **told})
            yield Write(("progress", report_id), TOUCH, {"report": report_id, "recorded": event.recorded_at})
        case ReportAttachmentAdded() as added:
            row = added.model_dump(exclude={"attachment_id"})
            row |= {"id": added.attachment_id, "version": event.version}
            yield Write(report_id, INSERT_ATTACHMENT, row | {"report_id": report_id, "added_at": event.occurred_at})
            yield from _told_more(event)
        case ReportAnnotated():
            yield from _told_more(event)
        case ReportScreened() as told:
            row = {"report_id": report_id, "version": event.version, "screened_at": event.occurred_at}
            row |= {"rule_set": told.rule_set, "outcome": told.outcome, "reasons": list(told.reasons)}
            yield Write(report_id, INSERT_SCREENING if event.version == AT_FILING else SCREEN_ANEW, row)
        case ReportStopped():
            row = {"report_id": report_id, "new_version": event.version, "at": event.occurred_at}
            yield Write(report_id, STOP_REPORT, row)
        case ReportWithdrawn():
            row = {"report_id": report_id, "new_version": event.version, "at": event.occurred_at}
            yield Write(report_id, WITHDRAW_REPORT, row)
        case ReportStatementConfirmed() as confirmed:
            yield Write(report_id, ADVANCE_REPORT, {"report_id": report_id, "new_version": event.version})
            told = {"statement": confirmed.statement_id, "by": confirmed.confirmed_to, "at": event.occurred_at}
            yield Write(report_id, CONFIRM_STATEMENT, told)
        case ReportStatementTaken() | ReportHoldPlaced() | ReportHoldLifted() | ReportPersonalDataErased():
            yield Write(report_id, ADVANCE_REPORT, {"report_id": report_id, "new_version": event.version})


def _told_more(event: Recorded) -> Iterable[Write]:
    report_id = event.entity_id
    yield Write(report_id, ADVANCE_REPORT, {"report_id": report_id, "new_version": event.version})
    yield Write(("progress", report_id), TOUCH, {"report": report_id, "recorded": event.recorded_at})


project_erasure = erasing(
    delete(particulars).where(particulars.c.report_id == bindparam("report")),
    delete(annotations).where(annotations.c.report_id == bindparam("report")),
    delete(answers).where(answers.c.report_id == bindparam("report")),
    delete(details).where(details.c.report_id == bindparam("report")),
    delete(statements).where(statements.c.report_id == bindparam("report")),
    delete(updates).where(updates.c.report_id == bindparam("report")),
    delete(attachment_files).where(attachment_files.c.report_id == bindparam("report")),
    delete(alarm_texts).where(alarm_texts.c.report_id == bindparam("report")),
    delete(residents).where(residents.c.report_id == bindparam("report")),
    delete(erasure_approvals).where(erasure_approvals.c.report_id == bindparam("report")),
)


def project_progress(event: Recorded) -> Iterable[Write]:
    """What triage, video and dispatch did for a report."""
    if point := POINTS.get(type(event.data)):
        row = {"report": event.correlation_id, "at": event.occurred_at, "recorded": event.recorded_at}
        yield Write(event.correlation_id, REACHED[point], row)


INSERT_STATUS = upsert(status_changes).on_conflict_do_nothing()

STATUSES: dict[type[Event], str] = {
    CaseOpened: "for_triage",
    CaseClaimed: "investigating",
    CaseReleased: "for_triage",
    SessionConnected: "in_progress",
    DispatchUnitAssigned: "action_scheduled",
    DispatchUnitOnScene: "in_progress",
    ReportWithdrawn: "cancelled",
}
"""Which event begins which public status, in the words of Open311's service request updates."""

CLOSED: dict[CloseReason, str] = {
    CloseReason.RESOLVED: "fixed",
    CloseReason.DISPATCHED: "closed",
    CloseReason.REFERRED: "internal_referral",
    CloseReason.NO_FURTHER_ACTION: "no_further_action",
    CloseReason.WITHDRAWN: "cancelled",
    CloseReason.NO_SHOW: "closed",
    CloseReason.DUPLICATE: "duplicate",
}


def project_status(event: Recorded) -> Iterable[Write]:
    """Changes of a report's public status, at the time they were recorded: later ones are never told as earlier."""
    match event.data:
        case CaseClosed(reason=reason):
            status = CLOSED[reason]
        case CaseAssessed(outcome=Outcome.DISPATCH):
            status = "planned"
        case other if type(other) in STATUSES:
            status = STATUSES[type(other)]
        case _:
            return
    row = {"id": event.id, "report_id": event.correlation_id, "status": status, "at": event.recorded_at}
    yield Write(("status", event.correlation_id), INSERT_STATUS, row)


def project_hold(event: Recorded) -> Iterable[Write]:
    """Legal holds."""
    match event.data:
        case ReportHoldPlaced(hold_id=hold, placed_by=by):
            row = {"id": hold, "report_id": event.entity_id, "placed_by": by, "placed_at": event.occurred_at}
            yield Write(("hold", event.entity_id), INSERT_HOLD, row)
        case ReportHoldLifted(hold_id=hold, lifted_by=by):
            yield Write(("hold", event.entity_id), LIFT_HOLD, {"hold": hold, "by": by, "at": event.occurred_at})


BEFORE_ANY = 0
"""Below every version of a case: what its report tells counts only while no case is known."""


def _following() -> Executable:
    """The highest version of the case counts, so that order and repetition do not matter."""
    row = upsert(dispositions)
    changes = {name: row.excluded[name] for name in ("version", "ended_at")}
    newer = row.excluded.version > dispositions.c.version
    return row.on_conflict_do_update(index_elements=["report_id"], set_=changes, where=newer)


def _erased() -> Executable:
    row = upsert(dispositions)
    changes = {name: row.excluded[name] for name in ("erased_at", "rule")}
    return row.on_conflict_do_update(index_elements=["report_id"], set_=changes)


FOLLOW_CASE, NOTE_ERASURE = _following(), _erased()
NOTE_END = upsert(dispositions).on_conflict_do_nothing()


def project_disposition(event: Recorded) -> Iterable[Write]:
    """When a report ended, by its case (or, before there is one, by its withdrawal), and when it was erased."""
    report_id = event.correlation_id
    row: dict[str, Any] = {"report_id": report_id, "version": event.version}
    match event.data:
        case CaseOpened() | CaseReopened():
            yield Write(("disposition", report_id), FOLLOW_CASE, row | {"ended_at": None})
        case CaseClosed():
            yield Write(("disposition", report_id), FOLLOW_CASE, row | {"ended_at": event.occurred_at})
        case ReportWithdrawn():
            told = row | {"version": BEFORE_ANY, "ended_at": event.occurred_at}
            yield Write(("disposition", report_id), NOTE_END, told)
        case ReportPersonalDataErased(rule=rule):
            told = row | {"version": BEFORE_ANY, "erased_at": event.occurred_at, "rule": rule}
            yield Write(("disposition", report_id), NOTE_ERASURE, told)


def _granting() -> Executable:
    """The latest version that a stream told of a grant counts, so that order and repetition do not matter."""
    row = upsert(grants)
    told = ("principal_id", "version", "stands", "until")
    changes = {name: row.excluded[name] for name in told}
    return row.on_conflict_do_update(
        index_elements=["source"], set_=changes, where=row.excluded.version > grants.c.version
    )


GRANT = _granting()
GRANTS: dict[type[Event], tuple[Basis, bool]] = {
    CaseClaimed: (Basis.CLAIM, True),
    CaseReleased: (Basis.CLAIM, False),
    CaseClosed: (Basis.CLAIM, False),
    SessionCreated: (Basis.INVITATION, True),
    SessionEnded: (Basis.INVITATION, False),
    SessionExpired: (Basis.INVITATION, False),
    DispatchRequested: (Basis.TASK, True),
    DispatchCompleted: (Basis.TASK, False),
    DispatchCancelled: (Basis.TASK, False),
}
"""Which event of another service begins or ends which grant. A lease that ran out is told as a release."""


def project_grant(event: Recorded) -> Iterable[Write]:
    """Whom triage, video and dispatch allow to read a report."""
    if rule := GRANTS.get(type(event.data)):
        basis, stands = rule
        holder = event.data.officer_id if isinstance(event.data, CaseClaimed) else None
        yield _granted(event, event.entity_id, basis, purpose=basis, stands=stands, principal_id=holder)


def _granted(event: Recorded, source: UUID, basis: Basis, **told: Any) -> Write:
    row = {"source": source, "report_id": event.correlation_id, "basis": basis, "version": event.version, "until": None}
    return Write(("grant", event.correlation_id), GRANT, row | told)


INSERT_ACCESS, INSERT_ALARM = insert(accesses), insert(alarms)
ACKNOWLEDGE = (
    update(alarms)
    .where(alarms.c.id == bindparam("alarm"))
    .values(acknowledged_by=bindparam("by"), acknowledged_at=bindparam("at"))
)


def project_access(event: Recorded) -> Iterable[Write]:
    """Who read what, who broke the glass, and the alarms of it."""
    match event.data:
        case AccessRecorded() as read:
            row = {"id": event.id, "report_id": event.entity_id, "at": event.occurred_at}
            yield Write(event.entity_id, INSERT_ACCESS, row | read.model_dump())
            if read.until:
                yield _granted(
                    event, event.id, Basis.BREAK_GLASS,
                    purpose=read.purpose, stands=True, until=read.until, principal_id=read.reader_id,
                )  # fmt: skip
        case AccessAlarmRaised() as raised:
            row = {
                "id": raised.alarm_id,
                "report_id": event.entity_id,
                "raised_at": event.occurred_at,
                **raised.model_dump(exclude={"alarm_id"}),
            }
            yield Write(event.entity_id, INSERT_ALARM, row)
            yield notice(event.entity_id, ALARMS, "alarm", row)
        case AccessAcknowledged(alarm_id=alarm, acknowledged_by=by):
            yield Write(event.entity_id, ACKNOWLEDGE, {"alarm": alarm, "by": by, "at": event.occurred_at})
            told = {"id": alarm, "acknowledged_by": by, "acknowledged_at": event.occurred_at}
            yield notice(event.entity_id, ALARMS, "acknowledged", told)
