"""Events to rows: intake's own reports, and how far the other services are with them."""

from collections.abc import Iterable

from sqlalchemy import Executable, bindparam, delete, func, insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from vpr_events.contracts.case import CaseAssessed, CaseClaimed, CaseClosed, CaseOpened
from vpr_events.contracts.dispatch import DispatchUnitAssigned, DispatchUnitCleared, DispatchUnitOnScene
from vpr_events.contracts.report import (
    ReportFiled,
    ReportHoldLifted,
    ReportHoldPlaced,
    ReportPersonalDataErased,
    ReportWithdrawn,
)
from vpr_events.contracts.session import SessionConnected
from vpr_events.erasure import erasing
from vpr_events.event import Event, Recorded
from vpr_events.writes import Write
from vpr_intake.tables import erasure_approvals, particulars, progress, reports

INSERT_REPORT = insert(reports)
UPDATE_REPORT = update(reports).where(reports.c.id == bindparam("report_id"))
ADVANCE_REPORT = UPDATE_REPORT.values(version=bindparam("new_version"))
WITHDRAW_REPORT = UPDATE_REPORT.values(version=bindparam("new_version"), withdrawn_at=bindparam("at"))

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
    row = upsert(progress).values(report_id=bindparam("report"), updated_at=bindparam("at"), **{point: bindparam("at")})
    choose = LAST if point in {"cleared_at", "closed_at"} else FIRST
    changes = {
        point: choose(progress.c[point], row.excluded[point]),
        "updated_at": LAST(progress.c.updated_at, row.excluded.updated_at),
    }
    return row.on_conflict_do_update(index_elements=["report_id"], set_=changes)


REACHED = {point: _reached(point) for point in POINTS.values()}


def project_report(event: Recorded) -> Iterable[Write]:
    """Intake's own events."""
    match event.data:
        case ReportFiled() as filed:
            row = {"id": event.entity_id, "version": event.version, "filed_at": event.occurred_at}
            yield Write(event.entity_id, INSERT_REPORT, {**row, **filed.model_dump()})
        case ReportWithdrawn():
            row = {"report_id": event.entity_id, "new_version": event.version, "at": event.occurred_at}
            yield Write(event.entity_id, WITHDRAW_REPORT, row)
        case ReportHoldPlaced() | ReportHoldLifted() | ReportPersonalDataErased():
            yield Write(event.entity_id, ADVANCE_REPORT, {"report_id": event.entity_id, "new_version": event.version})


project_erasure = erasing(
    delete(particulars).where(particulars.c.report_id == bindparam("report")),
    delete(erasure_approvals).where(erasure_approvals.c.report_id == bindparam("report")),
)


def project_progress(event: Recorded) -> Iterable[Write]:
    """What triage, video and dispatch did for a report."""
    if point := POINTS.get(type(event.data)):
        yield Write(event.correlation_id, REACHED[point], {"report": event.correlation_id, "at": event.occurred_at})
