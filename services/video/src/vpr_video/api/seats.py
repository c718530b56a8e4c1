"""In which session a caller is, and as whom: residents by their credential, staff by who they are."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from starlette.requests import HTTPConnection

from vpr_events.contracts.session import Participant
from vpr_events.decider import Command
from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running, Runtime
from vpr_video import queries
from vpr_video.api.callers import Actor, acts_on, session_row
from vpr_video.credentials import not_joined, token_in
from vpr_video.schemas import Call, WaitingPlace
from vpr_video.seats import Seat, run, seat_in
from vpr_video.tokens import digest_of


async def resident_seat(request: HTTPConnection, runtime: Running) -> Seat:
    """The place of whoever has a participant's credential. Raises Problem 401 or 403."""
    async with runtime.reading() as connection:
        known = await queries.credential_of(connection, digest_of(token_in(request)))
    seat = await seat_in(known["session_id"], known["participant_id"], runtime) if known else None
    if seat is None:
        raise not_joined()
    return seat


async def staff_seat(session_id: UUID, caller: Actor, runtime: Running) -> Seat:
    """The place of a member of staff who came in. An officer's counts while they hold the case.

    Raises Problem 403 or 404.
    """
    acts = acts_on(await session_row(session_id, runtime), caller)
    seat = await seat_in(session_id, caller.id, runtime, acts=acts)
    if seat is None or not seat.present:
        raise Problem(403, "not_in_session", "join the session first")
    if seat.person["kind"] == Participant.OFFICER and not acts:
        raise Problem(403, "not_your_session", "only the officer who holds the case, or a supervisor, may do this")
    return seat


async def own_seat(seat: Annotated[Seat, Depends(resident_seat)]) -> Seat:
    """A resident's, and no guest's. Raises Problem 403."""
    if seat.person["kind"] != Participant.RESIDENT:
        raise Problem(403, "not_the_resident", "only the resident does this")
    return seat


ResidentSeat = Annotated[Seat, Depends(resident_seat)]
"""A resident's or a guest's."""
OwnSeat = Annotated[Seat, Depends(own_seat)]
"""A resident's alone."""
StaffSeat = Annotated[Seat, Depends(staff_seat)]


async def done(command: Command, seat: Seat, runtime: Runtime, response: Response) -> Call:
    """Run a participant's command: their view of the session as it is then."""
    await run(command, seat, runtime)
    after = await seat_in(seat.row["id"], seat.participant_id, runtime, acts=seat.acts)
    if after is None:
        raise not_joined()
    return shown(after, response)


def shown(seat: Seat, response: Response) -> Call:
    """A participant's own view of the session."""
    private(response, seat.row["version"])
    person = seat.person
    return Call(
        session_id=seat.row["id"],
        participant_id=seat.participant_id,
        kind=person["kind"],
        status=seat.row["status"],
        mode=seat.row["mode"],
        admitted=seat.inside,
        present=seat.present,
        consents=sorted(person["consents"]),
        recording=seat.row["recording"],
        place=WaitingPlace(**asdict(seat.place)) if seat.place else None,
    )
