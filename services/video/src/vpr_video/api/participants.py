"""``/v1/sessions/{id}/participants``: staff come in, let others in, and show them out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Response

from vpr_events.contracts.session import Participant
from vpr_events.contracts.values import Role
from vpr_events.decider import Command
from vpr_events.pipeline import Execution
from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running, Runtime
from vpr_video import queries
from vpr_video.api.callers import ActedOn, Actor, Reader, acting, session_row
from vpr_video.api.seats import StaffSeat, done
from vpr_video.api.sessions import execute
from vpr_video.domain.commands import Admit, JoinStaff, Leave, SetConsents
from vpr_video.domain.session import session
from vpr_video.schemas import Call, Consents, NewParticipant, Person, Session

router = APIRouter(prefix="/v1/sessions/{session_id}", tags=["sessions"])

OFFICER = NewParticipant()


@router.get("/participants")
async def read(session_id: UUID, _: Reader, runtime: Running, response: Response) -> list[Person]:
    """Everyone who came, also who left or still waits."""
    await session_row(session_id, runtime)
    return await _people(session_id, runtime, response)


@router.post("/participants")
async def join(
    session_id: UUID,
    caller: Actor,
    runtime: Running,
    response: Response,
    body: Annotated[NewParticipant, Body()] = OFFICER,
) -> Session:
    """The caller comes in, once however often asked: an officer at once, any other into the waiting room."""
    if body.kind is Participant.OFFICER:
        await acting(session_id, caller, runtime)
    if body.kind is Participant.SUPERVISOR and not caller.has(Role.SUPERVISOR):
        raise Problem(403, "forbidden", f"this place needs the role: {Role.SUPERVISOR}")
    command = JoinStaff(at=runtime.now(), staff_id=caller.id, kind=body.kind)
    return await execute(command, await session_row(session_id, runtime), runtime, response)


@router.post("/participants/{participant_id}/admission")
async def admit(
    participant_id: UUID, row: ActedOn, caller: Actor, runtime: Running, response: Response
) -> list[Person]:
    """Let somebody in from the waiting room."""
    command = Admit(at=runtime.now(), participant_id=participant_id, staff_id=caller.id)
    await _run(command, row["id"], row["report_id"], runtime)
    return await _people(row["id"], runtime, response)


@router.delete("/participants/{participant_id}")
async def show_out(participant_id: UUID, row: ActedOn, runtime: Running, response: Response) -> list[Person]:
    """Show somebody out; they may come back into the waiting room."""
    await _run(Leave(at=runtime.now(), participant_id=participant_id), row["id"], row["report_id"], runtime)
    return await _people(row["id"], runtime, response)


@router.put("/consents")
async def allow(body: Consents, seat: StaffSeat, runtime: Running, response: Response) -> Call:
    """What the caller, a third participant, allows of the own picture and voice."""
    command = SetConsents(at=runtime.now(), participant_id=seat.participant_id, scopes=body.scopes)
    return await done(command, seat, runtime, response)


@router.post("/departure")
async def hang_up(seat: StaffSeat, runtime: Running, response: Response) -> Call:
    """The caller leaves; the session goes on."""
    return await done(Leave(at=runtime.now(), participant_id=seat.participant_id), seat, runtime, response)


async def _run(command: Command, session_id: UUID, report_id: UUID, runtime: Runtime) -> None:
    execution = Execution(decider=session, entity=session_id, command=command, correlation_id=report_id)
    await runtime.pipeline.execute(execution)


async def _people(session_id: UUID, runtime: Runtime, response: Response) -> list[Person]:
    private(response)
    async with runtime.reading() as connection:
        rows = await queries.people_of(connection, session_id)
    return [Person(**{name: row[name] for name in Person.model_fields}) for row in rows]
