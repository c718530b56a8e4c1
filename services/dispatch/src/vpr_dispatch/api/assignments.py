"""``/v1/dispatches/{id}/units``: units are assigned, report their steps, and leave.

Each request runs the dispatch's and the unit's commands in one pass: both are recorded, or neither.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from vpr_dispatch import queries
from vpr_dispatch.api.callers import Acting, Reporting
from vpr_dispatch.api.dispatches import answer, existing
from vpr_dispatch.domain.dispatch import (
    AssignUnit,
    ClearUnit,
    Last,
    UnitEnRoute,
    UnitOnScene,
    UnitReport,
    WithdrawUnit,
    dispatch,
)
from vpr_dispatch.domain.unit import SetStatus, TakeJob, unit
from vpr_dispatch.schemas import Assignment, Dispatch, NewAssignment, StepTold, WithdrawalOfUnit
from vpr_events.contracts.dispatch import DispatchUnitAssigned, UnitStatus
from vpr_events.decider import Command
from vpr_events.pipeline import Execution
from vpr_service.problems import invalid_field
from vpr_service.requests import RequiredKey, key_of, private
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1/dispatches/{dispatch_id}/units", tags=["dispatches"])

BECOMES: dict[type[UnitReport], UnitStatus] = {
    UnitEnRoute: UnitStatus.EN_ROUTE,
    UnitOnScene: UnitStatus.ON_SCENE,
    ClearUnit: UnitStatus.AVAILABLE,
}
"""What a report makes of the unit."""

NOW = StepTold()


@router.post("", status_code=201)
async def assign_unit(
    dispatch_id: UUID,
    body: NewAssignment,
    caller: Acting,
    runtime: Running,
    given: RequiredKey,
    request: Request,
    response: Response,
) -> Assignment:
    """Assign a unit. 409 ``unit_not_available``, or ``capability_missing`` unless overridden with a reason."""
    row = await existing(dispatch_id, runtime)
    now = runtime.now()
    assign = AssignUnit(
        at=now,
        unit_id=body.unit_id,
        dispatcher_id=caller.id,
        unit_capabilities=await _capabilities(body.unit_id, runtime),
        override=body.override,
        reason=body.reason,
    )
    both = _both(row, assign, body.unit_id, TakeJob(at=now, dispatch_id=dispatch_id))
    outcome = await runtime.pipeline.execute(*both, key=key_of(caller, given))
    response.headers["Location"] = request.url.path.removesuffix("/units")
    private(response)
    for event in outcome.events:
        if isinstance(event.data, DispatchUnitAssigned):
            return _assignment(dispatch_id, body.unit_id, event.occurred_at, event.version)
    job = _job(await existing(dispatch_id, runtime), body.unit_id)
    return _assignment(dispatch_id, body.unit_id, job["assigned_at"], job["version"])


@router.post("/{unit_id}/en-route")
async def en_route(
    dispatch_id: UUID, unit_id: UUID, _: Reporting, runtime: Running, response: Response, body: StepTold = NOW
) -> Dispatch:
    """The unit is on its way; told twice is the same as once."""
    return await _report(UnitEnRoute, dispatch_id, unit_id, body.at, runtime, response)


@router.post("/{unit_id}/on-scene")
async def on_scene(
    dispatch_id: UUID, unit_id: UUID, _: Reporting, runtime: Running, response: Response, body: StepTold = NOW
) -> Dispatch:
    """The unit has arrived, whether or not it told that it was on its way."""
    return await _report(UnitOnScene, dispatch_id, unit_id, body.at, runtime, response)


@router.post("/{unit_id}/clear")
async def clear(
    dispatch_id: UUID, unit_id: UUID, _: Reporting, runtime: Running, response: Response, body: StepTold = NOW
) -> Dispatch:
    """The unit is done there and available again; the last one completes the dispatch."""
    return await _report(ClearUnit, dispatch_id, unit_id, body.at, runtime, response)


@router.post("/{unit_id}/withdraw")
async def withdraw(
    dispatch_id: UUID, unit_id: UUID, body: WithdrawalOfUnit, _: Acting, runtime: Running, response: Response
) -> Dispatch:
    """Take the unit off the dispatch; it is available again. Without others the dispatch waits again."""
    row, now = await existing(dispatch_id, runtime), runtime.now()
    command = WithdrawUnit(at=now, unit_id=unit_id, reason=body.reason)
    free = SetStatus(at=now, status=UnitStatus.AVAILABLE, dispatch_id=dispatch_id)
    await runtime.pipeline.execute(*_both(row, command, unit_id, free))
    return await answer(dispatch_id, runtime, response)


async def _report(
    kind: type[UnitReport],
    dispatch_id: UUID,
    unit_id: UUID,
    told: datetime | None,
    runtime: Running,
    response: Response,
) -> Dispatch:
    row, now = await existing(dispatch_id, runtime), runtime.now()
    if told and told > now:
        raise invalid_field("at", "must not lie in the future")
    job = _job(row, unit_id)
    last = Last(job["version"], job["last_at"]) if job else None
    at = told or (max(now, last.at) if last else now)
    status = SetStatus(at=at, status=BECOMES[kind], dispatch_id=dispatch_id)
    await runtime.pipeline.execute(*_both(row, kind(at=at, unit_id=unit_id, last=last), unit_id, status))
    return await answer(dispatch_id, runtime, response)


def _both(row: dict[str, Any], on_dispatch: Command, unit_id: UUID, on_unit: Command) -> Sequence[Execution]:
    report_id = row["report_id"]
    return (
        Execution(decider=dispatch, entity=row["id"], command=on_dispatch, correlation_id=report_id),
        Execution(decider=unit, entity=unit_id, command=on_unit, correlation_id=report_id),
    )


def _job(row: dict[str, Any], unit_id: UUID) -> dict[str, Any]:
    """The unit's part of the dispatch; empty when it has none."""
    return next((job for job in row["units"] if job["unit_id"] == unit_id), {})


async def _capabilities(unit_id: UUID, runtime: Running) -> tuple[Any, ...]:
    async with runtime.reading() as connection:
        row = await queries.one_unit(connection, unit_id)
    if row is None:
        raise invalid_field("unit_id", "there is no such unit")
    return tuple(row["capabilities"])


def _assignment(dispatch_id: UUID, unit_id: UUID, assigned_at: datetime, version: int) -> Assignment:
    return Assignment(dispatch_id=dispatch_id, unit_id=unit_id, assigned_at=assigned_at, version=version)
