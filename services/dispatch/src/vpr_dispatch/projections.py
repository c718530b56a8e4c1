"""Events to rows: dispatches with the units on them, units, and which reports were withdrawn."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Table, bindparam, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from vpr_dispatch.tables import Moment, dispatch_units, dispatches, units, withdrawals
from vpr_events.contracts.dispatch import (
    DispatchCancelled,
    DispatchCompleted,
    DispatchRequested,
    DispatchUnitAssigned,
    DispatchUnitCleared,
    DispatchUnitEnRoute,
    DispatchUnitOnScene,
    DispatchUnitWithdrawn,
    UnitOffDuty,
    UnitOnDuty,
    UnitStatusChanged,
)
from vpr_events.contracts.report import ReportWithdrawn
from vpr_events.erasure import erasing
from vpr_events.event import Event, Recorded
from vpr_events.writes import Write

WAITING, COMPLETED, CANCELLED, OFF_DUTY = "waiting", "completed", "cancelled", "off_duty"
ACTIVE = ("assigned", "en_route", "on_scene")

POINTS: dict[type[Event], tuple[str, str]] = {
    DispatchUnitAssigned: ("assigned", "dispatched_at"),
    DispatchUnitEnRoute: ("en_route", "en_route_at"),
    DispatchUnitOnScene: ("on_scene", "arrived_at"),
    DispatchUnitCleared: ("cleared", "cleared_at"),
}
"""What an event makes of its unit, and which clock point of the dispatch it may set."""

AT = bindparam("at", type_=Moment)
THIS = dispatches.c.id == bindparam("this")
OVER = or_(dispatches.c.status == COMPLETED, dispatches.c.status == CANCELLED)
"""Without IN: its list would keep a statement from running for many rows at once."""
ENDED = OVER & (dispatches.c.active_units == 0)
"""Nothing is left of the dispatch: the next request starts it anew."""


def _request() -> Executable:
    row = upsert(dispatches)
    needs = ("version", "case_id", "assessment_id", "capabilities", "priority", "gravest", "district")
    starts: dict[str, Any] = {"requested_at": row.excluded.requested_at}
    starts |= dict.fromkeys(("dispatched_at", "en_route_at", "arrived_at", "cleared_at"))
    changes: dict[str, Any] = {name: row.excluded[name] for name in needs}
    changes |= {name: case((ENDED, value), else_=dispatches.c[name]) for name, value in starts.items()}
    changes |= {"status": case((OVER, WAITING), else_=dispatches.c.status)}
    changes |= dict.fromkeys(("completed_at", "cancelled_at", "cancel_reason"))
    return row.on_conflict_do_update(index_elements=["id"], set_=changes)


def _replace(table: Table) -> Executable:
    """Insert a row, or replace the one of the same key."""
    row = upsert(table)
    changes = {column.name: row.excluded[column.name] for column in table.c if not column.primary_key}
    return row.on_conflict_do_update(index_elements=list(table.primary_key), set_=changes)


def _follow() -> Executable:
    """The dispatch shows the furthest of its units, unless it is over."""
    mine = (dispatch_units.c.dispatch_id == dispatches.c.id) & or_(*(dispatch_units.c.status == one for one in ACTIVE))
    furthest = (
        select(dispatch_units.c.status)
        .where(mine)
        .order_by(case({status: rank for rank, status in enumerate(ACTIVE)}, value=dispatch_units.c.status).desc())
        .limit(1)
        .scalar_subquery()
    )
    count = select(func.count()).select_from(dispatch_units).where(mine).scalar_subquery()
    status = case((OVER, dispatches.c.status), else_=func.coalesce(furthest, WAITING))
    return update(dispatches).where(THIS).values(version=bindparam("to"), active_units=count, status=status)


def _reach(point: str) -> Executable:
    """Reports come late: the earliest time counts, for the end the latest."""
    choose = func.greatest if point == "cleared_at" else func.least
    return update(dispatches).where(THIS).values({point: choose(dispatches.c[point], AT)})


def _step(point: str, **more: Any) -> Executable:
    mine = (dispatch_units.c.dispatch_id == bindparam("this")) & (dispatch_units.c.unit_id == bindparam("unit"))
    values = {"version": bindparam("to"), "status": bindparam("now"), "last_at": AT, point: AT, **more}
    return update(dispatch_units).where(mine).values(values)


FORGET_UNITS = delete(dispatch_units).where(
    dispatch_units.c.dispatch_id == bindparam("this"), select(dispatches.c.id).where(THIS, ENDED).exists()
)
REQUEST, ASSIGN, FOLLOW = _request(), _replace(dispatch_units), _follow()
REACH = {point: _reach(point) for _, point in POINTS.values()}
STEP = {point: _step(point) for point in REACH if point != "dispatched_at"}
WITHDRAW = _step("withdrawn_at", withdrawn_reason=bindparam("reason"))
COMPLETE = (
    update(dispatches)
    .where(THIS)
    .values(version=bindparam("to"), status=COMPLETED, completed_at=func.greatest(dispatches.c.cleared_at, AT))
)
CANCEL = (
    update(dispatches)
    .where(THIS)
    .values(version=bindparam("to"), status=CANCELLED, cancelled_at=AT, cancel_reason=bindparam("reason"))
)

NO_TIMES = dict.fromkeys(("en_route_at", "arrived_at", "cleared_at", "withdrawn_at", "withdrawn_reason"))


project_erasure = erasing()
"""Nothing of dispatch's is personal yet: what will be is deleted here."""


