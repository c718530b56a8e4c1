"""``/v1/call``: what a resident or guest who joined does, known by the credential that joining gave."""

from fastapi import APIRouter, Response

from vpr_service.described import problems
from vpr_service.requests import private
from vpr_service.runtime import Running
from vpr_video.api.seats import OwnSeat, ResidentSeat, done, shown
from vpr_video.case_numbers import Numbers
from vpr_video.domain.commands import Leave, Return, SetConsents
from vpr_video.schemas import Call, CallSummary, Consents

router = APIRouter(prefix="/v1/call", tags=["calls"], responses=problems(401))


@router.get("")
async def read(seat: ResidentSeat, response: Response) -> Call:
    """How the call stands for the caller."""
    return shown(seat, response)


@router.put("/consents")
async def allow(body: Consents, seat: ResidentSeat, runtime: Running, response: Response) -> Call:
    """Allow exactly these scopes, from now on and until the next change or the hang-up."""
    command = SetConsents(at=runtime.now(), participant_id=seat.participant_id, scopes=body.scopes)
    return await done(command, seat, runtime, response)


@router.post("/departure")
async def hang_up(seat: ResidentSeat, runtime: Running, response: Response) -> Call:
    """Leave the call; what was allowed ends with it."""
    command = Leave(at=runtime.now(), participant_id=seat.participant_id)
    return await done(command, seat, runtime, response)


@router.get("/summary")
async def summary(seat: OwnSeat, numbers: Numbers, response: Response) -> CallSummary:
    """What is worth keeping of the call, also once it is over."""
    private(response)
    row = seat.row
    number = await numbers.of(row["report_id"])
    return CallSummary(case_number=number, connected_at=row["connected_at"], ended_at=row["ended_at"])


@router.post("/return")
async def come_back(seat: ResidentSeat, runtime: Running, response: Response) -> Call:
    """Come back into the waiting room."""
    command = Return(at=runtime.now(), participant_id=seat.participant_id)
    return await done(command, seat, runtime, response)
