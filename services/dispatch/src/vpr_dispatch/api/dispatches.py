"""``/v1/dispatches``: the queue, one dispatch, and its cancellation."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from vpr_dispatch import queries
from vpr_dispatch.api.callers import Acting, Reading
from vpr_dispatch.api.pages import number
from vpr_dispatch.domain.dispatch import CancelDispatch, dispatch
from vpr_dispatch.schemas import Cancellation, Dispatch, DispatchQuery, UnitOnDispatch
from vpr_events.decider import Unknown
from vpr_events.pipeline import Execution
from vpr_service.requests import cursor_of, link_next, private
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1/dispatches", tags=["dispatches"])


@router.get("")
async def list_dispatches(
    _: Reading, runtime: Running, query: Annotated[DispatchQuery, Query()], request: Request, response: Response
) -> list[Dispatch]:
    """Waiting first, the gravest and then the oldest before others; what is over last. ``Link`` leads on."""
    wanted = queries.Filter(
        statuses=query.status, report_id=query.report_id, case_id=query.case_id, to_recall=query.to_recall
    )
    after = query.after(number, number, number, UUID)
    async with runtime.reading() as connection:
        rows = await queries.list_dispatches(connection, wanted, limit=query.limit + 1, after=after)
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    link_next(request, response, _cursor(rows[-1]) if more else None)
    private(response)
    return [shown(row) for row in rows]


def _cursor(row: dict[str, Any]) -> str:
    *numbers, dispatch_id = row["key"]
    return cursor_of(*numbers, str(dispatch_id))


@router.get("/{dispatch_id}")
async def read_dispatch(dispatch_id: UUID, _: Reading, runtime: Running, response: Response) -> Dispatch:
    """One dispatch with its units."""
    return await answer(dispatch_id, runtime, response)


@router.post("/{dispatch_id}/cancel")
async def cancel_dispatch(
    dispatch_id: UUID, body: Cancellation, _: Acting, runtime: Running, response: Response
) -> Dispatch:
    """Nobody needs to drive there any more. Units that are on it stay so until each is cleared or withdrawn."""
    row = await existing(dispatch_id, runtime)
    command = CancelDispatch(at=runtime.now(), reason=body.reason)
    await runtime.pipeline.execute(
        Execution(decider=dispatch, entity=dispatch_id, command=command, correlation_id=row["report_id"])
    )
    return await answer(dispatch_id, runtime, response)


async def existing(dispatch_id: UUID, runtime: Running) -> dict[str, Any]:
    """The dispatch's row with its units. Raises Unknown."""
    async with runtime.reading() as connection:
        row = await queries.one_dispatch(connection, dispatch_id)
    if row is None:
        raise Unknown("no_such_dispatch", "there is no such dispatch")
    return row


async def answer(dispatch_id: UUID, runtime: Running, response: Response) -> Dispatch:
    """The dispatch as it stands now, with its version as the ETag."""
    row = await existing(dispatch_id, runtime)
    private(response, row["version"])
    return shown(row)


def shown(row: dict[str, Any]) -> Dispatch:
    """A dispatch's row as it is given."""
    units = [UnitOnDispatch(**{name: unit[name] for name in UnitOnDispatch.model_fields}) for unit in row["units"]]
    return Dispatch(**{name: row[name] for name in Dispatch.model_fields if name != "units"}, units=units)
