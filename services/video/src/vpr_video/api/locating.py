"""``/v1/call/location``: where a resident is, told by their page while they allow it."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from vpr_events import locks
from vpr_events.contracts.session import Consent
from vpr_events.event import stream_name
from vpr_events.notices import notice
from vpr_events.writes import run
from vpr_service.described import problems
from vpr_service.problems import Problem
from vpr_service.runtime import Running, Runtime
from vpr_video import queries
from vpr_video.api.seats import OwnSeat
from vpr_video.erased import check_kept
from vpr_video.limiting import Limited
from vpr_video.private import KEEP_LOCATION, KEEP_POSITION
from vpr_video.projections import CHANGES
from vpr_video.schemas import Location, ShownOnly
from vpr_video.seats import Seat
from vpr_video.sending.wiring import settings_of

router = APIRouter(prefix="/v1/call", tags=["calls"], responses=problems(401))


SHOWN_ONLY = {"model": ShownOnly, "description": "It is shown, and not kept: as many as are kept were told before."}


@router.put("/location", status_code=204, response_model=None, responses={**problems(409), 200: SHOWN_ONLY})
async def locate(body: Location, seat: OwnSeat, runtime: Running, limits: Limited) -> JSONResponse | None:
    """Tell the officer where the caller is; the last position is what they see.

    It is shown to who acts on the session and kept with the report's personal data, never in an event. At the session's
    end all that are kept become an item of evidence. The same told again is one. A session keeps ``positions_most``
    (20,000) of them: what is told afterwards is shown and not kept, which 200 says instead of 204.

    409 ``location_not_allowed`` without consent, ``not_admitted`` from the waiting room, ``session_ended``, ``erased``;
    429 ``too_many_tries`` for more than 20 in ten seconds of one session: nothing of it is shown or kept.
    """
    runtime.gate.check()
    limits.tell_place(seat.row["id"])
    most = settings_of(runtime).positions_most
    kept = await _told(body, seat, most, runtime)
    return None if kept else JSONResponse(ShownOnly(most=most).model_dump())


async def _told(body: Location, seat: Seat, most: int, runtime: Runtime) -> bool:
    """Show it, and keep it where there are fewer than ``most``: whether it is kept. Raises Problem 409, and Refused."""
    now = runtime.now()
    row = {"session_id": seat.row["id"], "participant_id": seat.participant_id, "report_id": seat.row["report_id"]}
    row |= body.model_dump(exclude={"at"})
    told = row | {"measured_at": body.at, "received_at": now}
    async with runtime.engine.begin() as connection:
        await locks.wait_for(connection, [stream_name("session", seat.row["id"])])
        await _check_may_tell(connection, seat)
        await check_kept(connection, row["report_id"])
        await connection.execute(KEEP_LOCATION, row | {"located_at": min(body.at, now)})
        if kept := await queries.takes_position(connection, told, most):
            await connection.execute(KEEP_POSITION, told)
        await run(connection, [notice(seat.row["id"], CHANGES, "session", {"session": str(seat.row["id"])})])
    return kept


async def _check_may_tell(connection: AsyncConnection, seat: Seat) -> None:
    """Under the lock of the session's stream. Raises Problem 409."""
    if await queries.is_over(connection, seat.row["id"]):
        raise Problem(409, "session_ended", "this session has ended")
    person = await queries.locked_person(connection, seat.row["id"], seat.participant_id)
    if person["admitted_at"] is None:
        raise Problem(409, "not_admitted", "wait until the officer lets you in")
    if Consent.LOCATION not in person["consents"]:
        raise Problem(409, "location_not_allowed", "you have not allowed to be located")
