"""``/v1/units``: shifts, and what units do."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from vpr_dispatch import queries
from vpr_dispatch.api.callers import Acting, Reading, Reporting
from vpr_dispatch.api.pages import code
from vpr_dispatch.domain.unit import EndShift, SetStatus, StartShift, unit, unit_of
from vpr_dispatch.schemas import Availability, OwnWord, Shift, Unit, UnitQuery
from vpr_events.contracts.dispatch import UnitOnDuty
from vpr_events.decider import Command, Unknown
from vpr_events.event import Recorded
from vpr_events.pipeline import Execution
from vpr_service.requests import RequiredKey, cursor_of, key_of, link_next, private
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1/units", tags=["units"])


@router.post("", status_code=201)
async def start_shift(
    body: Shift, caller: Acting, runtime: Running, given: RequiredKey, request: Request, response: Response
) -> Unit:
    """Put a unit on duty: available. The same call sign is the same unit in every shift."""
    unit_id = unit_of(body.call_sign)
    command = StartShift(
        at=runtime.now(),
        call_sign=body.call_sign,
        capabilities=tuple(sorted(body.capabilities)),
        home_district=body.home_district,
    )
    execution = Execution(decider=unit, entity=unit_id, command=command)
    outcome = await runtime.pipeline.execute(execution, key=key_of(caller, given))
    started = _started(outcome.events[0]) if outcome.events else shown(await _existing(unit_id, runtime))
    private(response, started.version)
    response.headers["Location"] = f"{request.url.path}/{unit_id}"
    return started


def _started(event: Recorded) -> Unit:
    if not isinstance(event.data, UnitOnDuty):
        raise TypeError(f"{event.type} starts no shift")
    return Unit(
        **event.data.model_dump(),
        id=event.entity_id,
        status=Availability.AVAILABLE,
        dispatch_id=None,
        since=event.occurred_at,
        version=event.version,
    )


@router.get("")
async def list_units(
    _: Reading, runtime: Running, query: Annotated[UnitQuery, Query()], request: Request, response: Response
) -> list[Unit]:
    """Units by call sign. ``Link`` leads to the next page."""
    after = query.after(code, UUID)
    async with runtime.reading() as connection:
        rows = await queries.list_units(connection, query.status, query.capability, limit=query.limit + 1, after=after)
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    link_next(request, response, cursor_of(rows[-1]["call_sign"], str(rows[-1]["id"])) if more else None)
    private(response)
    return [shown(row) for row in rows]


@router.get("/{unit_id}")
async def read_unit(unit_id: UUID, _: Reading, runtime: Running, response: Response) -> Unit:
    """One unit."""
    return await _answer(unit_id, runtime, response)


@router.post("/{unit_id}/off-duty")
async def end_shift(unit_id: UUID, _: Acting, runtime: Running, response: Response) -> Unit:
    """End the unit's shift; 409 ``unit_engaged`` while it is on a dispatch."""
    return await _change(unit_id, EndShift(at=runtime.now()), runtime, response)


@router.post("/{unit_id}/status")
async def set_status(unit_id: UUID, body: OwnWord, _: Reporting, runtime: Running, response: Response) -> Unit:
    """What a unit without a job says of itself; the steps of a job are told of the dispatch."""
    return await _change(unit_id, SetStatus(at=runtime.now(), status=body.status), runtime, response)


async def _change(unit_id: UUID, command: Command, runtime: Running, response: Response) -> Unit:
    await runtime.pipeline.execute(Execution(decider=unit, entity=unit_id, command=command))
    return await _answer(unit_id, runtime, response)


async def _answer(unit_id: UUID, runtime: Running, response: Response) -> Unit:
    row = await _existing(unit_id, runtime)
    private(response, row["version"])
    return shown(row)


async def _existing(unit_id: UUID, runtime: Running) -> dict[str, Any]:
    async with runtime.reading() as connection:
        row = await queries.one_unit(connection, unit_id)
    if row is None:
        raise Unknown("no_such_unit", "there is no such unit")
    return row


def shown(row: dict[str, Any]) -> Unit:
    """A unit's row as it is given."""
    return Unit(**row)
