"""``/v1/call/location``: where a resident is, told by their page while they allow it."""

from fastapi import APIRouter

from vpr_events import locks
from vpr_events.contracts.session import Consent
from vpr_events.event import stream_name
from vpr_events.notices import notice
from vpr_events.writes import run
from vpr_service.described import problems
from vpr_service.problems import Problem
from vpr_service.runtime import Running
from vpr_video import queries
from vpr_video.api.seats import OwnSeat
from vpr_video.erased import check_kept
from vpr_video.private import KEEP_LOCATION, KEEP_POSITION
from vpr_video.projections import CHANGES
from vpr_video.schemas import Location

router = APIRouter(prefix="/v1/call", tags=["calls"], responses=problems(401))


@router.put("/location", status_code=204, responses=problems(409))
async def locate(body: Location, seat: OwnSeat, runtime: Running) -> None:
    """Tell the officer where the caller is; the last position is what they see.

    It is shown to who acts on the session and kept with the report's personal data, never in an event. At the session's
    end all that were told become an item of evidence. The same told again is one. 409 ``location_not_allowed`` without
    consent, ``not_admitted`` from the waiting room, ``session_ended``, ``erased``.
    """
    runtime.gate.check()
    now = runtime.now()
    row = {"session_id": seat.row["id"], "participant_id": seat.participant_id, "report_id": seat.row["report_id"]}
    row |= body.model_dump(exclude={"at"})
    async with runtime.engine.begin() as connection:
        await locks.wait_for(connection, [stream_name("session", seat.row["id"])])
        if await queries.is_over(connection, seat.row["id"]):
            raise Problem(409, "session_ended", "this session has ended")
        person = await queries.locked_person(connection, seat.row["id"], seat.participant_id)
        if person["admitted_at"] is None:
            raise Problem(409, "not_admitted", "wait until the officer lets you in")
        if Consent.LOCATION not in person["consents"]:
            raise Problem(409, "location_not_allowed", "you have not allowed to be located")
        await check_kept(connection, row["report_id"])
        await connection.execute(KEEP_LOCATION, row | {"located_at": min(body.at, now)})
        await connection.execute(KEEP_POSITION, row | {"measured_at": body.at, "received_at": now})
        await run(connection, [notice(seat.row["id"], CHANGES, "session", {"session": str(seat.row["id"])})])