def project_dispatch(event: Recorded) -> Iterable[Write]:
    """A dispatch and the units on it."""
    this = {"this": event.entity_id, "to": event.version}
    match event.data:
        case DispatchRequested() as requested:
            yield Write(event.entity_id, FORGET_UNITS, {"this": event.entity_id})
            yield Write(event.entity_id, REQUEST, _request_row(event, requested))
        case DispatchCompleted():
            yield Write(event.entity_id, COMPLETE, this | {"at": event.occurred_at})
        case DispatchCancelled(reason=reason):
            yield Write(event.entity_id, CANCEL, this | {"at": event.occurred_at, "reason": reason.value})
        case _:
            yield from _unit_writes(event)
    if event.stream.startswith("dispatch/"):
        yield Write(event.entity_id, FOLLOW, this)


def _request_row(event: Recorded, requested: DispatchRequested) -> dict[str, Any]:
    row = requested.model_dump() | {"id": event.entity_id, "version": event.version, "requested_at": event.occurred_at}
    capabilities = [capability.value for capability in requested.capabilities]
    return row | {"capabilities": capabilities, "status": WAITING, "active_units": 0}


def _unit_writes(event: Recorded) -> Iterable[Write]:
    entity, at = event.entity_id, event.occurred_at
    match event.data:
        case DispatchUnitAssigned(unit_id=unit):
            row = {"dispatch_id": entity, "unit_id": unit, "version": event.version, "status": "assigned"}
            yield Write(entity, ASSIGN, NO_TIMES | row | {"last_at": at, "assigned_at": at})
        case DispatchUnitEnRoute(unit_id=unit) | DispatchUnitOnScene(unit_id=unit) | DispatchUnitCleared(unit_id=unit):
            status, point = POINTS[type(event.data)]
            row = {"this": entity, "unit": unit, "to": event.version, "now": status, "at": at}
            yield Write(entity, STEP[point], row)
        case DispatchUnitWithdrawn(unit_id=unit, reason=reason):
            row = {"this": entity, "unit": unit, "to": event.version, "now": "withdrawn", "at": at, "reason": reason}
            yield Write(entity, WITHDRAW, row)
    if type(event.data) in POINTS:
        yield Write(entity, REACH[POINTS[type(event.data)][1]], {"this": entity, "at": at})


ON_DUTY = _replace(units)
CHANGE = (
    update(units)
    .where(units.c.id == bindparam("this"))
    .values(version=bindparam("to"), status=bindparam("now"), dispatch_id=bindparam("job"), since=AT)
)


def project_unit(event: Recorded) -> Iterable[Write]:
    """A unit and what it is doing."""
    match event.data:
        case UnitOnDuty() as shift:
            row = {"id": event.entity_id, "version": event.version, "status": "available", "dispatch_id": None}
            row |= {"call_sign": shift.call_sign, "home_district": shift.home_district, "since": event.occurred_at}
            capabilities = [capability.value for capability in shift.capabilities]
            yield Write(event.entity_id, ON_DUTY, {**row, "capabilities": capabilities})
        case UnitOffDuty():
            yield _changed(event, OFF_DUTY, None)
        case UnitStatusChanged(status=status, dispatch_id=job):
            yield _changed(event, status.value, job)


def _changed(event: Recorded, status: str, job: UUID | None) -> Write:
    row = {"this": event.entity_id, "to": event.version, "now": status, "job": job, "at": event.occurred_at}
    return Write(event.entity_id, CHANGE, row)


def _note_withdrawal() -> Executable:
    row = upsert(withdrawals)
    earliest = func.least(withdrawals.c.withdrawn_at, row.excluded.withdrawn_at)
    return row.on_conflict_do_update(index_elements=["report_id"], set_={"withdrawn_at": earliest})


NOTE_WITHDRAWAL = _note_withdrawal()


def project_withdrawal(event: Recorded) -> Iterable[Write]:
    """That a report was withdrawn: a dispatcher sees it at once, before triage has closed the case."""
    if isinstance(event.data, ReportWithdrawn):
        row = {"report_id": event.entity_id, "withdrawn_at": event.occurred_at}
        yield Write(event.entity_id, NOTE_WITHDRAWAL, row)
